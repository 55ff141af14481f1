//! A virtual environment with an example's packages: what a packed file is compared with.

use std::path::{Path, PathBuf};

use crate::interpreters::Interpreter;
use crate::paths::{cache, digest, key, once, repository};
use crate::run::Run;

/// A virtual environment, kept between runs.
#[derive(Debug, Clone)]
pub struct Venv {
    /// Its directory.
    pub path: PathBuf,
}

impl Venv {
    /// With the packages of a requirements file of the repository, or none.
    #[must_use]
    pub fn new(interpreter: &Interpreter, requirements: Option<&str>) -> Self {
        let file = requirements.map(|file| repository().join(file));
        let digests = file.as_deref().map(digest).unwrap_or_default();
        let path = cache("venvs").join(key(&[&format!("{interpreter:?}"), &digests]));
        once(&path, |half| make(interpreter, file.as_deref(), half));
        Self { path }
    }

    /// Its interpreter, with an empty environment.
    pub fn python(&self) -> Run {
        Run::new(self.path.join("bin/python3"))
    }
}

fn make(interpreter: &Interpreter, requirements: Option<&Path>, directory: &Path) {
    // Debian's venv module needs a package for pip; this way it is pip that is told about the environment.
    Run::inheriting(&interpreter.path)
        .args(["-m", "venv", "--without-pip"])
        .arg(directory)
        .stdout_any()
        .stderr_any()
        .success();
    let Some(file) = requirements else { return };
    Run::inheriting(&interpreter.path)
        .args(["-m", "pip", "--python"])
        .arg(directory)
        .args(["install", "--quiet", "--no-warn-script-location", "--requirement"])
        .arg(file)
        .stdout_any()
        .stderr_any()
        .success();
}
