//! Who owns a directory, where user numbers don't tell.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

/// The number that every user without one has in a user namespace, and which may be this process's own there
/// (`/proc/sys/kernel/overflowuid`, see user_namespaces(7)).
const OVERFLOW: u32 = 65534;
/// Only a file's owner may open it so, or who has power over its owner. The kernel compares the users as it knows them.
const BY_OWNER: OFlags = OFlags::NOATIME.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Whether an open directory whose owner has the number of this user, `uid`, belongs to this user.
pub(crate) fn is_own(directory: impl AsFd, uid: u32) -> bool {
    uid != OVERFLOW || openat(directory, c".", BY_OWNER, Mode::empty()).err() != Some(Errno::PERM)
}

/// The same for the directory at a path.
pub fn is_own_at(directory: &Path, uid: u32) -> bool {
    uid != OVERFLOW || openat(CWD, directory, BY_OWNER, Mode::empty()).err() != Some(Errno::PERM)
}
