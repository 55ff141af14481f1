//! Files of the app in its layer.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::names::APP_CODE;
use rustix::fs::{Access, access};

use crate::app::mode::Modes;
use crate::hint::WithHint;
use crate::size::display;
use crate::tree::Tree;

/// How to pack without a file that can't be packed.
const LEAVE_OUT: &str = "leave it out with --exclude";

/// The largest file that is packed, in bytes.
const FILE_MAX: u64 = 100_000_000_000;

/// Adds the file `real` to the tree, as `path` of the app.
///
/// # Errors
/// When it can't be read, or is larger than [`check_size`] allows.
pub(super) fn insert_file(tree: &mut Tree, path: &Path, real: &Path, modes: &mut Modes) -> Result<()> {
    access(real, Access::READ_OK)
        .with_context(|| format!("failed to read `{}`", real.display()))
        .hint(LEAVE_OUT)?;
    let data = fs_err::metadata(real)?;
    check_size(real, data.len()).hint(LEAVE_OUT)?;
    let mode = modes.file(path, &data);
    tree.insert_path(in_code(path), real, mode);
    Ok(())
}

/// Checks that a file of `size` bytes can be packed: one with holes may have any length, and takes as long to read.
///
/// # Errors
/// When it is larger than [`FILE_MAX`].
pub(crate) fn check_size(file: &Path, size: u64) -> Result<()> {
    ensure!(
        size <= FILE_MAX,
        "`{}` has {}; a file that is packed has at most {}",
        file.display(),
        display(size),
        display(FILE_MAX)
    );
    Ok(())
}

/// The path in the layer of a path in the app.
pub(crate) fn in_code(path: &Path) -> Vec<u8> {
    [APP_CODE.as_bytes(), b"/", path.as_os_str().as_bytes()].concat()
}
