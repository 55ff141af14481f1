//! A sink that writes a layer into an empty directory.
//!
//! Links are created last. While files are written the directory holds no link, so no member can be written through
//! one, whatever the order of the threads.
//!
//! A directory of the cache also gets the [`index`] of its members, as its last file.

use std::io::BufRead;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, mkdirat, openat, symlinkat, utimensat};
use rustix::io::Errno;

use super::links::Links;
use super::{Sink, UNPACKED_TIME, pieces};
use crate::error::{Error, Kind, Result};
use crate::format::index::{self, Members};
use crate::format::member::unsafe_path;
use crate::format::names::CACHE_INDEX;

/// Writes below a directory that this process has just made.
pub struct Write {
    root: OwnedFd,
    path: PathBuf,
    links: Mutex<Links>,
    members: Option<Mutex<Members>>,
}

impl Write {
    /// A sink for the empty directory `root`, called `path` in messages.
    #[must_use]
    pub fn new(root: OwnedFd, path: &Path) -> Self {
        Self {
            root,
            path: path.to_owned(),
            links: Mutex::default(),
            members: None,
        }
    }

    /// A sink for an empty directory of the cache, which gets an index.
    #[must_use]
    pub fn indexed(root: OwnedFd, path: &Path) -> Self {
        Self {
            members: Some(Mutex::default()),
            ..Self::new(root, path)
        }
    }

    /// Creates the links and the index; to be called when [`super::run`] has returned.
    ///
    /// # Errors
    /// When they can't be written, or a link is below another one.
    pub fn finish(self) -> Result<()> {
        let links = std::mem::take(&mut *locked(&self.links)).sorted();
        if let Some(path) = links.below_another() {
            return Err(unsafe_path(path));
        }
        for (path, target) in links.iter() {
            self.with_parents(path, || {
                match symlinkat(target, self.root.as_fd(), path) {
                    // Linux's error for a file system without symbolic links.
                    Err(Errno::PERM) => Err(Errno::OPNOTSUPP),
                    made => made,
                }
            })?;
        }
        if let Some(members) = &self.members {
            let bytes = locked(members).encode();
            let file = self.create(CACHE_INDEX.as_bytes(), 0o644)?;
            self.write(&file, CACHE_INDEX.as_bytes(), &bytes)?;
            self.set_times(&bytes);
        }
        Ok(())
    }

    /// Sets the time of all directories to [`UNPACKED_TIME`]. Where the file system refuses, imports are slower.
    fn set_times(&self, index: &[u8]) {
        let time = Timespec {
            tv_sec: UNPACKED_TIME,
            tv_nsec: 0,
        };
        let times = Timestamps {
            last_access: time,
            last_modification: time,
        };
        let members = index::decode(index).unwrap_or_default();
        let directories = members
            .iter()
            .filter(|member| member.kind == index::Kind::Directory);
        for member in directories {
            utimensat(&self.root, member.path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap_or_default();
        }
    }

    fn note(&self, kind: index::Kind, size: u64, path: &[u8]) -> Result<()> {
        match &self.members {
            Some(members) if !locked(members).add(kind, size, path) => {
                Err(Error::damaged("a layer has too many members"))
            }
            _ => Ok(()),
        }
    }

    fn create(&self, path: &[u8], mode: u32) -> Result<OwnedFd> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.with_parents(path, || {
            openat(&self.root, path, flags, Mode::from_raw_mode(mode))
        })
    }

    fn write(&self, file: &OwnedFd, path: &[u8], mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match rustix::io::write(file, bytes) {
                Ok(0) => return Err(self.failed(path, Errno::IO)),
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(self.failed(path, errno)),
            }
        }
        Ok(())
    }

    /// Calls `make`, and once more after creating the parents of `path` when they are missing.
    fn with_parents<T>(&self, path: &[u8], make: impl Fn() -> rustix::io::Result<T>) -> Result<T> {
        let made = match make() {
            Err(Errno::NOENT) => {
                let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
                for (end, _) in slashes {
                    match mkdirat(&self.root, &path[..end], Mode::from_raw_mode(0o755)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(errno) => return Err(self.failed(path, errno)),
                    }
                }
                make()
            }
            made => made,
        };
        made.map_err(|errno| self.failed(path, errno))
    }

    fn failed(&self, path: &[u8], errno: Errno) -> Error {
        match errno {
            Errno::EXIST | Errno::NOTDIR | Errno::LOOP => Error::damaged(format_args!(
                "a layer has `{}` twice",
                String::from_utf8_lossy(&path[..path.len().min(200)])
            )),
            Errno::OPNOTSUPP => Error::path(
                Kind::Storage,
                "unpack to",
                &self.path,
                "its file system has no symbolic links",
            ),
            _ => Error::storage("unpack to", &self.path, &errno.into()),
        }
    }
}

impl Sink for Write {
    fn directory(&self, path: &[u8]) -> Result<()> {
        let made = self.with_parents(path, || {
            match mkdirat(&self.root, path, Mode::from_raw_mode(0o755)) {
                // Another thread has written a file below it first.
                Err(Errno::EXIST) => Ok(false),
                made => made.map(|()| true),
            }
        })?;
        self.note(index::Kind::Directory, 0, path)?;
        if !made {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::PATH | OFlags::CLOEXEC;
            openat(&self.root, path, flags, Mode::empty()).map_err(|errno| self.failed(path, errno))?;
        }
        Ok(())
    }

    fn file(&self, path: &[u8], size: u64, executable: bool, data: &mut dyn BufRead) -> Result<()> {
        let kind = if executable {
            index::Kind::Executable
        } else {
            index::Kind::File
        };
        self.note(kind, size, path)?;
        let file = self.create(path, if executable { 0o755 } else { 0o644 })?;
        pieces(data, size, |bytes| self.write(&file, path, bytes))
    }

    fn symlink(&self, path: &[u8], target: &[u8]) -> Result<()> {
        self.note(index::Kind::Link, target.len() as u64, path)?;
        locked(&self.links).push(path, target)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
