//! How uv and pip are configured: by variables, and by files at the paths where they look for them.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

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
            names_directories |= text.lines().any(names_files) || !directories_of(&file, &bytes).is_empty();
            key.field("settings", file.as_os_str().as_bytes())
                .field("bytes", bytes);
        }
    }
    names_directories
}

/// Whether a line of pip's or uv's settings names directories of wheels or requirements files. pip separates a name and its
/// value by `=` or `:`, with any blanks around them, and takes `_` for `-`.
fn names_files(line: &str) -> bool {
    let name = line.split(['=', ':']).next().unwrap_or_default().trim();
    let name = name.trim_matches('"').replace('_', "-").to_lowercase();
    let names = ["build-constraint", "constraint", "find-links", "requirement"];
    names.iter().any(|known| name.ends_with(known)) || line.contains("find-links")
}

/// The local directories of wheels, and local indexes, that the settings of uv and pip name.
pub(super) fn directories(environment: &Environment) -> Vec<PathBuf> {
    let files = files(environment).into_iter();
    files
        .filter_map(|file| Some((fs_err::read(&file).ok()?, file)))
        .flat_map(|(bytes, file)| match is_uvs(environment, &file) {
            true => directories_of(&file, &bytes),
            false => directories_of_pip(environment, &bytes),
        })
        .collect()
}

/// Whether a file is one of uv's: `UV_CONFIG_FILE` may have any name.
fn is_uvs(environment: &Environment, file: &Path) -> bool {
    let is_named = || {
        environment
            .path("UV_CONFIG_FILE")
            .is_some_and(|named| named == file)
    };
    file.extension() == Some("toml".as_ref()) || is_named()
}

/// Those of pip: blanks and lines separate the values of `find-links`, and relative paths are those of the working
/// directory.
fn directories_of_pip(environment: &Environment, bytes: &[u8]) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(bytes);
    let mut is_in = false;
    let mut directories = Vec::new();
    for line in text.lines() {
        let value = if line.starts_with([' ', '\t']) {
            line
        } else {
            let (name, value) = line.split_once(['=', ':']).unwrap_or_default();
            is_in = name.trim().replace('_', "-") == "find-links";
            value
        };
        if is_in {
            let values = value.split_whitespace().filter_map(local_path);
            directories.extend(values.map(|path| environment.directory.join(path)));
        }
    }
    directories
}

/// The local directories that one of uv's files names: `find-links` and indexes of uv.toml, of `[tool.uv]` and of its table
/// `pip`. Relative paths are those of the file's directory.
pub(super) fn directories_of(file: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(bytes);
    let Ok(document) = toml::from_str::<toml::Table>(&text) else {
        return Vec::new();
    };
    let of_project = || document.get("tool")?.get("uv")?.as_table();
    let settings = match file.ends_with("pyproject.toml") {
        true => of_project(),
        false => Some(&document),
    };
    let Some(settings) = settings else {
        return Vec::new();
    };
    let of_pip = settings.get("pip").and_then(toml::Value::as_table);
    let base = file.parent().unwrap_or(Path::new("/"));
    let mut directories = Vec::new();
    for table in std::iter::once(settings).chain(of_pip) {
        let links = table.get("find-links").and_then(toml::Value::as_array);
        let indexes = table.get("index").and_then(toml::Value::as_array);
        let links = links.into_iter().flatten().filter_map(toml::Value::as_str);
        let indexes = indexes.into_iter().flatten();
        let urls = indexes.filter_map(|index| index.get("url")?.as_str());
        let all = ["index-url", "extra-index-url"]
            .iter()
            .filter_map(|name| table.get(*name));
        let others = all.flat_map(|value| match value {
            toml::Value::Array(values) => values.iter().filter_map(toml::Value::as_str).collect(),
            value => Vec::from_iter(value.as_str()),
        });
        directories.extend(
            links
                .chain(urls)
                .chain(others)
                .filter_map(local_path)
                .map(|path| base.join(path)),
        );
    }
    directories
}

/// The path of a location that is no URL of a server.
fn local_path(location: &str) -> Option<&str> {
    let path = location.strip_prefix("file://").unwrap_or(location);
    (!path.contains("://")).then_some(path)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_seen_however_they_are_written() {
        for line in [
            "constraint = c.txt",
            "constraint: c.txt",
            "constraint  =c.txt",
            "build_constraint\t= c.txt",
            "Requirement=r.txt",
            "find-links = [\"w\"]",
            "find_links: w",
        ] {
            assert!(names_files(line), "{line}");
        }
        for line in [
            "",
            "[global]",
            "index-url = https://example.org/constraint",
            "timeout: 3",
        ] {
            assert!(!names_files(line), "{line}");
        }
    }

    #[test]
    fn directories_of_settings() {
        let of = |name: &str, text: &str| directories_of(&Path::new("/p").join(name), text.as_bytes());
        let text = "find-links = ['w', 'https://example.org/w', 'file:///srv/w']\n\
            [[index]]\nurl = '../flat'\nformat = 'flat'\n[pip]\nfind-links = ['/x']\nextra-index-url = ['i']\n";
        let want = ["/p/w", "/srv/w", "/p/../flat", "/x", "/p/i"].map(PathBuf::from);
        assert_eq!(of("uv.toml", text), want);
        let in_project = "[tool.uv]\nfind-links = ['w']\n[[tool.uv.index]]\nurl = 'https://example.org'\n";
        assert_eq!(of("pyproject.toml", in_project), [PathBuf::from("/p/w")]);
        assert!(of("pyproject.toml", text).is_empty() && of("uv.toml", "no toml").is_empty());
    }

    #[test]
    fn a_file_of_uvs_settings_may_have_any_name() {
        let place = tempfile::tempdir().unwrap();
        for name in ["settings", "other.toml"] {
            let file = place.path().join(name);
            fs_err::write(&file, "find-links = ['w']\n").unwrap();
            let variables = [("UV_CONFIG_FILE".into(), file.into_os_string())];
            let environment = Environment {
                directory: place.path().join("none"),
                variables: variables.into(),
                ..Environment::default()
            };
            assert!(
                directories(&environment).contains(&place.path().join("w")),
                "{name}"
            );
        }
    }

    #[test]
    fn directories_of_pips_settings() {
        let environment = Environment {
            directory: "/cwd".into(),
            ..Environment::default()
        };
        let text = b"[global]\nfind-links =\n  one https://example.org\n  /two\ntimeout = 3\n[install]\nfind_links: three\n";
        let want = ["/cwd/one", "/two", "/cwd/three"].map(PathBuf::from);
        assert_eq!(directories_of_pip(&environment, text), want);
    }
}
