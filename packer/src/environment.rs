//! The builder's environment as a value: variables, working directory, and the user's directories. What depends
//! on it can be tested without touching the process.
//!
//! It is also the one place that decides what child processes see. Variables that steer a Python are never
//! passed on. For uv and pip, index, proxy, certificate and credential settings are the user's and stay; what
//! would change where packages are installed, or with which interpreter, is removed: a pack must not depend on
//! the shell that started it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables that choose another place, interpreter or form of installation.
const REMOVED_FOR_INSTALLERS: &[&str] = &[
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "PIP_BREAK_SYSTEM_PACKAGES",
    "PIP_COMPILE",
    "PIP_DRY_RUN",
    "PIP_EDITABLE",
    "PIP_IGNORE_INSTALLED",
    "PIP_NO_COMPILE",
    "PIP_PREFIX",
    "PIP_PYTHON",
    "PIP_REPORT",
    "PIP_REQUIREMENT",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_ROOT",
    "PIP_SRC",
    "PIP_TARGET",
    "PIP_UPGRADE",
    "PIP_USER",
    "UV_BREAK_SYSTEM_PACKAGES",
    "UV_COMPILE_BYTECODE",
    "UV_LINK_MODE",
    "UV_MANAGED_PYTHON",
    "UV_NO_MANAGED_PYTHON",
    "UV_PROJECT_ENVIRONMENT",
    "UV_PYTHON",
    "UV_PYTHON_PREFERENCE",
    "UV_SYSTEM_PYTHON",
    "UV_VENV_CLEAR",
    "UV_VENV_RELOCATABLE",
    "UV_VENV_SEED",
    "VIRTUAL_ENV",
    "VIRTUAL_ENV_PROMPT",
];

/// Variables that are set for uv and pip: plain output, copies in place of links to source trees, and builds from
/// source that are reproducible.
const SET_FOR_INSTALLERS: &[(&str, &str)] = &[
    ("NO_COLOR", "1"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ("PIP_ROOT_USER_ACTION", "ignore"),
    ("PYTHONHASHSEED", "0"),
    ("UV_NO_EDITABLE", "1"),
];

/// Where programs make temporary files.
pub(crate) const ENV_TMPDIR: &str = "TMPDIR";
/// <https://reproducible-builds.org/specs/source-date-epoch/>
const ENV_EPOCH: &str = "SOURCE_DATE_EPOCH";
/// 1980-01-01, the oldest date that a ZIP archive, and so a wheel, can hold.
const DEFAULT_EPOCH: &str = "315532800";

/// The environment in which pyship runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// Every variable.
    pub(crate) variables: BTreeMap<OsString, OsString>,
    /// The working directory: relative paths are joined to it, and children run in it.
    pub(crate) directory: PathBuf,
    /// The user's cache directory: `$XDG_CACHE_HOME`, else `~/.cache`.
    pub(crate) cache_directory: Option<PathBuf>,
    /// The user's configuration directory: `$XDG_CONFIG_HOME`, else `~/.config`.
    pub(crate) config_directory: Option<PathBuf>,
    /// Where children make temporary files, in place of `$TMPDIR`: one that is killed leaves them behind.
    pub(crate) temporary: Option<PathBuf>,
}

impl Environment {
    /// The environment of this process.
    ///
    /// # Errors
    /// When the working directory does not exist any more.
    pub(crate) fn current() -> std::io::Result<Self> {
        let directory = std::env::current_dir()?;
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        // Where no variable says, `dirs` would ask for the home of the user, who may be any in a container. HOME may be
        // relative.
        let known = |path: Option<PathBuf>, name: &str| {
            path.filter(|_| is_set("HOME") || is_set(name))
                .map(|path| directory.join(path))
        };
        Ok(Self {
            variables: std::env::vars_os().collect(),
            cache_directory: known(dirs::cache_dir(), "XDG_CACHE_HOME"),
            config_directory: known(dirs::config_dir(), "XDG_CONFIG_HOME"),
            directory,
            temporary: None,
        })
    }

    /// A variable; an empty one counts as unset, as it does for shells' `${X:-}`.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// A variable that names a path.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|value| self.directory.join(value))
    }

    /// Every executable file of this name on `PATH`, in order, each once.
    pub(crate) fn which_all(&self, name: &str) -> Vec<PathBuf> {
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
    pub(crate) fn which(&self, name: &str) -> Option<PathBuf> {
        self.which_all(name).into_iter().next()
    }

    /// A command with this environment, without the variables that steer a Python.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let kept = self
            .variables
            .iter()
            .filter(|(name, _)| !name.as_bytes().starts_with(b"PYTHON"));
        let mut command = Command::new(program);
        command.env_clear().envs(kept).current_dir(&self.directory);
        command.envs(self.temporary.iter().map(|path| (ENV_TMPDIR, path)));
        command
    }

    /// A command that is `uv` or runs `pip`, with this environment as described in the [module](self).
    pub(crate) fn installer_command(&self, program: &Path) -> Command {
        let mut command = self.command(program);
        for name in REMOVED_FOR_INSTALLERS {
            command.env_remove(name);
        }
        command.envs(SET_FOR_INSTALLERS.iter().copied());
        if !self.variables.contains_key(OsStr::new(ENV_EPOCH)) {
            command.env(ENV_EPOCH, DEFAULT_EPOCH);
        }
        command
    }
}

/// Whether `path` is a regular file, through links, that someone may execute.
pub(crate) fn is_executable(path: &Path) -> bool {
    fs_err::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(names: &[&str]) -> Environment {
        Environment {
            variables: names.iter().map(|name| (name.into(), "value".into())).collect(),
            ..Environment::default()
        }
    }

    fn sees(command: &Command, name: &str) -> bool {
        command
            .get_envs()
            .any(|(known, value)| known == name && value.is_some())
    }

    #[test]
    fn commands_do_not_see_python_variables() {
        let command = with(&["PYTHONHOME", "SOMETHING"]).command(Path::new("env"));
        assert!(sees(&command, "SOMETHING") && !sees(&command, "PYTHONHOME"));
    }

    #[test]
    fn installers_see_where_packages_come_from_and_not_where_they_would_go() {
        let removed = [
            "PYTHONPATH",
            "PYTHONHOME",
            "VIRTUAL_ENV",
            "PIP_TARGET",
            "UV_PROJECT_ENVIRONMENT",
        ];
        let kept = [
            "PIP_INDEX_URL",
            "UV_INDEX_URL",
            "PIP_CERT",
            "HTTPS_PROXY",
            "PIP_CONSTRAINT",
            "PATH",
        ];
        let command = with(&[&removed[..], &kept].concat()).installer_command(Path::new("uv"));
        assert!(removed.iter().all(|name| !sees(&command, name)));
        assert!(kept.iter().all(|name| sees(&command, name)));
        assert!(sees(&command, "NO_COLOR") && sees(&command, "SOURCE_DATE_EPOCH"));
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
            ..Environment::default()
        };
        assert_eq!(
            environment.which_all("tool"),
            [directory.path().join("c/tool"), directory.path().join("b/tool")]
        );
    }
}
