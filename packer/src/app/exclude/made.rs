//! Files that pyship made: packed files, and what a pack that runs or was killed keeps in the app's directory.

use std::path::Path;

use pyship_launcher::payload::Payload;

use crate::temporary;

/// No packed file is smaller: the launcher alone has more than a megabyte.
const SMALLEST: u64 = 256 << 10;

/// Whether pyship made a file or directory.
pub(super) fn is_made(real: &Path, is_directory: bool) -> bool {
    if is_directory {
        return temporary::is_directory(real);
    }
    temporary::is_file(real) || is_packed(real)
}

/// Whether it is a packed file, complete or not.
fn is_packed(real: &Path) -> bool {
    let may_be = fs_err::metadata(real).is_ok_and(|data| data.is_file() && data.len() >= SMALLEST);
    may_be
        && match Payload::open(real) {
            Ok(payload) => payload.is_some(),
            // It has a trailer, which is damaged or of a newer format.
            Err(_) => fs_err::File::open(real).is_ok(),
        }
}
