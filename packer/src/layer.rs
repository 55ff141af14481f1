//! A tree becomes a layer: a deterministic tar, cut into zstd frames at member boundaries.
//!
//! Frames are what a start unpacks in parallel, so none is longer than it must be; but a longer one is
//! smaller. Members are put in an order that brings like to like: directories first, then each source with its
//! bytecode, which holds the same names and docstrings, then the rest by their endings. Links come last, as the
//! launcher makes them last.

use std::cmp::Reverse;
use std::fmt::{self, Display};
use std::fs::File as Collected;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use pyship_launcher::format::manifest::{Frame, Layer};
use pyship_launcher::format::member::{END, Member, MemberKind, padding};
use pyship_launcher::hex::hex;
use pyship_launcher::unpack::WINDOW_LOG_MAX;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use zstd_safe::{CCtx, CParameter};

use crate::tree::{File, LayerPath, Node, Tree};

/// A frame is closed when it holds this many bytes; a member that is longer has one of its own. Larger frames
/// are smaller altogether, and fewer to share among cores.
const FRAME_TARGET: u64 = 1 << 20;
/// The same for levels that are chosen for size.
const FRAME_TARGET_SMALL: u64 = 4 << 20;
const LEVEL_SMALL: i32 = 16;
/// The same for [`Compression::Smallest`]: two windows, so that most members see all that the window can hold.
const FRAME_TARGET_SMALLEST: u64 = 2 << WINDOW_LOG_MAX;
const LEVEL_SMALLEST: i32 = 22;
const DISK_BLOCK: u64 = 4096;

/// What compression is to spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// One of zstd's levels, in frames that fit it.
    Level(i32),
    /// Whatever makes the file smaller, in time here and at the first start.
    Smallest,
}

impl Compression {
    const fn level(self) -> i32 {
        match self {
            Self::Level(level) => level,
            Self::Smallest => LEVEL_SMALLEST,
        }
    }

    const fn frame_target(self) -> u64 {
        match self {
            Self::Level(level) if level < LEVEL_SMALL => FRAME_TARGET,
            Self::Level(_) => FRAME_TARGET_SMALL,
            Self::Smallest => FRAME_TARGET_SMALLEST,
        }
    }
}

impl Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => level.fmt(f),
            Self::Smallest => f.write_str("smallest"),
        }
    }
}

/// A layer's compressed bytes, and what the manifest says of it, but for its place in the file.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The manifest's entry; `offset` is zero.
    pub layer: Layer,
    /// Bytes of all files before compression.
    pub raw: u64,
    /// Holds the frames, in any order: of a large layer only those that are being made are in memory.
    pub data: Arc<Collected>,
    /// Where each frame lies in it.
    pub places: Vec<u64>,
}

impl Packed {
    /// The frames, in order.
    pub fn frames(&self) -> impl Iterator<Item = io::Result<Vec<u8>>> {
        self.layer.frames.iter().zip(&self.places).map(|(frame, place)| {
            let mut bytes = vec![0; usize::try_from(frame.size).map_err(io::Error::other)?];
            self.data.read_exact_at(&mut bytes, *place)?;
            Ok(bytes)
        })
    }
}

/// The file that collects frames can't be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write compressed data: {0}")]
pub struct CollectError(io::Error);

/// Compresses `tree` into the empty file `collected`; `done` is told of decompressed bytes as
/// they are dealt with.
///
/// # Errors
/// When a file can't be read, or has changed its size since it was looked at; [`CollectError`] when it is
/// `collected` that fails.
pub fn pack(
    name: &str,
    tree: &Tree,
    compression: Compression,
    collected: &Collected,
    done: &(dyn Fn(u64) + Sync),
) -> Result<Packed> {
    let plan = plan(tree, compression.frame_target())?;
    let last = plan.len().saturating_sub(1);
    let data = Arc::new(collected.try_clone().map_err(CollectError)?);
    let end = AtomicU64::new(0);
    // The largest first: at the end no core is left with one.
    let mut order: Vec<usize> = (0..plan.len()).collect();
    order.sort_by_key(|&index| Reverse(plan[index].iter().map(|planned| planned.size).sum::<u64>()));
    let mut frames: Vec<(usize, Frame, u64)> = order
        .par_iter()
        .with_max_len(1)
        .map(|&index| {
            let raw = raw_frame(&plan[index], index == last)?;
            let compressed = compress(&raw, compression.level())?;
            done(raw.len() as u64);
            let sha256 = hex(&Sha256::digest(&compressed));
            let size = compressed.len() as u64;
            let place = end.fetch_add(size, Ordering::Relaxed);
            data.write_all_at(&compressed, place).map_err(CollectError)?;
            let raw = raw.len() as u64;
            Ok((index, Frame { size, raw, sha256 }, place))
        })
        .collect::<Result<_>>()?;
    frames.sort_by_key(|(index, ..)| *index);
    let (entries, places): (Vec<Frame>, Vec<u64>) =
        frames.into_iter().map(|(_, frame, place)| (frame, place)).unzip();
    let sizes = plan.iter().flatten().map(|planned| planned.size);
    let raw = sizes.clone().sum();
    let layer = Layer {
        name: name.to_owned(),
        digest: Layer::digest_of(&entries),
        offset: 0,
        size: entries.iter().map(|frame| frame.size).sum(),
        disk: sizes
            .map(|size| size.div_ceil(DISK_BLOCK).max(1) * DISK_BLOCK)
            .sum(),
        entries: plan.iter().map(|members| members.len() as u64).sum(),
        frames: entries,
    };
    Ok(Packed {
        layer,
        raw,
        data,
        places,
    })
}

