//! Which interpreter is packed: what `--python` names, or the one that the user's own `python3` is.
//!
//! `SPEC` is, tried in this order, a URL with its hash, a version, an existing path (an interpreter, an
//! installation's directory, an archive), the name of a program on `PATH`. Without it: the active virtual
//! environment's, the active conda environment's, `python3` on `PATH`, what uv has.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::lookup::{self, OnPath, Wanted};
use super::probe::probe;
use super::{Interpreter, archive, read};
use crate::environment::Environment;

/// The interpreter to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Where it comes from.
    pub source: Source,
    /// Why this one, as a phrase to print: "python3 on PATH, through pyenv's shim".
    pub why: String,
    /// What it said of itself, when it was asked on the way.
    pub interpreter: Option<Interpreter>,
}

/// Where an interpreter comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An installed one: its ELF file, of the base installation.
    Executable(PathBuf),
    /// An archive in python-build-standalone's shape.
    Archive(PathBuf),
    /// Such an archive elsewhere.
    Url {
        /// Without its fragment.
        url: String,
        /// 64 hexadecimal digits, lower case.
        sha256: String,
    },
}

/// Decides what to pack; `spec` is what `--python` was given.
///
/// # Errors
/// One sentence: nothing found (what was looked for, and where), or what was found can't be used.
pub fn choose(spec: Option<&str>, environment: &Environment) -> Result<Chosen> {
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
    if let Some(wanted) = Wanted::parse(spec) {
        let (found, why) =
            lookup::by_version(&wanted, environment).ok_or_else(|| not_found(spec, environment))?;
        return Ok(chosen(found, why));
    }
    let path = environment.directory.join(spec);
    match fs_err::metadata(&path) {
        Ok(data) if data.is_dir() => from_directory(&path, environment),
        // Reading a fifo would wait, and a device may never end.
        Ok(data) if !data.is_file() => {
            bail!("failed to find the interpreter `{spec}`: it is neither a file nor a directory")
        }
        Ok(_) if archive::looks_like(&path)? => Ok(Chosen {
            source: Source::Archive(path),
            why: format!("the archive `{spec}`"),
            interpreter: None,
        }),
        Ok(_) => Ok(chosen(
            read::interpreter(&path, environment)?,
            format!("`{spec}`"),
        )),
        Err(_) if !spec.contains('/') => from_path(spec, environment),
        Err(error) => Err(error).context(format!("failed to find the interpreter `{spec}`")),
    }
}

fn by_default(environment: &Environment) -> Result<Chosen> {
    if let Some(venv) = environment.path("VIRTUAL_ENV") {
        let python = python_in(&venv).with_context(|| {
            format!(
                "failed to use the active virtual environment: VIRTUAL_ENV is `{}`, which has no bin/python3",
                venv.display()
            )
        })?;
        let why = format!("the active virtual environment `{}`", venv.display());
        return Ok(chosen(probe(&python, environment)?, why));
    }
    if let Some(conda) = environment.path("CONDA_PREFIX")
        && let Some(python) = python_in(&conda)
    {
        let why = format!("the active conda environment `{}`", conda.display());
        return Ok(chosen(probe(&python, environment)?, why));
    }
    let failed = match lookup::on_path("python3", environment)? {
        OnPath::Found(found, candidate) => return Ok(chosen(*found, lookup::through("python3", &candidate))),
        OnPath::Nothing(failed) => failed,
    };
    if let Some(path) = lookup::with_uv(None, environment) {
        return Ok(chosen(
            probe(&path, environment)?,
            "what `uv python find` says".to_owned(),
        ));
    }
    Err(failed.map_or_else(
        || anyhow!("failed to find an interpreter: no virtual environment is active, and neither PATH has python3 nor `uv python find` knows one"),
        |failure| anyhow!("failed to find an interpreter: {failure}"),
    ))
}

fn from_url(spec: &str) -> Result<Chosen> {
    let hash = spec.split_once("#sha256=");
    let Some((url, sha256)) = hash else {
        bail!("failed to use `{spec}`: a URL has to end with `#sha256=` and the archive's SHA-256");
    };
    let sha256 = sha256.to_ascii_lowercase();
    ensure!(
        url.starts_with("https://") || url.starts_with("http://"),
        "failed to use `{spec}`: only https:// and http:// URLs can be fetched"
    );
    ensure!(
        sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "failed to use `{spec}`: a SHA-256 has 64 hexadecimal digits"
    );
    Ok(Chosen {
        why: format!("the archive at `{url}`"),
        interpreter: None,
        source: Source::Url {
            url: url.to_owned(),
            sha256,
        },
    })
}

fn from_directory(directory: &Path, environment: &Environment) -> Result<Chosen> {
    let shown = directory.display();
    let python = python_in(directory)
        .or_else(|| python_in(&directory.join("install")))
        .with_context(|| format!("failed to find an interpreter in `{shown}`: it has no bin/python3"))?;
    Ok(chosen(
        read::interpreter(&python, environment)?,
        format!("the installation `{shown}`"),
    ))
}

fn from_path(program: &str, environment: &Environment) -> Result<Chosen> {
    match lookup::on_path(program, environment)? {
        OnPath::Found(found, candidate) => Ok(chosen(*found, lookup::through(program, &candidate))),
        OnPath::Nothing(Some(failure)) => bail!("failed to find the interpreter `{program}`: {failure}"),
        OnPath::Nothing(None) => bail!(
            "failed to find the interpreter `{program}`: neither the directory `{}` nor PATH has it",
            environment.directory.display()
        ),
    }
}

/// The interpreter of an installation or a virtual environment.
pub(super) fn python_in(prefix: &Path) -> Option<PathBuf> {
    let bin = prefix.join("bin");
    let versioned = || {
        let entries = fs_err::read_dir(&bin).ok()?;
        let mut names: Vec<_> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.retain(|name| {
            name.strip_prefix("python")
                .is_some_and(|rest| Wanted::parse(rest).is_some())
        });
        names.sort();
        names.pop()
    };
    [Some("python3".to_owned()), versioned(), Some("python".to_owned())]
        .into_iter()
        .flatten()
        .map(|name| bin.join(name))
        .find(|path| crate::environment::is_executable(path))
}

fn not_found(version: &str, environment: &Environment) -> anyhow::Error {
    let pyenv = lookup::pyenv_versions(environment)
        .map_or(String::new(), |versions| format!(", in `{}`", versions.display()));
    let uv = if environment.which("uv").is_some() {
        ", with `uv python find`"
    } else {
        ""
    };
    anyhow!("failed to find Python {version}: looked for it on PATH{pyenv}{uv}")
}

fn chosen(interpreter: Interpreter, why: String) -> Chosen {
    Chosen {
        source: Source::Executable(interpreter.executable.clone()),
        why,
        interpreter: Some(interpreter),
    }
}

#[cfg(test)]
mod tests;
