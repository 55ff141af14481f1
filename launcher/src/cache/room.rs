//! Room: what is needed and what a file system has left, in bytes and in inodes.

use std::fmt::{self, Display};

use rustix::fs::{StatVfs, fstatvfs};

use super::roots::Root;
use crate::format::manifest::Layer;

/// Bytes that are wanted besides the layers: the app's directory and the file system's own needs.
const SLACK_BYTES: u64 = 4 << 20;
/// Inodes that are wanted besides the layers' members: parents, locks, the app's directory.
const SLACK_INODES: u64 = 64;

/// Bytes and inodes; `None` where the file system does not count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes.
    pub bytes: Option<u64>,
    /// Files, directories and links.
    pub inodes: Option<u64>,
}

impl Room {
    /// What unpacking `layers` takes.
    #[must_use]
    pub fn needed<'a>(layers: impl Iterator<Item = &'a Layer>) -> Self {
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

    /// What is left on the root's file system, as far as this user may use it.
    #[must_use]
    pub fn free(root: &Root) -> Self {
        match fstatvfs(&root.directory) {
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
            // Where inodes are made as they are needed (btrfs, FAT) there is no number of them.
            inodes: (mount.f_files != 0 && mount.f_favail != u64::MAX).then_some(mount.f_favail),
        }
    }

    /// Whether `needed` is more than this.
    #[must_use]
    pub fn lacks(&self, needed: &Self) -> bool {
        let less =
            |have: Option<u64>, want: Option<u64>| have.zip(want).is_some_and(|(have, want)| have < want);
        less(self.bytes, needed.bytes) || less(self.inodes, needed.inodes)
    }

    /// `123 bytes and 4 inodes needed, 5 bytes and 6 inodes free`
    #[must_use]
    pub fn sentence(&self, needed: &Self) -> String {
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
