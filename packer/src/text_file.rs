//! Reading files that people write: requirements, keys, settings.
//!
//! A named pipe would be waited for, and a device or a file with holes may have no end. So these are refused by name.

use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::regular_file;

/// Longer texts are something else, in bytes.
pub(crate) const TEXT_MAX: u64 = 32 << 20;
/// Descriptors of this process, as a shell's `<(command)` names them.
const DESCRIPTORS: [&str; 2] = ["/dev/fd/", "/proc/self/fd/"];

/// Reads a regular file, or the pipe of another command, of at most `max` bytes.
///
/// # Errors
/// When it can't be read, is neither of these, or is longer.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>> {
    let failed = || format!("failed to read `{}`", path.display());
    let file = match is_descriptor(path) {
        true => {
            check(path)?;
            fs_err::File::open(path)?
        }
        false => regular_file::open(path)?,
    };
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).with_context(failed)?;
    ensure!(
        bytes.len() as u64 <= max,
        "{}: it has more than {max} bytes",
        failed()
    );
    Ok(bytes)
}

/// Checks that a file can be read to an end: it is regular, or the pipe of another command.
///
/// # Errors
/// When it is something else, or is not there.
pub(crate) fn check(path: &Path) -> Result<()> {
    let kind = fs_err::metadata(path)?.file_type();
    ensure!(
        kind.is_file() || kind.is_fifo() && is_descriptor(path),
        "failed to read `{}`: it is not a regular file",
        path.display()
    );
    Ok(())
}

fn is_descriptor(path: &Path) -> bool {
    DESCRIPTORS.iter().any(|place| path.starts_with(place))
}

/// The same as text.
///
/// # Errors
/// Those of [`read`], and when it is not UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    let bytes = read(path, TEXT_MAX)?;
    String::from_utf8(bytes).with_context(|| format!("failed to read `{}`", path.display()))
}
