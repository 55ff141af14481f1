//! Installing with the interpreter's own pip.
//!
//! The virtual environment has no pip of its own: `run_pip.py` runs the interpreter's in it. So a system
//! without `ensurepip`, as Debian's without python3-venv, is enough, and nothing has to be taken out afterwards.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::child::{self, ChildError};
use super::environment;
use super::install::{Request, Target};
use super::installer::Installer;

const PROBE: &str = "import os, sys, pip
print('%d.%d' % sys.version_info[:2])
print(os.path.dirname(os.path.dirname(os.path.abspath(pip.__file__))))";

/// An interpreter's pip, ready to be run by another interpreter of the same version.
pub(super) struct Pip {
    runner: PathBuf,
    directory: String,
    /// Major and minor of the interpreter.
    version: String,
}

impl Pip {
    /// Finds the pip of `python`.
    ///
    /// # Errors
    /// When `python` can't be run or has no pip.
    pub(super) fn find(python: &Path, scratch: &Path) -> Result<Self> {
        let mut lines = Vec::new();
        let mut command = python_command(python);
        // Not `-I`: a pip below ~/.local is a pip.
        command.args(["-E", "-c", PROBE]).current_dir(scratch);
        match child::run(&mut command, &mut |line| lines.push(line.to_owned())) {
            Ok(()) => {}
            Err(ChildError::Failed { output, .. }) if output.contains("No module named") => bail!(
                "failed to install packages: uv is not on PATH and `{}` has no pip; install either of them",
                python.display()
            ),
            Err(error) => return Err(error.into()),
        }
        let [version, directory] = &lines[..] else {
            bail!(
                "failed to find the pip of `{}`: it says {lines:?}",
                python.display()
            );
        };
        let (version, directory) = (version.clone(), directory.clone());
        let runner = scratch.join("run_pip.py");
        fs_err::write(&runner, include_str!("run_pip.py"))?;
        Ok(Self {
            runner,
            directory,
            version,
        })
    }

    fn command(&self, python: &Path) -> Command {
        let mut command = python_command(python);
        // `-I`: no module of the working directory takes the place of one that pip wants.
        command.arg("-I").arg(&self.runner).arg(&self.directory);
        command.args(["install", "--no-input", "--no-color", "--progress-bar", "off"]);
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
}

impl Installer for Pip {
    fn make_venv(&self, request: &Request, venv: &Path, on_line: &mut dyn FnMut(&str)) -> Result<()> {
        let mut command = python_command(&request.python);
        command.args(["-I", "-m", "venv", "--without-pip"]).arg(venv);
        Ok(child::run(&mut command, on_line)?)
    }

    fn install(&self, request: &Request, python: &Path, on_line: &mut dyn FnMut(&str)) -> Result<()> {
        let mut command = self.command(python);
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
        let mut command = self.command(python);
        command
            .args(["--no-deps", "--force-reinstall"])
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
        if self.version != target.python {
            bail!(
                "failed to install packages for Python {}: pip chooses requirements by the Python {} that runs it; \
                 put uv on PATH, or use a Python {0} to pack",
                target.python,
                self.version
            );
        }
        on_line("pip decides on `platform_machine` of requirements by this machine; uv does by the target");
        let mut command = self.command(&request.python);
        command.arg("--target").arg(root);
        command.args(["--implementation", "cp", "--python-version", &target.python]);
        command.args(["--only-binary", ":all:"]);
        for platform in platforms(target) {
            command.args(["--platform", &platform]);
        }
        command.args(options(request)).args(request.arguments());
        Ok(child::run(&mut command, on_line)?)
    }
}

fn python_command(python: &Path) -> Command {
    let mut command = Command::new(python);
    environment::prepare(&mut command);
    command
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
    // The nearest that pip has to uv's --offline.
    if request.offline && !request.no_index {
        options.push("--no-index".into());
    }
    options
}

/// The platform tags that a glibc of this version accepts, best first. uv knows this by itself; pip takes a
/// tag literally.
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
