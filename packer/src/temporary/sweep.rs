//! Removes what commands that were killed have left.

use std::fs::{Metadata, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pyship_launcher::removal::remove_directory;

use super::{DIRECTORY_PREFIX, LOCK, is_file, is_name};

/// Where there are no locks, what is older was left behind.
const OLD: Duration = Duration::from_secs(86_400);

/// Removes scratch directories in `parent` whose makers have died. What can't be removed stays.
pub(crate) fn directories(parent: &Path) {
    for path in own(parent) {
        let name = path.file_name().unwrap_or_default();
        let is_directory = path.symlink_metadata().is_ok_and(|data| data.is_dir());
        if !is_directory || !is_name(name, DIRECTORY_PREFIX, "") {
            continue;
        }
        match is_abandoned(&path.join(LOCK)) {
            Some(true) => remove_directory(&path).unwrap_or_default(),
            Some(false) => {}
            // Its maker died before it made the lock. A directory with anything in it stays.
            None => fs_err::remove_dir(&path).unwrap_or_default(),
        }
    }
}

/// Removes files in `directory` whose makers have died before they gave them a name.
pub(crate) fn files(directory: &Path) {
    for path in own(directory) {
        let is_regular = path.symlink_metadata().is_ok_and(|data| data.is_file());
        if is_regular && is_file(&path) && is_abandoned(&path) == Some(true) {
            fs_err::remove_file(&path).unwrap_or_default();
        }
    }
}

/// The entries of a directory that belong to this user.
fn own(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let user = rustix::process::geteuid().as_raw();
    let is_own = move |data: Metadata| data.uid() == user;
    let entries = fs_err::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(move |entry| entry.file_name().to_string_lossy().contains(DIRECTORY_PREFIX))
        .map(|entry| entry.path())
        .filter(move |path| path.symlink_metadata().is_ok_and(is_own))
}

/// Whether nobody holds the lock of a file; `None` when there is no such file.
#[expect(
    clippy::disallowed_methods,
    reason = "it tells whether the maker lives, and protects no cache"
)]
fn is_abandoned(path: &Path) -> Option<bool> {
    let file = fs_err::File::open(path).ok()?.into_parts().0;
    Some(match file.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => {
            let modified = file.metadata().ok().and_then(|data| data.modified().ok());
            modified
                .and_then(|time| time.elapsed().ok())
                .is_some_and(|age| age > OLD)
        }
    })
}
