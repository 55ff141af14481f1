//! A cache root: whether a directory can be trusted and used as one, and the paths below it.
//!
//! ```text
//! <root>/CACHEDIR.TAG
//! <root>/v1/layers/<digest>/   an unpacked layer
//! <root>/v1/apps/<key>/        an app as a virtual environment, with its launch record
//! <root>/v1/locks/<name>       see `lock`
//! <root>/v1/tmp/<name>.<...>/  being written; see `tmp`
//! <root>/v1/layers/.<...>/     the same, where nothing can be renamed from one directory to another; also in `apps`
//! <root>/v1/pruned             see `prune`
//! ```
//!
//! Only the owner can look into a root, except for those that are opened for all users ([`Root::share`], and the one
//! that root makes): there `locks` and `tmp` are the owner's alone. Directories get their modes by name, whatever the
//! umask and access control lists say.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{
    CWD, Mode, OFlags, ResolveFlags, StatVfsMountFlags, fchmod, fremovexattr, fstat, fstatvfs, mkdirat, open,
    openat, openat2,
};
use rustix::io::Errno;

use super::candidates::{Candidate, Origin, ROOT, in_volume};
use super::exposure::{is_exposed, is_mounted_by_another};
use super::place;
use super::room::Room;
use crate::error::cause;
use crate::format::manifest::Layer;
use crate::format::names::{
    APP_RECORD, CACHE_APPS, CACHE_LAYERS, CACHE_LOCKS, CACHE_NAME, CACHE_PRUNED, CACHE_TAG,
    CACHE_TAG_CONTENT, CACHE_TMP, CACHE_VERSION, HOME_CACHE,
};
use crate::owner::is_own;

/// `ST_NOSYMFOLLOW` of statfs(2).
const NO_SYMBOLIC_LINKS: u64 = 0x2000;
/// What others may have of a directory.
const READABLE: Mode = Mode::from_raw_mode(0o055);
/// What nobody but the owner may have.
const WRITABLE: u32 = 0o022;
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
    /// Whether other users could put something else in its place: it is then tried last.
    pub(super) is_exposed: bool,
    /// The mode of the directories that anyone who can look into the root can look into.
    parts: Mode,
}

impl Root {
    /// Opens a root that exists. Of an explicit one that others may write to, a volume, it is a directory below it.
    ///
    /// # Errors
    /// The reason why it can't be used, without the path.
    pub fn open(candidate: &Candidate, uid: u32) -> Result<Self, String> {
        Self::open_by(candidate, uid, None)
    }

    /// The same with one call where no link leads to it. Whether others could replace it is looked at only where a link
    /// does, or where the system can't tell: its apps' names say the rest (see [`super::key`]).
    ///
    /// # Errors
    /// The reason why it can't be used, without the path.
    pub(super) fn open_directly(candidate: &Candidate, uid: u32) -> Result<Self, String> {
        let Candidate { path, origin } = candidate;
        if !origin.is_checked() {
            return Self::open(candidate, uid);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            Ok(directory) => Self::open_by(candidate, uid, Some(directory)),
            Err(errno @ Errno::NOENT) => Err(reason(errno)),
            Err(_) => Self::open(candidate, uid),
        }
    }

