//! A sink that writes nothing: it reads every member to its end and finds what could not be unpacked.
//!
//! A path that occurs twice, or as a file and a directory, fails only when it is written; here hashes of the paths
//! stand for the files. What a first start has no memory for is found too. The hash has a random key, so nobody can choose paths that collide; by chance, two of half a
//! million paths collide in one of ten million files.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
use std::io::BufRead;
use std::sync::Mutex;

use super::bounds::Bounds;
use super::{Sink, pieces};
use crate::error::{Error, Result};
use crate::format::manifest::ENTRIES_MAX;
use crate::format::mode::Mode;

/// Members and the directories that their paths imply.
const PATHS_MAX: u64 = ENTRIES_MAX + ENTRIES_MAX / 2;

/// Checks one layer.
#[derive(Default)]
pub struct Check {
    hasher: RandomState,
    known: Mutex<HashMap<u64, Known>>,
    bounds: Mutex<Bounds>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Directory,
    Other,
}

impl Check {
    fn note(&self, path: &[u8], kind: Known) -> Result<()> {
        let mut known = self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let twice = || {
            let path = String::from_utf8_lossy(&path[..path.len().min(200)]);
            Error::damaged(format_args!("a layer has `{path}` twice"))
        };
        match known.entry(self.hasher.hash_one(path)) {
            Entry::Occupied(entry) if *entry.get() != kind || kind == Known::Other => return Err(twice()),
            Entry::Occupied(_) => return Ok(()),
            Entry::Vacant(entry) => entry.insert(kind),
        };
        let slashes = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/');
        for (end, _) in slashes {
            match known.entry(self.hasher.hash_one(&path[..end])) {
                Entry::Occupied(entry) if *entry.get() == Known::Other => return Err(twice()),
                // Its parents are known too.
                Entry::Occupied(_) => break,
                Entry::Vacant(entry) => entry.insert(Known::Directory),
            };
        }
        if known.len() as u64 > PATHS_MAX {
            return Err(Error::damaged("a layer has too many directories"));
        }
        Ok(())
    }

    fn count(&self, path: &[u8], size: u64, target: Option<&[u8]>) -> Result<()> {
        let mut bounds = self
            .bounds
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        bounds.add(path, size, target)
    }
}

impl Sink for Check {
    fn directory(&self, path: &[u8], _mode: Mode) -> Result<()> {
        self.count(path, 0, None)?;
        self.note(path, Known::Directory)
    }

    fn file(&self, path: &[u8], size: u64, _mode: Mode, data: &mut dyn BufRead) -> Result<()> {
        self.count(path, size, None)?;
        self.note(path, Known::Other)?;
        pieces(data, size, |_| Ok(()))
    }

    fn symlink(&self, path: &[u8], target: &[u8]) -> Result<()> {
        self.count(path, 0, Some(target))?;
        self.note(path, Known::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_not_be_written_are_found() {
        type Member<'a> = (&'a [u8], Known);
        let twice = |members: &[Member<'_>]| {
            let check = Check::default();
            members
                .iter()
                .any(|(path, kind)| check.note(path, *kind).is_err())
        };
        let (directory, other) = (Known::Directory, Known::Other);
        assert!(!twice(&[
            (b"a/b/c", other),
            (b"a", directory),
            (b"a", directory),
            (b"A", other)
        ]));
        assert!(twice(&[(b"a", other), (b"a", other)]));
        assert!(twice(&[(b"a/b", other), (b"a", other)]));
        assert!(twice(&[(b"a", other), (b"a/b/c", other)]));
        assert!(twice(&[(b"a/b/c", other), (b"a/b", other)]));
    }
}
