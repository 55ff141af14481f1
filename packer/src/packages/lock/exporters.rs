//! Locks of poetry, pdm and pipenv: each of these programs writes its own lock as a requirements file.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use pep508_rs::VersionOrUrl;
use pep508_rs::pep440_rs::Operator;

use super::{Contents, Lock};
use crate::child;
use crate::environment::Environment;
use crate::hint::WithHint;
use crate::packages::declared::Selection;
use crate::packages::pins::local_path;
use crate::packages::requirement;
use crate::packages::requirements_file::{self, Line};

/// A program with a lock of its own.
struct Exporter {
    /// The lock's file.
    lock: &'static str,
    program: &'static str,
    /// Arguments that print the lock as a requirements file.
    arguments: &'static [&'static str],
    /// The option that names an extra, and one that names a group.
    options: (&'static str, &'static str),
}

const EXPORTERS: &[Exporter] = &[
    Exporter {
        lock: "poetry.lock",
        program: "poetry",
        arguments: &["export", "--format", "requirements.txt"],
        options: ("--extras", "--with"),
    },
    Exporter {
        lock: "pdm.lock",
        program: "pdm",
        arguments: &["export", "--prod", "--format", "requirements"],
        options: ("--group", "--group"),
    },
    Exporter {
        lock: "Pipfile.lock",
        program: "pipenv",
        arguments: &["requirements", "--hash"],
        options: ("--categories", "--categories"),
    },
];

/// The lock of one of these programs in `directory`, for a selection.
///
/// # Errors
/// When its program is not there or fails.
pub(super) fn find(
    directory: &Path,
    environment: &Environment,
    selection: &Selection,
) -> Result<Option<Lock>> {
    let found = EXPORTERS
        .iter()
        .find(|exporter| directory.join(exporter.lock).is_file());
    found
        .map(|exporter| exporter.read(directory, environment, selection))
        .transpose()
}

impl Exporter {
    fn read(&self, directory: &Path, environment: &Environment, selection: &Selection) -> Result<Lock> {
        let Self { lock, program, .. } = self;
        let path = directory.join(lock);
        let failed = || format!("failed to read `{}`", path.display());
        let by_hand = format!(
            "run `{program} {} > requirements.txt` and pass `-r requirements.txt`, or pass --no-lock to resolve anew",
            self.arguments.join(" ")
        );
        let Some(program) = environment.which(program) else {
            return Err(anyhow!("{program} is not on PATH"))
                .with_context(failed)
                .hint(by_hand);
        };
        let environment = Environment {
            directory: directory.to_owned(),
            ..environment.clone()
        };
        let mut command = environment.installer_command(&program);
        command.args(self.arguments);
        let (extra, group) = self.options;
        for (option, names) in [(extra, &selection.extras), (group, &selection.groups)] {
            names.iter().for_each(|name| {
                command.args([option, name]);
            });
        }
        let text = child::output(&mut command, b"")
            .with_context(failed)
            .hint(format!(
                "if the lock doesn't fit what the project declares, run `{} lock`; --no-lock resolves anew",
                self.program
            ))?;
        let text = String::from_utf8(text).with_context(failed)?;
        Ok(Lock {
            path,
            contents: Contents::Requirements(text),
            export: None,
        })
    }
}

fn requirements(text: &str) -> Vec<String> {
    let lines = requirements_file::parse(text.as_bytes()).into_iter();
    let requirement = |line| match line {
        Line::Requirement(text) => Some(text),
        _ => None,
    };
    lines.filter_map(requirement).collect()
}

/// Names and versions in an exported requirements file.
pub(super) fn pinned(text: &str) -> Vec<(String, Option<String>)> {
    let parsed = requirements(text).into_iter();
    let parsed = parsed.filter_map(|text| requirement::without_marker(&text));
    parsed
        .map(|requirement| {
            let version = match requirement.version_or_url {
                Some(VersionOrUrl::VersionSpecifier(specifiers)) => specifiers
                    .iter()
                    .find(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual))
                    .map(|one| one.version().to_string()),
                _ => None,
            };
            (requirement.name.to_string(), version)
        })
        .collect()
}

/// Whether a requirement is a directory, or something that is not understood.
pub(super) fn has_directories(text: &str) -> bool {
    let lines = requirements_file::parse(text.as_bytes());
    lines.iter().any(|line| match line {
        Line::Requirement(text) => local_path(text).is_some_and(|path| !path.ends_with(".whl")),
        Line::Editable(_) | Line::Other => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exported_file_is_read_for_its_versions() {
        let text =
            "six==1.17.0 ; python_version >= \"3.9\" \\\n    --hash=sha256:aa\ntool @ git+https://h/t@0123\n";
        let six = ("six".to_owned(), Some("1.17.0".to_owned()));
        assert_eq!(pinned(text), [six, ("tool".to_owned(), None)]);
        assert!(!has_directories(text));
        assert!(has_directories("-e ./lib\n") && has_directories("./lib\n"));
    }
}
