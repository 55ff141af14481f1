//! Which program installs packages: `uv` when it is on PATH, else the interpreter's own pip.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::install::{Request, Target};
use super::pip::Pip;
use super::uv::Uv;

/// A program that resolves and installs packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tool {
    /// The `uv` at this path.
    Uv(PathBuf),
    /// The pip of the interpreter that is installed for.
    Pip,
}

/// What is asked of either tool. Each step hands the tool's lines to `on_line` as they come.
pub(super) trait Installer {
    /// Makes the virtual environment `venv`, without any package, for the request's interpreter.
    fn make_venv(&self, request: &Request, venv: &Path, on_line: &mut dyn FnMut(&str)) -> Result<()>;

    /// Installs what is asked for into the virtual environment with the interpreter `python`.
    fn install(&self, request: &Request, python: &Path, on_line: &mut dyn FnMut(&str)) -> Result<()>;

    /// Installs directories of source code again, as copies and without what they depend on.
    fn install_copies(
        &self,
        request: &Request,
        python: &Path,
        sources: &[String],
        on_line: &mut dyn FnMut(&str),
    ) -> Result<()>;

    /// Installs wheels for another machine into the directory `root`.
    fn install_for(
        &self,
        request: &Request,
        target: &Target,
        root: &Path,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<()>;
}

impl Tool {
    /// The first `uv` on PATH, else pip.
    #[must_use]
    pub fn find() -> Self {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path)
            .map(|directory| directory.join("uv"))
            .find(|candidate| {
                candidate
                    .metadata()
                    .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
            })
            .map_or(Self::Pip, Self::Uv)
    }

    /// The tool, ready for `request`.
    ///
    /// # Errors
    /// When the interpreter has no pip.
    pub(super) fn prepare(&self, request: &Request, scratch: &Path) -> Result<Box<dyn Installer>> {
        Ok(match self {
            Self::Uv(path) => Box::new(Uv { path: path.clone() }),
            Self::Pip => Box::new(Pip::find(&request.python, scratch)?),
        })
    }
}
