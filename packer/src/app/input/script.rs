//! A single `.py` file.

use std::path::Path;

use anyhow::{Context, Result};

use super::files::insert_file;
use crate::app::mode::Modes;
use crate::app::source::AppSource;
use crate::tree::Tree;

/// Reads the script.
///
/// # Errors
/// When it can't be read, or its name is not UTF-8.
pub(super) fn read(app: &Path) -> Result<AppSource> {
    let name = app
        .file_name()
        .and_then(|name| name.to_str())
        .context("its name is not UTF-8")?;
    let mut tree = Tree::new();
    let mut modes = Modes::new();
    insert_file(
        &mut tree,
        Path::new(name),
        &fs_err::canonicalize(app)?,
        &mut modes,
    )?;
    Ok(AppSource {
        notes: modes.notes(),
        script: Some(name.to_owned()),
        ..AppSource::new(app, tree)
    })
}
