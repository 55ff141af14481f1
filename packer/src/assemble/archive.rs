//! The ZIP archive of a packed file. What it holds and in which order is said here alone: [`super::write()`] writes it, and
//! [`super::skeleton`] computes it anew for `pyship verify`.
//!
//! `python3 FILE` reads the archive with `zipimport`, which before Python 3.13 knows no ZIP64: it counts backwards from the
//! archive's end, by at most 4 GiB. In a file of that size the layers lie before the archive, which is small then.

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

/// The largest launcher and layers, together, that are followed by a manifest and a directory within 4 GiB.
const MEMBERS_MAX: u64 = u32::MAX as u64 - 2 * trailer::MANIFEST_MAX;

/// Where the layers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layers {
    /// In the archive, as members.
    Members,
    /// Between the launcher and the archive.
    Before,
}

impl Layers {
    /// For a launcher of `start` bytes, and layers of these sizes.
    pub(super) fn of_size(start: u64, sizes: impl Iterator<Item = u64>) -> Self {
        if sizes.fold(start, u64::saturating_add) > MEMBERS_MAX {
            Self::Before
        } else {
            Self::Members
        }
    }
}

/// An archive that is being written, after its layers. Members are added in the order: main, manifest.
pub(super) struct Archive<W: Write + Seek> {
    zip: ZipWriter<Tracked<W>>,
    state: Rc<State>,
}

impl<W: Write + Seek> Archive<W> {
    /// An archive of these layers at `start`, which is the position of `out`. Gives the layers' offsets in the file, too.
    pub(super) fn new(
        out: W,
        start: u64,
        place: Layers,
        layers: &[(&str, u64, Pass<'_>)],
    ) -> Result<(Self, Vec<u64>)> {
        let mut tracked = Tracked::new(out, start);
        let state = tracked.state();
        let mut offsets = Vec::new();
        if place == Layers::Before {
            for (_, _, pass) in layers {
                offsets.push(state.position());
                pass(&mut |piece| tracked.write_all(piece))?;
            }
            tracked.begin_anew();
        }
        let mut zip = ZipWriter::new(tracked);
        if place == Layers::Members {
            for (name, size, pass) in layers {
                let name = format!("{MEMBER_LAYER_PREFIX}{name}{MEMBER_LAYER_SUFFIX}");
                zip.start_file(name, options(*size))?;
                offsets.push(state.position());
                pass(&mut |piece| zip.write_all(piece))?;
            }
        }
        Ok((Self { zip, state }, offsets))
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

#[cfg(test)]
mod tests {
    use std::io::SeekFrom;
    use std::process::Command;

    use super::*;

    #[test]
    fn layers_that_python_can_not_count_back_over_lie_before_the_archive() {
        let of_size = |sizes: &[u64]| Layers::of_size(700_000, sizes.iter().copied());
        assert_eq!(of_size(&[20 << 20, 3 << 30, 1000]), Layers::Members);
        assert_eq!(of_size(&[20 << 20, 4 << 30, 1000]), Layers::Before);
        assert_eq!(of_size(&[u64::MAX, u64::MAX]), Layers::Before);
    }

    /// The layers are a hole of 5 GiB, which takes no room on the disk.
    #[test]
    fn python_starts_a_file_of_more_than_4_gib() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large.bin");
        let mut file = fs_err::File::create(&path).unwrap();
        let start = 5 << 30;
        file.set_len(start).unwrap();
        file.seek(SeekFrom::Start(start)).unwrap();
        let pass = |take: &mut dyn FnMut(&[u8]) -> io::Result<()>| take(b"compressed");
        let (mut archive, offsets) =
            Archive::new(&mut file, start, Layers::Before, &[("deps", 10, &pass)]).unwrap();
        assert_eq!(offsets, [start]);
        archive.main(b"print('started')\n").unwrap();
        archive.finish(b"{}").unwrap();
        drop(file);
        // No ZIP64 locator stands before the end record, whose comment is the trailer.
        let bytes = fs_err::File::open(&path).unwrap();
        let mut end = [0; trailer::SIZE + 22 + 20];
        let at = bytes.metadata().unwrap().len() - end.len() as u64;
        std::os::unix::fs::FileExt::read_exact_at(bytes.file(), &mut end, at).unwrap();
        assert_eq!(
            (&end[20..24], &end[..4] == b"PK\x06\x07"),
            (&b"PK\x05\x06"[..], false)
        );
        let output = Command::new("python3").arg(&path).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "started\n", "{output:?}");
    }
}
