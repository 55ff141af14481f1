//! What kind of environment a directory is, and where its packages are: by its files alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::configuration::{self, Configuration};
use super::seeds;
use crate::hint::WithHint as _;
use crate::packages::metadata::normalized;

/// The directory in which conda keeps what it knows of its packages.
const CONDA_META: &str = "conda-meta";

/// An environment, as far as packing needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Venv {
    /// Its directory as the user wrote it.
    pub(super) given: PathBuf,
    /// Its directory, links resolved.
    pub(super) root: PathBuf,
    /// Who made it.
    pub(crate) kind: Kind,
    /// Its site-packages, relative: `lib/python3.12/site-packages`.
    pub(super) site: String,
    /// The name of its interpreter: `python3.12`, `python3.13t`.
    pub(super) python: String,
    /// What its `pyvenv.cfg` says.
    pub(super) configuration: Configuration,
}

/// The kinds of environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Made by venv, virtualenv or uv; another installation is its base.
    Virtual,
    /// Made by conda; an installation of its own.
    Conda,
}

impl Kind {
    /// The kind of the directory `path`; none when it is no environment.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        if path.join(configuration::FILE).is_file() {
            Some(Self::Virtual)
        } else if path.join(CONDA_META).is_dir() {
            Some(Self::Conda)
        } else {
            None
        }
    }
}

impl Venv {
    /// The environment at `given`, an absolute path or relative to `directory`.
    ///
    /// # Errors
    /// When it is none, or has no packages of a CPython.
    pub(crate) fn at(given: &Path, directory: &Path) -> Result<Self> {
        let failed = || format!("failed to use the virtual environment `{}`", given.display());
        let root = fs_err::canonicalize(directory.join(given))
            .map_err(|error| anyhow!("{}", error.kind()))
            .with_context(failed)?;
        let Some(kind) = Kind::of(&root) else {
            return Err(anyhow!("it has no {}", configuration::FILE))
                .with_context(failed)
                .hint(format!("`python3 -m venv {}` makes one", given.display()));
        };
        let configuration = match kind {
            Kind::Virtual => Configuration::read(&root)?,
            Kind::Conda => Configuration::default(),
        };
        let python = python(&root, configuration.version().as_deref()).with_context(failed)?;
        Ok(Self {
            given: given.to_owned(),
            site: format!("lib/{python}/site-packages"),
            root,
            kind,
            python,
            configuration,
        })
    }

    /// The environment in words, with its path.
    pub(crate) fn shown(&self) -> String {
        let kind = match self.kind {
            Kind::Virtual => "virtual",
            Kind::Conda => "conda",
        };
        format!("the {kind} environment `{}`", self.given.display())
    }

    /// `3.12`, `3.13t`
    pub(crate) fn version(&self) -> &str {
        self.python.trim_start_matches("python")
    }
}

impl Venv {
    /// The names of the packages in its own site-packages, without those that its maker put there.
    pub(crate) fn own_packages(&self) -> Vec<String> {
        // What can't be read has no packages that could be taken.
        let entries = fs_err::read_dir(self.root.join(&self.site)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".dist-info")?.split('-').next()?.to_owned()))
            .map(|name| normalized(&name))
            .filter(|name| !seeds::is_seed(name))
            .collect();
        names.sort();
        names
    }
}

/// The name of the interpreter whose packages are in `root`: the directory in `lib` that has a `site-packages`. An
/// environment that was upgraded has several; `version` decides.
fn python(root: &Path, version: Option<&str>) -> Result<String> {
    let mut names = Vec::new();
    // A missing `lib` has no packages.
    for entry in fs_err::read_dir(root.join("lib")).into_iter().flatten() {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_link = entry.file_type()?.is_symlink();
        if !is_link && entry.path().join("site-packages").is_dir() {
            names.push(name);
        }
    }
    if names.iter().any(|name| name.starts_with("pypy")) {
        bail!("its interpreter is PyPy, and only CPython can be packed");
    }
    names.retain(|name| name.starts_with("python3."));
    let wanted = version.map(|version| format!("python{version}"));
    let of_version = |name: &&String| wanted.as_deref() == Some(name.trim_end_matches('t'));
    match (names.iter().find(of_version), names.as_slice()) {
        (Some(name), _) | (None, [name]) => Ok(name.clone()),
        (None, []) => bail!("it has no lib/python3.*/site-packages"),
        (None, several) => bail!(
            "it has packages for several Pythons, {}, and its {} names none of them",
            several.join(", "),
            configuration::FILE
        ),
    }
}
