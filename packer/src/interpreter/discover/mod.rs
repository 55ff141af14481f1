//! Which interpreter is packed: the one that `--python` names, else the user's own `python3`.
//!
//! `SPEC` is, tried in this order: a URL with its SHA-256, a version ([`VersionRequest`]), an existing path (of an
//! interpreter, an installation's directory or an archive), the name of a program on `PATH`. Without it: the
//! interpreter of the active virtual environment, of the active conda environment, `python3` on `PATH`, or the one
//! that uv finds. That one also comes first when the versions asked for are several: `>=3.11`. Where nothing is found,
//! it is a build that can be downloaded.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use pep508_rs::pep440_rs::VersionSpecifiers;
use pyship_launcher::target::HOST;

use super::facts::Interpreter;
use super::installed::{self, OnPath};
use super::prefix::python_in;
use super::probe::probe;
use super::request::VersionRequest;
use super::standalone::catalog::{self, Known};
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
    /// The versions that would do as well; none when this very interpreter was named.
    wanted: Option<VersionRequest>,
}

impl Selection {
    /// An installed interpreter that no other one can stand in for.
    pub(crate) fn of(interpreter: Interpreter, why: String) -> Self {
        Self {
            source: Source::Executable(interpreter.executable.clone()),
            why,
            interpreter: Some(interpreter),
            wanted: None,
        }
    }
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
    /// A build that isn't here and can be downloaded.
    Download(Known, Missing),
}

/// What was looked for in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// "Python 3.12"; none when it may be any.
    what: Option<String>,
    /// "looked for it on PATH"
    looked: String,
}

/// Decides what to pack; `spec` is the argument of `--python`.
///
/// # Errors
/// When nothing is found and nothing can be downloaded, with where it was looked for, or when what is found can't be
/// used.
pub(crate) fn choose(spec: Option<&str>, environment: &Environment) -> Result<Selection> {
    let Some(spec) = spec else {
        return match by_default(environment)? {
            Some(found) => Ok(found),
            None => anything(),
        };
    };
    ensure!(
        !spec.is_empty(),
        "failed to find an interpreter: `--python` is empty"
    );
    if spec.contains("://") {
        return from_url(spec);
    }
    match VersionRequest::parse(spec)? {
        Some(wanted) => by_version(wanted, environment),
        None => by_name(spec, environment),
    }
}

/// By a path, or by a name on `PATH`.
fn by_name(spec: &str, environment: &Environment) -> Result<Selection> {
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
            wanted: None,
        }),
        Ok(_) => Ok(Selection::of(
            describe::interpreter(&path, environment)?,
            format!("`{spec}`"),
        )),
        Err(_) if !spec.contains('/') => from_path(spec, environment),
        Err(error) => Err(error).context(format!("failed to find the interpreter `{spec}`")),
    }
}

/// The best interpreter that meets `specifiers`, such as a `requires-python`: the one that is taken without `--python`
/// if it does, else one of the newest minor version that does.
///
/// # Errors
/// As [`choose`].
pub(crate) fn choose_within(specifiers: &VersionSpecifiers, environment: &Environment) -> Result<Selection> {
    by_version(VersionRequest::within(specifiers.clone()), environment)
}

