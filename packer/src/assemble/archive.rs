//! The ZIP archive of a packed file. What it holds and in which order is said here alone: [`super::write()`] writes it, and
//! [`super::skeleton`] computes it anew for `pyship verify`.

use std::io::{self, Seek, Write};
use std::rc::Rc;

use anyhow::Result;
use pyship_launcher::format::names::{
    MEMBER_LAYER_PREFIX, MEMBER_LAYER_SUFFIX, MEMBER_MAIN, MEMBER_MANIFEST,
};
use pyship_launcher::format::trailer;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::tracked::{State, Tracked};

/// Passes bytes, piece by piece, to the function that it is given.
pub(super) type Pass<'a> = &'a dyn Fn(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>;

/// An archive that is being written. Members are added in the order: layers, main, manifest.
pub(super) struct Archive<W: Write + Seek> {
    zip: ZipWriter<Tracked<W>>,
    state: Rc<State>,
}

impl<W: Write + Seek> Archive<W> {
    /// An archive at `start`, which is the position of `out`.
    pub(super) fn new(out: W, start: u64) -> Self {
        let tracked = Tracked::new(out, start);
        let state = tracked.state();
        let zip = ZipWriter::new(tracked);
        Self { zip, state }
    }

    /// Adds a layer of `size` bytes. Gives its offset in the file.
    pub(super) fn layer(&mut self, name: &str, size: u64, pass: Pass<'_>) -> Result<u64> {
        let name = format!("{MEMBER_LAYER_PREFIX}{name}{MEMBER_LAYER_SUFFIX}");
        self.zip.start_file(name, options(size))?;
        let offset = self.state.position();
        pass(&mut |piece| self.zip.write_all(piece))?;
        Ok(offset)
    }

    /// Adds `__main__.py`.
    pub(super) fn main(&mut self, bytes: &[u8]) -> Result<()> {
        self.begin_main()?;
        Ok(self.zip.write_all(bytes)?)
    }

    /// Adds the head of `__main__.py`. Gives the offset of its bytes.
    fn begin_main(&mut self) -> Result<u64> {
        self.zip.start_file(MEMBER_MAIN, options(0))?;
        Ok(self.state.position())
    }

    /// The same; `bytes` gives what is at an offset.
    pub(super) fn main_at(&mut self, bytes: impl FnOnce(u64) -> Result<Vec<u8>>) -> Result<()> {
        let offset = self.begin_main()?;
        Ok(self.zip.write_all(&bytes(offset)?)?)
    }

    /// Adds the manifest and ends the archive. Its comment, which becomes the trailer, is zeros: it depends on the file's
    /// length. Gives the offset of the manifest.
    pub(super) fn finish(mut self, manifest: &[u8]) -> Result<u64> {
        self.zip.start_file(MEMBER_MANIFEST, options(0))?;
        let offset = self.state.position();
        self.zip.write_all(manifest)?;
        self.zip
            .set_raw_comment(vec![0; trailer::SIZE].into_boxed_slice())?;
        self.zip.finish()?;
        self.state.failure()?;
        Ok(offset)
    }
}

/// Stored, and with the same time always: the bytes depend on the content alone.
fn options(size: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(size >= u64::from(u32::MAX))
}
