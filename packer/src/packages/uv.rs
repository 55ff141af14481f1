//! Installing with `uv`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::child;
use super::environment;
use super::install::{Request, Target};
use super::installer::Installer;

/// The program.
pub(super) struct Uv {
    /// Where it lies.
    pub(super) path: PathBuf,
}

impl Installer for Uv {
    fn make_venv(&self, request: &Request, venv: &Path, on_line: &mut dyn FnMut(&str)) -> Result<()> {
        let mut command = self.command("venv");
        // The working directory's project has no say in which interpreter is used.
        command
            .args(["--no-project", "--quiet", "--python"])
            .arg(&request.python)
            .arg(venv);
        Ok(child::run(&mut command, on_line)?)
    }

    fn install(&self, request: &Request, python: &Path, on_line: &mut dyn FnMut(&str)) -> Result<()> {
        let mut command = self.pip_install(python);
        command.args(options(request)).args(request.arguments());
        Ok(child::run(&mut command, on_line)?)
    }

    fn install_copies(
        &self,
        request: &Request,
        python: &Path,
        sources: &[String],
        on_line: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let mut command = self.pip_install(python);
        command
            .args(["--no-deps", "--reinstall"])
            .args(index_options(request))
            .arg("--")
            .args(sources);
        Ok(child::run(&mut command, on_line)?)
    }

    fn install_for(
        &self,
        request: &Request,
        target: &Target,
        root: &Path,
        on_line: &mut dyn FnMut(&str),
    ) -> Result<()> {
        let (major, minor) = target.glibc;
        let platform = format!("{}-manylinux_{major}_{minor}", target.machine);
        let mut command = self.pip_install(&request.python);
        command.arg("--target").arg(root);
        command.args(["--python-platform", &platform, "--python-version", &target.python]);
        command.args(["--only-binary", ":all:"]);
        command.args(options(request)).args(request.arguments());
        Ok(child::run(&mut command, on_line)?)
    }
}

impl Uv {
    fn pip_install(&self, python: &Path) -> Command {
        let mut command = self.command("pip");
        // Hard links into uv's cache cost nothing and are never written to; uv copies where it can't link.
        command
            .args(["install", "--link-mode", "hardlink", "--python"])
            .arg(python);
        command
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.args([subcommand, "--color", "never", "--no-progress"]);
        environment::prepare(&mut command);
        command
    }
}

fn options(request: &Request) -> Vec<OsString> {
    let mut options = index_options(request);
    if request.require_hashes {
        options.push("--require-hashes".into());
    }
    options
}

fn index_options(request: &Request) -> Vec<OsString> {
    let mut options = request.index_options();
    if request.offline {
        options.push("--offline".into());
    }
    options
}
