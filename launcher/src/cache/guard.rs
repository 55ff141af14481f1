//! Keeps starts away from an app while `prune` decides whether to remove it.
//!
//! A start, and each child that runs `sys.executable`, opens the app's launch record and keeps it open until `execve`.
//! A write lease on the record shows that nobody has it open, on this machine and in any namespace, and makes whoever
//! opens it wait. So nothing is hidden before the decision: when the app stays, those who wait go on.
//!
//! On a file system without leases the record is hidden by a rename, and the starts that have it open get time to
//! reach `execve`. Children read the hidden record as well; other starts are cold ones, which wait for `prune`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::format::names::{APP_RECORD, APP_RECORD_HIDDEN};
use crate::sys;

/// How long a start may take where the kernel doesn't tell whether a file is open.
const STARTING: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(2);

/// Keeps starts away from an app until it is dropped.
#[derive(Debug)]
pub(super) enum Guard {
    /// A lease on the record.
    Leased(File),
    /// The app's directory, whose record is hidden.
    Hidden(PathBuf),
    /// There is no record, so nobody can start the app.
    NoRecord,
}

impl Guard {
    /// Takes the guard of an app; `None` when a start has its record open.
    ///
    /// # Errors
    /// When the record can't be hidden.
    pub(super) fn take(app: &Path) -> io::Result<Option<Self>> {
        let Some(file) = open(app) else {
            return Ok(Some(Self::NoRecord));
        };
        match sys::take_lease(file.as_fd()) {
            Ok(true) => Ok(Some(Self::Leased(file))),
            Ok(false) => Ok(None),
            Err(_) => match fs::rename(app.join(APP_RECORD), app.join(APP_RECORD_HIDDEN)) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(Some(Self::Hidden(app.to_owned()))),
            },
        }
    }

    /// Gives the starts that have hidden records open the time to reach `execve`.
    pub(super) fn settle<'a>(mut guards: impl Iterator<Item = &'a Self>) {
        if guards.any(|guard| matches!(guard, Self::Hidden(_))) {
            std::thread::sleep(STARTING);
        }
    }

    /// Whether no start of the app has come since.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Leased(file) => sys::has_lease(file.as_fd()),
            // Without locks, another start may have written the app again.
            Self::Hidden(app) => !app.join(APP_RECORD).exists(),
            Self::NoRecord => true,
        }
    }
}

impl Drop for Guard {
    /// Lets starts go on; does nothing when the app is gone.
    fn drop(&mut self) {
        if let Self::Hidden(app) = self
            && !app.join(APP_RECORD).exists()
        {
            // If this fails, the app's next start is a cold one.
            fs::rename(app.join(APP_RECORD_HIDDEN), app.join(APP_RECORD)).unwrap_or_default();
        }
    }
}

/// Waits until no process has an app's record open, or until `until`.
pub(super) fn wait_for_starts(app: &Path, until: Instant) {
    let is_open = || open(app).is_some_and(|file| sys::take_lease(file.as_fd()).is_ok_and(|taken| !taken));
    while Instant::now() < until && is_open() {
        std::thread::sleep(STEP);
    }
}

/// The app's record, or the one that a `prune` has hidden, for a moment or because it was killed.
pub(super) fn open(app: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    // A FIFO in its place is not waited for.
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let open = |name| options.open(app.join(name)).ok();
    open(APP_RECORD).or_else(|| open(APP_RECORD_HIDDEN))
}
