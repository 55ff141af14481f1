//! Installing with `uv`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::declared::Dependencies;
use super::installer::{Installer, OnLine};
use super::lock::Export;
use super::request::{Request, Target};
use crate::child;
use crate::environment::Environment;

/// The program, and the environment to run it in.
pub(super) struct Uv<'a> {
    path: PathBuf,
    environment: &'a Environment,
    /// The directory of the project whose settings count.
    project: Option<PathBuf>,
}

impl<'a> Uv<'a> {
    /// The `uv` at `path`, with the settings of the project in `project`.
    pub(super) fn new(path: &Path, environment: &'a Environment, project: Option<&Path>) -> Self {
        Self {
            path: path.to_owned(),
            environment,
            project: project.map(Path::to_owned),
        }
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = self.environment.installer_command(&self.path);
        command.args([subcommand, "--color", "never", "--no-progress"]);
        if let Some(project) = &self.project {
            command.arg("--project").arg(project);
        }
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

    fn build_command(&self, python: &Path, out: &Path) -> Command {
        let mut command = self.command("build");
        command.args(["--wheel", "--python"]).arg(python);
        command.arg("--out-dir").arg(out);
        command
    }

    fn lock_file(&self, request: &Request, rebuild: &[OsString], scratch: &Path) -> Result<PathBuf> {
        match &request.declared.dependencies {
            Dependencies::Lock(lock) => lock.for_uv(scratch),
            Dependencies::Script { path, .. } => {
                let export = Export::script(&self.path, self.environment, request, path, false);
                export.refresh(rebuild)?;
                export.write(scratch)
            }
            other => bail!("failed to install a lock: {other:?} is none"),
        }
    }

    fn reinstall_option(&self) -> &'static str {
        "--reinstall"
    }

    fn rebuild_options(&self, names: &[String]) -> Result<Vec<OsString>> {
        if !names.is_empty() && self.environment.get("UV_OFFLINE").is_some() {
            // Without a network uv refreshes nothing: what it has kept of these packages is removed.
            let mut command = self.environment.installer_command(&self.path);
            command.args(["cache", "clean", "--quiet", "--"]).args(names);
            child::output(&mut command, b"")?;
            // Any option that changes nothing.
            return Ok(vec!["--no-python-downloads".into()]);
        }
        let options = names.iter().flat_map(|name| ["--refresh-package", name]);
        Ok(options.map(OsString::from).collect())
    }

    fn target_options(&self, target: &Target, _: &mut OnLine<'_>) -> Result<Vec<OsString>> {
        let (major, minor) = target.glibc;
        let platform = format!("{}-manylinux_{major}_{minor}", target.machine);
        let options = ["--python-platform", &platform, "--python-version", &target.python];
        Ok(options.map(OsString::from).to_vec())
    }
}
