//! A sink that compares members with a directory, and can repair the directory.
//!
//! To repair it, members that differ are written to a spare directory. When all frames have been checked, each takes
//! its place by a rename. So what is intact stays where it is, and a program that runs from the directory keeps the
//! files that it has open or mapped.

use std::fs::{self, File};
use std::io::{self, BufRead, Read, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::shape;
use crate::bytes::as_path;
use crate::error::{Error, Kind, Result, cause};
use crate::format::index::{self, Members};
use crate::format::mode::Mode;
use crate::format::names::CACHE_INDEX;
use crate::sort::{order, sorted};
use crate::unpack::{Sink, pieces};

/// Compares with the directory `root`.
pub(super) struct Compare {
    root: PathBuf,
    /// Where replacements are written.
    spare: Option<PathBuf>,
    written: AtomicUsize,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    members: Members,
    differing: Vec<Difference>,
}

struct Difference {
    /// Relative.
    path: PathBuf,
    what: &'static str,
    expected: Expected,
}

/// What a member that differs should be.
enum Expected {
    Directory,
    /// A file that was written to the spare directory.
    File(PathBuf),
    Link(PathBuf),
}

impl Compare {
    /// A sink that compares.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            spare: None,
            written: AtomicUsize::new(0),
            found: Mutex::default(),
        }
    }

    /// A sink that can [`Compare::repair`]: `spare` is an empty directory on the same file system.
    pub(super) fn repairing(root: &Path, spare: &Path) -> Self {
        Self {
            spare: Some(spare.to_owned()),
            ..Self::new(root)
        }
    }

    /// What differs, a line each, sorted; to be called when all members have been compared.
    pub(super) fn differing(self) -> Vec<String> {
        let Self { root, found, .. } = self;
        let found = into_inner(found);
        let mut lines: Vec<String> = found.differing.iter().map(|one| one.line(&root)).collect();
        let at = root.join(CACHE_INDEX);
        if !shape::has_index(&root, &found.members.encode()) {
            let what = if at.symlink_metadata().is_ok() {
                "was changed"
            } else {
                "is missing"
            };
            lines.push(format!("`{}` {what}", at.display()));
        }
        let keys: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let order = order(&keys);
        order
            .into_iter()
            .map(|at| std::mem::take(&mut lines[at]))
            .collect()
    }

    /// Replaces what differs; returns what [`Compare::differing`] would have. Only to be called when all frames have
    /// been checked.
    ///
    /// # Errors
    /// When the directory can't be written to.
    pub(super) fn repair(self) -> Result<Vec<String>> {
        let Some(spare) = self.spare.clone() else {
            return Ok(self.differing());
        };
        let Self { root, found, .. } = self;
        let mut found = into_inner(found);
        // Directories come before what is below them.
        let paths: Vec<PathBuf> = found.differing.iter().map(|one| one.path.clone()).collect();
        let keys: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
        found.differing = sorted(found.differing, &keys);
        let failed =
            |path: &Path, error: &io::Error| Error::path(Kind::Storage, "repair", path, cause(error));
        for difference in &found.differing {
            let path = root.join(&difference.path);
            difference
                .replace(&root, &spare)
                .map_err(|error| failed(&path, &error))?;
        }
        let mut lines: Vec<String> = found.differing.iter().map(|one| one.line(&root)).collect();
        let bytes = found.members.encode();
        if !shape::has_index(&root, &bytes) {
            let (at, new) = (root.join(CACHE_INDEX), spare.join("index"));
            fs::write(&new, &bytes)
                .and_then(|()| clear(&at))
                .and_then(|()| fs::rename(&new, &at))
                .map_err(|error| failed(&at, &error))?;
            lines.push(format!("`{}` is missing or was changed", at.display()));
        }
        Ok(lines)
    }

    fn note(&self, path: &[u8], what: &'static str, expected: Expected) {
        let path = as_path(path).to_owned();
        self.found().differing.push(Difference { path, what, expected });
    }

    fn member(&self, kind: index::Kind, size: u64, path: &[u8]) -> Result<()> {
        if self.found().members.add(kind, size, path) {
            Ok(())
        } else {
            Err(Error::damaged("a layer has too many members"))
        }
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// A file of the spare directory that begins with the first `same` bytes of `old`.
    fn replacement(&self, mode: Mode, old: &Path, same: u64) -> Result<Option<(PathBuf, File)>> {
        let Some(spare) = &self.spare else {
            return Ok(None);
        };
        let new = spare.join(self.written.fetch_add(1, Ordering::Relaxed).to_string());
        let write = || {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode.bits())
                .open(&new)?;
            if same > 0 {
                let mut old = File::open(old)?.take(same);
                let mut buffer = vec![0; 64 << 10];
                loop {
                    // Not `io::copy`: its special cases for Linux would add kilobytes to the launcher.
                    match old.read(&mut buffer)? {
                        0 => break,
                        read => file.write_all(&buffer[..read])?,
                    }
                }
            }
            Ok(file)
        };
        match write() {
            Ok(file) => Ok(Some((new, file))),
            Err(error) => Err(Error::path(Kind::Storage, "write", &new, cause(&error))),
        }
    }
}

