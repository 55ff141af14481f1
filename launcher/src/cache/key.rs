//! The names of directories in a cache.

use std::os::unix::ffi::OsStrExt;

use sha2::{Digest, Sha256};

use super::root::Root;
use crate::format::manifest::DIRECTORY_HEX;
use crate::format::trailer::Trailer;
use crate::hex::hex;
use crate::libc_choice::Host;

/// The name of an app's directory.
///
/// The directory holds absolute paths and a decision about the host's C library. So its name depends on the file's
/// contents, on the cache's path and on what can be seen of the host. In a root that others could replace it is another
/// one: so a start that finds the usual one knows that a cold start has looked at the way to it.
pub(super) fn app_key(trailer: &Trailer, root: &Root, host: &Host) -> String {
    let mut hash = Sha256::new();
    hash.update(b"pyship app 1\0");
    hash.update(trailer.manifest_sha256);
    hash.update(host.key());
    hash.update(b"\0");
    hash.update(root.path.as_os_str().as_bytes());
    if root.is_exposed {
        hash.update(b"\0exposed");
    }
    let mut key = hex(&hash.finalize());
    key.truncate(DIRECTORY_HEX);
    key
}

/// The length of the name of a layer's or app's directory at the start of `bytes`, if there is one.
pub(super) fn name_length(bytes: &[u8]) -> Option<usize> {
    let digits = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (digits.count() == DIRECTORY_HEX).then_some(DIRECTORY_HEX)
}
