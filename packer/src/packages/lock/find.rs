//! Which lock a project or a script has.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::uv::Export;
use super::{Contents, Lock, exporters};
use crate::environment::Environment;
use crate::hint::WithHint;
use crate::packages::request::Request;
use crate::packages::tool::Tool;
use crate::text_file;

const UV_LOCK: &str = "uv.lock";
const PYLOCK: &str = "pylock.toml";
const PYPROJECT: &str = "pyproject.toml";

/// The lock of the project in `directory`, an absolute path: uv's, of the project or of the workspace that it is in;
/// a `pylock.toml`; another program's.
///
/// # Errors
/// When it can't be read, is stale, or the program that reads it is missing.
pub(crate) fn for_project(
    directory: &Path,
    tool: &Tool,
    environment: &Environment,
    request: &Request,
) -> Result<Option<Lock>> {
    let selection = &request.declared.selection;
    if let Some(path) = uv_lock(directory) {
        let export = match tool {
            Tool::Uv(uv) => Export::project(uv, environment, request, directory),
            Tool::Pip => return Err(without_uv(&path)).hint(WITHOUT_UV),
        };
        return exported(path, export).map(Some);
    }
    let pylock = directory.join(PYLOCK);
    if pylock.is_file() {
        if !selection.extras.is_empty() || !selection.groups.is_empty() || selection.all_extras {
            return Err(anyhow!(
                "failed to use `{}`: a pylock.toml is for one choice of extras and groups",
                pylock.display()
            ))
            .hint("pass --no-lock, or the lock for this choice with -r");
        }
        return from_file(&pylock).map(Some);
    }
    exporters::find(directory, environment, selection)
}

const WITHOUT_UV: &str = "install uv, or pass --no-lock to resolve anew";

fn without_uv(path: &Path) -> anyhow::Error {
    anyhow!(
        "failed to read `{}`: only uv reads it, and uv is not on PATH",
        path.display()
    )
}

/// The lock of a script: `SCRIPT.lock` beside it.
///
/// # Errors
/// When it can't be read, is stale, or uv is missing.
pub(crate) fn for_script(
    script: &Path,
    tool: &Tool,
    environment: &Environment,
    request: &Request,
) -> Result<Option<Lock>> {
    let mut path = script.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    if !path.is_file() {
        return Ok(None);
    }
    match tool {
        Tool::Uv(uv) => exported(path, Export::script(uv, environment, request, script, true)).map(Some),
        Tool::Pip => Err(without_uv(&path)).hint(WITHOUT_UV),
    }
}

fn exported(path: PathBuf, export: Export) -> Result<Lock> {
    Ok(Lock {
        contents: Contents::Pylock(export.text()?),
        export: Some(export),
        path,
    })
}

/// A pylock.toml.
///
/// # Errors
/// When it can't be read.
pub(crate) fn from_file(path: &Path) -> Result<Lock> {
    let lock = Lock {
        contents: Contents::Pylock(text_file::read_text(path)?),
        path: fs_err::canonicalize(path)?,
        export: None,
    };
    lock.packages()?;
    Ok(lock)
}

/// Whether `-r` names a lock: `pylock.toml` or `pylock.NAME.toml`.
pub(crate) fn is_pylock(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let middle = name
        .strip_prefix("pylock")
        .and_then(|rest| rest.strip_suffix(".toml"));
    middle.is_some_and(|middle| middle.is_empty() || middle.starts_with('.'))
}

/// uv's lock: beside the project, or beside the root of its workspace.
fn uv_lock(directory: &Path) -> Option<PathBuf> {
    let own = directory.join(UV_LOCK);
    if own.is_file() {
        return Some(own);
    }
    let is_root = |directory: &&Path| {
        let text = text_file::read_text(&directory.join(PYPROJECT)).unwrap_or_default();
        text.contains("[tool.uv.workspace]")
    };
    let root = directory.ancestors().skip(1).find(is_root)?;
    Some(root.join(UV_LOCK)).filter(|lock| lock.is_file())
}
