//! A tree becomes a layer: a deterministic tar, cut into zstd frames at member boundaries.
//!
//! A start unpacks frames in parallel, so they must not be long; but long frames compress better. [`plan`] decides
//! which members share a frame, [`compression`] how long frames are.

mod compression;
mod frame;
mod plan;

use std::cmp::Reverse;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Result;
use pyship_launcher::format::manifest::{Frame, Layer};
use rayon::prelude::*;

pub(crate) use compression::Compression;
use frame::FrameTar;
use plan::Planned;

use crate::tree::{Node, PIECE, Tree};

const DISK_BLOCK: u64 = 4096;

/// A compressed layer.
#[derive(Debug, Clone)]
pub(crate) struct Packed {
    /// Its entry in the manifest; `offset` is zero.
    pub(crate) layer: Layer,
    /// Bytes of all files before compression.
    pub(crate) raw: u64,
    /// A file with the frames, in any order: only those that are being compressed are in memory.
    pub(crate) data: Arc<File>,
    /// Offset of each frame in [`Self::data`].
    pub(crate) offsets: Vec<u64>,
}

impl Packed {
    /// Passes the bytes of a frame to `take`, piece by piece. `offset` is one of [`Self::offsets`].
    ///
    /// # Errors
    /// When it can't be read, and those of `take`.
    pub(crate) fn pass_frame(
        &self,
        frame: &Frame,
        mut offset: u64,
        take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let end = offset + frame.size;
        let mut piece = vec![0; usize::try_from(frame.size.min(PIECE as u64)).unwrap_or(PIECE)];
        while offset < end {
            let length = usize::try_from(end - offset).map_or(piece.len(), |left| left.min(piece.len()));
            self.data.read_exact_at(&mut piece[..length], offset)?;
            take(&piece[..length])?;
            offset += length as u64;
        }
        Ok(())
    }

    /// Passes the bytes of all frames, in order.
    ///
    /// # Errors
    /// See [`Self::pass_frame`].
    pub(crate) fn pass_to(&self, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut frames = self.layer.frames.iter().zip(&self.offsets);
        frames.try_for_each(|(frame, offset)| self.pass_frame(frame, *offset, take))
    }
}

/// The file for compressed frames can't be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write compressed data: {0}")]
pub(crate) struct CollectError(io::Error);

