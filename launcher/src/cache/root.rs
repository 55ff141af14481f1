//! A cache root: whether a directory can be trusted and used as one, and the paths below it.
//!
//! ```text
//! <root>/CACHEDIR.TAG
//! <root>/v1/layers/<digest>/   an unpacked layer
//! <root>/v1/apps/<key>/        an app as a virtual environment, with its launch record
//! <root>/v1/locks/<name>       see `lock`
//! <root>/v1/tmp/<name>.<...>/  being written; see `tmp`
//! <root>/v1/pruned             see `prune`
//! ```
//!
//! Only the owner can look into a root, except for the one that root makes for all users: there `locks` and `tmp` are
//! root's alone.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, StatVfsMountFlags, chmodat, fstat, fstatvfs, mkdirat, open, openat};
use rustix::io::Errno;

use super::candidates::{Candidate, Origin, ROOT};
use super::room::Room;
use crate::error::cause;
use crate::format::manifest::Layer;
use crate::format::names::{
    APP_RECORD, CACHE_APPS, CACHE_LAYERS, CACHE_LOCKS, CACHE_NAME, CACHE_PRUNED, CACHE_TAG,
    CACHE_TAG_CONTENT, CACHE_TMP, CACHE_VERSION, HOME_CACHE,
};

/// What others may have of a directory.
const READABLE: Mode = Mode::from_raw_mode(0o055);
const PARTS: [&str; 4] = [CACHE_LAYERS, CACHE_APPS, CACHE_LOCKS, CACHE_TMP];

/// An open cache root.
#[derive(Debug)]
pub struct Root {
    /// Absolute.
    pub path: PathBuf,
    /// The directory itself.
    pub(super) directory: OwnedFd,
    /// Whether it belongs to another user, so that this one can't read what is the owner's alone.
    pub(super) is_foreign: bool,
    /// The mode of the directories that anyone who can look into the root can look into.
    parts: Mode,
}

impl Root {
    /// Opens a root that exists.
    ///
    /// # Errors
    /// The reason why it can't be used, without the path.
    pub fn open(candidate: &Candidate, uid: u32) -> Result<Self, String> {
        // PYTHONPATH and a loader's search path can't quote a colon.
        if candidate.path.as_os_str().as_bytes().contains(&b':') {
            return Err("its path contains a `:`".to_owned());
        }
        let mut flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if candidate.origin == Origin::Shared {
            flags |= OFlags::NOFOLLOW;
        }
        let directory = open(&candidate.path, flags, Mode::empty()).map_err(reason)?;
        let found = fstat(&directory).map_err(reason)?;
        let is_store = matches!(candidate.origin, Origin::Store | Origin::System);
        let is_foreign = found.st_uid != uid;
        if is_foreign && !(is_store && found.st_uid == ROOT) {
            return Err(format!("it belongs to uid {}, not to uid {uid}", found.st_uid));
        }
        if found.st_mode & 0o022 != 0 {
            return Err(format!(
                "others may write to it (mode {:04o})",
                found.st_mode & 0o7777
            ));
        }
        Ok(Self {
            path: candidate.path.clone(),
            directory,
            is_foreign,
            parts: match uid {
                ROOT => Mode::RWXU | Mode::from_raw_mode(found.st_mode) & READABLE,
                _ => Mode::RWXU,
            },
        })
    }

    /// Opens a root for writing; creates what is missing of it.
    ///
    /// # Errors
    /// The reason why it can't be used, without the path.
    pub(crate) fn prepare(candidate: &Candidate, uid: u32) -> Result<Self, String> {
        let root = match Self::open(candidate, uid) {
            Ok(root) => root,
            Err(_) if !candidate.path.exists() => {
                create(candidate)?;
                Self::open(candidate, uid)?
            }
            Err(reason) => return Err(reason),
        };
        if root.is_noexec() {
            return Err("its file system is mounted noexec".to_owned());
        }
        let version = PathBuf::from(CACHE_VERSION);
        let parts = PARTS.map(|part| (version.join(part), root.mode_of(part)));
        for (part, mode) in std::iter::once(&(version, root.parts)).chain(&parts) {
            match mkdirat(&root.directory, part, *mode) {
                // Whatever the parent's access control list says. Where there are no modes this changes nothing.
                Ok(()) if *mode != Mode::RWXU => {
                    chmodat(&root.directory, part, *mode, AtFlags::empty()).unwrap_or_default();
                }
                Ok(()) | Err(Errno::EXIST) => {}
                Err(Errno::NOSPC | Errno::DQUOT) => {
                    return Err(format!("it is full: {} free", Room::free(&root.directory)));
                }
                Err(errno) => return Err(reason(errno)),
            }
        }
        root.write_tag();
        Ok(root)
    }

