//! How uv and pip are configured: by variables, and by files at the paths where they look for them.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::build_cache::key::Key;
use crate::environment::Environment;

/// Beginnings of variables that influence which packages are chosen, or how one is built.
const PREFIXES: &[&str] = &[
    "PIP_",
    "UV_",
    "CARGO_",
    "RUST",
    "CMAKE_",
    "SETUPTOOLS_",
    "PKG_CONFIG",
];
/// Variables that influence how one is built.
const VARIABLES: &[&str] = &[
    "AR",
    "ARCHFLAGS",
    "CC",
    "CFLAGS",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "FC",
    "LD",
    "LDFLAGS",
    "MAKEFLAGS",
    "SOURCE_DATE_EPOCH",
];
/// Variables with requirements files: pip separates them by spaces, uv too.
const FILES: &[&str] = &[
    "PIP_BUILD_CONSTRAINT",
    "PIP_CONSTRAINT",
    "PIP_REQUIREMENT",
    "UV_BUILD_CONSTRAINT",
    "UV_CONSTRAINT",
    "UV_EXCLUDE",
    "UV_OVERRIDE",
];
/// Variables with directories of wheels: pip separates them by spaces, uv by commas.
const FIND_LINKS: &[&str] = &["PIP_FIND_LINKS", "UV_FIND_LINKS"];

/// The directories and pages of wheels that variables name.
pub(super) fn find_links(environment: &Environment) -> Vec<String> {
    let values = FIND_LINKS
        .iter()
        .filter_map(|name| environment.get(name)?.to_str());
    let locations = values.flat_map(|value| value.split([' ', ',']));
    locations
        .filter(|location| !location.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The requirements files that variables name.
pub(super) fn requirements(environment: &Environment) -> Vec<PathBuf> {
    let values = FILES.iter().filter_map(|name| environment.get(name)?.to_str());
    let files = values.flat_map(str::split_whitespace);
    files
        .filter(|file| !file.contains("://"))
        .map(|file| environment.directory.join(file))
        .collect()
}

/// Adds the configuration to `key`. Returns whether a file of it names directories of wheels or
/// requirements files, whose contents are not known.
pub(super) fn identify(environment: &Environment, key: &mut Key) -> bool {
    let mut names_directories = false;
    for (name, value) in &environment.variables {
        let text = name.to_string_lossy();
        if PREFIXES.iter().any(|prefix| text.starts_with(prefix)) || VARIABLES.contains(&text.as_ref()) {
            key.field("variable", name.as_bytes())
                .field("value", value.as_bytes());
        }
    }
    for file in files(environment) {
        if let Ok(bytes) = fs_err::read(&file) {
            let text = String::from_utf8_lossy(&bytes);
            let names = [
                "find-links",
                "find_links",
                "constraint =",
                "constraint=",
                "requirement =",
            ];
            names_directories |= names.iter().any(|name| text.contains(name));
            key.field("settings", file.as_os_str().as_bytes())
                .field("bytes", bytes);
        }
    }
    names_directories
}

/// The configuration files that uv and pip read, whether they exist or not.
fn files(environment: &Environment) -> Vec<PathBuf> {
    let home = environment.path("HOME");
    let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let mut files: Vec<PathBuf> = [
        "/etc/pip.conf",
        "/etc/xdg/pip/pip.conf",
        "/etc/uv/uv.toml",
        "/etc/xdg/uv/uv.toml",
    ]
    .iter()
    .map(PathBuf::from)
    .collect();
    if let Some(directories) = environment.get("XDG_CONFIG_DIRS").map(std::env::split_paths) {
        for directory in directories {
            files.extend([directory.join("pip/pip.conf"), directory.join("uv/uv.toml")]);
        }
    }
    files.extend(in_home(".pip/pip.conf"));
    if let Some(config) = &environment.config_directory {
        files.extend([config.join("pip/pip.conf"), config.join("uv/uv.toml")]);
    }
    files.extend(
        ["PIP_CONFIG_FILE", "UV_CONFIG_FILE"]
            .iter()
            .filter_map(|name| environment.path(name)),
    );
    // uv reads those of a workspace, from the working directory up.
    for directory in environment.directory.ancestors() {
        files.extend([directory.join("uv.toml"), directory.join("pyproject.toml")]);
    }
    files
}
