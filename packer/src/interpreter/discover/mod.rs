//! Which interpreter is packed: the one that `--python` names, else the user's own `python3`.
//!
//! `SPEC` is, tried in this order: a URL with its SHA-256, a version, an existing path (of an interpreter, an
//! installation's directory or an archive), the name of a program on `PATH`. Without it: the interpreter of the
//! active virtual environment, of the active conda environment, `python3` on `PATH`, or the one that uv finds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::facts::Interpreter;
use super::installed::{self, OnPath};
use super::prefix::python_in;
use super::probe::probe;
use super::version::VersionRequest;
use super::{archive, describe};
use crate::environment::Environment;
use crate::hint::WithHint;
use crate::url;

/// The interpreter to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Where it comes from.
    pub(crate) source: Source,
    /// Why this one, as a phrase to print: "python3 on PATH, through pyenv's shim".
    pub(crate) why: String,
    /// Its description, when finding it took one.
    pub(crate) interpreter: Option<Interpreter>,
}

/// Where an interpreter comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// An installed one: its ELF file, of the base installation.
    Executable(PathBuf),
    /// An archive laid out as python-build-standalone's.
    Archive(PathBuf),
    /// Such an archive on a server.
    Url {
        /// Its URL without a fragment.
        url: String,
        /// 64 hexadecimal digits, lower case.
        sha256: String,
    },
}

/// Decides what to pack; `spec` is the argument of `--python`.
///
/// # Errors
/// When nothing is found, with where it was looked for, or when what is found can't be used.
pub(crate) fn choose(spec: Option<&str>, environment: &Environment) -> Result<Selection> {
    let Some(spec) = spec else {
        return by_default(environment);
    };
    ensure!(
        !spec.is_empty(),
        "failed to find an interpreter: `--python` is empty"
    );
    if spec.contains("://") {
        return from_url(spec);
    }
    if let Some(wanted) = VersionRequest::parse(spec) {
        let found = installed::by_version(&wanted, environment);
        let (found, why) = found.ok_or_else(|| not_found(spec, environment))?;
        return Ok(selection(found, why));
    }
    let path = environment.directory.join(spec);
    match fs_err::metadata(&path) {
        Ok(data) if data.is_dir() => from_directory(&path, environment),
        // Reading a fifo would wait, and a device may never end.
        Ok(data) if !data.is_file() => {
            bail!("failed to find the interpreter `{spec}`: it is neither a file nor a directory")
        }
        Ok(_) if archive::is_archive(&path)? => Ok(Selection {
            source: Source::Archive(path),
            why: format!("the archive `{spec}`"),
            interpreter: None,
        }),
        Ok(_) => Ok(selection(
            describe::interpreter(&path, environment)?,
            format!("`{spec}`"),
        )),
        Err(_) if !spec.contains('/') => from_path(spec, environment),
        Err(error) => Err(error).context(format!("failed to find the interpreter `{spec}`")),
    }
}

fn by_default(environment: &Environment) -> Result<Selection> {
    if let Some(venv) = environment.path("VIRTUAL_ENV") {
        let python = python_in(&venv).with_context(|| {
            format!(
                "failed to use the active virtual environment: VIRTUAL_ENV is `{}`, which has no bin/python3",
                venv.display()
            )
        })?;
        let why = format!("the active virtual environment `{}`", venv.display());
        return Ok(selection(probe(&python, environment)?, why));
    }
    if let Some(conda) = environment.path("CONDA_PREFIX")
        && let Some(python) = python_in(&conda)
    {
        let why = format!("the active conda environment `{}`", conda.display());
        return Ok(selection(probe(&python, environment)?, why));
    }
    let failed = match installed::on_path("python3", environment)? {
        OnPath::Found(found, candidate) => {
            return Ok(selection(*found, installed::why_on_path("python3", &candidate)));
        }
        OnPath::Nothing(failed) => failed,
    };
    if let Some(path) = installed::uv_python_find(None, environment) {
        let why = "the output of `uv python find`".to_owned();
        return Ok(selection(probe(&path, environment)?, why));
    }
    match failed {
        Some(failure) => Err(failure).context("failed to find an interpreter"),
        None => Err(anyhow!(
            "failed to find an interpreter: no virtual environment is active, there is no python3 on PATH, \
             and `uv python find` finds none"
        ))
        .hint("install Python, or name an interpreter with --python"),
    }
}

fn from_url(spec: &str) -> Result<Selection> {
    let display = url::scrubbed(spec, "");
    let Some((url, sha256)) = spec.split_once("#sha256=") else {
        return Err(anyhow!(
            "failed to use `{display}`: the URL has no SHA-256 of the archive"
        ))
        .hint("add `#sha256=` and the 64 hexadecimal digits to the URL");
    };
    let sha256 = sha256.to_ascii_lowercase();
    ensure!(
        url.starts_with("https://") || url.starts_with("http://"),
        "failed to use `{display}`: only https:// and http:// URLs are supported"
    );
    ensure!(
        sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "failed to use `{display}`: a SHA-256 has 64 hexadecimal digits"
    );
    Ok(Selection {
        why: format!("the archive at `{}`", url::scrubbed(url, "")),
        interpreter: None,
        source: Source::Url {
            url: url.to_owned(),
            sha256,
        },
    })
}

fn from_directory(directory: &Path, environment: &Environment) -> Result<Selection> {
    let display = directory.display();
    let python = python_in(directory)
        .or_else(|| python_in(&directory.join("install")))
        .with_context(|| format!("failed to find an interpreter in `{display}`: it has no bin/python3"))?;
    Ok(selection(
        describe::interpreter(&python, environment)?,
        format!("the installation `{display}`"),
    ))
}

fn from_path(program: &str, environment: &Environment) -> Result<Selection> {
    match installed::on_path(program, environment)? {
        OnPath::Found(found, candidate) => Ok(selection(*found, installed::why_on_path(program, &candidate))),
        OnPath::Nothing(Some(failure)) => {
            Err(failure).with_context(|| format!("failed to find the interpreter `{program}`"))
        }
        OnPath::Nothing(None) => bail!(
            "failed to find the interpreter `{program}`: it is neither in the directory `{}` nor on PATH",
            environment.directory.display()
        ),
    }
}

fn not_found(version: &str, environment: &Environment) -> anyhow::Error {
    let pyenv = installed::pyenv_versions(environment)
        .map_or(String::new(), |versions| format!(", in `{}`", versions.display()));
    let uv = if environment.which("uv").is_some() {
        ", with `uv python find`"
    } else {
        ""
    };
    anyhow!("failed to find Python {version}: looked for it on PATH{pyenv}{uv}")
}

fn selection(interpreter: Interpreter, why: String) -> Selection {
    Selection {
        source: Source::Executable(interpreter.executable.clone()),
        why,
        interpreter: Some(interpreter),
    }
}

#[cfg(test)]
mod tests;
