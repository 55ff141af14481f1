//! `pyvenv.cfg`: lines `key = value`, whose keys have no case
//! (<https://docs.python.org/3/library/venv.html>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// The name of the file that makes a directory a virtual environment.
pub(crate) const FILE: &str = "pyvenv.cfg";

/// What a `pyvenv.cfg` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Configuration(BTreeMap<String, String>);

impl Configuration {
    /// Reads that of the environment `root`.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let bytes = fs_err::read(root.join(FILE))?;
        Ok(Self::parse(&String::from_utf8_lossy(&bytes)))
    }

    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Self(
            pairs
                .map(|(key, value)| (key.trim().to_lowercase(), value.trim().to_owned()))
                .collect(),
        )
    }

    /// The major and minor version of its Python: `3.12`. venv writes `version`, virtualenv and uv `version_info`.
    pub(super) fn version(&self) -> Option<String> {
        let text = ["version", "version_info"]
            .iter()
            .find_map(|key| self.0.get(*key))?;
        let mut parts = text.split('.');
        Some(format!("{}.{}", parts.next()?, parts.next()?))
    }

    /// Whether it sees the packages of its base.
    pub(super) fn includes_system_packages(&self) -> bool {
        self.0
            .get("include-system-site-packages")
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The base interpreter's possible places, the likeliest first; `name` is that of its program: `python3.12`.
    pub(super) fn base_candidates(&self, name: &str) -> Vec<PathBuf> {
        let own = ["base-executable", "executable"];
        let named = own.iter().filter_map(|key| self.0.get(*key)).map(PathBuf::from);
        let home = self.0.get("home").filter(|home| !home.is_empty());
        let in_home = home
            .into_iter()
            .flat_map(|home| [name, "python3", "python"].map(|name| Path::new(home).join(name)));
        named.chain(in_home).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_all_makers_are_read() {
        let venv = Configuration::parse(
            "home = /opt/bin\ninclude-system-site-packages = false\nversion = 3.12.1\n\
             executable = /opt/bin/python3.12\ncommand = /opt/bin/python3 -m venv /x\n",
        );
        assert_eq!(venv.version().as_deref(), Some("3.12"));
        assert!(!venv.includes_system_packages());
        assert_eq!(
            venv.base_candidates("python3.12")[..2],
            ["/opt/bin/python3.12", "/opt/bin/python3.12"].map(PathBuf::from)
        );
        let virtualenv = Configuration::parse(
            "home = /usr/bin\nimplementation = CPython\nversion_info = 3.11.2.final.0\n\
             include-system-site-packages = True\nbase-executable = /usr/bin/python3\n",
        );
        assert_eq!(virtualenv.version().as_deref(), Some("3.11"));
        assert!(virtualenv.includes_system_packages());
        let uv = Configuration::parse("home = /b\nuv = 0.13.0\nversion_info = 3.13.0\n");
        assert_eq!(uv.version().as_deref(), Some("3.13"));
        assert_eq!(
            uv.base_candidates("python3.13"),
            ["/b/python3.13", "/b/python3", "/b/python"].map(PathBuf::from)
        );
    }
}
