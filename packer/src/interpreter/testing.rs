//! For tests: the interpreters of this machine. Tests need at least one and fail without.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::{installed, probe};
use crate::environment::Environment;

/// Every interpreter that can be packed: pyenv's, and those on `PATH` that aren't shims for them.
pub(crate) fn interpreters() -> Vec<PathBuf> {
    static FOUND: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(look).clone()
}

fn look() -> Vec<PathBuf> {
    let environment = Environment::current().unwrap();
    let mut candidates: Vec<PathBuf> = environment.which_all("python3");
    if let Some(versions) = installed::pyenv_versions(&environment) {
        let installed = fs_err::read_dir(versions)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        candidates.extend(installed.map(|directory| directory.join("bin/python3")));
    }
    let mut found: Vec<PathBuf> = Vec::new();
    for candidate in candidates.iter().filter(|path| path.is_file()) {
        if let Ok(interpreter) = probe::probe(candidate, &environment)
            && !found
                .iter()
                .any(|known| same_file(known, &interpreter.executable))
        {
            found.push(interpreter.executable);
        }
    }
    assert!(!found.is_empty(), "these tests need a CPython: put one on PATH");
    found
}

/// The newest of [`interpreters`].
pub(crate) fn any() -> PathBuf {
    let environment = Environment::current().unwrap();
    let newest = |path: &PathBuf| probe::probe(path, &environment).unwrap().version;
    interpreters().into_iter().max_by_key(newest).unwrap()
}

fn same_file(a: &std::path::Path, b: &std::path::Path) -> bool {
    fs_err::canonicalize(a).unwrap() == fs_err::canonicalize(b).unwrap()
}