    fn open_by(candidate: &Candidate, uid: u32, direct: Option<OwnedFd>) -> Result<Self, String> {
        let Candidate { path, origin } = candidate;
        let is_direct = direct.is_some();
        if let Some(reason) = place::refusal(path) {
            return Err(reason);
        }
        let (directory, way) = match direct {
            Some(directory) => (directory, path.as_path()),
            None => open_directory(path, *origin).map_err(reason)?,
        };
        let found = fstat(&directory).map_err(reason)?;
        if *origin == Origin::Explicit && found.st_mode & WRITABLE != 0 {
            return Self::open(&in_volume(path, uid), uid);
        }
        let is_store = matches!(origin, Origin::Store | Origin::System);
        let is_foreign = found.st_uid != uid;
        if is_foreign && !(is_store && found.st_uid == ROOT) {
            return Err(format!("it belongs to uid {}, not to uid {uid}", found.st_uid));
        }
        if found.st_uid == uid && !is_own(&directory, uid) {
            let message = "it belongs to another user, who has no number in this user namespace";
            return Err(message.to_owned());
        }
        if found.st_mode & WRITABLE != 0 {
            return Err(format!(
                "others may write to it (mode {:04o})",
                found.st_mode & 0o7777
            ));
        }
        let is_chosen = matches!(origin, Origin::Explicit | Origin::Store);
        if !is_chosen && is_mounted_by_another(&directory, found.st_dev, uid) {
            return Err("another user has mounted its file system".to_owned());
        }
        // Whoever may write to the parent could have had something mounted there.
        let is_alien = |parent: &Path| fs::metadata(parent).is_ok_and(|parent| parent.dev() != found.st_dev);
        if origin.is_shared() && path.parent().is_some_and(is_alien) {
            return Err("another file system is mounted there".to_owned());
        }
        Ok(Self {
            path: path.clone(),
            directory,
            is_foreign,
            is_exposed: match origin.is_checked() && !is_direct {
                true => is_exposed(way, uid)?,
                false => false,
            },
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
        let volume;
        let is_writable = |found: fs::Metadata| found.is_dir() && found.mode() & WRITABLE != 0;
        let candidate = match candidate.origin {
            Origin::Explicit if fs::metadata(&candidate.path).is_ok_and(is_writable) => {
                volume = in_volume(&candidate.path, uid);
                &volume
            }
            _ => candidate,
        };
        let root = match Self::open(candidate, uid) {
            Ok(root) => root,
            Err(_) if place::refusal(&candidate.path).is_none() && !candidate.path.exists() => {
                create(candidate, uid)?;
                Self::open(candidate, uid)?
            }
            Err(reason) => return Err(reason),
        };
        if let Some(reason) = root.refusal_of_mount() {
            return Err(reason.to_owned());
        }
        root.make_parts()?;
        // Others could keep what is there from being swept.
        if fs::metadata(root.tmp()).is_ok_and(|found| found.mode() & 0o077 != 0) {
            set_mode(CWD, &root.tmp(), Mode::RWXU);
        }
        root.write_tag();
        Ok(root)
    }

    /// Creates the directories that are missing.
    fn make_parts(&self) -> Result<(), String> {
        let version = PathBuf::from(CACHE_VERSION);
        let parts = PARTS.map(|part| (version.join(part), self.mode_of(part)));
        let mut is_new = false;
        for (part, mode) in std::iter::once(&(version.clone(), self.parts)).chain(&parts) {
            match mkdirat(&self.directory, part, *mode) {
                // What is made below a directory without an access control list has none either.
                Ok(()) if !is_new => {
                    is_new = *part == version;
                    set_mode(&self.directory, part, *mode);
                }
                Ok(()) | Err(Errno::EXIST) => {}
                Err(Errno::NOSPC | Errno::DQUOT) => {
                    return Err(format!("it is full: {} free", Room::free(&self.directory)));
                }
                Err(errno) => return Err(reason(errno)),
            }
        }
        Ok(())
    }

    /// Opens a root to all users, as a store: what was unpacked, not what is being written, and not the locks.
    ///
    /// # Errors
    /// The reason why others can't read it.
    pub fn share(&self) -> Result<(), String> {
        let shared = Mode::RWXU | READABLE;
        let version = PathBuf::from(CACHE_VERSION);
        for part in [
            PathBuf::from("."),
            version.clone(),
            version.join(CACHE_LAYERS),
            version.join(CACHE_APPS),
        ] {
            set_mode(&self.directory, &part, shared);
        }
        let is_readable = fs::metadata(&self.path).is_ok_and(|found| found.mode() & 0o055 == 0o055);
        is_readable
            .then_some(())
            .ok_or_else(|| "its file system has no modes".to_owned())
    }

    /// A cache without a tag still works, so failures are ignored; a tag that a kill truncated is rewritten.
    fn write_tag(&self) {
        let tag = self.path.join(CACHE_TAG);
        let is_whole = fs::metadata(&tag).is_ok_and(|found| found.len() == CACHE_TAG_CONTENT.len() as u64);
        if !is_whole {
            fs::write(tag, CACHE_TAG_CONTENT).unwrap_or_default();
        }
    }

    /// Why nothing can be started that is below the root: programs can't be executed, or links are not followed. Where the
    /// file system doesn't tell, `execve` will.
    pub(super) fn refusal_of_mount(&self) -> Option<&'static str> {
        let mount = fstatvfs(&self.directory).ok()?.f_flag;
        if mount.contains(StatVfsMountFlags::NOEXEC) {
            return Some("its file system is mounted noexec");
        }
        (mount.bits() & NO_SYMBOLIC_LINKS != 0).then_some("its file system is mounted nosymfollow")
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
        // A FIFO in its place is not waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
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

/// Opens a directory; also gives the path whose directories decide who can replace it. Where others may have made a
/// link none is followed.
fn open_directory(path: &Path, origin: Origin) -> rustix::io::Result<(OwnedFd, &Path)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if origin.is_checked() || origin.is_shared() {
        let way = path.parent().unwrap_or(path);
        match open(path, flags | OFlags::NOFOLLOW, Mode::empty()) {
            // A link.
            Err(Errno::NOTDIR | Errno::LOOP) if !origin.is_shared() => {}
            opened => return opened.map(|directory| (directory, way)),
        }
    }
    open(path, flags, Mode::empty()).map(|directory| (directory, path))
}

/// Gives a directory that was just made exactly this mode, and no access control list. Where the file system has
/// neither this changes nothing.
fn set_mode(parent: impl std::os::fd::AsFd, path: &Path, mode: Mode) {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let Ok(directory) = openat(parent, path, flags, Mode::empty()) else {
        return;
    };
    for list in ["system.posix_acl_default", "system.posix_acl_access"] {
        fremovexattr(&directory, list).unwrap_or_default();
    }
    fchmod(&directory, mode).unwrap_or_default();
}

fn create(candidate: &Candidate, uid: u32) -> Result<(), String> {
    let Candidate { path, origin } = candidate;
    // No home directory is created for users who have none (`/nonexistent`).
    let home = path.ancestors().nth(2);
    let below_home = path.ends_with(Path::new(HOME_CACHE).join(CACHE_NAME));
    if *origin == Origin::Private && below_home && home.is_some_and(|home| !home.is_dir()) {
        return Err("there is no such home directory".to_owned());
    }
    if origin.is_checked() {
        is_exposed(path, uid)?;
    }
    // The parent of a shared candidate exists, or the candidate is not used.
    let has_parent = origin.is_shared() || *origin == Origin::System;
    let mode = match origin {
        Origin::System => 0o755,
        _ => 0o700,
    };
    fs::DirBuilder::new()
        .recursive(!has_parent)
        .mode(mode)
        .create(path)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists if path.is_symlink() => "it is a dangling symbolic link".to_owned(),
            _ => cause(&error),
        })?;
    set_mode(CWD, path, Mode::from_raw_mode(mode));
    Ok(())
}

fn reason(errno: Errno) -> String {
    match errno {
        Errno::LOOP | Errno::NOTDIR => "it is not a directory".to_owned(),
        errno => cause(&errno.into()),
    }
}