fn by_version(wanted: VersionRequest, environment: &Environment) -> Result<Selection> {
    if !wanted.names_minor() {
        match by_default(environment) {
            Ok(Some(chosen)) if is_met_by(&wanted, &chosen) => {
                return Ok(Selection {
                    wanted: Some(wanted),
                    ..chosen
                });
            }
            // Its directory is gone, or its interpreter doesn't start: the user wants to know.
            Err(error) if environment.get("VIRTUAL_ENV").is_some() => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    if let Some((found, mut why)) = installed::by_version(&wanted, environment) {
        if !wanted.names_minor() {
            why = format!("{why}, the newest that meets {wanted}");
        }
        return Ok(Selection {
            wanted: Some(wanted),
            ..Selection::of(found, why)
        });
    }
    let missing = Missing::version(&wanted, environment);
    match catalog::find(&wanted, HOST)? {
        Some(known) => Ok(missing.download(known, wanted)),
        None => Err(missing.error())
            .hint("`pyship python list` shows what is installed and what can be downloaded"),
    }
}

fn is_met_by(wanted: &VersionRequest, chosen: &Selection) -> bool {
    let interpreter = chosen.interpreter.as_ref();
    interpreter.is_some_and(|interpreter| wanted.is_met_by(interpreter))
}

/// The newest that can be downloaded, where there is no interpreter at all.
fn anything() -> Result<Selection> {
    let missing = Missing {
        what: None,
        looked:
            "no virtual environment is active, there is no python3 on PATH, and `uv python find` finds none"
                .to_owned(),
    };
    let wanted = VersionRequest::newest();
    let known = catalog::find(&wanted, HOST)?.with_context(|| missing.error())?;
    Ok(missing.download(known, wanted))
}

/// What is chosen when nothing is asked for; none when there is no interpreter.
fn by_default(environment: &Environment) -> Result<Option<Selection>> {
    let chosen = |interpreter: Interpreter, why| {
        let wanted = Some(VersionRequest::minor_of(&interpreter));
        Ok(Some(Selection {
            wanted,
            ..Selection::of(interpreter, why)
        }))
    };
    if let Some(venv) = environment.path("VIRTUAL_ENV") {
        let python = python_in(&venv).with_context(|| {
            format!(
                "failed to use the active virtual environment: VIRTUAL_ENV is `{}`, which has no bin/python3",
                venv.display()
            )
        })?;
        let why = format!("the active virtual environment `{}`", venv.display());
        return chosen(probe(&python, environment)?, why);
    }
    if let Some(conda) = environment.path("CONDA_PREFIX")
        && let Some(python) = python_in(&conda)
    {
        let why = format!("the active conda environment `{}`", conda.display());
        return chosen(probe(&python, environment)?, why);
    }
    let failed = match installed::on_path("python3", environment)? {
        OnPath::Found(found, candidate) => {
            return chosen(*found, installed::why_on_path("python3", &candidate));
        }
        OnPath::Nothing(failed) => failed,
    };
    if let Some(path) = installed::uv_python_find(None, environment) {
        let why = "the output of `uv python find`".to_owned();
        return chosen(probe(&path, environment)?, why);
    }
    if let Some((found, why)) = installed::of_store(&VersionRequest::newest(), environment) {
        return chosen(found, why);
    }
    failed.map_or(Ok(None), |failure| {
        Err(failure).context("failed to find an interpreter")
    })
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
        wanted: None,
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
    Ok(Selection::of(
        describe::interpreter(&python, environment)?,
        format!("the installation `{display}`"),
    ))
}

fn from_path(program: &str, environment: &Environment) -> Result<Selection> {
    match installed::on_path(program, environment)? {
        OnPath::Found(found, candidate) => {
            Ok(Selection::of(*found, installed::why_on_path(program, &candidate)))
        }
        OnPath::Nothing(Some(failure)) => {
            Err(failure).with_context(|| format!("failed to find the interpreter `{program}`"))
        }
        OnPath::Nothing(None) => bail!(
            "failed to find the interpreter `{program}`: it is neither in the directory `{}` nor on PATH",
            environment.directory.display()
        ),
    }
}

impl Missing {
    fn version(wanted: &VersionRequest, environment: &Environment) -> Self {
        let pyenv = installed::pyenv_versions(environment)
            .map_or(String::new(), |versions| format!(", in `{}`", versions.display()));
        let uv = if environment.which("uv").is_some() {
            ", with `uv python find`"
        } else {
            ""
        };
        Self {
            what: Some(format!("Python {wanted}")),
            looked: format!("looked for it on PATH{pyenv}{uv}"),
        }
    }

    fn download(self, known: Known, wanted: VersionRequest) -> Selection {
        Selection {
            why: known.build.origin(),
            source: Source::Download(known, self),
            interpreter: None,
            wanted: Some(wanted),
        }
    }

    /// For people, where nothing is downloaded.
    pub(crate) fn error(&self) -> anyhow::Error {
        let what = self.what.as_deref().unwrap_or("an interpreter");
        anyhow!("failed to find {what}: {}", self.looked)
    }

    /// For people, where it is downloaded.
    pub(crate) fn notice(&self) -> String {
        let looked = &self.looked;
        match &self.what {
            Some(what) => format!("{what} is not installed ({looked})"),
            None => format!("no interpreter is installed ({looked})"),
        }
    }
}

mod target;

#[cfg(test)]
mod tests;
