//! Which environment `--venv` means.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::{Kind, Venv};
use crate::environment::Environment;
use crate::hint::WithHint as _;

/// Directories beside or in an app that usually are its virtual environment.
const USUAL: &[&str] = &[".venv", "venv"];

/// The environment that `--venv` names: `Some(None)` is the active one.
///
/// # Errors
/// When there is none, or none is active.
pub(crate) fn named(option: Option<&Option<PathBuf>>, environment: &Environment) -> Result<Option<Venv>> {
    let Some(option) = option else { return Ok(None) };
    let directory = match option.clone().or_else(|| active(environment)) {
        Some(directory) => directory,
        None => {
            return Err(anyhow!(
                "failed to find the active virtual environment: neither VIRTUAL_ENV nor CONDA_PREFIX is set"
            ))
            .hint("activate one, or name it: --venv DIR");
        }
    };
    Venv::at(&directory, &environment.directory).map(Some)
}

/// The directory of the active environment.
fn active(environment: &Environment) -> Option<PathBuf> {
    ["VIRTUAL_ENV", "CONDA_PREFIX"]
        .iter()
        .find_map(|name| environment.get(name).map(PathBuf::from))
}

/// An environment that the user may have meant to pack with `app`, and the option that takes it: the active one, or one in
/// or beside the app.
pub(crate) fn near(app: &Path, environment: &Environment) -> Option<(Venv, String)> {
    let at = |path: &Path| Venv::at(path, &environment.directory).ok();
    if let Some(path) = active(environment)
        && let Some(venv) = at(&path)
    {
        return Some((venv, "--venv".to_owned()));
    }
    let directory = environment.directory.join(app);
    let parent = directory.parent();
    let inside = directory.is_dir().then_some(app);
    let beside = app.parent().filter(|_| parent.is_some());
    inside.into_iter().chain(beside).find_map(|place| {
        let paths = USUAL.iter().map(|name| place.join(name));
        let mut venvs = paths.filter(|path| Kind::of(&environment.directory.join(path)).is_some());
        let path = venvs.next()?;
        Some((at(&path)?, format!("--venv {}", path.display())))
    })
}
