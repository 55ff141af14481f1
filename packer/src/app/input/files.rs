//! Files of the app in its layer.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use pyship_launcher::format::names::APP_CODE;
use rustix::fs::{Access, access};

use crate::app::mode::Modes;
use crate::hint::WithHint;
use crate::size::display;
use crate::tree::Tree;

/// How to pack without a file that can't be packed.
const LEAVE_OUT: &str = "leave it out with --exclude";

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

/// Checks that a file of `size` bytes can be packed: it is compressed in memory, as a whole.
///
/// # Errors
/// When the machine has less memory.
pub(crate) fn check_size(file: &Path, size: u64) -> Result<()> {
    let system = rustix::system::sysinfo();
    let words = |count: u64| count.saturating_mul(u64::from(system.mem_unit));
    let memory = words(system.totalram).saturating_add(words(system.totalswap));
    if size <= memory {
        return Ok(());
    }
    Err(anyhow!(
        "`{}` has {}, more than fits in the memory of this machine ({})",
        file.display(),
        display(size),
        display(memory)
    ))
}

/// The path in the layer of a path in the app.
pub(crate) fn in_code(path: &Path) -> Vec<u8> {
    [APP_CODE.as_bytes(), b"/", path.as_os_str().as_bytes()].concat()
}
