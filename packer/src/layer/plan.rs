//! Which members a frame holds, and in which order: similar ones together.
//!
//! Directories come first, then each source with its bytecode, which has the same names and docstrings, then other
//! files by their extensions. Links are last, as the launcher makes them last.

use anyhow::{Context, Result, anyhow, ensure};
use pyship_launcher::format::member;
use pyship_launcher::unpack::Bounds;

use crate::hint::WithHint;
use crate::tree::{LayerPath, Node, Tree, display};

/// Bytes of a tar header.
const HEADER: u64 = 512;

/// Bytes of a path that an error repeats.
const SHOWN: usize = 200;

/// A member of a frame.
pub(super) struct Planned<'a> {
    pub(super) path: &'a LayerPath,
    pub(super) node: &'a Node,
    /// Length of a file in bytes.
    pub(super) size: u64,
}

/// The members of each frame; a frame has about `target` bytes. There is always at least one frame.
///
/// # Errors
/// When a file is missing, or when a first start could not unpack so many members.
pub(super) fn plan(tree: &Tree, target: u64) -> Result<Vec<Vec<Planned<'_>>>> {
    let mut members = Vec::new();
    let mut bounds = Bounds::default();
    for (path, node) in tree.iter() {
        ensure!(
            member::is_safe(path),
            "failed to pack `{}`: a path of more than {} directories, of more than 4095 bytes, or with a name of more \
             than 255 bytes can't be unpacked",
            shortened(path),
            member::DEPTH_MAX
        );
        let size = match node {
            Node::File(file) => file
                .content
                .size()
                .with_context(|| format!("failed to pack `{}`", display(path)))?,
            Node::Directory(_) | Node::Symlink(_) => 0,
        };
        let target = match node {
            Node::Symlink(target) => Some(target.as_slice()),
            Node::File(_) | Node::Directory(_) => None,
        };
        bounds
            .add(path, size, target)
            .map_err(|_| {
                anyhow!(
                    "failed to pack {} files, directories and links: with paths as long as theirs they are too many to be \
                     unpacked",
                    tree.iter().count()
                )
            })
            .hint("put those that are data into one archive, or ship them beside the file")?;
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
        filled += member.size + HEADER;
        if let Some(frame) = frames.last_mut() {
            frame.push(member);
        }
    }
    if frames.is_empty() {
        frames.push(Vec::new());
    }
    Ok(frames)
}

/// The begin of a path that is too long to be read.
fn shortened(path: &[u8]) -> String {
    let start = &path[..path.len().min(SHOWN)];
    let rest = if start.len() < path.len() { "…" } else { "" };
    format!("{}{rest}", display(start))
}

/// Similar members share a frame. Groups are in the order of the layer.
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
        (Node::Directory(_), _) => Group::Directory,
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
