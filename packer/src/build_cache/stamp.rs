//! Whether a file is unchanged, without reading it: by what make compares, and by the change time, which no program can
//! set back.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// A file that was changed so shortly before a pack began may be changed again without another change time.
const TOO_RECENT: Duration = Duration::from_secs(2);

/// What `stat` says of a file or directory, through links. Without the device, whose number may differ after a reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    inode: u64,
    mode: u32,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of the file at `path`; none when there is no file.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let data = fs_err::metadata(path).ok()?;
        Some(Self {
            inode: data.ino(),
            mode: data.mode(),
            size: data.size(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    }

    /// The bytes for a key.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let Self {
            inode,
            mode,
            size,
            modified,
            changed,
        } = self;
        format!("{inode} {mode} {size} {modified:?} {changed:?}").into_bytes()
    }

    /// Whether the file may have changed after `began`, or too shortly before.
    pub(crate) fn is_after(&self, began: SystemTime) -> bool {
        let since = began
            .checked_sub(TOO_RECENT)
            .and_then(|then| then.duration_since(SystemTime::UNIX_EPOCH).ok());
        since.is_none_or(|since| self.changed.0 >= i64::try_from(since.as_secs()).unwrap_or(0))
    }
}

/// The files and directories that a layer was made from, each with its stamp. Missing ones have none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inputs(Vec<(Vec<u8>, Option<Stamp>)>);

impl Inputs {
    /// These paths with their present stamps.
    pub(crate) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let stamped = paths
            .into_iter()
            .map(|path| (path.as_os_str().as_bytes().to_vec(), Stamp::of(path)));
        Self(stamped.collect())
    }

    /// Whether all have the same stamps now.
    pub(crate) fn are_unchanged(&self) -> bool {
        self.0.iter().all(|(path, stamp)| {
            let path = Path::new(std::ffi::OsStr::from_bytes(path));
            Stamp::of(path) == *stamp
        })
    }

    /// See [`Stamp::is_after`].
    pub(crate) fn are_after(&self, began: SystemTime) -> bool {
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
