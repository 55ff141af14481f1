//! Whether the app has a module, found by the names of its files: nothing is run.

use std::collections::BTreeSet;

use pyship_launcher::format::names::APP_CODE;

use super::source::AppSource;
use crate::tree::Tree;

/// Where a module is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The app has it as a file, or as a package with `__main__`.
    Runnable,
    /// The app has it as a package that `python -m` can't run.
    Package,
    /// The app has the package that it should be in, and the package has no such module.
    Missing,
    /// The app has nothing of its top-level name. It may be a module of a package or of the standard library.
    Elsewhere,
}

/// Looks for the module `name` in the app.
pub(super) fn find(app: &AppSource, name: &str) -> Found {
    let mut best = Found::Elsewhere;
    let top = name.split('.').next().unwrap_or(name);
    for directory in &app.import_directories {
        let base = in_layer(directory);
        let path = format!("{base}/{}", name.replace('.', "/"));
        if is_file_module(&app.tree, &path) || app.tree.get(format!("{path}/__main__.py")).is_some() {
            return Found::Runnable;
        }
        if app.tree.get(&path).is_some() {
            best = Found::Package;
        } else if best == Found::Elsewhere && app.tree.get(format!("{base}/{top}/__init__.py")).is_some() {
            best = Found::Missing;
        }
    }
    best
}

/// `path.py`, or an extension module.
fn is_file_module(tree: &Tree, path: &str) -> bool {
    let dotted = format!("{path}.");
    tree.files().any(|(file, _)| {
        let suffix = file.strip_prefix(dotted.as_bytes());
        suffix.is_some_and(|suffix| suffix == b"py" || suffix == b"pyc" || suffix.ends_with(b"so"))
    })
}

/// The app's packages that `python -m` can run.
pub(super) fn runnable_packages(app: &AppSource) -> Vec<String> {
    let mut names = BTreeSet::new();
    for directory in &app.import_directories {
        let base = format!("{}/", in_layer(directory));
        for (path, _) in app.tree.files() {
            let name = path
                .strip_prefix(base.as_bytes())
                .and_then(|path| path.strip_suffix(b"/__main__.py"));
            let name = name.and_then(|name| std::str::from_utf8(name).ok());
            names.extend(name.filter(|name| !name.contains('/')).map(str::to_owned));
        }
    }
    names.into_iter().collect()
}

/// The path in the layer of an import directory.
fn in_layer(directory: &str) -> String {
    match directory {
        "" => APP_CODE.to_owned(),
        _ => format!("{APP_CODE}/{directory}"),
    }
}
