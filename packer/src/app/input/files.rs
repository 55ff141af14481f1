//! Files of the app in its layer.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use pyship_launcher::format::names::APP_CODE;
use rustix::fs::{Access, access};

use crate::app::mode::Modes;
use crate::tree::Tree;

/// Adds the file `real` to the tree, as `path` of the app.
pub(super) fn insert_file(tree: &mut Tree, path: &Path, real: &Path, modes: &mut Modes) -> Result<()> {
    access(real, Access::READ_OK).with_context(|| format!("failed to read `{}`", real.display()))?;
    let mode = modes.file(path, &fs_err::metadata(real)?);
    tree.insert_path(in_code(path), real, mode);
    Ok(())
}

/// The path in the layer of a path in the app.
pub(super) fn in_code(path: &Path) -> Vec<u8> {
    [APP_CODE.as_bytes(), b"/", path.as_os_str().as_bytes()].concat()
}