/// Compresses `tree` into the empty file `data`. Calls `done` with the number of bytes of each frame before
/// compression.
///
/// # Errors
/// When a file can't be read, or its size changes meanwhile; [`CollectError`] when `data` can't be written.
pub(crate) fn pack(
    name: &str,
    tree: &Tree,
    compression: Compression,
    data: &File,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Packed> {
    let plan = plan::plan(tree, compression.frame_target())?;
    let data = Arc::new(data.try_clone().map_err(CollectError)?);
    let Compressed {
        frames,
        offsets,
        holes,
    } = compress(&plan, compression, &data, done)?;
    let members = plan.iter().flatten();
    let sizes = members.clone().map(|planned| planned.size);
    let raw = sizes.clone().sum();
    let disk: u64 = sizes
        .map(|size| size.div_ceil(DISK_BLOCK).max(1) * DISK_BLOCK)
        .sum();
    let layer = Layer {
        name: name.to_owned(),
        digest: Layer::digest_of(&frames),
        offset: 0,
        size: frames.iter().map(|frame| frame.size).sum(),
        disk: disk.saturating_sub(holes),
        entries: plan.iter().map(|members| members.len() as u64).sum(),
        private: members.into_iter().any(|planned| match planned.node {
            Node::Directory(mode) => mode.hides_directory(),
            Node::File(file) => file.mode.hides_file(),
            Node::Symlink(_) => false,
        }),
        frames,
    };
    Ok(Packed {
        layer,
        raw,
        data,
        offsets,
    })
}

/// Frames in order.
struct Compressed {
    frames: Vec<Frame>,
    /// Their offsets in the file that they were written to.
    offsets: Vec<u64>,
    /// Bytes of files that take no space when they are unpacked.
    holes: u64,
}

/// Compresses frames in parallel and writes each to `data` when it is ready.
fn compress(
    plan: &[Vec<Planned<'_>>],
    compression: Compression,
    data: &File,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Compressed> {
    let last = plan.len().saturating_sub(1);
    let end = AtomicU64::new(0);
    let holes = AtomicU64::new(0);
    // The largest first, so that no core works on one alone at the end.
    let mut order: Vec<usize> = (0..plan.len()).collect();
    order.sort_by_key(|&index| Reverse(plan[index].iter().map(|planned| planned.size).sum::<u64>()));
    let mut frames: Vec<(usize, Frame, u64)> = order
        .par_iter()
        .with_max_len(1)
        .map(|&index| {
            let tar = FrameTar {
                members: &plan[index],
                is_last: index == last,
                holes: &holes,
            };
            let (frame, offset) = frame::write(&tar, compression, data, &end)?;
            done(frame.raw);
            Ok((index, frame, offset))
        })
        .collect::<Result<_>>()?;
    frames.sort_by_key(|(index, ..)| *index);
    let (frames, offsets) = frames
        .into_iter()
        .map(|(_, frame, offset)| (frame, offset))
        .unzip();
    Ok(Compressed {
        frames,
        offsets,
        holes: holes.into_inner(),
    })
}

#[cfg(test)]
mod tests {
    use pyship_launcher::format::member::{Member, MemberKind, padding};
    use pyship_launcher::format::mode::Mode;

    use super::*;

    fn sample() -> Tree {
        let mut tree = Tree::new();
        tree.insert_bytes("a/b.py", &b"print(1)\n"[..], false);
        tree.insert_bytes("a/__pycache__/b.cpython-312.pyc", &b"\0\0"[..], false);
        tree.insert_bytes("a/b2.py", &b"print(2)\n"[..], false);
        tree.insert_bytes("a/readme.txt", &b"b\n"[..], false);
        tree.insert_bytes("bin/x", vec![7u8; 3 << 20], true);
        tree.insert("link", Node::Symlink(b"a/b.py".to_vec()));
        tree
    }

    fn packed() -> Packed {
        let level = Compression::Level(3);
        pack("app", &sample(), level, &tempfile::tempfile().unwrap(), &|_| {}).unwrap()
    }

    fn bytes(packed: &Packed) -> Vec<Vec<u8>> {
        let frame = |(frame, offset): (&Frame, &u64)| {
            let mut bytes = Vec::new();
            let mut take = |piece: &[u8]| {
                bytes.extend_from_slice(piece);
                Ok(())
            };
            packed.pass_frame(frame, *offset, &mut take).unwrap();
            bytes
        };
        packed
            .layer
            .frames
            .iter()
            .zip(&packed.offsets)
            .map(frame)
            .collect()
    }

    #[test]
    fn the_same_tree_gives_the_same_bytes() {
        let (one, two) = (packed(), packed());
        assert_eq!(bytes(&one), bytes(&two));
        assert_eq!(one.layer, two.layer);
        assert_eq!(one.layer.entries, 9);
    }

    #[test]
    fn holes_take_no_space_and_hidden_files_make_the_layer_private() {
        let pack = |mode: Mode, content: Vec<u8>| {
            let mut tree = Tree::new();
            tree.insert_bytes("f", content, mode);
            let data = tempfile::tempfile().unwrap();
            pack("app", &tree, Compression::Level(3), &data, &|_| {})
                .unwrap()
                .layer
        };
        let mut sparse = vec![0; 3 << 20];
        sparse[2 << 20] = 1;
        let layer = pack(Mode::FILE, sparse);
        assert_eq!((layer.disk, layer.private), (4096, false));
        let layer = pack(Mode::file(0o600), vec![1; 4097]);
        assert_eq!((layer.disk, layer.private), (8192, true));
    }

    #[test]
    fn frames_end_on_members_and_decode_to_one_tar() {
        let packed = packed();
        assert!(packed.offsets.len() >= 2);
        let mut members = Vec::new();
        for (frame, bytes) in packed.layer.frames.iter().zip(bytes(&packed)) {
            let raw = zstd::bulk::decompress(&bytes, usize::try_from(frame.raw).unwrap()).unwrap();
            assert_eq!(raw.len() as u64, frame.raw);
            let mut rest = raw.as_slice();
            while let Some(member) = Member::decode(&mut rest).unwrap() {
                if let MemberKind::File { size, .. } = member.kind {
                    rest = &rest[usize::try_from(size).unwrap() + padding(size)..];
                }
                members.push(String::from_utf8(member.path).unwrap());
            }
        }
        let want = [
            "a",
            "a/__pycache__",
            "bin",
            "a/b.py",
            "a/__pycache__/b.cpython-312.pyc",
            "a/b2.py",
            "bin/x",
            "a/readme.txt",
            "link",
        ];
        assert_eq!(members, want);
    }
}
