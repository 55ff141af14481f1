//! Whether a file is the one that it was, without reading it: what make and its kind trust, and the change time,
//! which nobody can set back.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A change of this long before a pack began may have the same time as what was read.
const TOO_RECENT: Duration = Duration::from_secs(2);

/// What `stat` says of a file or directory, through links. The device isn't part of it: its number is another
/// after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    inode: u64,
    mode: u32,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Of what is at `path`; none when nothing is.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let data = fs_err::metadata(path).ok()?;
        Some(Self {
            inode: data.ino(),
            mode: data.mode(),
            size: data.size(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }

    /// For a key.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let Self {
            inode,
            mode,
            size,
            modified,
            changed,
        } = self;
        format!("{inode} {mode} {size} {modified:?} {changed:?}").into_bytes()
    }

    /// Whether it may have changed while, or just before, something that began then was made of it.
    #[must_use]
    pub fn is_after(&self, began: SystemTime) -> bool {
        let since = began
            .checked_sub(TOO_RECENT)
            .and_then(|then| then.duration_since(SystemTime::UNIX_EPOCH).ok());
        since.is_none_or(|since| self.changed.0 >= i64::try_from(since.as_secs()).unwrap_or(0))
    }
}

/// Files and directories that something was made of, each with its stamp or none when it was not there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs(Vec<(Vec<u8>, Option<Stamp>)>);

impl Inputs {
    /// Of these paths as they are now.
    #[must_use]
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let stamped = paths
            .into_iter()
            .map(|path| (path.as_os_str().as_bytes().to_vec(), Stamp::of(path)));
        Self(stamped.collect())
    }

    /// Whether all of them are as they were.
    #[must_use]
    pub fn are_unchanged(&self) -> bool {
        self.0.iter().all(|(path, stamp)| {
            let path = Path::new(std::ffi::OsStr::from_bytes(path));
            Stamp::of(path) == *stamp
        })
    }

    /// See [`Stamp::is_after`].
    #[must_use]
    pub fn are_after(&self, began: SystemTime) -> bool {
        self.0
            .iter()
            .any(|(_, stamp)| stamp.is_some_and(|stamp| stamp.is_after(began)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_and_so_is_what_appears() {
        let directory = tempfile::tempdir().unwrap();
        let (file, missing) = (directory.path().join("a"), directory.path().join("b"));
        fs_err::write(&file, "one").unwrap();
        let inputs = Inputs::of([file.as_path(), missing.as_path()]);
        assert!(inputs.are_unchanged());
        assert!(inputs.are_after(SystemTime::now()));
        assert!(!inputs.are_after(SystemTime::now() + Duration::from_secs(10)));
        fs_err::write(&missing, "").unwrap();
        assert!(!inputs.are_unchanged());
        fs_err::remove_file(&missing).unwrap();
        fs_err::write(&file, "longer").unwrap();
        assert!(!inputs.are_unchanged());
    }
}
