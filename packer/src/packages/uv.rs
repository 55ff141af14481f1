//! Installing with `uv`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::installer::{Installer, OnLine};
use super::request::Target;
use crate::environment::Environment;

/// The program, and the environment to run it in.
pub(super) struct Uv<'a> {
    path: PathBuf,
    environment: &'a Environment,
}

impl<'a> Uv<'a> {
    /// The `uv` at `path`.
    pub(super) fn new(path: &Path, environment: &'a Environment) -> Self {
        Self {
            path: path.to_owned(),
            environment,
        }
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = self.environment.installer_command(&self.path);
        command.args([subcommand, "--color", "never", "--no-progress"]);
        command
    }
}

impl Installer for Uv<'_> {
    fn venv_command(&self, python: &Path, venv: &Path) -> Command {
        let mut command = self.command("venv");
        // A project in the working directory would otherwise choose the interpreter.
        command
            .args(["--no-project", "--quiet", "--python"])
            .arg(python)
            .arg(venv);
        command
    }

    fn install_command(&self, python: &Path) -> Command {
        let mut command = self.command("pip");
        // Hard links into uv's cache need no disk space and are never written to; uv copies where it can't link.
        command
            .args(["install", "--link-mode", "hardlink", "--python"])
            .arg(python);
        command
    }

    fn reinstall_option(&self) -> &'static str {
        "--reinstall"
    }

    fn target_options(&self, target: &Target, _: &mut OnLine<'_>) -> Result<Vec<OsString>> {
        let (major, minor) = target.glibc;
        let platform = format!("{}-manylinux_{major}_{minor}", target.machine);
        let options = ["--python-platform", &platform, "--python-version", &target.python];
        Ok(options.map(OsString::from).to_vec())
    }
}
