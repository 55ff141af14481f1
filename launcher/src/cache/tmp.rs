//! Directories being written, below `<root>/v1/tmp`, and what killed starts left there.
//!
//! The writer holds a lock on the directory itself. Whoever can take that lock knows that the writer is gone, in
//! whatever pid namespace it was, and removes the directory.
//!
//! Some systems rename nothing from one directory to another (`EXDEV`: a Landlock sandbox, mergerfs, project quotas).
//! There a directory is written beside the place that it will take, as an entry of `layers` or `apps` whose name begins
//! with a dot, and in an overlay what the image brought is removed where it is.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::lock;
use super::root::Root;
use crate::error::{Error, Kind, Result};
use crate::format::names::{CACHE_INDEX, CACHE_TMP};
use crate::removal::{self, remove_directory};

/// Without locks, a directory of this age is taken for abandoned.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);
const TRIES: u32 = 100;

/// A directory that is being written; removed when dropped before [`TmpDir::publish`].
#[derive(Debug)]
pub(super) struct TmpDir {
    /// Its path.
    pub(super) path: PathBuf,
    lock: File,
    published: bool,
}

impl TmpDir {
    /// Creates an empty directory below `parent`, with a name that begins with `name`.
    ///
    /// # Errors
    /// When it can't be created.
    pub(super) fn create(parent: &Path, name: &str) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let failed = |path: &Path, error: &io::Error| Error::storage("create", path, error);
        for _ in 0..TRIES {
            // Unique also among the hosts and pid namespaces that share the cache.
            let nanos = SystemTime::now()
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |now| now.as_nanos());
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = parent.join(format!("{name}.{}.{nanos:x}.{count}", std::process::id()));
            match fs::create_dir(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(failed(&path, &error)),
            }
            // Another start may sweep it before it is locked: then it is gone, and the next name is tried.
            let lock = match File::open(&path) {
                Ok(lock) => lock,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    fs::remove_dir(&path).unwrap_or_default();
                    return Err(failed(&path, &error));
                }
            };
            match lock::try_exclusive(&lock) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) if lock::is_unsupported(&error) => {}
                Err(error) => return Err(failed(&path, &error)),
            }
            let same = match (lock.metadata(), fs::symlink_metadata(&path)) {
                (Ok(held), Ok(named)) => held.ino() == named.ino() && held.dev() == named.dev(),
                _ => false,
            };
            if same {
                return Ok(Self {
                    path,
                    lock,
                    published: false,
                });
            }
        }
        Err(Error::path(
            Kind::Storage,
            "create",
            parent,
            "other starts remove what is created there",
        ))
    }

    /// Creates an empty directory that can be renamed to `target`: below `parent`, or beside `target` where nothing can be
    /// renamed from there.
    ///
    /// # Errors
    /// When it can't be created.
    pub(super) fn for_target(parent: &Path, target: &Path) -> Result<Self> {
        let name = target.file_name().unwrap_or_default();
        let made = Self::create(parent, &name.to_string_lossy())?;
        let Some((place, beside)) = target.parent().zip(made.path.file_name()) else {
            return Ok(made);
        };
        let beside = place.join(hidden(beside));
        match fs::rename(&made.path, &beside) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => Self::create(place, &hidden(name)),
            // What can be renamed to there can be renamed back.
            renamed => renamed
                .and_then(|()| fs::rename(&beside, &made.path))
                .map(|()| made)
                .map_err(|error| Error::storage("create", &beside, &error)),
        }
    }

    /// Another descriptor of the directory.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub(super) fn directory(&self) -> Result<OwnedFd> {
        let clone = self.lock.try_clone();
        clone
            .map(OwnedFd::from)
            .map_err(|error| Error::storage("open", &self.path, &error))
    }

    /// Gives the directory its final name, in one step. A directory that already has that name stays: it was
    /// written from the same bytes.
    ///
    /// # Errors
    /// When it can't be renamed.
    pub(super) fn publish(mut self, target: &Path) -> Result<()> {
        match fs::rename(&self.path, target) {
            Ok(()) => {
                self.published = true;
                Ok(())
            }
            Err(_) if target.is_dir() => Ok(()),
            Err(error) => Err(Error::storage("publish", target, &error)),
        }
    }
}

impl Drop for TmpDir {
    fn drop(&mut self) {
        if !self.published {
            // A later cold start sweeps what can't be removed now.
            remove_directory(&self.path).unwrap_or_default();
        }
    }
}

/// Moves a directory out of the cache by one rename, and removes it. Where it can't be renamed it is removed in its
/// place: its index first, without which nobody uses it.
///
/// # Errors
/// When it can't be moved or removed, or something is mounted in it: then it stays where it is.
pub(super) fn discard(parent: &Path, directory: &Path) -> Result<()> {
    let failed = |error: &io::Error| Error::storage("remove", directory, error);
    match removal::check(directory) {
        // What is no directory, or can't be read, is tried below.
        Err(error) if error.kind() == ErrorKind::ResourceBusy => return Err(failed(&error)),
        _ => {}
    }
    let holder = TmpDir::create(parent, "old")?;
    let old = holder.path.join("old");
    let path = match fs::rename(directory, &old) {
        Ok(()) => old,
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            fs::remove_file(directory.join(CACHE_INDEX)).unwrap_or_default();
            let name = holder.path.file_name().unwrap_or_default();
            let beside = directory.with_file_name(hidden(name));
            let renamed = fs::rename(directory, &beside);
            renamed.map_or_else(|_| directory.to_owned(), |()| beside)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(&error)),
    };
    // What can't be removed, such as another user's file, is said: its bytes are still there.
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => remove_directory(&path),
        _ => fs::remove_file(&path),
    }
    .or_else(|error| match error.kind() {
        ErrorKind::NotFound => Ok(()),
        _ => Err(Error::storage("remove", &path, &error)),
    })
}

/// Whether a name in `layers` or `apps` is that of a directory which is being written, or removed.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn hidden(name: &OsStr) -> String {
    format!(".{}", name.to_string_lossy())
}

/// Removes what killed starts left behind.
pub(super) fn sweep(root: &Root) {
    for parent in [root.layers(), root.apps(), root.tmp()] {
        sweep_directory(&parent, parent.ends_with(CACHE_TMP));
    }
}

fn sweep_directory(parent: &Path, is_tmp: bool) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if !is_tmp && !is_hidden(&entry.file_name()) {
            continue;
        }
        let path = entry.path();
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_dir()) {
            fs::remove_file(&path).unwrap_or_default();
            continue;
        }
        let Ok(directory) = File::open(&path) else {
            continue;
        };
        let abandoned = match lock::try_exclusive(&directory) {
            Ok(free) => free,
            Err(_) => age(&directory).is_some_and(|age| age > LEFT_BEHIND),
        };
        if abandoned {
            remove_directory(&path).unwrap_or_default();
        }
    }
}

fn age(directory: &File) -> Option<Duration> {
    directory.metadata().ok()?.modified().ok()?.elapsed().ok()
}