struct Planned<'a> {
    path: &'a LayerPath,
    node: &'a Node,
    size: u64,
}

/// Which members go into which frame of about `target` bytes.
fn plan(tree: &Tree, target: u64) -> Result<Vec<Vec<Planned<'_>>>> {
    let mut members = Vec::new();
    for (path, node) in tree.iter() {
        let size = match node {
            Node::File(file) => file
                .content
                .size()
                .with_context(|| format!("failed to pack `{}`", shown(path)))?,
            Node::Directory | Node::Symlink(_) => 0,
        };
        members.push(Planned { path, node, size });
    }
    members.sort_by_cached_key(|member| (group(member), is_bytecode(member.path), member.path.as_slice()));
    let mut frames: Vec<Vec<Planned<'_>>> = Vec::new();
    let mut filled = 0;
    for member in members {
        if frames.is_empty() || filled >= target || (filled > 0 && filled + member.size > target + target / 4)
        {
            frames.push(Vec::new());
            filled = 0;
        }
        filled += member.size + 512;
        if let Some(frame) = frames.last_mut() {
            frame.push(member);
        }
    }
    if frames.is_empty() {
        frames.push(Vec::new());
    }
    Ok(frames)
}

/// Members that resemble each other share a frame.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Group<'a> {
    Directory,
    /// A module: the path of its source without the ending. Its bytecode comes right after it.
    Module(Vec<u8>),
    /// Any other file, by its ending.
    Other(&'a [u8]),
    Link,
}

fn is_bytecode(path: &[u8]) -> bool {
    path.ends_with(b".pyc")
}

fn group<'a>(member: &Planned<'a>) -> Group<'a> {
    let path = member.path.as_slice();
    let name_at = path
        .iter()
        .rposition(|&byte| byte == b'/')
        .map_or(0, |slash| slash + 1);
    let (directory, name) = path.split_at(name_at);
    let dot = name.iter().rposition(|&byte| byte == b'.');
    let (stem, ending) = name.split_at(dot.unwrap_or(name.len()));
    match (member.node, ending) {
        (Node::Directory, _) => Group::Directory,
        (Node::Symlink(_), _) => Group::Link,
        (Node::File(_), b".py") => Group::Module([directory, stem].concat()),
        (Node::File(_), b".pyc") => match directory.strip_suffix(b"__pycache__/") {
            // `name.cpython-312.pyc`
            Some(parent) => {
                let tag = stem.iter().rposition(|&byte| byte == b'.');
                Group::Module([parent, &stem[..tag.unwrap_or(stem.len())]].concat())
            }
            None => Group::Module([directory, stem].concat()),
        },
        (Node::File(_), ending) => Group::Other(ending),
    }
}

fn raw_frame(members: &[Planned<'_>], last: bool) -> Result<Vec<u8>> {
    let mut raw = Vec::new();
    for Planned { path, node, size } in members {
        let kind = match node {
            Node::Directory => MemberKind::Directory,
            Node::File(File { executable, .. }) => MemberKind::File {
                size: *size,
                executable: *executable,
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
                .with_context(|| format!("failed to pack `{}`", shown(path)))?;
            anyhow::ensure!(
                bytes.len() as u64 == *size,
                "failed to pack `{}`: it changes while it is read",
                shown(path)
            );
            raw.extend_from_slice(&bytes);
            raw.resize(raw.len() + padding(*size), 0);
        }
    }
    if last {
        raw.extend_from_slice(&END);
    }
    Ok(raw)
}

fn compress(raw: &[u8], level: i32) -> Result<Vec<u8>> {
    let failed = |code: usize| io::Error::other(zstd_safe::get_error_name(code));
    let mut context = CCtx::create();
    context
        .set_parameter(CParameter::CompressionLevel(level))
        .map_err(failed)?;
    // What a launcher accepts; lower levels use less by themselves.
    if level > 19 {
        context
            .set_parameter(CParameter::WindowLog(WINDOW_LOG_MAX))
            .map_err(failed)?;
    }
    let mut compressed = Vec::with_capacity(zstd_safe::compress_bound(raw.len()));
    context.compress2(&mut compressed, raw).map_err(failed)?;
    Ok(compressed)
}

fn shown(path: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(path)
}

#[cfg(test)]
mod tests {
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
    fn frames_end_on_members_and_decode_to_one_tar() {
        let packed = packed();
        assert!(packed.places.len() >= 2);
        let mut members = Vec::new();
        for (frame, bytes) in packed.layer.frames.iter().zip(bytes(&packed)) {
            let mut raw = Vec::with_capacity(usize::try_from(frame.raw).unwrap());
            zstd_safe::decompress(&mut raw, &bytes).unwrap();
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
