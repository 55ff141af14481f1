//! The builder's environment as a value, so that what depends on it can be tested without touching the
//! process: variables and the working directory.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables and working directory of the one who packs.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Every variable.
    pub variables: BTreeMap<OsString, OsString>,
    /// Where relative paths begin and where children run.
    pub directory: PathBuf,
}

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// When the working directory is gone.
    pub fn current() -> std::io::Result<Self> {
        Ok(Self {
            variables: std::env::vars_os().collect(),
            directory: std::env::current_dir()?,
        })
    }

    /// A variable; an empty one counts as unset, as it does for shells' `${X:-}`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable that names a path.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|value| self.directory.join(value))
    }

    /// Every executable file of this name on `PATH`, in order, each once.
    #[must_use]
    pub fn which_all(&self, name: &str) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = Vec::new();
        for directory in self.get("PATH").map(std::env::split_paths).into_iter().flatten() {
            let candidate = self.directory.join(directory).join(name);
            if is_executable(&candidate) && !found.contains(&candidate) {
                found.push(candidate);
            }
        }
        found
    }

    /// The first of [`Self::which_all`].
    #[must_use]
    pub fn which(&self, name: &str) -> Option<PathBuf> {
        self.which_all(name).into_iter().next()
    }

    /// A command that sees this environment, less the variables that steer a Python.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let kept = self
            .variables
            .iter()
            .filter(|(name, _)| !name.as_bytes().starts_with(b"PYTHON"));
        command.env_clear().envs(kept).current_dir(&self.directory);
        command
    }
}

/// Whether `path` is a regular file, through links, that someone may execute.
#[must_use]
pub fn is_executable(path: &Path) -> bool {
    fs_err::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_do_not_see_python_variables() {
        let mut environment = Environment::current().unwrap();
        environment
            .variables
            .insert("PYTHONHOME".into(), "/nowhere".into());
        environment.variables.insert("SOMETHING".into(), "else".into());
        let command = environment.command(Path::new("env"));
        let names: Vec<_> = command.get_envs().map(|(name, _)| name).collect();
        assert!(names.contains(&OsStr::new("SOMETHING")));
        assert!(!names.contains(&OsStr::new("PYTHONHOME")));
    }

    #[test]
    fn path_is_searched_in_order() {
        let directory = tempfile::tempdir().unwrap();
        for (name, mode) in [("a/tool", 0o644), ("b/tool", 0o755), ("c/tool", 0o755)] {
            let path = directory.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(&path, "").unwrap();
            fs_err::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let environment = Environment {
            variables: [("PATH".into(), "a:c:b:c".into())].into(),
            directory: directory.path().to_path_buf(),
        };
        assert_eq!(
            environment.which_all("tool"),
            [directory.path().join("c/tool"), directory.path().join("b/tool")]
        );
    }
}
