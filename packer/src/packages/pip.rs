//! Installing with the interpreter's own pip.
//!
//! The virtual environment has no pip: `run_pip.py` runs the interpreter's in it. So a system without
//! `ensurepip`, such as Debian without python3-venv, is enough, and pip needn't be removed afterwards.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

use super::installer::{Installer, OnLine};
use super::request::{Request, Target};
use crate::child;
use crate::environment::Environment;
use crate::hint::WithHint;

const PROBE: &str = "import os, sys, pip
print('%d.%d' % sys.version_info[:2])
print(os.path.dirname(os.path.dirname(os.path.abspath(pip.__file__))))";

/// An interpreter's pip, which another interpreter of the same version can run.
pub(super) struct Pip<'a> {
    /// The path of `run_pip.py`.
    runner: PathBuf,
    /// The directory that `pip` is imported from.
    directory: String,
    /// Major and minor of the interpreter.
    version: String,
    environment: &'a Environment,
}

impl<'a> Pip<'a> {
    /// Finds the pip of `python`; `scratch` is a directory for its files.
    ///
    /// # Errors
    /// When `python` can't be run or has no pip.
    pub(super) fn find(python: &Path, environment: &'a Environment, scratch: &Path) -> Result<Self> {
        let mut lines = Vec::new();
        let mut command = environment.installer_command(python);
        // Not `-I`: a pip below ~/.local can be used too.
        command.args(["-E", "-c", PROBE]).current_dir(scratch);
        match child::lines(&mut command, &mut |line| lines.push(line.to_owned())) {
            Ok(()) => {}
            Err(error) if error.output.contains("No module named") => {
                return Err(anyhow!(
                    "failed to install packages: uv is not on PATH and `{}` has no pip",
                    python.display()
                ))
                .hint("install uv or pip");
            }
            Err(error) => return Err(error.into()),
        }
        let [version, directory] = &lines[..] else {
            bail!(
                "failed to find the pip of `{}`: its output is {lines:?}",
                python.display()
            );
        };
        let runner = scratch.join("run_pip.py");
        fs_err::write(&runner, include_str!("run_pip.py"))?;
        Ok(Self {
            runner,
            directory: directory.clone(),
            version: version.clone(),
            environment,
        })
    }
}

impl Pip<'_> {
    fn command(&self, python: &Path, subcommand: &str) -> Command {
        let mut command = self.environment.installer_command(python);
        // `-I`: a module in the working directory must not shadow one that pip imports.
        command.arg("-I").arg(&self.runner).arg(&self.directory);
        command.args([subcommand, "--no-input", "--no-color", "--progress-bar", "off"]);
        command
    }
}

impl Installer for Pip<'_> {
    fn venv_command(&self, python: &Path, venv: &Path) -> Command {
        let mut command = self.environment.installer_command(python);
        command.args(["-I", "-m", "venv", "--without-pip"]).arg(venv);
        command
    }

    fn install_command(&self, python: &Path) -> Command {
        let mut command = self.command(python, "install");
        command.args([
            "--no-compile",
            "--no-user",
            "--no-warn-script-location",
            "--use-pep517",
        ]);
        // Sources that are checked out for an editable install; the copy is made from there.
        command.arg("--src").arg(self.runner.with_file_name("src"));
        command
    }

    fn build_command(&self, python: &Path, out: &Path) -> Command {
        let mut command = self.command(python, "wheel");
        command
            .args(["--no-deps", "--use-pep517", "--wheel-dir"])
            .arg(out);
        command
    }

    fn lock_file(&self, request: &Request, _: &[OsString], scratch: &Path) -> Result<PathBuf> {
        let lock = request
            .declared
            .locked()
            .context("failed to install a lock: there is none")?;
        lock.for_pip(scratch)
    }

    fn reinstall_option(&self) -> &'static str {
        "--force-reinstall"
    }

    fn rebuild_options(&self, _: &[String]) -> Result<Vec<OsString>> {
        Ok(Vec::new())
    }

    fn target_options(&self, target: &Target, on_line: &mut OnLine<'_>) -> Result<Vec<OsString>> {
        if self.version != target.python {
            return Err(anyhow!(
                "failed to install packages for Python {}: pip evaluates requirements for the Python that runs it, \
                 which is {}",
                target.python,
                self.version
            ))
            .hint(format!(
                "put uv on PATH, or install packages with Python {}",
                target.python
            ));
        }
        on_line("note: pip evaluates the marker `platform_machine` for this machine, not for the target");
        let mut options: Vec<OsString> = ["--implementation", "cp", "--python-version", &target.python]
            .map(OsString::from)
            .to_vec();
        for platform in platforms(target) {
            options.extend(["--platform".into(), platform.into()]);
        }
        Ok(options)
    }
}

/// The platform tags that a glibc of this version accepts, best first. uv derives them itself; pip takes a tag
/// literally.
fn platforms(target: &Target) -> Vec<String> {
    let machine = &target.machine;
    let (major, minor) = target.glibc;
    let oldest = if machine == "x86_64" { 5 } else { 17 };
    let mut tags = Vec::new();
    for minor in (oldest..=minor).rev() {
        tags.push(format!("manylinux_{major}_{minor}_{machine}"));
        match minor {
            17 => tags.push(format!("manylinux2014_{machine}")),
            12 => tags.push(format!("manylinux2010_{machine}")),
            5 => tags.push(format!("manylinux1_{machine}")),
            _ => {}
        }
    }
    tags.push(format!("linux_{machine}"));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platform_tags_go_from_the_newest_glibc_to_the_oldest() {
        let target = |machine: &str| Target {
            machine: machine.to_owned(),
            glibc: (2, 18),
            python: "3.12".to_owned(),
        };
        assert_eq!(
            platforms(&target("aarch64")),
            [
                "manylinux_2_18_aarch64",
                "manylinux_2_17_aarch64",
                "manylinux2014_aarch64",
                "linux_aarch64"
            ]
        );
        let intel = platforms(&target("x86_64"));
        assert!(
            intel.contains(&"manylinux1_x86_64".to_owned())
                && intel.contains(&"manylinux_2_5_x86_64".to_owned())
        );
    }
}
