//! The environment that `uv` and `pip` run in.
//!
//! Index, proxy, certificate and credential settings are the user's and stay. What goes is what would change
//! *where* packages are installed, or with which interpreter: a pack must not depend on the shell that started it.

use std::env;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

/// Variables that choose another place, interpreter or form of installation.
const REMOVED: &[&str] = &[
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

/// Variables that are set: plain output, copies in place of links to source trees, and builds from source
/// that come out the same each time.
const SET: &[(&str, &str)] = &[
    ("NO_COLOR", "1"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ("PIP_ROOT_USER_ACTION", "ignore"),
    ("PYTHONHASHSEED", "0"),
    ("UV_NO_EDITABLE", "1"),
];

/// 1980-01-01, the oldest date that a ZIP archive, and so a wheel, can hold.
const SOURCE_DATE_EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "315532800");

/// Gives `command` the caller's environment without what would disturb an installation.
pub(super) fn prepare(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if is_removed(&name) {
            command.env_remove(name);
        }
    }
    command.envs(SET.iter().copied());
    if env::var_os(SOURCE_DATE_EPOCH.0).is_none() {
        command.env(SOURCE_DATE_EPOCH.0, SOURCE_DATE_EPOCH.1);
    }
}

fn is_removed(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b"PYTHON") || REMOVED.iter().any(|removed| name == *removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chooses_a_place_goes_and_what_names_an_index_stays() {
        for name in [
            "PYTHONPATH",
            "PYTHONHOME",
            "VIRTUAL_ENV",
            "PIP_TARGET",
            "UV_PROJECT_ENVIRONMENT",
        ] {
            assert!(is_removed(OsStr::new(name)), "{name}");
        }
        for name in [
            "PIP_INDEX_URL",
            "UV_INDEX_URL",
            "PIP_CERT",
            "HTTPS_PROXY",
            "PIP_CONSTRAINT",
            "PATH",
        ] {
            assert!(!is_removed(OsStr::new(name)), "{name}");
        }
    }
}
