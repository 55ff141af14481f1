//! What APP is. Each kind has a file and a variant of [`Input`]; a new kind is a new file and a new variant.

mod directory;
mod files;
mod package;
mod project;
mod script;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use super::exclude::Excludes;
use super::pyproject::{self, ProjectFile};
use super::source::AppSource;
use crate::hint::WithHint as _;
use crate::options::PackOptions;
use crate::venv;
pub(crate) use package::Package;

/// What `pyship pack` was given as APP.
#[derive(Debug)]
pub(crate) enum Input {
    /// Nothing: the file has packages alone, and starts an interpreter or one of their scripts.
    Nothing,
    /// A virtual or conda environment: its packages are those of `--venv`.
    Environment(PathBuf),
    /// A wheel, or a package of an index by its name.
    Package(Package),
    /// A `.py` file.
    Script(PathBuf),
    /// A directory.
    Directory(PathBuf),
    /// A directory with a pyproject.toml.
    Project(PathBuf, Box<ProjectFile>),
}

impl Input {
    /// The kind of `app`. Reads its pyproject.toml, if it has one.
    ///
    /// # Errors
    /// When `app` is missing or of no known kind, or its pyproject.toml can't be read.
    pub(crate) fn detect(app: Option<&Path>) -> Result<Self> {
        let Some(app) = app else {
            return Ok(Self::Nothing);
        };
        let failed = || failed(app);
        let metadata = match fs_err::metadata(app) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => return by_name(app),
            Err(error) => return Err(error).with_context(failed),
        };
        if metadata.is_dir() {
            Ok(match pyproject::read(app)? {
                Some(file) => Self::Project(app.to_owned(), Box::new(file)),
                None if venv::Kind::of(app).is_some() => Self::Environment(app.to_owned()),
                None => Self::Directory(app.to_owned()),
            })
        } else if metadata.is_file() && app.extension() == Some("py".as_ref()) {
            Ok(Self::Script(app.to_owned()))
        } else if metadata.is_file() && app.extension() == Some("whl".as_ref()) {
            Package::of_wheel(app).map(Self::Package).with_context(failed)
        } else {
            Err(anyhow!("an app is a directory or a `.py` script")).with_context(failed)
        }
    }

    /// `[tool.pyship]`, if it has a pyproject.toml.
    pub(crate) fn options(&self) -> Option<&PackOptions> {
        match self {
            Self::Project(_, file) => Some(&file.options),
            Self::Nothing
            | Self::Environment(_)
            | Self::Package(_)
            | Self::Script(_)
            | Self::Directory(_) => None,
        }
    }

    /// Reads the app's files. None when there is no app.
    ///
    /// # Errors
    /// When it has no file to pack, or one that can't be read.
    pub(crate) fn read(&self, excludes: &Excludes) -> Result<Option<AppSource>> {
        let (app, source) = match self {
            Self::Nothing | Self::Environment(_) | Self::Package(_) => return Ok(None),
            Self::Script(app) => (app, script::read(app)),
            Self::Directory(app) => (app, directory::read(app, excludes)),
            Self::Project(app, file) => (app, project::read(app, file, excludes)),
        };
        source.map(Some).with_context(|| failed(app))
    }
}

/// APP as the name of a package, when no file has this name.
fn by_name(app: &Path) -> Result<Input> {
    let text = app.to_str().unwrap_or_default();
    if let Some(package) = Package::named(text) {
        return Ok(Input::Package(package));
    }
    let missing = Err(anyhow!("no such file or directory")).with_context(|| failed(app));
    match Package::suggestion(text) {
        Some(suggestion) => missing.hint(format!("a package of an index is written `{suggestion}`")),
        None => missing,
    }
}

fn failed(app: &Path) -> String {
    format!("failed to pack `{}`", app.display())
}

/// The files of the directory `path` as a tree, for `--include`: none is excluded but OUT and what no program needs.
///
/// # Errors
/// When it has no file, or one that can't be read.
pub(crate) fn included(path: &Path, output: &Path) -> Result<AppSource> {
    let excludes = Excludes::new::<String>(&[], Some(output))?;
    directory::read(path, &excludes).with_context(|| failed(path))
}

#[cfg(test)]
mod tests;
