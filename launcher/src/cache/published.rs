//! When a directory of the cache was published, and so whether a difference is decay or the work of the program.
//!
//! The index is written last, so its time is that of the publication. What decays (a power loss, a full disk, a copy
//! that was interrupted) keeps the time at which it was unpacked, or is missing. A member that differs and is newer
//! than the index was changed since then, by the program or its user, and is theirs. So is whatever became longer,
//! and a directory in the place of a file.
//!
//! The time is the change time (ctime), which no program can set back. In a copy of a cache (`cp -a`, the image of a
//! container) all change times are new, in any order. There the modification times count, which such a copy keeps.
//! A copy is known by its index: the two times of a file that was just written are the same. When [`super::restore`]
//! has to write an index anew, it makes it look like one of a copy that is older than everything that it has kept.
//! Where a copy keeps no times at all (`cp -r`), members after the index in the order of copying count as changed.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// After so many seconds the kernel has written data to the disk; by default it does after 30.
const WRITTEN: i64 = 60;
/// A power loss is looked for when the machine was booted at most so many seconds after the publication: an image of
/// containers that was made before would be compared at every start.
const BOOTED: i64 = 24 * 60 * 60;

/// Seconds since 1970, and nanoseconds.
pub(super) type Time = (i64, i64);

/// The publication of a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Published {
    /// When.
    pub(super) time: Time,
    /// Whether change times are those of the publication.
    is_original: bool,
}

impl Published {
    /// As a directory's index tells.
    pub(super) fn of(index: &Metadata) -> Self {
        let time = modified(index);
        Self {
            time,
            is_original: time == (index.ctime(), index.ctime_nsec()),
        }
    }

    /// Whether a power loss may have left files with their sizes but without their data: nothing shows that the machine
    /// ran on for long enough after the publication. Then contents must be compared.
    pub(super) fn is_doubtful(&self, note: Note) -> bool {
        let (published, noted) = (self.time.0, seconds(note.time));
        let was_booted = |boot| {
            let boot = seconds(boot);
            noted < boot && published < boot && boot.saturating_sub(BOOTED) < published
        };
        // A note from before the publication was lost itself, or is about another one.
        let is_older = noted.saturating_add(1) < published;
        self.is_original
            && noted < published.saturating_add(WRITTEN)
            && (is_older || note.boot.is_some_and(was_booted))
    }

    fn is_before(&self, found: &Metadata) -> bool {
        let time = if self.is_original {
            (found.ctime(), found.ctime_nsec())
        } else {
            modified(found)
        };
        time > self.time
    }
}

/// The note of an app's last use (see [`super::warm`]).
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    /// When.
    pub(super) time: SystemTime,
    /// When the machine was booted, if that is known.
    pub(super) boot: Option<SystemTime>,
}

/// Seconds since 1970; times before it count as 1970.
fn seconds(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The modification time.
pub(super) fn modified(found: &Metadata) -> Time {
    (found.mtime(), found.mtime_nsec())
}

/// Whether what is found in the place of a member of `size` bytes that differs, or above it, is not decay. Without a
/// known time of publication everything but a missing member is the program's.
pub(super) fn is_programs(root: &Path, path: &Path, size: u64, published: Option<&Published>) -> bool {
    let mut at = root.to_owned();
    let mut parts = path.iter().peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        let Ok(found) = fs::symlink_metadata(&at) else {
            return false;
        };
        let is_member = parts.peek().is_none();
        if is_member || !found.is_dir() {
            return found.is_dir()
                || is_member && found.is_file() && found.len() > size
                || published.is_none_or(|published| published.is_before(&found));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, FileTimes};
    use std::os::unix::fs::symlink;

    #[test]
    fn data_is_doubted_until_the_machine_is_known_to_have_run_on() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let published = |is_original| Published {
            time: (1_000_000, 0),
            is_original,
        };
        let is = |noted, boot| {
            let boot = Some(at(boot));
            let note = Note {
                time: at(noted),
                boot,
            };
            published(true).is_doubtful(note)
        };
        assert!(is(1_000_001, 1_003_000), "booted soon after");
        assert!(!is(1_000_061, 1_003_000), "used later");
        assert!(!is(1_000_001, 1_000_000), "not booted since");
        assert!(!is(1_000_001, 1_100_000), "long ago");
        assert!(is(900_000, 5), "the note is older than the publication");
        let note = Note {
            time: at(900_000),
            boot: None,
        };
        assert!(published(true).is_doubtful(note) && !published(false).is_doubtful(note));
    }

    fn set(path: &Path, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = File::options().write(true).open(path).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }

    #[test]
    fn what_is_newer_or_longer_is_the_programs() {
        let place = std::env::temp_dir().join(format!("pyship-published-{}", std::process::id()));
        let root = place.as_path();
        fs::create_dir_all(root.join("d")).unwrap();
        fs::write(root.join("d/old"), "123").unwrap();
        let index = root.join("index");
        fs::write(&index, "").unwrap();
        let written = Published::of(&index.metadata().unwrap());
        assert!(written.is_original);
        let is = |path: &str, size, published: &Published| {
            is_programs(root, Path::new(path), size, Some(published))
        };
        assert!(!is("d/old", 9, &written), "cut");
        assert!(is("d/old", 2, &written), "grown");
        assert!(!is("d/none", 0, &written), "missing");
        assert!(!is("none/below", 0, &written));
        assert!(is("d", 0, &written), "a directory in a file's place");
        std::thread::sleep(Duration::from_millis(20));
        fs::write(root.join("d/new"), "1").unwrap();
        set(&root.join("d/new"), 5);
        assert!(is("d/new", 9, &written), "no time can be set back");
        symlink("d", root.join("link")).unwrap();
        assert!(is("link", u64::MAX, &written) && is("link/none", 9, &written));
        assert!(is_programs(root, Path::new("d/old"), 9, None));
        // In a copy.
        set(&index, 10);
        let copied = Published::of(&index.metadata().unwrap());
        assert!(!copied.is_original);
        set(&root.join("d/old"), 10);
        assert!(!is("d/new", 9, &copied) && !is("d/old", 9, &copied));
        set(&root.join("d/new"), 11);
        assert!(is("d/new", 9, &copied) && is("d/old", 2, &copied));
        fs::remove_dir_all(root).unwrap();
    }
}
