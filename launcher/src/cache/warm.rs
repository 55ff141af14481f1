//! The warm start's look into a cache: a few `open`s, one `read`, a few `stat`s; nothing is written but, once
//! a day, the record's time, which is how `prune` knows what is in use.
//!
//! Before that note a start looks at the shape of everything that the app has in the cache (see [`index`]), and
//! when something is missing it goes cold. So does the first start after a boot: nothing is synced when it is
//! published, and files that had not reached the disk when the power went away are short or missing afterwards.
//! Every other start looks at the sentinels only. A cache that the note can't be written to is not looked
//! through either: each start would pay, and whoever may not write there has not removed anything.
//!
//! Clocks: the note is this machine's own time, so that a file server's clock does not matter. A note from
//! further in the future than a day is as good as none: one check, and the new note is right. A clock that
//! jumps forward (one that is set by the network after the boot) moves the computed time of the boot along: one
//! more check. One that jumps back delays the next check by as much, a day at most. Under a clock that is wrong
//! since the boot, a power loss is noticed when it has been set right.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT, futimens, openat, statat};

use super::roots::{Candidate, Root, Standing, open_existing};
use super::{Ready, app_key, index};
use crate::format::names::{APP_RECORD, CACHE_APPS, CACHE_VERSION};
use crate::format::record::{Record, SIZE_MAX};
use crate::format::trailer::Trailer;
use crate::libc_choice::Host;
use crate::sys;

/// How often a start notes its use.
const NOTE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How closely an app's directory is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The record alone, for those who want to know what is wrong.
    Record,
    /// The sentinels; nothing is noted: a read-only cache, or a start that could not rebuild anything.
    Sentinels,
    /// The sentinels, and once a day or boot the shape of all, then the note.
    Daily,
    /// The sentinels and the shape of the app's own directory, whatever the time, then the note.
    Shape,
}

/// The app, when one of the candidates holds it whole.
#[must_use]
pub fn find(trailer: &Trailer, host: &Host, candidates: &[Candidate], uid: u32) -> Option<Ready> {
    candidates.iter().find_map(|candidate| {
        let root = open_existing(candidate, uid).ok()?;
        let look = match candidate.standing {
            Standing::Store => Look::Sentinels,
            _ => Look::Daily,
        };
        let found = in_root(trailer, host, &root, look)?;
        // `execve` closes it.
        std::mem::forget(root);
        Some(found)
    })
}

/// The app in one root, when it is there and whole.
#[must_use]
pub fn in_root(trailer: &Trailer, host: &Host, root: &Root, look: Look) -> Option<Ready> {
    let key = app_key(trailer, root.path.as_os_str().as_bytes(), host);
    let relative = format!("{CACHE_VERSION}/{CACHE_APPS}/{key}/{APP_RECORD}");
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(&root.directory, &relative, flags, Mode::empty()).ok()?;
    read(File::from(file), root.path.join(&relative).parent()?, look)
}

/// The record of an app's directory, when it is there and whole.
#[must_use]
pub fn in_directory(directory: &Path, look: Look) -> Option<Ready> {
    read(File::open(directory.join(APP_RECORD)).ok()?, directory, look)
}

fn read(mut file: File, directory: &Path, look: Look) -> Option<Ready> {
    let metadata = file.metadata().ok()?;
    let length = usize::try_from(metadata.len())
        .ok()
        .filter(|length| *length <= SIZE_MAX)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).ok()?;
    let record = Record::decode(&bytes).ok()?;
    if look != Look::Record && !has_sentinels(&record) {
        return None;
    }
    match look {
        Look::Shape => {
            if !index::is_whole(directory) {
                return None;
            }
            set_time(&file, SystemTime::now());
        }
        Look::Daily => {
            let noted = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            // The same time once more: that shows whether a note could be written at all.
            if is_due(noted, SystemTime::now(), sys::boot_time()) && set_time(&file, noted) {
                let mut directories = record.layers.iter().map(|layer| shown(layer));
                if !(index::is_whole(directory) && directories.all(|layer| index::is_whole(&layer))) {
                    return None;
                }
                set_time(&file, SystemTime::now());
            }
        }
        _ => {}
    }
    Some(Ready {
        directory: directory.as_os_str().as_bytes().to_vec(),
        record,
        file: Some(file),
    })
}

fn has_sentinels(record: &Record) -> bool {
    let is_there = |path: &Vec<u8>| statat(rustix::fs::CWD, path.as_slice(), AtFlags::empty()).is_ok();
    record.checks.iter().all(is_there)
}

/// Whether a note of that time is too old, or from before the boot, or from a clock that was wrong.
fn is_due(noted: SystemTime, now: SystemTime, boot: Option<SystemTime>) -> bool {
    let far = |distance: Duration| distance > NOTE_EVERY;
    let age_is_wrong = match now.duration_since(noted) {
        Ok(age) => far(age),
        Err(ahead) => far(ahead.duration()),
    };
    age_is_wrong || boot.is_some_and(|boot| noted < boot)
}

/// Whether the record's time could be set. Failure means a cache that is read-only for us, whose owner has other
/// ways to know.
fn set_time(record: impl AsFd, time: SystemTime) -> bool {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let omit = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_OMIT,
    };
    let time = Timespec {
        tv_sec: i64::try_from(since.as_secs()).unwrap_or(0),
        tv_nsec: since.subsec_nanos().into(),
    };
    let times = Timestamps {
        last_access: omit,
        last_modification: time,
    };
    futimens(record, &times).is_ok()
}

/// The path of a record's entry, for messages.
#[must_use]
pub fn shown(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_due_after_a_day_after_a_boot_and_when_a_clock_was_wrong() {
        let hours = |hours: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3600);
        let now = hours(1000);
        assert!(!is_due(hours(999), now, Some(hours(900))));
        assert!(is_due(hours(975), now, Some(hours(900))), "a day");
        assert!(is_due(hours(990), now, Some(hours(991))), "a boot");
        assert!(!is_due(hours(1010), now, Some(hours(900))), "set back a little");
        assert!(is_due(hours(1025), now, None), "far in the future");
        assert!(!is_due(hours(999), now, None));
    }
}
