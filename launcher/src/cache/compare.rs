//! A sink that compares members with a directory.
//!
//! It finds what is damaged and what the program has changed (see [`super::published`]). To restore members, those to
//! be replaced are written to a spare directory on the way; when all frames have been checked, [`super::restore`]
//! moves them to their places.

use std::fs::{self, File, Metadata};
use std::io::{BufRead, Read, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::differences::{Difference, Differences, Expected, Part};
use super::published::{Published, is_programs};
use super::restore::copy_bytes;
use super::shape;
use crate::bytes::as_path;
use crate::error::{Error, Result};
use crate::format::index::{self, Members};
use crate::format::mode::Mode;
use crate::sort::sorted;
use crate::unpack::{Sink, pieces};

/// What is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// What is damaged.
    Damaged,
    /// Also what was changed or added.
    All,
}

/// Compares with the directory `root`.
pub(super) struct Compare {
    root: PathBuf,
    part: Part,
    published: Option<Published>,
    /// Where replacements are written, and of what.
    spare: Option<(PathBuf, Scope)>,
    written: AtomicUsize,
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    members: Members,
    list: Vec<Difference>,
}

impl Compare {
    /// A sink that compares.
    pub(super) fn new(root: &Path, part: Part) -> Self {
        Self {
            root: root.to_owned(),
            part,
            published: shape::published(root),
            spare: None,
            written: AtomicUsize::new(0),
            found: Mutex::default(),
        }
    }

    /// A sink that writes replacements to `spare`, an empty directory on the same file system.
    pub(super) fn restoring(root: &Path, part: Part, spare: &Path, scope: Scope) -> Self {
        Self {
            spare: Some((spare.to_owned(), scope)),
            ..Self::new(root, part)
        }
    }

    /// What differs; to be called when all members have been compared.
    pub(super) fn differences(self) -> Differences {
        let Self {
            root,
            part,
            published,
            found,
            ..
        } = self;
        let Found { members, list } = found
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        // Directories come before what is below them.
        let paths: Vec<PathBuf> = list.iter().map(|one| one.path.clone()).collect();
        let keys: Vec<&[u8]> = paths.iter().map(|path| path.as_os_str().as_bytes()).collect();
        let index = members.encode();
        Differences {
            has_index: shape::has_index(&root, &index),
            list: sorted(list, &keys),
            root,
            part,
            published,
            index,
        }
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

    /// A member of `size` bytes that differs.
    fn difference(&self, path: &[u8], size: u64, expected: Expected) -> Difference {
        let path = as_path(path);
        let is_ours = self.part.is_ours(path);
        Difference {
            is_changed: !is_ours && is_programs(&self.root, path, size, self.published.as_ref()),
            is_missing: self.root.join(path).symlink_metadata().is_err(),
            path: path.to_owned(),
            expected,
        }
    }

    fn note(&self, difference: Difference) {
        self.found().list.push(difference);
    }

    /// A file that differs, with its replacement if it is to be replaced: it begins with the first `same` bytes of
    /// the file.
    fn differing(&self, path: &[u8], size: u64, mode: Mode, same: u64) -> Result<Differing> {
        let mut difference = self.difference(path, size, Expected::File(PathBuf::new()));
        let Some((spare, scope)) = &self.spare else {
            return Ok((difference, None));
        };
        if difference.is_changed && *scope == Scope::Damaged {
            return Ok((difference, None));
        }
        let new = spare.join(self.written.fetch_add(1, Ordering::Relaxed).to_string());
        let old = self.root.join(as_path(path));
        let write = || {
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(mode.bits())
                .open(&new)?;
            if same > 0 {
                copy_bytes(&mut File::open(old)?.take(same), &mut file)?;
            }
            Ok(file)
        };
        let file = write().map_err(|error| Error::storage("write", &new, &error))?;
        difference.expected = Expected::File(new);
        Ok((difference, Some(file)))
    }
}

/// A file that differs, and its replacement if there is one.
type Differing = (Difference, Option<File>);

impl Sink for Compare {
    fn directory(&self, path: &[u8], _mode: Mode) -> Result<()> {
        self.member(index::Kind::Directory, 0, path)?;
        let found = fs::symlink_metadata(self.root.join(as_path(path)));
        if !found.is_ok_and(|found| found.is_dir()) {
            self.note(self.difference(path, u64::MAX, Expected::Directory));
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
        let is_alike = |found: &Metadata| {
            let is_executable = found.permissions().mode() & 0o100 != 0;
            found.is_file() && found.len() == size && is_executable == executable
        };
        // Opened only when it is a regular file: opening a fifo would wait for a writer.
        let is_alike = fs::symlink_metadata(&at).is_ok_and(|found| is_alike(&found));
        let mut same = is_alike.then(|| File::open(&at).ok()).flatten();
        let mut differing = match same {
            Some(_) => None,
            None => Some(self.differing(path, size, mode, 0)?),
        };
        let mut buffer = vec![0; 64 << 10];
        let mut done = 0;
        pieces(data, size, |bytes| {
            for bytes in bytes.chunks(buffer.len()) {
                let read = &mut buffer[..bytes.len()];
                if let Some(file) = &mut same
                    && !(file.read_exact(read).is_ok() && read == bytes)
                {
                    same = None;
                    differing = Some(self.differing(path, size, mode, done)?);
                }
                if let Some((_, Some(file))) = &mut differing {
                    file.write_all(bytes)
                        .map_err(|error| Error::storage("write a replacement of", &at, &error))?;
                }
                done += bytes.len() as u64;
            }
            Ok(())
        })?;
        if let Some((difference, _)) = differing {
            self.note(difference);
        }
        Ok(())
    }

    fn symlink(&self, path: &[u8], target: &[u8]) -> Result<()> {
        let size = target.len() as u64;
        self.member(index::Kind::Link, size, path)?;
        let found = fs::read_link(self.root.join(as_path(path)));
        if !found.is_ok_and(|found| found.as_os_str().as_bytes() == target) {
            let expected = Expected::Link(as_path(target).to_owned());
            self.note(self.difference(path, size, expected));
        }
        Ok(())
    }
}
