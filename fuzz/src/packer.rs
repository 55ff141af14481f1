//! The packer's readers of what others made; see `pyship::fuzzing`.

use crate::scratch;

/// The public half of the key that signed [`SIGNED`].
const PUBLIC: &str = "RWRweXNoZnV6eqa6qEQHCxcstjX99lZ/xuRdFs/C+4SMOVVf/v/h22FS";
/// What the signature among the seeds is of.
const SIGNED: &[u8] = b"a signed file\n";

/// A signature in minisign's format.
pub fn signature(data: &[u8]) -> bool {
    pyship::fuzzing::signature(data, scratch().path(), SIGNED, PUBLIC)
}
