//! What uv and pip have in common: each makes a virtual environment, and has an install command that takes pip's
//! options.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::request::{Request, Target};
use crate::child;
use crate::hint::WithHint;

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

    /// Options that build these distributions again, in the place of what was built of their directories earlier. None
    /// when each install builds them.
    ///
    /// # Errors
    /// When what was built earlier can't be removed.
    fn rebuild_options(&self, names: &[String]) -> Result<Vec<OsString>>;

    /// Options that choose wheels for another machine.
    ///
    /// # Errors
    /// When it can't install for this target.
    fn target_options(&self, target: &Target, on_line: &mut OnLine<'_>) -> Result<Vec<OsString>>;

    /// `uv build` or `pip wheel` with the interpreter `python`, without what to build; the wheel is written to `out`.
    fn build_command(&self, python: &Path, out: &Path) -> Command;

    /// What is locked, as a file that this program installs; it is written into `scratch`. `rebuild` are the place's.
    ///
    /// # Errors
    /// When the lock can't be written in that form.
    fn lock_file(&self, request: &Request, rebuild: &[OsString], scratch: &Path) -> Result<PathBuf>;

    /// Makes the virtual environment `venv`.
    fn make_venv(&self, request: &Request, venv: &Path, on_line: &mut OnLine<'_>) -> Result<()> {
        Ok(child::lines(
            &mut self.venv_command(&request.python, venv),
            on_line,
        )?)
    }

    /// Installs what `request` asks for: first what is locked, exactly, then the rest, which may not change that.
    fn install(
        &self,
        request: &Request,
        to: &Place<'_>,
        scratch: &Path,
        on_line: &mut OnLine<'_>,
    ) -> Result<()> {
        let mut constraints = Vec::new();
        if request.declared.is_locked() {
            let mut command = self.install_command(to.python);
            command
                .args(&to.options)
                .args(&to.rebuild)
                .args(["--no-deps", "--requirement"])
                .arg(self.lock_file(request, &to.rebuild, scratch)?)
                .args(request.index_options());
            child::lines(&mut command, on_line)?;
            if request.has_no_requirements()? {
                return Ok(());
            }
            if let Some(lock) = request.declared.locked() {
                constraints.extend(["--constraint".into(), lock.constraints(scratch)?.into_os_string()]);
            }
        }
        let mut command = self.install_command(to.python);
        command
            .args(&to.options)
            .args(&to.rebuild)
            .args(constraints)
            .args(request.constraint_options())
            .args(request.index_options())
            .args(request.arguments());
        let installed = child::lines(&mut command, on_line);
        match request.declared.locked() {
            Some(lock) => installed
                .with_context(|| format!("failed to add to what `{}` has", lock.name()))
                .hint("ask for versions that the lock has, or pass --no-lock to resolve anew"),
            None => Ok(installed?),
        }
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

    /// Builds the wheel of the project in the directory `source`, into the directory `out`.
    fn build_wheel(
        &self,
        request: &Request,
        source: &Path,
        out: &Path,
        on_line: &mut OnLine<'_>,
    ) -> Result<()> {
        let mut command = self.build_command(&request.python, out);
        command.args(request.index_options()).arg("--").arg(source);
        Ok(child::lines(&mut command, on_line)?)
    }
}

/// Where packages are installed to.
pub(super) struct Place<'a> {
    /// The interpreter of the virtual environment or, for another machine, any of this one.
    pub(super) python: &'a Path,
    /// Options that name another place than the virtual environment.
    pub(super) options: Vec<OsString>,
    /// Options that build again what changed: see [`Installer::rebuild_options`].
    pub(super) rebuild: Vec<OsString>,
}

impl<'a> Place<'a> {
    /// The virtual environment of the interpreter `python`.
    pub(super) const fn venv(python: &'a Path) -> Self {
        Self {
            python,
            options: Vec::new(),
            rebuild: Vec::new(),
        }
    }

    /// The directory `root`, for another machine, which the options `target` describe.
    pub(super) fn target(python: &'a Path, root: &Path, target: Vec<OsString>) -> Self {
        let mut options: Vec<OsString> = vec!["--target".into(), root.into()];
        options.extend(target);
        options.extend(["--only-binary", ":all:"].map(OsString::from));
        Self {
            python,
            options,
            rebuild: Vec::new(),
        }
    }
}
