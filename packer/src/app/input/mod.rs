//! What APP is. Each kind has a file and a variant of [`Input`]; a new kind is a new file and a new variant.

mod directory;
pub(crate) mod files;
pub(crate) mod package;
mod project;
mod requirement;
mod script;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use pyship_launcher::payload::Payload;

use super::entry::has_main_file;
use super::exclude::Excludes;
use super::pyproject::{self, ProjectFile};
use super::script_metadata::{self, Script};
use super::source::AppSource;
use crate::hint::WithHint as _;
use crate::options::PackOptions;
use crate::venv;
use crate::zipapp::{self, Zipapp};
pub(crate) use requirement::Requirement;

/// The build script of projects without a `[build-system]`.
const SETUP: &str = "setup.py";
/// Of a file of another kind.
const NO_APP: &str = "an app is a directory, a `.py` script, a wheel, a zipapp, or the name of a package such as `pypi:httpie`";
/// Of a packed file.
const PACKED: &str = "it is a packed file already; `pyship inspect` shows what it contains";

/// What `pyship pack` was given as APP.
#[derive(Debug)]
pub(crate) enum Input {
    /// Nothing: the file has packages alone, and starts an interpreter or one of their scripts.
    Nothing,
    /// A virtual or conda environment: its packages are those of `--venv`.
    Environment(PathBuf),
    /// A wheel, or a package of an index by its name.
    Requirement(Requirement),
    /// A zipapp.
    Zipapp(PathBuf, Box<Zipapp>),
    /// A `.py` file, and what it says about itself.
    Script(PathBuf, Box<Script>),
    /// A directory.
    Directory(PathBuf),
    /// A directory with a pyproject.toml, whose files are the app.
    Project(PathBuf, Box<ProjectFile>),
    /// A directory with a project that is built: what its wheel installs is the app.
    Package(PathBuf, Box<ProjectFile>),
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
            zipapp::check_directory(app).with_context(failed)?;
            let (app, has_setup) = (app.to_owned(), app.join(SETUP).is_file());
            Ok(match pyproject::read(&app)? {
                Some(file) if file.is_package || has_setup && file.uv.package.is_none() => {
                    Self::Package(app, Box::new(file))
                }
                Some(file) => Self::Project(app, Box::new(file)),
                None if has_setup => Self::Package(app, Box::default()),
                // An app may have its environment around it.
                None if venv::Kind::of(&app).is_some() && !has_main_file(&app) => Self::Environment(app),
                None => Self::Directory(app),
            })
        } else if metadata.is_file() && app.extension() == Some("py".as_ref()) {
            let metadata = script_metadata::read(app)?;
            Ok(Self::Script(app.to_owned(), Box::new(metadata)))
        } else if metadata.is_file() && app.extension() == Some("whl".as_ref()) {
            Requirement::of_wheel(app)
                .map(Self::Requirement)
                .with_context(failed)
        } else if metadata.is_file()
            && let Some(zipapp) = Zipapp::open(app).with_context(failed)?
        {
            Ok(Self::Zipapp(app.to_owned(), Box::new(zipapp)))
        } else {
            let is_packed = matches!(Payload::open(app), Ok(Some(_)));
            Err(anyhow!(if is_packed { PACKED } else { NO_APP })).with_context(failed)
        }
    }

    /// A project that would be built, as its files: nothing is built when an environment has the packages.
    pub(crate) fn unbuilt(self) -> Self {
        match self {
            Self::Package(app, file) => Self::Project(app, file),
            other => other,
        }
    }

    /// `[tool.pyship]`, if it has a pyproject.toml.
    pub(crate) fn options(&self) -> Option<&PackOptions> {
        self.project().map(|file| &file.options)
    }

    /// Its pyproject.toml, or what a script has in its place.
    pub(crate) fn project(&self) -> Option<&ProjectFile> {
        match self {
            Self::Project(_, file) | Self::Package(_, file) => Some(file),
            Self::Script(_, script) => Some(&script.file),
            Self::Nothing
            | Self::Environment(_)
            | Self::Requirement(_)
            | Self::Zipapp(..)
            | Self::Directory(_) => None,
        }
    }

    /// `[project].name`, if it says that.
    pub(crate) fn project_name(&self) -> Option<&str> {
        match self {
            Self::Requirement(requirement) => Some(&requirement.name),
            _ => self.project()?.project.as_ref()?.name.as_deref(),
        }
    }

    /// Reads the app's files. None when there is no app, or it has to be built.
    ///
    /// # Errors
    /// When it has no file to pack, or one that can't be read.
    pub(crate) fn read(&self, excludes: &Excludes) -> Result<Option<AppSource>> {
        let (app, source) = match self {
            Self::Nothing
            | Self::Environment(_)
            | Self::Requirement(_)
            | Self::Zipapp(..)
            | Self::Package(..) => {
                return Ok(None);
            }
            Self::Script(app, _) => (app, script::read(app)),
            Self::Directory(app) => (app, directory::read(app, excludes)),
            Self::Project(app, file) => (app, project::read(app, file, excludes)),
        };
        source.map(Some).with_context(|| failed(app))
    }
}

/// The files of the directory `path`, as of an app.
///
/// # Errors
/// When it has no file, or one that can't be read.
pub(crate) fn directory(path: &Path, excludes: &Excludes) -> Result<AppSource> {
    directory::read(path, excludes)
}

/// APP as the name of a package, when no file has this name.
fn by_name(app: &Path) -> Result<Input> {
    let text = app.to_str().unwrap_or_default();
    if let Some(requirement) = Requirement::named(text) {
        return Ok(Input::Requirement(requirement));
    }
    let missing = Err(anyhow!("no such file or directory")).with_context(|| failed(app));
    match Requirement::suggestion(text) {
        Some(suggestion) => missing.hint(format!("a package of an index is written `{suggestion}`")),
        None => missing,
    }
}

fn failed(app: &Path) -> String {
    format!("failed to pack `{}`", app.display())
}

/// The files of the directory `path` as a tree, for `--include`: all but what pyship made, secrets, and what no program
/// needs. Ignore files don't count, and neither is a directory called `build` left out: `path` may be below one.
///
/// # Errors
/// When it has no file, or one that can't be read.
pub(crate) fn included(path: &Path, output: &Path) -> Result<AppSource> {
    let excludes = Excludes::new::<String>(&[], Some(output))?;
    directory::read(path, &excludes).with_context(|| failed(path))
}

#[cfg(test)]
mod tests;
