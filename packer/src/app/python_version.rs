//! Which Python an app asks for: `requires-python` of a project or a script, and `.python-version`, which uv and pyenv
//! read too.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use anyhow::{Result, anyhow};
use pep508_rs::pep440_rs::VersionSpecifiers;

use super::input::Input;
use crate::text_file;

const FILE: &str = ".python-version";

/// What an app asks for, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PythonWish {
    /// `requires-python`: a specifier of PEP 440, and the file that has it.
    pub(crate) requires: Option<(String, PathBuf)>,
    /// The version in `.python-version`, and the file.
    pub(crate) pinned: Option<(String, PathBuf)>,
}

impl PythonWish {
    /// What `input` asks for.
    pub(crate) fn of(input: &Input) -> Self {
        let project = input.project().and_then(|file| file.project.as_ref());
        let requires = project.and_then(|project| project.requires_python.clone());
        let (place, directory) = match input {
            Input::Nothing | Input::Environment(_) | Input::Requirement(_) | Input::Zipapp(..) => {
                return Self::default();
            }
            Input::Script(path, _) => (path.clone(), path.parent()),
            Input::Directory(path) | Input::Project(path, _) | Input::Package(path, _) => {
                (path.join("pyproject.toml"), Some(path.as_path()))
            }
        };
        Self {
            requires: requires.map(|text| (text, place)),
            pinned: directory.and_then(pinned),
        }
    }

    /// `requires-python`, read, and the file that has it.
    ///
    /// # Errors
    /// When it is no version specifier; names the file.
    pub(crate) fn specifiers(&self) -> Result<Option<(VersionSpecifiers, &Path)>> {
        let Some((text, file)) = &self.requires else {
            return Ok(None);
        };
        let specifiers = VersionSpecifiers::from_str(text).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().next().unwrap_or_default();
            anyhow!(
                "failed to read `{}`: requires-python is `{text}`: {reason}",
                file.display()
            )
        })?;
        Ok(Some((specifiers, file)))
    }
}

/// A longer file names no version, in bytes.
const FILE_MAX: u64 = 64 << 10;

/// The version that `.python-version` names, in `directory` or above it in the same repository.
fn pinned(directory: &Path) -> Option<(String, PathBuf)> {
    let directory = fs_err::canonicalize(directory).ok()?;
    for (depth, above) in directory.ancestors().enumerate() {
        let file = above.join(FILE);
        if let Ok(bytes) = text_file::read(&file, FILE_MAX) {
            return version(&String::from_utf8_lossy(&bytes)).map(|version| (version, file));
        }
        if above.join(".git").exists() {
            return None;
        }
        // Without a repository, a file far above is about something else.
        if depth == 0 && !directory.ancestors().any(|above| above.join(".git").exists()) {
            return None;
        }
    }
    None
}

/// The first line that is neither blank nor a comment. Names of virtual environments of pyenv are not versions.
fn version(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = lines.next()?;
    let line = line
        .strip_prefix("cpython-")
        .or(line.strip_prefix("cpython@"))
        .unwrap_or(line);
    line.starts_with(|c: char| c.is_ascii_digit())
        .then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_counts_up_to_the_root_of_the_repository() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs_err::create_dir_all(at("repo/a/b")).unwrap();
        fs_err::write(at(FILE), "3.9\n").unwrap();
        assert_eq!(pinned(&at("repo/a/b")), None);
        fs_err::create_dir(at("repo/.git")).unwrap();
        assert_eq!(pinned(&at("repo/a/b")), None);
        fs_err::write(at("repo/.python-version"), "# ours\n\n 3.12.1 \n3.11\n").unwrap();
        assert_eq!(pinned(&at("repo/a/b")).unwrap().0, "3.12.1");
    }

    #[test]
    fn a_version_is_told_from_a_name() {
        for (text, expected) in [
            ("3.13t\n", Some("3.13t")),
            ("cpython-3.12\n", Some("3.12")),
            ("cpython@3.12.4\n", Some("3.12.4")),
            ("my-venv\n", None),
            ("pypy3.10\n", None),
            ("", None),
        ] {
            assert_eq!(version(text).as_deref(), expected, "{text}");
        }
    }
}
