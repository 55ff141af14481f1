//! An open packed file.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result, cause};
use crate::format::manifest::Manifest;
use crate::format::trailer::{self, Trailer};
use crate::hex::hex;

/// A packed file.
#[derive(Debug)]
pub struct Payload {
    /// The open file.
    pub file: File,
    /// Its path, for messages.
    pub path: PathBuf,
    /// Its trailer.
    pub trailer: Trailer,
}

impl Payload {
    /// Opens `path`; `None` when there is no trailer at its end.
    ///
    /// # Errors
    /// When it isn't a regular file or can't be read, or its trailer is damaged or of a newer format.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let failed = |error: io::Error| Error::path(Kind::Other, "open", path, cause(&error));
        // Opening a fifo would wait for a writer.
        let file = File::options()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
            .map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::path(Kind::Other, "open", path, "it is not a regular file"));
        }
        let size = metadata.len();
        let Some(start) = size.checked_sub(trailer::SIZE as u64) else {
            return Ok(None);
        };
        let mut bytes = [0; trailer::SIZE];
        file.read_exact_at(&mut bytes, start).map_err(failed)?;
        let trailer = Trailer::decode(&bytes, size)?;
        Ok(trailer.map(|trailer| Self {
            file,
            path: path.to_owned(),
            trailer,
        }))
    }

    /// The manifest's bytes, checked against the trailer.
    ///
    /// # Errors
    /// When they can't be read or don't have the digest that the trailer names.
    pub fn manifest_bytes(&self) -> Result<Vec<u8>> {
        let Trailer {
            manifest_offset,
            manifest_size,
            manifest_sha256,
            ..
        } = &self.trailer;
        let mut bytes = vec![0; usize::try_from(*manifest_size).unwrap_or(0)];
        self.read(&mut bytes, *manifest_offset)?;
        if Sha256::digest(&bytes)[..] != manifest_sha256[..] {
            return Err(Error::damaged(
                "its manifest does not have the digest that the trailer names",
            ));
        }
        Ok(bytes)
    }

    /// Reads the manifest and checks it against the trailer.
    ///
    /// # Errors
    /// See [`Self::manifest_bytes`] and [`Manifest::decode`].
    pub fn manifest(&self) -> Result<Manifest> {
        let Trailer {
            manifest_offset,
            file_size,
            launcher_size,
            ..
        } = &self.trailer;
        let manifest = Manifest::decode(&self.manifest_bytes()?, *file_size)?;
        let layers_end = manifest
            .layers
            .last()
            .map_or(0, |layer| layer.offset + layer.size);
        if manifest.launcher.size != *launcher_size || layers_end > *manifest_offset {
            return Err(Error::damaged(
                "its manifest and its trailer contradict each other",
            ));
        }
        Ok(manifest)
    }

    /// The launcher at the front of the file, checked against the manifest.
    ///
    /// # Errors
    /// When it can't be read or doesn't have the digest that the manifest names.
    pub fn launcher(&self, manifest: &Manifest) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(manifest.launcher.size).unwrap_or(0)];
        self.read(&mut bytes, 0)?;
        if hex(&Sha256::digest(&bytes)) != manifest.launcher.sha256 {
            return Err(Error::damaged(
                "its launcher does not have the digest that the manifest names",
            ));
        }
        Ok(bytes)
    }

    /// Fills `bytes` from `offset`.
    ///
    /// # Errors
    /// When the file can't be read or ends first.
    pub fn read(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        self.file
            .read_exact_at(bytes, offset)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Error::damaged("it is truncated"),
                _ => Error::path(Kind::Other, "read", &self.path, cause(&error)),
            })
    }
}
