//! What is to be installed, for which interpreter, and where it comes from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::declared::Declared;
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
    /// What APP declares itself.
    pub(crate) declared: Declared,
    /// Nothing but what is named is installed.
    pub(crate) no_deps: bool,
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
    /// Whether nothing is to be installed: nothing is declared, there is no requirement, and every file has blank lines
    /// and comments only.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(crate) fn is_empty(&self) -> Result<bool> {
        Ok(self.declared.is_empty() && self.has_no_requirements()?)
    }

    /// Whether the options name nothing to install.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(super) fn has_no_requirements(&self) -> Result<bool> {
        for file in &self.requirements_files {
            if is_url(file) {
                return Ok(false);
            }
            if !requirements_file::parse(&fs_err::read(file)?).is_empty() {
                return Ok(false);
            }
        }
        Ok(self.requirements.is_empty())
    }

    /// The same request for another working directory: relative paths of options about indexes are made absolute.
    pub(super) fn absolute(&self, directory: &Path) -> Self {
        let absolute = |location: &String| match location.contains("://") {
            true => location.clone(),
            false => directory.join(location).to_string_lossy().into_owned(),
        };
        Self {
            find_links: self.find_links.iter().map(absolute).collect(),
            ..self.clone()
        }
    }

    /// The constraints files, as options.
    pub(super) fn constraint_options(&self) -> Vec<OsString> {
        let files = self.constraints.iter();
        files
            .flat_map(|file| ["--constraint".into(), file.into()])
            .collect()
    }

    /// Options about indexes, which `uv` and `pip` spell alike.
    pub(super) fn index_options(&self) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        let mut put = |name: &str, value: OsString| options.extend([name.into(), value]);
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
        arguments.extend(self.require_hashes.then(|| "--require-hashes".into()));
        arguments.extend(self.no_deps.then(|| "--no-deps".into()));
        for file in &self.requirements_files {
            arguments.extend(["--requirement".into(), file.into()]);
        }
        let (file, declared) = self.declared.requirements();
        arguments.extend(file);
        let mut requirements = declared.iter().chain(&self.requirements).peekable();
        if requirements.peek().is_some() {
            // A requirement that begins with `-` is no option.
            arguments.push("--".into());
            arguments.extend(requirements.map(OsString::from));
        }
        arguments
    }
}

/// Whether a requirements file is on a server: the installer gets it from there.
pub(super) fn is_url(file: &Path) -> bool {
    file.to_string_lossy().contains("://")
}
