//! Asks an interpreter what it is, by running `probe.py` in it, and refuses those that can't be packed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use object::read::elf::{FileHeader, ProgramHeader};
use serde::Deserialize;

use super::facts::{Facts, Interpreter, OLDEST, Version};
use crate::child::{self, ChildError, End};
use crate::environment::Environment;

const SCRIPT: &str = include_str!("probe.py");
const MARKER: &str = "pyship-probe:";

/// What `probe.py` prints.
#[derive(Deserialize)]
struct Answer {
    implementation: String,
    version: (u32, u32, u32, String, u32),
    facts: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    executable: PathBuf,
    text: String,
    #[serde(flatten)]
    facts: Facts,
}

/// Runs `executable`, an interpreter or a version manager's shim for one, and describes the base
/// installation that it belongs to.
///
/// # Errors
/// One sentence: it doesn't start, isn't CPython, is too old, or isn't an ELF file for glibc. A child that
/// failed is a [`ChildError`].
pub fn probe(executable: &Path, environment: &Environment) -> Result<Interpreter> {
    let found = ask(executable, environment)?;
    if fs_err::canonicalize(executable).is_ok_and(|real| real == found.executable) {
        return Ok(found);
    }
    // A shim, or a virtual environment: what counts is what the real one says when it is started itself.
    ask(&found.executable.clone(), environment)
}

fn ask(executable: &Path, environment: &Environment) -> Result<Interpreter> {
    let answer = run(executable, environment)?;
    let (major, minor, micro, level, serial) = &answer.version;
    let version = Version::from_info((*major, *minor, *micro, level, *serial));
    let shown = executable.display();
    ensure!(
        answer.implementation == "cpython",
        "failed to use `{shown}`: it is {}, and only CPython can be packed",
        answer.implementation
    );
    let Some(said) = answer.facts else {
        bail!(
            "failed to use `{shown}`: it is Python {version}, and the oldest that can be packed is {}.{}",
            OLDEST.0,
            OLDEST.1
        );
    };
    require_elf(&said.executable)?;
    let Said {
        executable,
        text,
        facts,
    } = said;
    Ok(Interpreter {
        executable,
        version,
        version_text: text,
        facts,
    })
}

/// `-I` would do, but Python 2 doesn't know it and deserves a better answer than its usage text.
fn run(executable: &Path, environment: &Environment) -> Result<Answer, ChildError> {
    let mut command = environment.command(executable);
    command.args(["-E", "-s", "-S", "-B", "-"]);
    let output = child::output(&mut command, SCRIPT.as_bytes())?;
    let text = String::from_utf8_lossy(&output);
    let unusable = |what: &str| ChildError {
        command: child::command_line(&command),
        end: End::Unusable(what.to_owned()),
        tail: child::tail_of(&output),
    };
    let line = text.lines().find_map(|line| line.strip_prefix(MARKER));
    let line = line.ok_or_else(|| unusable("doesn't behave like a Python interpreter"))?;
    serde_json::from_str(line)
        .map_err(|error| unusable(&format!("described itself in an unknown way: {error}")))
}

/// Refuses what isn't a 64-bit Linux program that a glibc loads.
///
/// # Errors
/// When the file can't be read, or is something else.
pub fn require_elf(executable: &Path) -> Result<()> {
    let bytes = fs_err::read(executable)?;
    let loader = loader_of(&bytes).with_context(|| {
        format!(
            "failed to use `{}`: it isn't a 64-bit Linux program (ELF)",
            executable.display()
        )
    })?;
    ensure!(
        !loader.unwrap_or_default().contains("ld-musl"),
        "failed to use `{}`: it is built for musl, and only interpreters for glibc can be packed",
        executable.display()
    );
    Ok(())
}

fn loader_of(bytes: &[u8]) -> Result<Option<String>> {
    let header = object::elf::FileHeader64::<object::Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    for segment in header.program_headers(endian, bytes)? {
        if let Some(path) = segment.interpreter(endian, bytes)? {
            return Ok(Some(String::from_utf8_lossy(path).into_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
