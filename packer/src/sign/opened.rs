//! A file that must stay the same while it is read: a signature or a digest is of one content.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use pyship_launcher::error::cause;

use crate::file_state::FileState;
use crate::regular_file;

/// Bytes that are read at a time.
pub(super) const CHUNK: usize = 1 << 20;

/// An open file, and its state when it was opened.
pub(crate) struct Opened {
    pub(super) path: PathBuf,
    pub(super) file: File,
    state: FileState,
}

impl Opened {
    /// Opens the regular file at `path`.
    ///
    /// # Errors
    /// When there is none or it can't be read.
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let failed =
            |error: std::io::Error| anyhow!("failed to read `{}`: {}", path.display(), cause(&error));
        let file = match regular_file::open(path) {
            Err(error) if error.kind() == ErrorKind::InvalidInput => return Err(error.into()),
            file => file.map_err(failed)?.into_file(),
        };
        let state = FileState::of(&file.metadata().map_err(failed)?);
        Ok(Self {
            path: path.to_owned(),
            file,
            state,
        })
    }

    /// Its length in bytes when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.state.size()
    }

    /// Calls `each` with the file's bytes, piece by piece.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn each_piece(&self, mut each: impl FnMut(&[u8])) -> Result<()> {
        let failed = || format!("failed to read `{}`", self.path.display());
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).with_context(failed)?;
        let mut buffer = vec![0; CHUNK];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => each(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(failed),
            }
        }
    }

    /// Makes sure that the file was not written to since it was opened, and that its path still leads to it.
    ///
    /// # Errors
    /// When it was changed or replaced.
    pub(crate) fn unchanged(&self) -> Result<()> {
        let failed = || format!("failed to read `{}`", self.path.display());
        let now = FileState::of(&self.file.metadata().with_context(failed)?);
        let at_path = FileState::of(&self.path.metadata().with_context(failed)?);
        ensure!(
            now == self.state && at_path == self.state,
            "{}: it was changed or replaced while it was read",
            failed()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_or_a_replacement_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs_err::write(&path, "one").unwrap();
        let opened = Opened::new(&path).unwrap();
        let mut read = Vec::new();
        opened.each_piece(|piece| read.extend_from_slice(piece)).unwrap();
        assert_eq!((read.as_slice(), opened.size()), (&b"one"[..], 3));
        opened.unchanged().unwrap();

        fs_err::write(directory.path().join("other"), "one").unwrap();
        fs_err::rename(directory.path().join("other"), &path).unwrap();
        let error = opened.unchanged().unwrap_err().to_string();
        assert!(
            error.ends_with("it was changed or replaced while it was read"),
            "{error}"
        );

        let opened = Opened::new(&path).unwrap();
        fs_err::write(&path, "longer").unwrap();
        assert!(opened.unchanged().is_err());
    }

    #[test]
    fn only_regular_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let error = Opened::new(directory.path()).err().unwrap().to_string();
        assert!(error.ends_with("it is not a regular file"), "{error}");
    }
}
