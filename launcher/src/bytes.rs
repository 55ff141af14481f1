//! Paths that are kept as bytes: arguments, environment variables and launch records need not be UTF-8.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// These bytes as a path.
#[must_use]
pub fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// The fields of a line of a file in `/proc`, which spaces separate.
pub(crate) fn fields(line: &[u8]) -> Vec<&[u8]> {
    let fields = line.split(|&byte| byte == b' ');
    fields.filter(|field| !field.is_empty()).collect()
}
