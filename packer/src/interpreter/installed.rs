//! The interpreters that are installed on this machine: on `PATH` (with version managers' shims), among pyenv's
//! versions, and those that uv finds.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pyship_launcher::target::HOST;

use super::facts::Interpreter;
use super::prefix::python_in;
use super::probe::probe;
use super::request::VersionRequest;
use super::standalone::store::Store;
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

/// An interpreter that meets the request, and why this one. Of the newest minor version that can: one that pyship has
/// downloaded, on `PATH` by its own name or as `python3`, the newest of pyenv's versions, then what uv finds.
/// Candidates that don't start are skipped.
pub(super) fn by_version(
    wanted: &VersionRequest,
    environment: &Environment,
) -> Option<(Interpreter, String)> {
    let own = of_store(wanted, environment);
    if wanted.release().is_some() || (wanted.names_minor() && own.is_some()) {
        return own;
    }
    let matching = |path: &Path| {
        probe(path, environment)
            .ok()
            .filter(|found| wanted.is_met_by(found))
    };
    let on_path = |name: &str| {
        let found = environment
            .which_all(name)
            .into_iter()
            .find_map(|path| Some((matching(&path)?, path)));
        found.map(|(found, path)| (found, why_on_path(name, &path)))
    };
    let pyenv = pyenv_versions(environment);
    let of_minor = |minor| {
        let program = wanted.program(minor);
        on_path(&program)
            .or_else(|| wanted.names_minor().then(|| on_path("python3"))?)
            .or_else(|| newest_of_pyenv(pyenv.as_deref()?, &program, matching))
    };
    let found = wanted.minors().into_iter().find_map(of_minor);
    if wanted.names_minor() && found.is_some() {
        return found;
    }
    let found = found.or_else(|| on_path("python3"));
    let request = wanted.to_string();
    let of_uv = uv_python_find(Some(&request), environment).and_then(|path| matching(&path));
    let of_uv = of_uv.map(|of_uv| (of_uv, format!("the output of `uv python find {request}`")));
    // Of the same minor version the last one is taken.
    let candidates = [of_uv, found, own].into_iter().flatten();
    candidates.max_by_key(|(found, _)| {
        (
            found.version.is_release(),
            found.version.major,
            found.version.minor,
        )
    })
}

/// Where interpreters may be, and by whom: uv's, pyenv's, and the names on `PATH`. Some may be no interpreters, or the
/// same.
pub(super) fn candidates(environment: &Environment) -> Vec<(&'static str, PathBuf)> {
    let of_uv = answer(environment, "uv", &["python", "dir"]);
    let mut found = Vec::new();
    for (source, directory) in [("uv", of_uv), ("pyenv", pyenv_versions(environment))] {
        let entries = directory.and_then(|directory| fs_err::read_dir(directory).ok());
        let prefixes = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()));
        let mut programs: Vec<PathBuf> = prefixes.filter_map(|prefix| python_in(&prefix)).collect();
        programs.sort();
        found.extend(programs.into_iter().rev().map(|path| (source, path)));
    }
    let any = [VersionRequest::newest(), VersionRequest::newest_free_threaded()];
    let names = any
        .iter()
        .flat_map(|any| any.minors().into_iter().map(|minor| any.program(minor)));
    for name in names.chain(["python3".to_owned()]) {
        let on_path = environment.which_all(&name).into_iter();
        found.extend(on_path.map(|path| ("PATH", path)));
    }
    found
}

/// The newest build that pyship has downloaded and that meets the request, and its origin.
pub(super) fn of_store(wanted: &VersionRequest, environment: &Environment) -> Option<(Interpreter, String)> {
    let installed = Store::of(environment).ok()?.find(wanted, HOST)?;
    let interpreter = probe(&installed.python()?, environment).ok()?;
    Some((interpreter, installed.build.origin()))
}

/// The newest of pyenv's versions that have `program` and match.
fn newest_of_pyenv(
    versions: &Path,
    program: &str,
    matching: impl Fn(&Path) -> Option<Interpreter>,
) -> Option<(Interpreter, String)> {
    let found = fs_err::read_dir(versions)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(program)))
        .filter(|path| path.exists())
        .filter_map(|path| matching(&path));
    let found = found.max_by(|a, b| a.version.cmp(&b.version))?;
    let why = format!("{} among pyenv's versions", found.version);
    Some((found, why))
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
