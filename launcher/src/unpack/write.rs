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

use rustix::fs::{
    AtFlags, Mode as RawMode, OFlags, SeekFrom, Timespec, Timestamps, chmodat, fchmod, fremovexattr,
    ftruncate, mkdirat, openat, seek, symlinkat, utimensat,
};
use rustix::io::Errno;

use super::holes::{self, Position};
use super::links::Links;
use super::{Sink, UNPACKED_TIME, pieces};
use crate::error::{Error, Kind, Result};
use crate::format::index::{self, Members};
use crate::format::member::unsafe_path;
use crate::format::mode::Mode;
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

    /// A sink for an empty directory of the cache, which gets an index. Below it, modes are exact when the umask is
    /// 022: it loses the access control lists that it got from the directory that it was made in, if that has any.
    #[must_use]
    pub fn indexed(root: OwnedFd, path: &Path) -> Self {
        // Most file systems have none or don't know them.
        for list in ["system.posix_acl_default", "system.posix_acl_access"] {
            fremovexattr(&root, list).unwrap_or_default();
        }
        // Where the file system has no modes this changes nothing.
        fchmod(&root, raw(Mode::DIRECTORY)).unwrap_or_default();
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
        // A layer of half a million members takes much memory for each of these.
        drop(links);
        if let Some(members) = &self.members {
            let bytes = std::mem::take(&mut *locked(members)).encode();
            let file = self.create(CACHE_INDEX.as_bytes(), Mode::FILE)?;
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

    fn create(&self, path: &[u8], mode: Mode) -> Result<OwnedFd> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        self.with_parents(path, || openat(&self.root, path, flags, raw(mode)))
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
                    match mkdirat(&self.root, &path[..end], raw(Mode::DIRECTORY)) {
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
    fn directory(&self, path: &[u8], mode: Mode) -> Result<()> {
        let made = self.with_parents(path, || {
            match mkdirat(&self.root, path, raw(mode)) {
                // Another thread has written a file below it first.
                Err(Errno::EXIST) => Ok(false),
                made => made.map(|()| true),
            }
        })?;
        self.note(index::Kind::Directory, 0, path)?;
        if !made {
            let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::PATH | OFlags::CLOEXEC;
            openat(&self.root, path, flags, RawMode::empty()).map_err(|errno| self.failed(path, errno))?;
            // It was made as a parent, with the usual mode.
            if mode != Mode::DIRECTORY {
                chmodat(&self.root, path, raw(mode), AtFlags::empty())
                    .map_err(|errno| self.failed(path, errno))?;
            }
        }
        Ok(())
    }

    fn file(&self, path: &[u8], size: u64, mode: Mode, data: &mut dyn BufRead) -> Result<()> {
        let kind = if mode.is_executable() {
            index::Kind::Executable
        } else {
            index::Kind::File
        };
        self.note(kind, size, path)?;
        let file = self.create(path, mode)?;
        if size < holes::HOLE as u64 {
            return pieces(data, size, |bytes| self.write(&file, path, bytes));
        }
        let mut end = 0;
        let mut write = |at, bytes: &[u8]| {
            if at != end {
                seek(&file, SeekFrom::Start(at)).map_err(|errno| self.failed(path, errno))?;
            }
            end = at + bytes.len() as u64;
            self.write(&file, path, bytes)
        };
        let mut position = Position::default();
        pieces(data, size, |bytes| position.add(bytes, &mut write))?;
        match position.finish(&mut write)? {
            Some(length) => ftruncate(&file, length).map_err(|errno| self.failed(path, errno)),
            None => Ok(()),
        }
    }

    fn symlink(&self, path: &[u8], target: &[u8]) -> Result<()> {
        self.note(index::Kind::Link, target.len() as u64, path)?;
        locked(&self.links).push(path, target)
    }
}

fn raw(mode: Mode) -> RawMode {
    RawMode::from_raw_mode(mode.bits())
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
