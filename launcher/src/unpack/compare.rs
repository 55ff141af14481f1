//! A sink that compares a layer with what lies in a directory, and remembers what differs.

use std::fs::{self, File};
use std::io::{BufRead, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::{Sink, pieces};
use crate::error::Result;

/// Compares with the directory `root`.
pub struct Compare {
    root: PathBuf,
    differing: Mutex<Vec<String>>,
}

impl Compare {
    /// A sink for the unpacked layer at `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            differing: Mutex::default(),
        }
    }

    /// What differs, a line each, sorted.
    #[must_use]
    pub fn differing(self) -> Vec<String> {
        let mut lines = self
            .differing
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        lines.sort();
        lines
    }

    fn at(&self, path: &[u8]) -> PathBuf {
        self.root.join(std::ffi::OsStr::from_bytes(path))
    }

    fn note(&self, path: &Path, what: &str) {
        let mut lines = self
            .differing
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        lines.push(format!("`{}` {what}", path.display()));
    }
}

impl Sink for Compare {
    fn directory(&self, path: &[u8]) -> Result<()> {
        let path = self.at(path);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => self.note(&path, "is not a directory"),
            Err(_) => self.note(&path, "is missing"),
        }
        Ok(())
    }

    fn file(&self, path: &[u8], size: u64, executable: bool, data: &mut dyn BufRead) -> Result<()> {
        let path = self.at(path);
        let same = fs::symlink_metadata(&path)
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|metadata| {
                metadata.len() == size && (metadata.permissions().mode() & 0o111 != 0) == executable
            });
        let mut found = File::open(&path).ok().filter(|_| same == Some(true));
        let mut equal = found.is_some();
        let mut buffer = vec![0; 64 << 10];
        pieces(data, size, |bytes| {
            for bytes in bytes.chunks(buffer.len()) {
                let read = &mut buffer[..bytes.len()];
                if let Some(file) = found.as_mut().filter(|_| equal) {
                    equal = file.read_exact(read).is_ok() && read == bytes;
                }
            }
            Ok(())
        })?;
        match same {
            None => self.note(&path, "is missing"),
            Some(_) if !equal => self.note(&path, "was changed"),
            Some(_) => {}
        }
        Ok(())
    }

    fn symlink(&self, path: &[u8], target: &[u8]) -> Result<()> {
        let path = self.at(path);
        match fs::read_link(&path) {
            Ok(found) if found.as_os_str().as_bytes() == target => {}
            Ok(_) => self.note(&path, "points elsewhere"),
            Err(_) => self.note(&path, "is missing"),
        }
        Ok(())
    }
}
