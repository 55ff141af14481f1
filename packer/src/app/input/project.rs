//! A project: a directory with a pyproject.toml, which says what the project depends on, what starts, and how to pack
//! it. Its code may be in `src/`.

use std::path::Path;

use anyhow::Result;
use pyship_launcher::format::names::APP_CODE;

use super::directory;
use crate::app::exclude::Excludes;
use crate::app::pyproject::ProjectFile;
use crate::app::source::AppSource;
use crate::tree::Tree;

/// Reads the project's directory.
///
/// # Errors
/// Those of [`directory::read`].
pub(super) fn read(app: &Path, file: &ProjectFile, excludes: &Excludes) -> Result<AppSource> {
    let source = directory::read(app, excludes)?;
    Ok(AppSource {
        import_directories: import_directories(&source.tree),
        project: file.project.clone(),
        ..source
    })
}

/// Modules in `src/` are imported from there, unless `src` is itself the package.
fn import_directories(tree: &Tree) -> Vec<String> {
    let src = format!("{APP_CODE}/src/");
    let is_code = |path: &[u8]| path.starts_with(src.as_bytes()) && path.ends_with(b".py");
    let has_code = tree.files().any(|(path, _)| is_code(path));
    let is_package = tree.get(format!("{src}__init__.py")).is_some();
    if has_code && !is_package {
        vec!["src".to_owned(), String::new()]
    } else {
        vec![String::new()]
    }
}
