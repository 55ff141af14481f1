//! The warm start's look into a cache: a few `open`s, one `read`, a few `stat`s; nothing is written but, once
//! a day, the record's time, which is how `prune` knows what is in use.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, futimens, openat, statat};

use super::roots::{Candidate, Root, open_existing};
use super::{Ready, app_key};
use crate::libc_choice::Host;
use crate::names::{APP_RECORD, CACHE_APPS, CACHE_VERSION};
use crate::record::{Record, SIZE_MAX};
use crate::trailer::Trailer;

/// How often a start notes its use.
const NOTE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// The app, when one of the candidates holds it whole.
#[must_use]
pub fn find(trailer: &Trailer, host: &Host, candidates: &[Candidate], uid: u32) -> Option<Ready> {
    candidates.iter().find_map(|candidate| {
        let root = open_existing(candidate, uid).ok()?;
        in_root(trailer, host, &root)
    })
}

/// The app in one root, when it is there and whole.
#[must_use]
pub fn in_root(trailer: &Trailer, host: &Host, root: &Root) -> Option<Ready> {
    let key = app_key(trailer, root.path.as_os_str().as_bytes(), host);
    let relative = format!("{CACHE_VERSION}/{CACHE_APPS}/{key}/{APP_RECORD}");
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(&root.directory, &relative, flags, Mode::empty()).ok()?;
    let record = read(File::from(file))?;
    let directory = root
        .path
        .join(&relative)
        .parent()?
        .as_os_str()
        .as_bytes()
        .to_vec();
    Some(Ready { directory, record })
}

/// The record of an app's directory, when it is there and whole.
#[must_use]
pub fn in_directory(directory: &Path) -> Option<Ready> {
    let record = read(File::open(directory.join(APP_RECORD)).ok()?)?;
    Some(Ready {
        directory: directory.as_os_str().as_bytes().to_vec(),
        record,
    })
}

fn read(mut file: File) -> Option<Record> {
    let metadata = file.metadata().ok()?;
    let length = usize::try_from(metadata.len())
        .ok()
        .filter(|length| *length <= SIZE_MAX)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).ok()?;
    let record = Record::decode(&bytes).ok()?;
    let whole = record
        .checks
        .iter()
        .all(|path| statat(rustix::fs::CWD, path.as_slice(), AtFlags::empty()).is_ok());
    if !whole {
        return None;
    }
    let used: Option<SystemTime> = metadata.modified().ok();
    if used
        .and_then(|used| used.elapsed().ok())
        .is_none_or(|age| age > NOTE_EVERY)
    {
        note_use(file.as_fd());
    }
    Some(record)
}

/// Failure means a cache that is read-only for us, whose owner has other ways to know.
fn note_use(record: impl AsFd) {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    futimens(
        record,
        &Timestamps {
            last_access: now,
            last_modification: now,
        },
    )
    .unwrap_or_default();
}

/// The path of a record's entry, for messages.
#[must_use]
pub fn shown(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}
