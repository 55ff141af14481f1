//! Where a file's bytes come from, and how a pack gets the same bytes each time it looks at them.
//!
//! A pack looks at a file several times: it searches it for words, compiles it, takes its digest, compresses it. An
//! editor may save it in between. So the files of an app are *held* when they are first seen: small ones in memory, of
//! the others the state. Whoever reads another state later gets an error.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::elf::MAGIC;
use crate::file_state::FileState;
use crate::regular_file;

/// Larger files are not kept in memory.
const SMALL: u64 = 1 << 20;
/// How often a file is read again that was written to meanwhile.
const TRIES: u32 = 5;

/// Where a file's bytes come from.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A file of the builder, read when the layer is written.
    Path(PathBuf),
    /// The same, in the state that was seen first.
    Held(Arc<(PathBuf, FileState)>),
    /// Bytes.
    Bytes(Arc<[u8]>),
}

impl Content {
    /// The file of the builder, unless these are bytes in memory.
    pub(crate) fn source(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Held(held) => Some(&held.0),
            Self::Bytes(_) => None,
        }
    }

    /// The bytes.
    ///
    /// # Errors
    /// When the file can't be read or has another state.
    pub(crate) fn read(&self) -> io::Result<Arc<[u8]>> {
        match self {
            Self::Path(_) | Self::Held(_) => {
                let mut bytes = Vec::with_capacity(usize::try_from(self.size()?).unwrap_or(0));
                self.pass_to(&mut |piece| {
                    bytes.extend_from_slice(piece);
                    Ok(())
                })?;
                Ok(bytes.into())
            }
            Self::Bytes(bytes) => Ok(Arc::clone(bytes)),
        }
    }

    /// Passes the bytes to `take`, piece by piece. The length of each piece but the last one is [`PIECE`].
    ///
    /// # Errors
    /// See [`Self::read`], and those of `take`.
    pub(crate) fn pass_to(&self, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let (path, state) = match self {
            Self::Bytes(bytes) => return bytes.chunks(PIECE).try_for_each(take),
            Self::Path(path) => (path, None),
            Self::Held(held) => (&held.0, Some(&held.1)),
        };
        let mut file = regular_file::open(path)?;
        let check = |file: &fs_err::File| match state {
            Some(state) if !FileState::of(&file.metadata()?).has_content_of(state) => Err(changed(path)),
            _ => Ok(()),
        };
        check(&file)?;
        let mut piece = Vec::with_capacity(PIECE);
        while {
            piece.clear();
            file.by_ref().take(PIECE as u64).read_to_end(&mut piece)? > 0
        } {
            take(&piece)?;
        }
        check(&file)
    }

    /// The number of bytes.
    ///
    /// # Errors
    /// When a file is missing.
    pub(crate) fn size(&self) -> io::Result<u64> {
        match self {
            Self::Path(path) => Ok(fs_err::metadata(path)?.len()),
            Self::Held(held) => Ok(held.1.size()),
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// The same content, which later changes of the file don't change. Takes what it keeps in memory from `room`.
    ///
    /// # Errors
    /// When the file can't be read, or is written to all the time.
    pub(super) fn hold(&self, room: &mut u64) -> io::Result<Self> {
        let Self::Path(path) = self else {
            return Ok(self.clone());
        };
        for _ in 0..TRIES {
            let mut file = regular_file::open(path)?;
            let state = FileState::of(&file.metadata()?);
            if state.size() > SMALL.min(*room) {
                return Ok(Self::Held(Arc::new((path.clone(), state))));
            }
            let mut bytes = Vec::with_capacity(usize::try_from(state.size()).unwrap_or(0));
            file.read_to_end(&mut bytes)?;
            if FileState::of(&file.metadata()?).has_content_of(&state) {
                // Libraries are looked for beside the file.
                if bytes.starts_with(MAGIC) {
                    return Ok(Self::Held(Arc::new((path.clone(), state))));
                }
                *room -= state.size();
                return Ok(Self::Bytes(bytes.into()));
            }
        }
        Err(changed(path))
    }
}

/// Bytes that are passed on at a time.
pub(crate) const PIECE: usize = 1 << 20;

fn changed(path: &Path) -> io::Error {
    io::Error::other(format!("`{}` changed while it was packed", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_stays_or_is_missed() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            fs_err::write(&path, bytes).unwrap();
            Content::Path(path)
        };
        let small = write("small", b"one");
        let large = write("large", &vec![1; (SMALL + 1) as usize]);
        let elf = write("elf", b"\x7fELF one");
        let mut room = 4;
        let held: Vec<Content> = [&small, &large, &elf]
            .map(|content| content.hold(&mut room).unwrap())
            .into();
        assert_eq!(room, 1);
        assert_eq!(held[0].source(), None);
        for content in &held {
            content.read().unwrap();
        }
        // As installers do it: the change time is another one.
        fs_err::hard_link(directory.path().join("elf"), directory.path().join("link")).unwrap();
        for content in &held {
            content.read().unwrap();
        }
        for name in ["small", "large", "elf"] {
            write(name, b"two");
        }
        assert_eq!(&held[0].read().unwrap()[..], b"one");
        assert_eq!(&small.read().unwrap()[..], b"two");
        for content in &held[1..] {
            let error = content.read().unwrap_err().to_string();
            assert!(error.ends_with("` changed while it was packed"), "{error}");
        }
    }
}
