//! Free space: what unpacking needs and what a file system has left, in bytes and in inodes.
//!
//! Not fs2's `available_space`: it knows no inodes, of which file systems run out too, it takes a path where the
//! open directory is at hand, and it multiplies without a check.

use std::fmt::{self, Display};

use std::os::fd::AsFd;

use rustix::fs::{StatVfs, fstatvfs};

use crate::format::manifest::Layer;

/// Bytes that are needed besides the layers: the app's directory and the file system's own structures.
const SLACK_BYTES: u64 = 4 << 20;
/// Inodes that are needed besides the layers' members: parents, locks, the app's directory.
const SLACK_INODES: u64 = 64;

/// An amount of free space; `None` where the file system doesn't count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Bytes.
    pub(super) bytes: Option<u64>,
    /// Files, directories and links.
    pub(super) inodes: Option<u64>,
}

impl Room {
    /// What unpacking `layers` takes.
    pub(super) fn needed<'a>(layers: impl Iterator<Item = &'a Layer>) -> Self {
        let (bytes, inodes) = layers.fold((SLACK_BYTES, SLACK_INODES), |(bytes, inodes), layer| {
            (
                bytes.saturating_add(layer.disk),
                inodes.saturating_add(layer.entries),
            )
        });
        Self {
            bytes: Some(bytes),
            inodes: Some(inodes),
        }
    }

    /// What is left for this user on the file system of `directory`.
    pub(super) fn free(directory: impl AsFd) -> Self {
        match fstatvfs(directory) {
            Ok(mount) => Self::of(&mount),
            Err(_) => Self {
                bytes: None,
                inodes: None,
            },
        }
    }

    fn of(mount: &StatVfs) -> Self {
        Self {
            bytes: mount.f_bavail.checked_mul(mount.f_frsize),
            // File systems that allocate inodes on demand (btrfs, FAT) report none.
            inodes: (mount.f_files != 0 && mount.f_favail != u64::MAX).then_some(mount.f_favail),
        }
    }

    /// Whether `needed` is more than this.
    pub(super) fn lacks(&self, needed: &Self) -> bool {
        let less =
            |have: Option<u64>, want: Option<u64>| have.zip(want).is_some_and(|(have, want)| have < want);
        less(self.bytes, needed.bytes) || less(self.inodes, needed.inodes)
    }

    /// `123 bytes and 4 inodes needed, 5 bytes and 6 inodes free`
    pub(super) fn sentence(&self, needed: &Self) -> String {
        format!("{needed} needed, {self} free")
    }
}

impl Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.bytes, self.inodes) {
            (Some(bytes), Some(inodes)) => write!(f, "{bytes} bytes and {inodes} inodes"),
            (Some(bytes), None) => write!(f, "{bytes} bytes"),
            (None, Some(inodes)) => write!(f, "{inodes} inodes"),
            (None, None) => f.write_str("an unknown number of bytes"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_inodes_both_count_where_they_are_known() {
        let room = |bytes, inodes| Room { bytes, inodes };
        let needed = room(Some(100), Some(10));
        assert!(room(Some(99), Some(10)).lacks(&needed));
        assert!(room(Some(100), Some(9)).lacks(&needed));
        assert!(!room(Some(100), None).lacks(&needed));
        assert!(!room(None, None).lacks(&needed));
        assert_eq!(
            room(Some(1), None).sentence(&needed),
            "100 bytes and 10 inodes needed, 1 bytes free"
        );
    }
}
