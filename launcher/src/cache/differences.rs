//! What a directory of the cache has of another kind or content than the packed file, and what was added to it.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::published::Published;
use crate::format::index::{self, Member};
use crate::format::names::{APP_RECORD, APP_RECORD_HIDDEN, CACHE_INDEX};
use crate::sort::order;

/// What a directory of the cache holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A layer.
    Layer,
    /// An app as a virtual environment.
    App,
}

impl Part {
    /// Whether a path is pyship's own, which it writes again after the publication.
    pub(super) fn is_ours(self, path: &Path) -> bool {
        let record = [APP_RECORD, APP_RECORD_HIDDEN].map(Path::new);
        path == Path::new(CACHE_INDEX) || self == Self::App && record.contains(&path)
    }
}

/// How a directory differs from what it should be.
pub(super) struct Differences {
    /// The directory.
    pub(super) root: PathBuf,
    /// What it is.
    pub(super) part: Part,
    /// When it was published, if that is known.
    pub(super) published: Option<Published>,
    /// The members that differ, directories before what is below them.
    pub(super) list: Vec<Difference>,
    /// What the index should be.
    pub(super) index: Vec<u8>,
    /// Whether the index is that.
    pub(super) has_index: bool,
}

/// A member that differs.
pub(super) struct Difference {
    /// Relative.
    pub(super) path: PathBuf,
    /// Whether the program has changed it, or something above it; else it is damaged.
    pub(super) is_changed: bool,
    /// Whether nothing is there.
    pub(super) is_missing: bool,
    /// What it should be.
    pub(super) expected: Expected,
}

/// What a member that differs should be.
pub(super) enum Expected {
    /// A directory.
    Directory,
    /// A file; the path of its replacement, if one was written.
    File(PathBuf),
    /// A link to this.
    Link(PathBuf),
}

impl Difference {
    /// A line for the user.
    pub(super) fn line(&self, root: &Path) -> String {
        let what = match self.expected {
            _ if self.is_missing => "is missing",
            Expected::Directory => "is not a directory",
            Expected::File(_) => "has other contents",
            Expected::Link(_) => "points elsewhere",
        };
        format!("`{}` {what}", root.join(&self.path).display())
    }
}

impl Differences {
    /// Lines about what is damaged.
    pub(super) fn damaged(&self) -> Vec<String> {
        let damaged = self.list.iter().filter(|one| !one.is_changed);
        let mut lines: Vec<String> = damaged.map(|one| one.line(&self.root)).collect();
        if !self.has_index {
            let index = self.root.join(CACHE_INDEX);
            let what = if index.symlink_metadata().is_ok() {
                "has other contents"
            } else {
                "is missing"
            };
            lines.push(format!("`{}` {what}", index.display()));
        }
        lines
    }

    /// Paths of what the program has changed. A member is missing and changed when something above it was changed.
    pub(super) fn changed(&self) -> Vec<PathBuf> {
        let changed = self.list.iter().filter(|one| one.is_changed && !one.is_missing);
        changed.map(|one| self.root.join(&one.path)).collect()
    }

    /// Paths of what was added; of a directory that was added, itself alone.
    pub(super) fn added(&self) -> Vec<PathBuf> {
        let members = index::decode(&self.index).unwrap_or_default();
        let names = Names::new(&members);
        let mut added = Vec::new();
        let mut directories = vec![PathBuf::new()];
        while let Some(directory) = directories.pop() {
            for (path, is_directory) in entries(&self.root, &directory) {
                if names.has(&path) {
                    if is_directory {
                        directories.push(path);
                    }
                } else if !self.part.is_ours(&path) {
                    added.push(self.root.join(path));
                }
            }
        }
        let keys: Vec<&[u8]> = added.iter().map(|path| path.as_os_str().as_bytes()).collect();
        order(&keys).into_iter().map(|at| added[at].clone()).collect()
    }
}

/// The entries of a directory below `root`, and whether they are directories; none when it can't be read.
pub(super) fn entries(root: &Path, directory: &Path) -> impl Iterator<Item = (PathBuf, bool)> {
    let entries = fs::read_dir(root.join(directory)).into_iter().flatten().flatten();
    entries.map(move |entry| {
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        (directory.join(entry.file_name()), is_directory)
    })
}

/// The paths of members.
pub(super) struct Names<'a> {
    sorted: Vec<&'a [u8]>,
}

impl<'a> Names<'a> {
    pub(super) fn new(members: &[Member<'a>]) -> Self {
        let paths: Vec<&[u8]> = members.iter().map(|member| member.path).collect();
        let sorted = order(&paths).into_iter().map(|at| paths[at]).collect();
        Self { sorted }
    }

    /// Whether a path is a member, or has members below it.
    pub(super) fn has(&self, path: &Path) -> bool {
        let path = path.as_os_str().as_bytes();
        let is_there = |path: &[u8], or_below| {
            let at = self.sorted.partition_point(|name| *name < path);
            let found = self.sorted.get(at);
            found.is_some_and(|name| *name == path || or_below && name.starts_with(path))
        };
        is_there(path, false) || is_there(&[path, b"/"].concat(), true)
    }
}
