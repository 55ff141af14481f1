//! The requirements that a pack was asked for, with the place that asks: options, files, the project.

use std::path::Path;

use anyhow::Result;

use super::super::{Pack, app, project};
use super::groups;
use crate::app::input::Input;
use crate::app::pyproject::ProjectFile;
use crate::packages::metadata::normalized;
use crate::packages::pins;
use crate::packages::requirements_file::{self, Line, Seen};
use crate::sbom::graph;
use crate::url;

/// A requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pack) struct Asked {
    /// The package, normalized; none when its text does not tell.
    pub(super) name: Option<String>,
    /// As it is written, without passwords.
    pub(super) requirement: String,
    /// Who asks: `--with`, `requirements.txt`, ``the extra `web` of pyproject.toml``.
    pub(super) from: String,
}

impl Asked {
    fn new(text: &str, from: &str) -> Self {
        Self {
            name: name(text),
            requirement: url::replaced(text, |found| url::scrubbed(found, "***@")),
            from: from.to_owned(),
        }
    }
}

/// What a plan says was asked for; nothing when a file is made.
///
/// # Errors
/// When the project's file can't be read any more.
pub(in crate::pack) fn asked(pack: &Pack<'_>, source: &app::Source) -> Result<Vec<Asked>> {
    let options = pack.options;
    if !options.plan {
        return Ok(Vec::new());
    }
    let mut asked = Vec::new();
    let of_app = source.requirement().map(|found| &found.text);
    for text in &options.with {
        let is_app = of_app.is_some_and(|app| text.starts_with(app.as_str()));
        asked.push(Asked::new(text, if is_app { "APP" } else { "--with" }));
    }
    if options.with_ca {
        asked.push(Asked::new("certifi", "--with-ca"));
    }
    let mut seen = Seen::default();
    for file in &options.requirements {
        add_file(file, &mut seen, &mut asked);
    }
    let path = match &source.input {
        Input::Project(directory, _) | Input::Package(directory, _) => directory.join("pyproject.toml"),
        Input::Script(script, _) => script.clone(),
        _ => return Ok(asked),
    };
    let place = path.file_name().unwrap_or_default().to_string_lossy();
    for text in source.dependencies() {
        asked.push(Asked::new(text, &place));
    }
    if let Some(file) = source.input.project() {
        add_extras(pack, file, &place, &mut asked);
        let groups = project::selection(pack, file).groups;
        for (group, text) in groups::requirements(&path, &groups)? {
            asked.push(Asked::new(&text, &format!("the group `{group}` of {place}")));
        }
    }
    Ok(asked)
}

fn add_extras(pack: &Pack<'_>, file: &ProjectFile, place: &str, asked: &mut Vec<Asked>) {
    let options = pack.options;
    let extras = file
        .project
        .iter()
        .flat_map(|project| &project.optional_dependencies);
    for (extra, list) in extras {
        let is_chosen = options
            .extra
            .iter()
            .any(|name| normalized(name) == normalized(extra));
        if options.all_extras || is_chosen {
            let from = format!("the extra `{extra}` of {place}");
            asked.extend(list.iter().map(|text| Asked::new(text, &from)));
        }
    }
}

/// The requirements of a file, and of those that it names. One that can't be read has failed the pack before.
fn add_file(path: &Path, seen: &mut Seen, asked: &mut Vec<Asked>) {
    if !seen.is_new(path) {
        return;
    }
    let from = path.display().to_string();
    let directory = path.parent().unwrap_or(Path::new(""));
    for line in requirements_file::parse(&fs_err::read(path).unwrap_or_default()) {
        match line {
            Line::Requirement(text) => asked.push(Asked::new(&text, &from)),
            Line::File(other) => add_file(&directory.join(other), seen, asked),
            _ => {}
        }
    }
}

/// The package that a requirement is for.
fn name(text: &str) -> Option<String> {
    if text.contains(" @ ") {
        return graph::name(text);
    }
    let Some(path) = pins::local_path(text) else {
        return graph::name(text);
    };
    // Of a directory or an sdist only a build tells.
    let file = path.rsplit('/').next()?.strip_suffix(".whl")?;
    file.split('-').next().map(normalized)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_name_files_and_passwords_are_not_said() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("r.txt");
        fs_err::write(
            &file,
            "-r more.txt\n-c pins.txt\nSix>=1 --hash=sha256:abc\nlib @ https://me:hunter2@h/l.whl\n./w/Odd_one-1-py3-none-any.whl\n./dir\n",
        )
        .unwrap();
        fs_err::write(place.path().join("more.txt"), "idna\n").unwrap();
        fs_err::write(place.path().join("pins.txt"), "idna==3\n").unwrap();
        let mut asked = Vec::new();
        add_file(&file, &mut Seen::default(), &mut asked);
        let found: Vec<(Option<&str>, &str)> = asked
            .iter()
            .map(|one| (one.name.as_deref(), one.requirement.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                (Some("idna"), "idna"),
                (Some("six"), "Six>=1"),
                (Some("lib"), "lib @ https://***@h/l.whl"),
                (Some("odd-one"), "./w/Odd_one-1-py3-none-any.whl"),
                (None, "./dir"),
            ]
        );
        assert!(asked[0].from.ends_with("more.txt") && asked[1].from.ends_with("r.txt"));
    }
}
