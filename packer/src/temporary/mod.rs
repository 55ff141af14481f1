//! Directories and files that exist only while a command runs: the scratch directory of a pack, and OUT before it has
//! its name.
//!
//! Each has a lock (`flock`), which its maker holds as long as it lives. The kernel releases it when the maker dies, so
//! whoever gets the lock knows that nobody uses the thing any more: [`sweep`] removes it. A signal that ends the command
//! removes what [`registry`] knows.

mod registry;
mod sweep;

use std::ffi::OsStr;
// The crate fs_err has neither locks nor their errors.
use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir, TempPath};

pub(crate) use self::registry::{Entry, Registered, abandon, register};
pub(crate) use self::sweep::{directories as sweep_directories, files as sweep_files};

/// Name of a scratch directory: this, and random letters and digits.
const DIRECTORY_PREFIX: &str = "pyship-";
/// Name of a file before it has its own: this, random letters and digits, and [`FILE_SUFFIX`].
const FILE_PREFIX: &str = ".pyship-";
const FILE_SUFFIX: &str = ".tmp";
/// How many letters and digits: no name that somebody chose looks like these.
const RANDOM: usize = 12;
/// Lock of a scratch directory, and its mark.
const LOCK: &str = ".pyship-lock";
/// Another pack that sweeps may lock and remove what was just made.
const ATTEMPTS: usize = 16;

/// A scratch directory; it is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    directory: TempDir,
    // Fields are dropped in this order: first the directory goes, then its entry, then its lock.
    _registered: Registered,
    _lock: File,
}

impl Directory {
    /// Makes one in `parent`.
    ///
    /// # Errors
    /// When it can't be made.
    pub(crate) fn new_in(parent: &Path) -> io::Result<Self> {
        attempt(|| {
            let (directory, registered) = register(|| {
                let directory = tempfile::Builder::new()
                    .prefix(DIRECTORY_PREFIX)
                    .rand_bytes(RANDOM)
                    .tempdir_in(parent)?;
                let entry = Entry::Whole(directory.path().to_owned());
                Ok((directory, entry))
            })?;
            let path = directory.path().join(LOCK);
            let lock = match fs_err::File::create_new(&path) {
                Ok(file) => file.into_file(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            Ok(is_locked(&lock, &path)?.then_some(Self {
                directory,
                _registered: registered,
                _lock: lock,
            }))
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A file under a temporary name; it is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Unnamed {
    path: TempPath,
    registered: Registered,
    /// Open for reading only: a file that is open for writing can't be executed.
    lock: File,
}

impl Unnamed {
    /// Makes an empty file in `directory`, and gives it to be written.
    ///
    /// # Errors
    /// When it can't be made.
    pub(crate) fn new_in(directory: &Path) -> io::Result<(Self, File)> {
        attempt(|| {
            let (made, registered) = register(|| {
                let made = tempfile::Builder::new()
                    .prefix(FILE_PREFIX)
                    .suffix(FILE_SUFFIX)
                    .rand_bytes(RANDOM)
                    .tempfile_in(directory)?;
                let entry = Entry::Whole(made.path().to_owned());
                Ok((made, entry))
            })?;
            let (file, path) = NamedTempFile::into_parts(made);
            let lock = match fs_err::File::open(&path) {
                Ok(lock) => lock.into_parts().0,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let unnamed = Self {
                path,
                registered,
                lock,
            };
            Ok(is_locked(&unnamed.lock, &unnamed.path)?.then_some((unnamed, file)))
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it the name `out`; `name` does the rename.
    ///
    /// # Errors
    /// Those of `name`; the file is removed then.
    pub(crate) fn rename(
        self,
        out: &Path,
        name: impl FnOnce(TempPath, &Path) -> Result<(), tempfile::PathPersistError>,
    ) -> io::Result<()> {
        let Self {
            path,
            registered,
            lock,
        } = self;
        let done = name(path, out).map_err(|error| error.error);
        drop((registered, lock));
        done
    }
}

/// A directory for OUT; it is removed when this is dropped and nothing is in it.
#[derive(Debug)]
pub(crate) struct MadeDirectory {
    path: PathBuf,
    _registered: Registered,
}

impl MadeDirectory {
    /// Makes one, unless there is a directory.
    ///
    /// # Errors
    /// When it can't be made.
    pub(crate) fn new(path: &Path) -> io::Result<Option<Self>> {
        if path.is_dir() {
            return Ok(None);
        }
        let ((), registered) = register(|| {
            fs_err::create_dir(path)?;
            Ok(((), Entry::IfEmpty(path.to_owned())))
        })?;
        let path = path.to_owned();
        Ok(Some(Self {
            path,
            _registered: registered,
        }))
    }
}

impl Drop for MadeDirectory {
    fn drop(&mut self) {
        fs_err::remove_dir(&self.path).unwrap_or_default();
    }
}

/// Makes something until nobody removes it meanwhile.
fn attempt<T>(mut make: impl FnMut() -> io::Result<Option<T>>) -> io::Result<T> {
    for _ in 0..ATTEMPTS {
        if let Some(made) = make()? {
            return Ok(made);
        }
    }
    Err(io::Error::other("other packs remove it"))
}

/// Takes the lock of a new file; whether it is still there. A file system without locks has none.
#[expect(
    clippy::disallowed_methods,
    reason = "it tells whether the maker lives, and protects no cache"
)]
fn is_locked(file: &File, path: &Path) -> io::Result<bool> {
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Ok(false);
    }
    let own = file.metadata()?;
    let found = path.symlink_metadata();
    Ok(found.is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino())))
}

/// Whether `path` is a scratch directory of a pack, one that runs or one that was killed.
pub(crate) fn is_directory(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    is_name(name, DIRECTORY_PREFIX, "") && path.join(LOCK).is_file()
}

/// Whether `path` is a file that has no name yet, or never got one.
pub(crate) fn is_file(path: &Path) -> bool {
    is_name(path.file_name().unwrap_or_default(), FILE_PREFIX, FILE_SUFFIX)
}

fn is_name(name: &OsStr, prefix: &str, suffix: &str) -> bool {
    let random = || name.to_str()?.strip_prefix(prefix)?.strip_suffix(suffix);
    random().is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests;
