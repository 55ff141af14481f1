//! The interpreters that are installed on this machine: on `PATH` (with version managers' shims), among pyenv's
//! versions, and those that uv finds.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::facts::Interpreter;
use super::probe::probe;
use super::version::VersionRequest;
use crate::child::{self, ChildError};
use crate::environment::{Environment, is_executable};

/// The result of a search on `PATH`.
pub(super) enum OnPath {
    /// An interpreter, and the file on `PATH` that it was found by.
    Found(Box<Interpreter>, PathBuf),
    /// Nothing of this name, or only shims that failed, with the failure of the first one.
    Nothing(Option<ChildError>),
}

/// The first `program` on `PATH` that is an interpreter. A shim of pyenv, asdf or mise that has no version
/// selected is skipped; anything else that fails is an error, since it is the user's own `python3`.
pub(super) fn on_path(program: &str, environment: &Environment) -> Result<OnPath> {
    let mut shim_failed = None;
    for candidate in environment.which_all(program) {
        match probe(&candidate, environment) {
            Ok(interpreter) => return Ok(OnPath::Found(Box::new(interpreter), candidate)),
            Err(error) if is_shim(&candidate) => match error.downcast::<ChildError>() {
                Ok(failure) => shim_failed = shim_failed.or(Some(failure)),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
    Ok(OnPath::Nothing(shim_failed))
}

/// An interpreter of the requested version, and why this one: on `PATH` by its own name or as `python3`, then
/// the newest of pyenv's versions, then what uv finds. Candidates that don't start are skipped.
pub(super) fn by_version(
    wanted: &VersionRequest,
    environment: &Environment,
) -> Option<(Interpreter, String)> {
    let program = wanted.program();
    let matching = |path: &Path| {
        probe(path, environment)
            .ok()
            .filter(|found| wanted.matches(&found.version, found.is_free_threaded()))
    };
    for name in [program.as_str(), "python3"] {
        for candidate in environment.which_all(name) {
            if let Some(found) = matching(&candidate) {
                return Some((found, why_on_path(name, &candidate)));
            }
        }
    }
    let versions = pyenv_versions(environment).and_then(|versions| fs_err::read_dir(versions).ok());
    let of_pyenv = versions
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(&program)))
        .filter(|path| path.exists())
        .filter_map(|path| matching(&path));
    if let Some(found) = of_pyenv.max_by(|a, b| a.version.cmp(&b.version)) {
        let why = format!("{} among pyenv's versions", found.version);
        return Some((found, why));
    }
    let request = wanted.to_string();
    let found = matching(&uv_python_find(Some(&request), environment)?)?;
    Some((found, format!("the output of `uv python find {request}`")))
}

/// `python3 on PATH`, and through whose shim.
pub(super) fn why_on_path(program: &str, candidate: &Path) -> String {
    match shim_of(candidate) {
        Some(manager) => format!("{program} on PATH, through {manager}'s shim"),
        None => format!("{program} on PATH"),
    }
}

/// pyenv's and asdf's shims are scripts, mise's are links to `mise`; a Python's name begins with `python`.
fn is_shim(candidate: &Path) -> bool {
    let real = real_path(candidate);
    let named_python = real
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("python"));
    let script = fs_err::read(&real).is_ok_and(|bytes| bytes.starts_with(b"#!"));
    script || !named_python
}

/// The version manager whose shim this is, for people.
fn shim_of(candidate: &Path) -> Option<&'static str> {
    if !is_shim(candidate) {
        return None;
    }
    let path = format!("{} {}", candidate.display(), real_path(candidate).display());
    ["pyenv", "asdf", "mise"]
        .into_iter()
        .find(|name| path.contains(name))
        .or(Some("a version manager"))
}

fn real_path(path: &Path) -> PathBuf {
    fs_err::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// pyenv's directory of installed versions, when it exists.
pub(super) fn pyenv_versions(environment: &Environment) -> Option<PathBuf> {
    let root = environment
        .path("PYENV_ROOT")
        .or_else(|| answer(environment, "pyenv", &["root"]))
        .or_else(|| Some(environment.path("HOME")?.join(".pyenv")))?;
    Some(root.join("versions")).filter(|versions| versions.is_dir())
}

/// The interpreter that `uv python find` prints; it downloads nothing.
pub(super) fn uv_python_find(request: Option<&str>, environment: &Environment) -> Option<PathBuf> {
    let mut arguments = vec!["python", "find", "--no-python-downloads", "--system"];
    arguments.extend(request);
    answer(environment, "uv", &arguments).filter(|path| is_executable(path))
}

/// The path that a program on `PATH` prints.
fn answer(environment: &Environment, program: &str, arguments: &[&str]) -> Option<PathBuf> {
    let mut command = environment.command(&environment.which(program)?);
    let output = child::output(command.args(arguments), b"").ok()?;
    Some(PathBuf::from(String::from_utf8(output).ok()?.trim_end()))
}
