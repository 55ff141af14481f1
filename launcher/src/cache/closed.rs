//! Whether only this user and root may write to what is unpacked. A root itself is checked whenever it is opened (see
//! [`super::root`]). What is below it was made closed, so that it is looked at only by cold starts and by the first
//! start of a day: someone may have opened it since, with `chmod -R` for example.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::exposure::may_others_write;
use crate::sys;

/// A layer's directory and an app's are so far below the root.
const BELOW_ROOT: usize = 3;
/// What lets others enter a directory.
const ENTERED: u32 = 0o011;

/// The root of a layer's directory or an app's.
pub(super) fn root_of(directory: &Path) -> &Path {
    directory.ancestors().nth(BELOW_ROOT).unwrap_or(Path::new(""))
}

/// The reason why a layer's directory or an app's can't be used: others may write to it, or to one of those that lead to
/// it from its root. What does not exist is no reason.
pub(super) fn refusal(directory: &Path) -> Option<String> {
    let is_entered = fs::metadata(root_of(directory)).is_ok_and(|root| root.mode() & ENTERED != 0);
    if !is_entered {
        return None;
    }
    let uid = sys::effective_user();
    directory.ancestors().take(BELOW_ROOT).find_map(|at| {
        let found = fs::metadata(at).ok()?;
        may_others_write(&found, uid).then(|| {
            format!(
                "others may write to `{}` (uid {}, mode {:04o}); remove it, or `chmod go-w` it when all in it is yours",
                at.display(),
                found.uid(),
                found.mode() & 0o7777
            )
        })
    })
}