    /// A cache without a tag still works, so failures are ignored; a tag that a kill truncated is rewritten.
    fn write_tag(&self) {
        let tag = self.path.join(CACHE_TAG);
        let is_whole = fs::metadata(&tag).is_ok_and(|found| found.len() == CACHE_TAG_CONTENT.len() as u64);
        if !is_whole {
            fs::write(tag, CACHE_TAG_CONTENT).unwrap_or_default();
        }
    }

    /// Whether programs below the root can't be executed. Where the file system doesn't tell, `execve` will.
    pub(super) fn is_noexec(&self) -> bool {
        fstatvfs(&self.directory).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::NOEXEC))
    }

    /// Creates the directories again, after someone has removed the whole cache while it was used.
    pub(super) fn restore(&self) {
        for part in PARTS {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(self.mode_of(part).as_raw_mode())
                .create(self.part(part))
                .unwrap_or_default();
        }
    }

    fn mode_of(&self, part: &str) -> Mode {
        match part {
            CACHE_LAYERS | CACHE_APPS => self.parts,
            _ => Mode::RWXU,
        }
    }

    /// Whether other users may look into it, and into what is unpacked: they may use it as a store and can't note that.
    pub(super) fn is_shared(&self) -> bool {
        let apps = fs::metadata(self.apps()).map_or(0, |found| found.permissions().mode());
        fstat(&self.directory).is_ok_and(|found| found.st_mode & apps & READABLE.as_raw_mode() != 0)
    }

    /// Whether anything was ever unpacked here.
    pub(super) fn is_used(&self) -> bool {
        self.path.join(CACHE_VERSION).symlink_metadata().is_ok()
    }

    /// The directory of all layers.
    pub(super) fn layers(&self) -> PathBuf {
        self.part(CACHE_LAYERS)
    }

    /// The directory of a layer.
    pub(super) fn layer(&self, layer: &Layer) -> PathBuf {
        self.layers().join(layer.directory())
    }

    /// The directory of all apps.
    pub(super) fn apps(&self) -> PathBuf {
        self.part(CACHE_APPS)
    }

    /// The directory of an app.
    pub(super) fn app(&self, key: &str) -> PathBuf {
        self.apps().join(key)
    }

    /// Opens an app's launch record, below the open directory whatever its path names by now.
    pub(super) fn open_record(&self, key: &str) -> Option<File> {
        let path = format!("{CACHE_VERSION}/{CACHE_APPS}/{key}/{APP_RECORD}");
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.directory, &path, flags, Mode::empty());
        file.ok().map(File::from)
    }

    /// A lock file.
    pub(super) fn lock(&self, name: &str) -> PathBuf {
        self.part(CACHE_LOCKS).join(name)
    }

    /// The directory of what is being written.
    pub(super) fn tmp(&self) -> PathBuf {
        self.part(CACHE_TMP)
    }

    /// The file whose modification time is that of the last automatic prune.
    pub(super) fn pruned(&self) -> PathBuf {
        self.part(CACHE_PRUNED)
    }

    fn part(&self, name: &str) -> PathBuf {
        self.path.join(CACHE_VERSION).join(name)
    }
}

fn create(candidate: &Candidate) -> Result<(), String> {
    // No home directory is created for users who have none (`/nonexistent`).
    let home = candidate.path.ancestors().nth(2);
    let below_home = candidate.path.ends_with(Path::new(HOME_CACHE).join(CACHE_NAME));
    if candidate.origin == Origin::Private && below_home && home.is_some_and(|home| !home.is_dir()) {
        return Err("there is no such home directory".to_owned());
    }
    // The parent of a shared candidate exists, or the candidate is not used.
    let has_parent = matches!(candidate.origin, Origin::Shared | Origin::System);
    let mode = match candidate.origin {
        Origin::System => 0o755,
        _ => 0o700,
    };
    fs::DirBuilder::new()
        .recursive(!has_parent)
        .mode(mode)
        .create(&candidate.path)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists if candidate.path.is_symlink() => {
                "it is a dangling symbolic link".to_owned()
            }
            _ => cause(&error),
        })
}

fn reason(errno: Errno) -> String {
    match errno {
        Errno::LOOP | Errno::NOTDIR => "it is not a directory".to_owned(),
        errno => cause(&errno.into()),
    }
}
