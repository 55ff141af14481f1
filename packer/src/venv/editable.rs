//! Import hooks of editable installs: modules in `site-packages` that map names of packages to source directories. They
//! are read by Python's own parser, and never run.
//!
//! ```text
//! setuptools             __editable___demo_1_0_finder.py   MAPPING = {'demo': '/src/demo'}
//! hatchling, pdm         _editable_impl_demo.py            F.map_module('demo', '/src/demo/__init__.py')
//! scikit-build-core      _demo_editable.py                 install({'demo': '/src/demo/__init__.py'}, {…}, …)
//! ```

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::child;
use crate::environment::Environment;
use crate::interpreter::Interpreter;

const SCRIPT: &str = include_str!("editable.py");

/// A module, and the file or directory that it is read from. The path may have no extension, as setuptools writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct Mapped {
    /// `demo`, `space.demo`
    pub(super) module: String,
    /// The package's directory or the module's file.
    pub(super) path: PathBuf,
}

/// What the hook in the file `path` maps; nothing when it has an unknown form.
///
/// # Errors
/// When it can't be read.
pub(super) fn read(path: &Path, python: &Interpreter, environment: &Environment) -> Result<Vec<Mapped>> {
    let source = fs_err::read(path)?;
    let mut command = environment.command(&python.executable);
    command.args(["-I", "-S", "-B", "-c", SCRIPT]);
    let output = child::output(&mut command, &source)?;
    let mut mapped: Vec<Mapped> = serde_json::from_slice(&output)
        .with_context(|| format!("failed to read the import hook `{}`", path.display()))?;
    for one in &mut mapped {
        // A package may be given by its first module.
        if one.path.file_name() == Some("__init__.py".as_ref()) {
            one.path.pop();
        }
        if let (false, Some(source)) = (one.path.exists(), with_extension(&one.path)) {
            one.path = source;
        }
    }
    mapped.sort();
    Ok(mapped)
}

/// The file of a module whose path has no extension: source or an extension module.
fn with_extension(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let mut files: Vec<PathBuf> = fs_err::read_dir(path.parent()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| {
            let rest = file
                .file_name()
                .and_then(|file| file.to_str()?.strip_prefix(name));
            rest.is_some_and(|rest| rest == ".py" || rest.starts_with('.') && rest.ends_with(".so"))
        })
        .collect();
    files.sort();
    files.into_iter().next()
}
