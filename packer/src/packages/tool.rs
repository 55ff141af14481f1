//! Which program installs packages: `uv` when it is on PATH, else the interpreter's own pip.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::installer::Installer;
use super::pip::Pip;
use super::request::Request;
use super::uv::Uv;
use crate::environment::Environment;

/// A program that resolves and installs packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tool {
    /// The `uv` at this path.
    Uv(PathBuf),
    /// The pip of the interpreter that is installed for.
    Pip,
}

impl Tool {
    /// The first `uv` on PATH, else pip.
    pub(crate) fn find(environment: &Environment) -> Self {
        environment.which("uv").map_or(Self::Pip, Self::Uv)
    }

    /// The installer for `request`; `scratch` is a directory for its own files.
    ///
    /// # Errors
    /// When the interpreter has no pip.
    pub(super) fn installer<'a>(
        &self,
        request: &Request,
        environment: &'a Environment,
        scratch: &Path,
    ) -> Result<Box<dyn Installer + 'a>> {
        Ok(match self {
            Self::Uv(path) => Box::new(Uv::new(path, environment, request.declared.settings.as_deref())),
            Self::Pip => Box::new(Pip::find(&request.python, environment, scratch)?),
        })
    }
}
