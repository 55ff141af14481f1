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
//! Nobody waits for ever: whoever holds a lock may be stopped. After [`PATIENCE`] a start goes on without `all`. For
//! a layer or an app it takes the next lock of that name, so that of all who wait one unpacks for itself, as where
//! there are no locks. A `prune` gives up. Who unpacks touches its lock files every few seconds: a slow disk or a busy
//! machine is no reason to unpack once more.
//!
//! Without locks (`ENOLCK`, `EOPNOTSUPP`) every start unpacks for itself and the rename decides. NFS turns flock
//! into byte-range locks, which need a file that is open for writing (exclusive) or reading (shared): directories
//! can't be locked there (`EBADF`).
//!
//! Whoever can open a file can lock it. So other users can't look into the directory of the lock files.

#![expect(clippy::disallowed_methods, reason = "the one module that takes file locks")]

use std::cell::Cell;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use fs2::FileExt;
use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

use super::holder::holder;
use crate::error::{Error, Kind, Result};

/// How long a start waits before it says so.
const QUIET: Duration = Duration::from_millis(300);
/// How long anyone waits for a holder that doesn't go on.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a lock is asked for: at first, and by those who have waited for long.
const STEPS: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(50)];
/// How many locks of one name there are. More than one is held only when its holder was stopped.
const NEXT_MAX: u32 = 8;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) enum Lock {
    /// Held.
    Held(File),
    /// The file system has no locks, or its holder keeps it for too long.
    Unsupported,
}

impl Lock {
    /// Tells those who wait that its holder goes on. Failure costs a needless unpacking.
    pub(super) fn touch(&self) {
        if let Self::Held(file) = self {
            let now = Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_NOW,
            };
            let times = Timestamps {
                last_access: now,
                last_modification: now,
            };
            futimens(file, &times).unwrap_or_default();
        }
    }
}

/// Takes the lock at `path` exclusively, or the next one of that name when its holder keeps it for too long; `first` is
/// the number of the one to begin with. Calls `waiting` with a description of the holder when it takes longer than
/// 300 ms.
///
/// # Errors
/// When the lock file can't be opened or locked.
pub(super) fn own(path: &Path, first: &Cell<u32>, waiting: &mut dyn FnMut(&str)) -> Result<Lock> {
    while first.get() < NEXT_MAX {
        let number = first.get();
        let mut name = path.as_os_str().to_owned();
        if number > 0 {
            name.push(format!(".{number}"));
        }
        if let Some(lock) = acquire(name.as_ref(), File::try_lock_exclusive, PATIENCE, waiting)? {
            return Ok(lock);
        }
        first.set(number + 1);
    }
    Ok(Lock::Unsupported)
}

/// Takes the lock at `path` exclusively.
///
/// # Errors
/// When the lock file can't be opened or locked, or someone holds it for too long.
pub(super) fn exclusive(path: &Path, waiting: &mut dyn FnMut()) -> Result<Lock> {
    let mut name = String::new();
    let taken = acquire(path, File::try_lock_exclusive, PATIENCE, &mut |holder| {
        holder.clone_into(&mut name);
        waiting();
    });
    taken?.ok_or_else(|| Error::path(Kind::Storage, "lock", path, format!("{name} keeps it")))
}

/// Takes the lock at `path` together with others who share it, or goes without it when someone else keeps it for too
/// long. Calls `waiting` as [`own`] does.
///
/// # Errors
/// When the lock file can't be opened or locked.
pub(super) fn shared(path: &Path, waiting: &mut dyn FnMut(&str)) -> Result<Lock> {
    let taken = acquire(path, <File as FileExt>::try_lock_shared, PATIENCE, waiting)?;
    Ok(taken.unwrap_or(Lock::Unsupported))
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

/// Tries until the lock is taken; nothing when its holder has not gone on for as long as `patience`.
fn acquire(
    path: &Path,
    try_lock: fn(&File) -> io::Result<()>,
    patience: Duration,
    waiting: &mut dyn FnMut(&str),
) -> Result<Option<Lock>> {
    let failed = |error: &io::Error| Error::storage("lock", path, error);
    if let Some(locks) = path.parent() {
        close_to_others(locks);
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| failed(&error))?;
    let began = Instant::now();
    let mut step = STEPS[0];
    // By its own steps: where the whole machine stands still for a while, the holder did, too.
    let mut waited = Duration::ZERO;
    let mut touched = touched_at(&file);
    loop {
        match try_lock(&file) {
            Ok(()) => return Ok(Some(Lock::Held(file))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(step);
                waited += step;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_unsupported(&error) => return Ok(Some(Lock::Unsupported)),
            Err(error) => return Err(failed(&error)),
        }
        if waited >= patience {
            let last = touched_at(&file);
            if last == touched {
                return Ok(None);
            }
            (waited, touched) = (Duration::ZERO, last);
        }
        if began.elapsed() >= QUIET && step == STEPS[0] {
            step = STEPS[1];
            waiting(&holder(&file));
        }
    }
}

fn touched_at(file: &File) -> Option<(i64, i64)> {
    let found = file.metadata().ok()?;
    Some((found.mtime(), found.mtime_nsec()))
}

/// Others who could open the lock files (`chmod -R a+rX`) may hold their locks for ever: shuts the directory, and
/// drops the files.
fn close_to_others(locks: &Path) {
    let is_open = || fs::metadata(locks).is_ok_and(|found| found.mode() & 0o077 != 0);
    if is_open() && fs::set_permissions(locks, Permissions::from_mode(0o700)).is_ok() && !is_open() {
        for entry in fs::read_dir(locks).into_iter().flatten().flatten() {
            fs::remove_file(entry.path()).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    const SHORT: Duration = Duration::from_millis(500);

    /// Whether who waits gets a lock whose holder does `each` every 20 ms, at most so many times.
    fn is_waited_for(name: &str, times: u32, each: impl Fn(&Lock) + Send) -> bool {
        let place = std::env::temp_dir().join(format!("pyship-lock-{name}-{}", std::process::id()));
        fs::create_dir(&place).unwrap();
        let path = place.join("lock");
        let take = |patience| acquire(&path, File::try_lock_exclusive, patience, &mut |_| ()).unwrap();
        let is_over = AtomicBool::new(false);
        let is_taken = thread::scope(|scope| {
            let (sender, held) = channel();
            let (take, is_over) = (&take, &is_over);
            scope.spawn(move || {
                let lock = take(PATIENCE).unwrap();
                sender.send(()).unwrap();
                for _ in 0..times {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    each(&lock);
                    thread::sleep(Duration::from_millis(20));
                }
            });
            held.recv().unwrap();
            let is_taken = take(SHORT).is_some();
            is_over.store(true, Ordering::Relaxed);
            is_taken
        });
        fs::remove_dir_all(&place).unwrap();
        is_taken
    }

    #[test]
    fn a_holder_that_goes_on_is_waited_for() {
        assert!(is_waited_for("goes-on", 100, Lock::touch));
    }

    #[test]
    fn a_holder_that_stands_still_is_not() {
        assert!(!is_waited_for("still", u32::MAX, |_| ()));
    }
}
