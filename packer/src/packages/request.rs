//! What is to be installed, for which interpreter, and where it comes from.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;

use super::requirements_file;

/// Packages to install.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// An interpreter of the builder: the one to install for or, with [`Request::target`], any.
    pub(crate) python: PathBuf,
    /// Files with requirements (`-r`).
    pub(crate) requirements_files: Vec<PathBuf>,
    /// Single requirements (`--with`): a specifier, a wheel, a directory, a URL.
    pub(crate) requirements: Vec<String>,
    /// Files with constraints.
    pub(crate) constraints: Vec<PathBuf>,
    /// Directories or URLs with wheels.
    pub(crate) find_links: Vec<String>,
    /// No index is used.
    pub(crate) no_index: bool,
    /// The index to use instead of PyPI.
    pub(crate) index_url: Option<String>,
    /// Further indexes.
    pub(crate) extra_index_url: Vec<String>,
    /// Every requirement must have a hash.
    pub(crate) require_hashes: bool,
    /// The machine to install for, when it isn't the builder's kind.
    pub(crate) target: Option<Target>,
}

/// A machine whose programs don't run on the builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// As in wheel tags: `x86_64`, `aarch64`.
    pub(crate) machine: String,
    /// The newest glibc that wheels may require, as major and minor.
    pub(crate) glibc: (u32, u32),
    /// The interpreter's version, as major and minor: `3.12`.
    pub(crate) python: String,
}

impl Request {
    /// Whether nothing is to be installed: there is no requirement, and every file has blank lines and comments
    /// only.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(crate) fn is_empty(&self) -> Result<bool> {
        for file in &self.requirements_files {
            if !requirements_file::parse(&fs_err::read(file)?).is_empty() {
                return Ok(false);
            }
        }
        Ok(self.requirements.is_empty())
    }

    /// Options about indexes and constraints, which `uv pip` and `pip` spell alike.
    pub(super) fn index_options(&self) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        let mut put = |name: &str, value: OsString| options.extend([name.into(), value]);
        for file in &self.constraints {
            put("--constraint", file.into());
        }
        for location in &self.find_links {
            put("--find-links", location.into());
        }
        if let Some(url) = &self.index_url {
            put("--index-url", url.into());
        }
        for url in &self.extra_index_url {
            put("--extra-index-url", url.into());
        }
        if self.no_index {
            options.push("--no-index".into());
        }
        options
    }

    /// What to install, as the last arguments of the command line.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        if self.require_hashes {
            arguments.push("--require-hashes".into());
        }
        for file in &self.requirements_files {
            arguments.extend(["--requirement".into(), file.into()]);
        }
        if !self.requirements.is_empty() {
            // A requirement that begins with `-` is no option.
            arguments.push("--".into());
            arguments.extend(self.requirements.iter().map(OsString::from));
        }
        arguments
    }
}