impl Difference {
    fn line(&self, root: &Path) -> String {
        format!("`{}` {}", root.join(&self.path).display(), self.what)
    }

    /// Moves what is expected to its place below `root`.
    fn replace(&self, root: &Path, spare: &Path) -> io::Result<()> {
        if let Some(parent) = self.path.parent() {
            let mut directory = root.to_owned();
            for part in parent {
                directory.push(part);
                make_directory(&directory)?;
            }
        }
        let path = root.join(&self.path);
        match &self.expected {
            Expected::Directory => make_directory(&path),
            Expected::File(new) => {
                clear(&path)?;
                fs::rename(new, path)
            }
            Expected::Link(target) => {
                let new = spare.join("link");
                symlink(target, &new)?;
                clear(&path)?;
                fs::rename(new, path)
            }
        }
    }
}

/// Makes `path` a directory, whatever it is now.
fn make_directory(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir(path)
}

/// Removes a directory in the place of something else; a rename replaces all other kinds.
fn clear(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Sink for Compare {
    fn directory(&self, path: &[u8], _mode: Mode) -> Result<()> {
        self.member(index::Kind::Directory, 0, path)?;
        match fs::symlink_metadata(self.root.join(as_path(path))) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => self.note(path, "is not a directory", Expected::Directory),
            Err(_) => self.note(path, "is missing", Expected::Directory),
        }
        Ok(())
    }

    fn file(&self, path: &[u8], size: u64, mode: Mode, data: &mut dyn BufRead) -> Result<()> {
        let executable = mode.is_executable();
        let kind = if executable {
            index::Kind::Executable
        } else {
            index::Kind::File
        };
        self.member(kind, size, path)?;
        let at = self.root.join(as_path(path));
        let same = fs::symlink_metadata(&at)
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|metadata| {
                metadata.len() == size && (metadata.permissions().mode() & 0o100 != 0) == executable
            });
        // Opened only when it is a regular file: opening a fifo would wait for a writer.
        let mut found = (same == Some(true)).then(|| File::open(&at).ok()).flatten();
        let mut new = match found {
            Some(_) => None,
            None => self.replacement(mode, &at, 0)?,
        };
        let mut buffer = vec![0; 64 << 10];
        let mut done = 0;
        pieces(data, size, |bytes| {
            for bytes in bytes.chunks(buffer.len()) {
                let read = &mut buffer[..bytes.len()];
                if let Some(file) = &mut found
                    && !(file.read_exact(read).is_ok() && read == bytes)
                {
                    found = None;
                    new = self.replacement(mode, &at, done)?;
                }
                if let Some((new, file)) = &mut new {
                    file.write_all(bytes)
                        .map_err(|error| Error::path(Kind::Storage, "write", new, cause(&error)))?;
                }
                done += bytes.len() as u64;
            }
            Ok(())
        })?;
        if found.is_none() {
            let what = if same.is_none() {
                "is missing"
            } else {
                "was changed"
            };
            let new = new.map_or_else(PathBuf::new, |(new, _)| new);
            self.note(path, what, Expected::File(new));
        }
        Ok(())
    }

    fn symlink(&self, path: &[u8], target: &[u8]) -> Result<()> {
        self.member(index::Kind::Link, target.len() as u64, path)?;
        let expected = || Expected::Link(as_path(target).to_owned());
        match fs::read_link(self.root.join(as_path(path))) {
            Ok(found) if found.as_os_str().as_bytes() == target => {}
            Ok(_) => self.note(path, "points elsewhere", expected()),
            Err(_) => self.note(path, "is missing", expected()),
        }
        Ok(())
    }
}
