//! The content of a layer as a value: relative paths, and the source of each file's bytes.
//!
//! The steps of a pack (collect the runtime, install packages, prune, compile, edit ELF files) are functions from trees
//! to trees. No file is copied until the layer is written. A path is bytes with `/` between its parts, without a leading
//! `/`, `.` or `..`. The parents of every path are in the tree, as directories.

mod content;

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

use pyship_launcher::format::mode::Mode;

pub(crate) use content::{Content, PIECE};

/// A path inside a layer.
pub(crate) type LayerPath = Vec<u8>;

/// The content of one layer, sorted by path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    nodes: BTreeMap<LayerPath, Node>,
}

/// One entry of a [`Tree`].
#[derive(Debug, Clone)]
pub(crate) enum Node {
    /// A directory.
    Directory(Mode),
    /// A regular file.
    File(File),
    /// A symbolic link with its target, relative and inside the layer.
    Symlink(Vec<u8>),
}

impl Node {
    /// A directory for which nobody chose a mode.
    pub(crate) const DIRECTORY: Self = Self::Directory(Mode::DIRECTORY);
}

/// A regular file of a [`Tree`].
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its bytes.
    pub(crate) content: Content,
    /// Its permissions.
    pub(crate) mode: Mode,
}

impl Tree {
    /// An empty tree.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Puts `node` at `path`, in place of a node that is there, and adds missing parents.
    pub(crate) fn insert(&mut self, path: impl Into<LayerPath>, node: Node) {
        let path = path.into();
        let mut end = 0;
        while let Some(slash) = path[end..].iter().position(|&byte| byte == b'/') {
            end += slash;
            self.nodes.entry(path[..end].to_vec()).or_insert(Node::DIRECTORY);
            end += 1;
        }
        self.nodes.insert(path, node);
    }

    /// Puts a file of the builder at `path`. Where nobody chose a mode, it is whether the file may be executed.
    pub(crate) fn insert_path(
        &mut self,
        path: impl Into<LayerPath>,
        source: impl Into<PathBuf>,
        mode: impl Into<Mode>,
    ) {
        let (content, mode) = (Content::Path(source.into()), mode.into());
        self.insert(path, Node::File(File { content, mode }));
    }

    /// Puts bytes at `path`, as [`Self::insert_path`] does.
    pub(crate) fn insert_bytes(
        &mut self,
        path: impl Into<LayerPath>,
        bytes: impl Into<Arc<[u8]>>,
        mode: impl Into<Mode>,
    ) {
        let (content, mode) = (Content::Bytes(bytes.into()), mode.into());
        self.insert(path, Node::File(File { content, mode }));
    }

    /// The node at `path`.
    pub(crate) fn get(&self, path: impl AsRef<[u8]>) -> Option<&Node> {
        self.nodes.get(path.as_ref())
    }

    /// Removes `path` and everything below it. Returns the number of files and links that are removed.
    pub(crate) fn remove(&mut self, path: impl AsRef<[u8]>) -> usize {
        let path = path.as_ref();
        let mut below = path.to_vec();
        below.push(b'/');
        let doomed: Vec<LayerPath> = self
            .nodes
            .keys()
            .filter(|key| key.as_slice() == path || key.starts_with(&below))
            .cloned()
            .collect();
        doomed
            .iter()
            .filter(|key| !matches!(self.nodes.remove(*key), None | Some(Node::Directory(_))))
            .count()
    }

    /// Every entry, sorted by path; a directory comes before its entries.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&LayerPath, &Node)> {
        self.nodes.iter()
    }

    /// Every regular file, sorted by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&LayerPath, &File)> {
        self.nodes.iter().filter_map(|(path, node)| match node {
            Node::File(file) => Some((path, file)),
            Node::Directory(_) | Node::Symlink(_) => None,
        })
    }

    /// Makes every file of the builder keep its present content in this tree, whatever becomes of it. Up to `room` bytes
    /// are kept in memory; a larger file that changes later can't be read any more.
    ///
    /// # Errors
    /// When a file can't be read.
    pub(crate) fn hold(&mut self, mut room: u64) -> Result<()> {
        for (path, node) in &mut self.nodes {
            if let Node::File(file) = node {
                file.content = file
                    .content
                    .hold(&mut room)
                    .with_context(|| format!("failed to read `{}`", display(path)))?;
            }
        }
        Ok(())
    }

    /// Whether it has no entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// The bytes of a relative path of the builder.
pub(crate) fn layer_path(path: &Path) -> LayerPath {
    path.as_os_str().as_bytes().to_vec()
}

/// A path in a layer, for messages.
pub(crate) fn display(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// The path that a relative link at `link` leads to; `None` when it leaves the layer.
pub(crate) fn join(link: &[u8], target: &[u8]) -> Option<LayerPath> {
    let mut parts: Vec<&[u8]> = link.split(|&byte| byte == b'/').collect();
    parts.pop();
    if target.starts_with(b"/") {
        return None;
    }
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}
