//! The warm start: a few `open`s, one `read`, a few `stat`s. It writes nothing but, once a day, the modification time
//! of the launch record, from which `prune` knows what is in use.
//!
//! Before that note a start compares everything that the app has in the cache with its index (see `shape`); if
//! something is missing, a cold start follows. So does the first start after a boot: published files are not synced,
//! so those that had not reached the disk at a power loss are short or missing. (Some file systems leave their sizes;
//! so contents are compared once after a boot, unless a later use shows that the machine ran on.) Every other start
//! checks the sentinels only. A cache where the note can't be written is not compared either: every start would pay for it, and
//! a user who can't write there can't have removed anything.
//!
//! Clocks: the note is this machine's own time, so a file server's clock doesn't matter. A note more than a day in the
//! future is ignored: one comparison, and the new note is right. When the clock jumps forward (set by the network
//! after the boot), the computed time of the boot moves along: one more comparison. When it jumps back, the next
//! comparison is late by as much, a day at most. While the clock is wrong since the boot, a power loss is noticed
//! only when the clock has been set.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_OMIT, futimens, statat};

use super::candidates::Origin;
use super::context::Context;
use super::key::app_key;
use super::published::Note;
use super::ready::Ready;
use super::root::Root;
use super::{closed, guard, shape, stores};
use crate::bytes::as_path;
use crate::format::names::APP_RECORD;
use crate::format::record::{Record, SIZE_MAX};
use crate::sys;

/// How often a start notes its use.
const NOTE_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How closely an app's directory is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The launch record alone, for `verify` and `prune`.
    Record,
    /// The sentinels, without a note: in a read-only cache, or where nothing could be rebuilt.
    Sentinels,
    /// The sentinels; once a day and boot also the index of the app and its layers, and then the note.
    Daily,
    /// The sentinels and the index of the app's own directory, and then the note.
    Shape,
    /// The sentinels, and then the note: of a directory that was just restored.
    Restored,
}

/// The app, when a store or a candidate holds it intact. A candidate that other users could replace is used last, as
/// by a cold start.
#[must_use]
pub fn find(context: &Context<'_>) -> Option<Ready> {
    let mut exposed = Vec::new();
    for candidate in context.stores.iter().chain(&context.candidates) {
        let Ok(root) = Root::open_directly(candidate, context.uid) else {
            continue;
        };
        // A use through a store is noted as well, where this user may do that.
        let look = match candidate.origin {
            Origin::Store if root.is_foreign => Look::Sentinels,
            _ => Look::Daily,
        };
        let is_checked = candidate.origin.is_checked();
        if !root.is_exposed
            && let Some(ready) = use_root(context, root, look)
        {
            return Some(ready);
        }
        if is_checked {
            exposed.push(candidate);
        }
    }
    let system = || use_root(context, context.open_system_store()?, Look::Sentinels);
    let exposed = || {
        exposed.into_iter().find_map(|candidate| {
            let root = Root::open(candidate, context.uid).ok()?;
            root.is_exposed
                .then(|| use_root(context, root, Look::Daily))
                .flatten()
        })
    };
    system().or_else(exposed)
}

/// The app in this root, when this user can read all of it.
fn use_root(context: &Context<'_>, root: Root, look: Look) -> Option<Ready> {
    let key = app_key(&context.payload.trailer, &root, &context.host);
    let found = in_root(&root, &key, look)?;
    if root.is_foreign && found.record.private {
        return None;
    }
    // `execve` closes it.
    std::mem::forget(root);
    Some(found)
}

/// The app in one root, when it is there and intact.
pub(super) fn in_root(root: &Root, key: &str, look: Look) -> Option<Ready> {
    read(root.open_record(key)?, &root.app(key), look)
}

/// The app of a directory, when it is there and intact.
#[must_use]
pub fn in_directory(directory: &Path, look: Look) -> Option<Ready> {
    // A child doesn't fail because a `prune` has hidden the record for a moment.
    read(guard::open(directory)?, directory, look)
}

fn read(mut file: File, directory: &Path, look: Look) -> Option<Ready> {
    let metadata = file.metadata().ok()?;
    let length = usize::try_from(metadata.len())
        .ok()
        .filter(|length| *length <= SIZE_MAX)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).ok()?;
    let record = Record::decode(&bytes).ok()?;
    if !stores::are_trusted(&record, directory) {
        return None;
    }
    if look != Look::Record && !has_sentinels(&record) {
        return None;
    }
    let noted = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    match look {
        Look::Restored => {
            set_time(&file, SystemTime::now());
        }
        Look::Shape => {
            if !shape::is_intact(directory, Some(note(noted))) {
                return None;
            }
            set_time(&file, SystemTime::now());
        }
        Look::Daily => {
            let note = note(noted);
            // Setting the same time again shows whether a note can be written.
            if is_due(noted, SystemTime::now(), note.boot) && set_time(&file, noted) {
                let layers = record.layers.iter().map(|layer| as_path(layer));
                let mut directories = [directory].into_iter().chain(layers);
                let can_be_used = |directory: &Path| {
                    closed::refusal(directory).is_none() && shape::is_intact(directory, Some(note))
                };
                if !directories.all(can_be_used) {
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

fn note(time: SystemTime) -> Note {
    Note {
        time,
        boot: sys::boot_time(),
    }
}

/// The last note of an app's use.
pub(super) fn last_note(directory: &Path) -> Option<Note> {
    let record = directory.join(APP_RECORD).symlink_metadata().ok()?;
    record.modified().ok().map(note)
}

fn has_sentinels(record: &Record) -> bool {
    let is_there = |path: &Vec<u8>| statat(rustix::fs::CWD, path.as_slice(), AtFlags::empty()).is_ok();
    record.checks.iter().all(is_there)
}

/// Whether a note is older than a day or than the boot, or was made by a wrong clock.
fn is_due(noted: SystemTime, now: SystemTime, boot: Option<SystemTime>) -> bool {
    let far = |distance: Duration| distance > NOTE_EVERY;
    let age_is_wrong = match now.duration_since(noted) {
        Ok(age) => far(age),
        Err(ahead) => far(ahead.duration()),
    };
    age_is_wrong || boot.is_some_and(|boot| noted < boot)
}

/// Sets the record's modification time; false where the cache is read-only for this user.
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
