//! `[tool.pyship]` of pyproject.toml: every option of `pyship pack` that says what goes into
//! the file or what starts, under its long name. Where the file goes is for the command line alone.
//!
//! Paths are relative to the file that they stand in, so that a project packs the same from anywhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pyship_launcher::format::manifest::LibcPolicy;
use serde::Deserialize;

/// The table's keys. What the command line says wins; lists add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Settings {
    /// The module that starts (`-m`).
    pub(crate) module: Option<String>,
    /// The function that starts (`-e`), `pkg.mod:func`.
    pub(crate) entry: Option<String>,
    /// Scripts of packages that start (`-c`).
    pub(crate) command: Vec<String>,
    /// Files with requirements (`-r`).
    pub(crate) requirements: Vec<PathBuf>,
    /// Single requirements.
    pub(crate) with: Vec<String>,
    /// Directories or URLs with wheels.
    pub(crate) find_links: Vec<String>,
    /// No index is asked.
    pub(crate) no_index: bool,
    /// The index in place of PyPI.
    pub(crate) index_url: Option<String>,
    /// Further indexes.
    pub(crate) extra_index_url: Vec<String>,
    /// Files with constraints.
    pub(crate) constraint: Vec<PathBuf>,
    /// Every requirement must come with a hash.
    pub(crate) require_hashes: bool,
    /// certifi's certificates go along.
    pub(crate) with_ca: bool,
    /// The interpreter: a path, an archive, a URL or a version.
    pub(crate) python: Option<String>,
    /// The target triple.
    pub(crate) target: Option<String>,
    /// Where the target's libraries lie.
    pub(crate) sysroot: Option<PathBuf>,
    /// Whose C library is used.
    pub(crate) libc: Option<LibcPolicy>,
    /// Files and directories beside the app, `SRC[:DST]`.
    pub(crate) include: Vec<String>,
    /// Globs of what stays behind.
    pub(crate) exclude: Vec<String>,
    /// The whole standard library is packed.
    pub(crate) no_prune: bool,
    /// Groups that pruning spares.
    pub(crate) keep: Vec<String>,
    /// Groups that stay behind.
    pub(crate) prune: Vec<String>,
    /// The compression level.
    pub(crate) level: Option<i32>,
    /// The file is made as small as can be, unless `level` says how small.
    pub(crate) release: bool,
    /// The app's name.
    pub(crate) name: Option<String>,
    /// The app's version.
    pub(crate) app_version: Option<String>,
    /// Environment variables that are set unless the caller has set them.
    pub(crate) set_env: BTreeMap<String, String>,
    /// Interpreter options: `["-X", "utf8"]`.
    #[serde(alias = "python-options")]
    pub(crate) option: Vec<String>,
    /// Imports search directories.
    pub(crate) no_index_imports: bool,
    /// What starts is not tried out.
    pub(crate) no_check: bool,
    /// A library that nobody provides is an error.
    pub(crate) strict: bool,
}

impl Settings {
    /// The same with paths as they are seen from the working directory, when the file lies in `directory`.
    pub(super) fn seen_from(mut self, directory: &Path) -> Self {
        let join = |path: &mut PathBuf| *path = directory.join(&path);
        self.sysroot.iter_mut().for_each(join);
        self.requirements.iter_mut().for_each(join);
        self.constraint.iter_mut().for_each(join);
        let join_text = |text: &mut String| *text = directory.join(&text).to_string_lossy().into_owned();
        self.include.iter_mut().for_each(join_text);
        self.find_links
            .iter_mut()
            .filter(|place| !place.contains("://"))
            .for_each(join_text);
        // `./my-package`, as a requirement, and `./python`, as an interpreter: else they are no paths.
        let is_path = |text: &&mut String| text.starts_with("./") || text.starts_with("../");
        self.with.iter_mut().filter(is_path).for_each(join_text);
        self.python.iter_mut().filter(is_path).for_each(join_text);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_file() {
        let settings: Settings = toml::from_str(
            "requirements = ['r.txt', '/abs.txt']\nfind-links = ['wheels', 'https://host/w']\n\
             include = ['data:share']\nwith = ['six', './mine']\npython = '3.12'\nlibc = 'bundled'\n\
             set-env = { MODE = 'x' }\nlevel = 12",
        )
        .unwrap();
        let settings = settings.seen_from(Path::new("app"));
        assert_eq!(
            settings.requirements,
            [Path::new("app/r.txt"), Path::new("/abs.txt")]
        );
        assert_eq!(settings.find_links, ["app/wheels", "https://host/w"]);
        assert_eq!(settings.include, ["app/data:share"]);
        assert_eq!(settings.with, ["six", "app/./mine"]);
        assert_eq!(
            (settings.python.as_deref(), settings.libc),
            (Some("3.12"), Some(LibcPolicy::Bundled))
        );
        assert_eq!(
            (settings.set_env["MODE"].as_str(), settings.level),
            ("x", Some(12))
        );
    }
}
