//! Whether a file is still what it was: what changes when it is written to or replaced.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// What changes when a file is written to (its times) or replaced (its inode).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileState {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileState {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the same file had the same content, as far as its length and modification time tell. The change time also
    /// moves when a link to the file is made or removed, as installers do with the files of their caches.
    pub(crate) fn has_content_of(&self, other: &Self) -> bool {
        let but_for_change = |state: &Self| Self {
            changed: (0, 0),
            ..state.clone()
        };
        but_for_change(self) == but_for_change(other)
    }

    /// The file's length in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }
}
