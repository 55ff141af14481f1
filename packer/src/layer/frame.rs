//! One frame: the tar of some members, compressed into its place in a file.
//!
//! Most frames are compressed in memory. A frame of one large member passes through it piece by piece, so that a pack
//! needs no more memory for a file of any size.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::manifest::Frame;
use pyship_launcher::format::member::{END, Member, MemberKind, padding};
use pyship_launcher::hex::hex;
use pyship_launcher::unpack::hole_bytes;
use sha2::{Digest, Sha256};

use super::CollectError;
use super::compression::Compression;
use super::plan::Planned;
use crate::tree::{Node, display};

/// A longer frame is not compressed in memory. No frame of several members is that long.
const LARGE: u64 = 32 << 20;

/// The tar of a frame's members.
pub(super) struct FrameTar<'a> {
    pub(super) members: &'a [Planned<'a>],
    /// Whether it ends the archive.
    pub(super) is_last: bool,
    /// Where bytes are counted that take no space when they are unpacked.
    pub(super) holes: &'a AtomicU64,
}

impl FrameTar<'_> {
    /// Its length in bytes.
    fn length(&self) -> u64 {
        let member = |planned: &Planned<'_>| {
            let header = header(planned).len() as u64;
            header + planned.size + padding(planned.size) as u64
        };
        let end = if self.is_last { END.len() as u64 } else { 0 };
        self.members.iter().map(member).sum::<u64>() + end
    }

    /// Writes it.
    fn write(&self, out: &mut dyn Write) -> Result<()> {
        for planned in self.members {
            out.write_all(&header(planned))?;
            if let Node::File(file) = planned.node {
                self.content(planned, &file.content, out)
                    .with_context(|| format!("failed to pack `{}`", display(planned.path)))?;
            }
        }
        if self.is_last {
            out.write_all(&END)?;
        }
        Ok(())
    }

    fn content(
        &self,
        planned: &Planned<'_>,
        content: &crate::tree::Content,
        out: &mut dyn Write,
    ) -> Result<()> {
        let size = planned.size;
        let mut written = 0;
        content.pass_to(&mut |piece| {
            written += piece.len() as u64;
            self.holes.fetch_add(hole_bytes(piece), Ordering::Relaxed);
            out.write_all(piece)
        })?;
        ensure!(written == size, "it changed while it was packed");
        Ok(out.write_all(&[0; 512][..padding(size)])?)
    }
}

fn header(planned: &Planned<'_>) -> Vec<u8> {
    let kind = match planned.node {
        Node::Directory(mode) => MemberKind::Directory { mode: *mode },
        Node::File(file) => MemberKind::File {
            size: planned.size,
            mode: file.mode,
        },
        Node::Symlink(target) => MemberKind::Symlink {
            target: target.clone(),
        },
    };
    let path = planned.path.clone();
    Member { path, kind }.encode()
}

/// Compresses a frame and writes it to `data`, whose end is `end`. Gives its entry in the manifest and its offset.
///
/// # Errors
/// When a file can't be read, or changes; [`CollectError`] when `data` can't be written.
pub(super) fn write(
    tar: &FrameTar<'_>,
    compression: Compression,
    data: &File,
    end: &AtomicU64,
) -> Result<(Frame, u64)> {
    let raw = tar.length();
    if raw > LARGE {
        return write_large(tar, raw, compression, data, end);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(raw)?);
    tar.write(&mut bytes)?;
    let compressed = compression.compress(&bytes)?;
    let offset = end.fetch_add(compressed.len() as u64, Ordering::Relaxed);
    data.write_all_at(&compressed, offset).map_err(CollectError)?;
    let frame = Frame {
        size: compressed.len() as u64,
        raw,
        sha256: hex(&Sha256::digest(&compressed)),
    };
    Ok((frame, offset))
}

/// Takes as much of the file as the frame may need; what it doesn't need stays a hole.
fn write_large(
    tar: &FrameTar<'_>,
    raw: u64,
    compression: Compression,
    data: &File,
    end: &AtomicU64,
) -> Result<(Frame, u64)> {
    let most = compression.bound(raw)?;
    let offset = end.fetch_add(most, Ordering::Relaxed);
    let place = Place {
        data,
        offset,
        size: 0,
        hash: Sha256::new(),
        error: None,
    };
    let mut encoder = compression.encoder(place, raw)?;
    let written = tar.write(&mut encoder);
    if let Some(error) = encoder.get_mut().error.take() {
        return Err(CollectError(error).into());
    }
    written?;
    let mut place = encoder.finish().map_err(CollectError)?;
    if let Some(error) = place.error.take() {
        return Err(CollectError(error).into());
    }
    ensure!(place.size <= most, "failed to compress: a frame became too long");
    let frame = Frame {
        size: place.size,
        raw,
        sha256: hex(&place.hash.finalize()),
    };
    Ok((frame, offset))
}

/// Where a large frame goes.
struct Place<'a> {
    data: &'a File,
    offset: u64,
    /// Bytes written so far.
    size: u64,
    hash: Sha256,
    /// Why it can't be written. The errors of the files that are packed are others.
    error: Option<io::Error>,
}

impl Write for Place<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.data.write_all_at(bytes, self.offset + self.size) {
            let kind = error.kind();
            self.error = Some(error);
            return Err(kind.into());
        }
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::layer::pack;
    use crate::tree::Tree;

    #[test]
    fn large_members_are_compressed_like_small_ones() {
        // Incompressible at first, then text, then zeros.
        let mut state = 1_u32;
        let mut bytes: Vec<u8> = (0..8 << 20)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        bytes.extend_from_slice(&b"text ".repeat(5 << 20));
        bytes.resize(48 << 20, 0);
        let content: Arc<[u8]> = bytes.into();
        for compression in [Compression::Level(1), Compression::Level(9)] {
            let mut tree = Tree::new();
            tree.insert_bytes("large", Arc::clone(&content), false);
            tree.insert_bytes("small", &b"1"[..], false);
            let data = tempfile::tempfile().unwrap();
            let packed = pack("app", &tree, compression, &data, &|_| {}).unwrap();
            let mut raw = Vec::new();
            for (frame, offset) in packed.layer.frames.iter().zip(&packed.offsets) {
                let mut compressed = Vec::new();
                packed
                    .pass_frame(frame, *offset, &mut |piece| {
                        compressed.extend_from_slice(piece);
                        Ok(())
                    })
                    .unwrap();
                assert_eq!(hex(&Sha256::digest(&compressed)), frame.sha256);
                // The decoder of a start knows the length from the frame.
                let length = zstd::zstd_safe::get_frame_content_size(&compressed);
                assert_eq!(length.ok().flatten(), Some(frame.raw));
                raw.extend(zstd::bulk::decompress(&compressed, usize::try_from(frame.raw).unwrap()).unwrap());
            }
            let at = raw
                .windows(1 << 16)
                .position(|window| window == &content[..1 << 16])
                .unwrap();
            assert!(raw[at..].starts_with(&content));
            assert!(
                packed.layer.disk < content.len() as u64 - (14 << 20),
                "zeros become a hole"
            );
        }
    }
}
