//! Describes an interpreter by running `probe.py` in it, and refuses those that can't be packed.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use serde::Deserialize;

use super::executable::require_glibc_program;
use super::facts::{Facts, Interpreter};
use super::version::{OLDEST, Version};
use crate::child::{self, ChildError};
use crate::environment::Environment;

const SCRIPT: &str = include_str!("probe.py");
const MARKER: &str = "pyship-probe:";

/// What `probe.py` prints.
#[derive(Deserialize)]
struct Answer {
    implementation: String,
    version: (u32, u32, u32, String, u32),
    facts: Option<Answered>,
}

#[derive(Deserialize)]
struct Answered {
    executable: PathBuf,
    text: String,
    #[serde(flatten)]
    facts: Facts,
}

/// Runs `executable`, an interpreter or a version manager's shim for one, and describes the base installation
/// that it belongs to.
///
/// # Errors
/// When it isn't CPython, is too old, or isn't an ELF file for glibc; [`ChildError`] when it fails.
pub(super) fn probe(executable: &Path, environment: &Environment) -> Result<Interpreter> {
    let found = ask(executable, environment)?;
    if fs_err::canonicalize(executable).is_ok_and(|real| real == found.executable) {
        return Ok(found);
    }
    // A shim, or a virtual environment: the base interpreter describes itself differently when it is run itself.
    ask(&found.executable.clone(), environment)
}

fn ask(executable: &Path, environment: &Environment) -> Result<Interpreter> {
    let answer = run(executable, environment)?;
    let (major, minor, micro, level, serial) = &answer.version;
    let version = Version::from_info((*major, *minor, *micro, level, *serial));
    let display = executable.display();
    ensure!(
        answer.implementation == "cpython",
        "failed to use `{display}`: it is {}, and only CPython can be packed",
        answer.implementation
    );
    let Some(answered) = answer.facts else {
        bail!(
            "failed to use `{display}`: it is Python {version}, and the oldest that can be packed is {}.{}",
            OLDEST.0,
            OLDEST.1
        );
    };
    require_glibc_program(&answered.executable)?;
    let Answered {
        executable,
        text,
        facts,
    } = answered;
    Ok(Interpreter {
        executable,
        version,
        version_text: text,
        facts,
    })
}

/// Without `-I`, which Python 2 doesn't know: it would print its usage in place of its version.
fn run(executable: &Path, environment: &Environment) -> Result<Answer, ChildError> {
    let mut command = environment.command(executable);
    command.args(["-E", "-s", "-S", "-B", "-"]);
    let output = child::output(&mut command, SCRIPT.as_bytes())?;
    let text = String::from_utf8_lossy(&output);
    let unusable = |how: &str| ChildError::unusable(&command, how, &output);
    let line = text.lines().find_map(|line| line.strip_prefix(MARKER));
    let line = line.ok_or_else(|| unusable("doesn't behave like a Python interpreter"))?;
    serde_json::from_str(line)
        .map_err(|error| unusable(&format!("printed something else than a description: {error}")))
}

#[cfg(test)]
mod tests;
