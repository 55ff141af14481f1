//! Locks: `flock` on files below `<root>/v1/locks`, which are never removed, and on directories below
//! `<root>/v1/tmp`.
//!
//! Why flock: it belongs to the open file, so the kernel releases it when the holder dies; a kill leaves nothing
//! behind. fs2 makes the calls; the only other code that needs a lock goes through this module.
//!
//! Order: a cold start shares the lock `all`, then takes the locks of all layers that it misses, in the order of
//! their names. It unpacks and publishes the layers, releases their locks, and takes the lock of its app. Nobody
//! waits for a layer's lock while holding an app's. `prune` takes `all` exclusively, and no other lock.
//!
//! Without locks (`ENOLCK`, `EOPNOTSUPP`) every start unpacks for itself and the rename decides. NFS turns flock
//! into byte-range locks, which need a file that is open for writing (exclusive) or reading (shared): directories
//! can't be locked there (`EBADF`).

#![expect(clippy::disallowed_methods, reason = "the one module that takes file locks")]

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use fs2::FileExt;

use crate::error::{Error, Result};

/// How long a start waits before it says so.
const QUIET: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(5);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) enum Lock {
    /// Held.
    Held(#[expect(dead_code, reason = "closing the file releases the lock")] File),
    /// The file system has no locks.
    Unsupported,
}

/// Takes the lock at `path` exclusively; calls `waiting` once when that takes longer than 300 ms.
///
/// # Errors
/// When the lock file can't be opened or locked.
pub(super) fn exclusive(path: &Path, waiting: &mut dyn FnMut()) -> Result<Lock> {
    acquire(path, File::try_lock_exclusive, File::lock_exclusive, waiting)
}

/// Takes the lock at `path` together with others who share it; calls `waiting` once when that takes longer than
/// 300 ms.
///
/// # Errors
/// When the lock file can't be opened or locked.
pub(super) fn shared(path: &Path, waiting: &mut dyn FnMut()) -> Result<Lock> {
    acquire(
        path,
        <File as FileExt>::try_lock_shared,
        <File as FileExt>::lock_shared,
        waiting,
    )
}

/// Takes the exclusive lock of an open file or directory, if it is free.
///
/// # Errors
/// What the system says, [`is_unsupported`] or not.
pub(super) fn try_exclusive(file: &File) -> io::Result<bool> {
    match file.try_lock_exclusive() {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether an error means that the file system has no locks.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    let codes = [
        libc::ENOLCK,
        libc::EOPNOTSUPP,
        libc::ENOSYS,
        libc::EINVAL,
        libc::EBADF,
        libc::EPERM,
    ];
    error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

fn acquire(
    path: &Path,
    try_lock: fn(&File) -> io::Result<()>,
    lock: fn(&File) -> io::Result<()>,
    waiting: &mut dyn FnMut(),
) -> Result<Lock> {
    let failed = |error: &io::Error| Error::storage("lock", path, error);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| failed(&error))?;
    let mut began = Some(Instant::now());
    loop {
        let result = if began.is_some() {
            try_lock(&file)
        } else {
            lock(&file)
        };
        match result {
            Ok(()) => return Ok(Lock::Held(file)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(STEP),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_unsupported(&error) => return Ok(Lock::Unsupported),
            Err(error) => return Err(failed(&error)),
        }
        if began.is_some_and(|began| began.elapsed() >= QUIET) {
            waiting();
            began = None;
        }
    }
}
