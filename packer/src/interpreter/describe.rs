//! Describes an interpreter: one that runs on this machine is asked, of one for another machine the files are
//! read.

use std::path::Path;

use anyhow::{Context, Result};

use super::facts::Interpreter;
use super::{executable, from_files, prefix, probe};
use crate::environment::Environment;

/// Describes the installation at `directory`.
///
/// # Errors
/// When it has no interpreter, or as [`interpreter`].
pub(crate) fn installation(directory: &Path, environment: &Environment) -> Result<Interpreter> {
    let python = prefix::python_in(directory).with_context(|| {
        format!(
            "failed to find an interpreter in `{}`: it has no bin/python3",
            directory.display()
        )
    })?;
    if executable::machine_of(&python)? == std::env::consts::ARCH {
        return probe::probe(&python, environment);
    }
    from_files::read(directory, &python)
}

/// Describes the interpreter `python`.
///
/// # Errors
/// As [`probe::probe`], or when a file is missing or has an unknown form.
pub(crate) fn interpreter(python: &Path, environment: &Environment) -> Result<Interpreter> {
    // What isn't a 64-bit ELF file may be a script that starts an interpreter, or says why it doesn't.
    let foreign = executable::machine_of(python).is_ok_and(|machine| machine != std::env::consts::ARCH);
    if !foreign {
        return probe::probe(python, environment);
    }
    let real = fs_err::canonicalize(python)?;
    let prefix = real.parent().and_then(Path::parent);
    let prefix =
        prefix.with_context(|| format!("failed to find the installation of `{}`", real.display()))?;
    from_files::read(prefix, &real)
}
