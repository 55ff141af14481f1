//! Locks: `flock` on files below `<root>/v1/locks`, which are never removed.
//!
//! Why flock: it belongs to the open file, so the kernel lets go of it when the holder dies, however it dies;
//! a kill leaves nothing behind. Who waits for whom: a cold start takes the locks of all layers that it
//! misses, in the order of their names, then unpacks and publishes them, lets go, and takes the lock of its
//! app's directory; nobody asks for a layer's lock while holding an app's. Before all that it takes the lock
//! `all`, which cold starts share and `prune` has alone; `prune` asks for no other. Where the file system has no
//! locks (`ENOLCK`, `EOPNOTSUPP`), everyone works for himself and the rename decides. NFS makes byte-range locks of
//! these, for which a file must be open for writing: there a directory can't be locked (`EBADF`).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A waiting starter is quiet for this long.
const QUIET: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(5);

/// A lock that is held until it is dropped, or the news that there are none here.
#[derive(Debug)]
pub enum Lock {
    /// Held.
    Held(File),
    /// The file system has no locks.
    Unsupported,
}

/// Takes the lock at `path`; calls `waiting` once when that takes long.
///
/// # Errors
/// When the lock file can't be made.
pub fn take(path: &Path, waiting: &mut dyn FnMut()) -> Result<Lock> {
    let failed = |error: &io::Error| Error::storage("lock", path, error);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| failed(&e))?;
    let began = Instant::now();
    while began.elapsed() < QUIET {
        match try_take(&file) {
            Ok(true) => return Ok(Lock::Held(file)),
            Ok(false) => std::thread::sleep(STEP),
            Err(error) if unsupported(&error) => return Ok(Lock::Unsupported),
            Err(error) => return Err(failed(&error)),
        }
    }
    waiting();
    loop {
        match file.lock() {
            Ok(()) => return Ok(Lock::Held(file)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if unsupported(&error) => return Ok(Lock::Unsupported),
            Err(error) => return Err(failed(&error)),
        }
    }
}

/// Takes the lock at `path` along with others who share it; calls `waiting` once when that takes long.
///
/// # Errors
/// When the lock file can't be made.
pub fn share(path: &Path, waiting: &mut dyn FnMut()) -> Result<Lock> {
    let failed = |error: &io::Error| Error::storage("lock", path, error);
    // NFS wants a file that is open for reading, as a read lock on bytes would.
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|e| failed(&e))?;
    match file.try_lock_shared() {
        Ok(()) => return Ok(Lock::Held(file)),
        Err(TryLockError::WouldBlock) => waiting(),
        Err(TryLockError::Error(error)) if unsupported(&error) => return Ok(Lock::Unsupported),
        Err(TryLockError::Error(error)) => return Err(failed(&error)),
    }
    loop {
        match file.lock_shared() {
            Ok(()) => return Ok(Lock::Held(file)),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if unsupported(&error) => return Ok(Lock::Unsupported),
            Err(error) => return Err(failed(&error)),
        }
    }
}

/// Whether the lock could be taken at once.
///
/// # Errors
/// What the system says, [`unsupported`] or not.
pub fn try_take(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether an error means that the file system has no locks.
#[must_use]
pub fn unsupported(error: &io::Error) -> bool {
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
