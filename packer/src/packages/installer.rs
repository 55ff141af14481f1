//! What uv and pip have in common: each makes a virtual environment, and has an install command that takes pip's
//! options.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::request::{Request, Target};
use crate::child;

/// Gets each line that an installer prints.
pub(super) type OnLine<'a> = dyn FnMut(&str) + 'a;

/// A program that resolves and installs packages.
pub(super) trait Installer {
    /// The command that makes the virtual environment `venv` for `python`, without any package.
    fn venv_command(&self, python: &Path, venv: &Path) -> Command;

    /// `uv pip install` or `pip install` for the environment of `python`, without what to install.
    fn install_command(&self, python: &Path) -> Command;

    /// The option that installs again what is installed already.
    fn reinstall_option(&self) -> &'static str;

    /// Options that choose wheels for another machine.
    ///
    /// # Errors
    /// When it can't install for this target.
    fn target_options(&self, target: &Target, on_line: &mut OnLine<'_>) -> Result<Vec<OsString>>;

    /// Makes the virtual environment `venv`.
    fn make_venv(&self, request: &Request, venv: &Path, on_line: &mut OnLine<'_>) -> Result<()> {
        Ok(child::lines(
            &mut self.venv_command(&request.python, venv),
            on_line,
        )?)
    }

    /// Installs what `request` asks for into the virtual environment of the interpreter `python`.
    fn install(&self, request: &Request, python: &Path, on_line: &mut OnLine<'_>) -> Result<()> {
        let mut command = self.install_command(python);
        command.args(request.index_options()).args(request.arguments());
        Ok(child::lines(&mut command, on_line)?)
    }

    /// Installs source directories again, as copies and without their dependencies.
    fn install_copies(
        &self,
        request: &Request,
        python: &Path,
        sources: &[String],
        on_line: &mut OnLine<'_>,
    ) -> Result<()> {
        let mut command = self.install_command(python);
        command
            .args(["--no-deps", self.reinstall_option()])
            .args(request.index_options())
            .arg("--")
            .args(sources);
        Ok(child::lines(&mut command, on_line)?)
    }

    /// Installs wheels for another machine into the directory `root`.
    fn install_for(
        &self,
        request: &Request,
        target: &Target,
        root: &Path,
        on_line: &mut OnLine<'_>,
    ) -> Result<()> {
        let options = self.target_options(target, on_line)?;
        let mut command = self.install_command(&request.python);
        command.arg("--target").arg(root).args(options);
        command.args(["--only-binary", ":all:"]);
        command.args(request.index_options()).args(request.arguments());
        Ok(child::lines(&mut command, on_line)?)
    }
}
