//! A tree becomes a layer: a deterministic tar, cut into zstd frames at member boundaries.
//!
//! A start unpacks frames in parallel, so they must not be long; but long frames compress better. [`plan`] decides
//! which members share a frame, [`compression`] how long frames are.

mod compression;
mod plan;

use std::cmp::Reverse;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::manifest::{Frame, Layer};
use pyship_launcher::format::member::{END, Member, MemberKind, padding};
use pyship_launcher::hex::hex;
use pyship_launcher::unpack::hole_bytes;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub(crate) use compression::Compression;
use plan::Planned;

use crate::tree::{Node, Tree, display};

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
    /// The bytes of each frame, in order.
    pub(crate) fn frames(&self) -> impl Iterator<Item = io::Result<Vec<u8>>> {
        self.layer
            .frames
            .iter()
            .zip(&self.offsets)
            .map(|(frame, offset)| {
                let mut bytes = vec![0; usize::try_from(frame.size).map_err(io::Error::other)?];
                self.data.read_exact_at(&mut bytes, *offset)?;
                Ok(bytes)
            })
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
            let raw = raw_frame(&plan[index], index == last, &holes)?;
            let compressed = compression.compress(&raw)?;
            done(raw.len() as u64);
            let sha256 = hex(&Sha256::digest(&compressed));
            let size = compressed.len() as u64;
            let offset = end.fetch_add(size, Ordering::Relaxed);
            data.write_all_at(&compressed, offset).map_err(CollectError)?;
            let raw = raw.len() as u64;
            Ok((index, Frame { size, raw, sha256 }, offset))
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

/// The tar of some members; that of the last frame ends the archive. Adds to `holes` what they don't take on disk.
fn raw_frame(members: &[Planned<'_>], is_last: bool, holes: &AtomicU64) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    for Planned { path, node, size } in members {
        let kind = match node {
            Node::Directory(mode) => MemberKind::Directory { mode: *mode },
            Node::File(file) => MemberKind::File {
                size: *size,
                mode: file.mode,
            },
            Node::Symlink(target) => MemberKind::Symlink {
                target: target.clone(),
            },
        };
        raw.extend_from_slice(
            &Member {
                path: (*path).clone(),
                kind,
            }
            .encode(),
        );
        if let Node::File(file) = node {
            let bytes = file
                .content
                .read()
                .with_context(|| format!("failed to pack `{}`", display(path)))?;
            ensure!(
                bytes.len() as u64 == *size,
                "failed to pack `{}`: it changed while it was read",
                display(path)
            );
            holes.fetch_add(hole_bytes(&bytes), Ordering::Relaxed);
            raw.extend_from_slice(&bytes);
            raw.resize(raw.len() + padding(*size), 0);
        }
    }
    if is_last {
        raw.extend_from_slice(&END);
    }
    Ok(raw)
}

#[cfg(test)]
mod tests {
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
        packed.frames().collect::<io::Result<_>>().unwrap()
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
