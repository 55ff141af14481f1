//! What an app's directory holds, as a value.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Result;
use crate::format::mode::Mode;
use crate::sort::sorted;
use crate::unpack::Sink;

/// The members of an app's directory. Of several with one path the first one counts, and what is below a path that is
/// no directory does not.
#[derive(Default)]
pub(in crate::cache) struct Plan {
    nodes: Vec<(Vec<u8>, Node)>,
}

enum Node {
    Directory,
    File { bytes: Arc<[u8]>, executable: bool },
    Link(PathBuf),
}

impl Plan {
    /// Passes everything to a sink, which writes the directory or compares it.
    ///
    /// # Errors
    /// The sink's.
    pub(in crate::cache) fn feed(&self, sink: &dyn Sink) -> Result<()> {
        for (path, node) in &self.nodes {
            match node {
                Node::Directory => sink.directory(path, Mode::DIRECTORY)?,
                Node::File { bytes, executable } => {
                    sink.file(path, bytes.len() as u64, (*executable).into(), &mut &bytes[..])?;
                }
                Node::Link(target) => sink.symlink(path, target.as_os_str().as_bytes())?,
            }
        }
        Ok(())
    }

    /// Adds a directory.
    pub(super) fn directory(&mut self, path: &Path) {
        self.add(path, Node::Directory);
    }

    /// Adds a link.
    pub(super) fn link(&mut self, path: &Path, target: impl Into<PathBuf>) {
        self.add(path, Node::Link(target.into()));
    }

    /// Adds a file.
    pub(super) fn file(&mut self, path: &Path, bytes: impl Into<Arc<[u8]>>, executable: bool) {
        let bytes = bytes.into();
        self.add(path, Node::File { bytes, executable });
    }

    fn add(&mut self, path: &Path, node: Node) {
        self.nodes.push((path.as_os_str().as_bytes().to_vec(), node));
    }

    /// Whether the interpreter runs a script of `bin/`: those that are written here, and what says nothing else.
    pub(super) fn is_python(&self, path: &Path) -> bool {
        let path = path.as_os_str().as_bytes();
        match self.nodes.iter().find(|(known, _)| known == path) {
            Some((_, Node::Link(target))) => !names_a_program(target),
            found => found.is_some(),
        }
    }

    /// The target of the link at this path; nothing when something else is there.
    pub(super) fn link_target(&self, path: &Path) -> Option<&Path> {
        let path = path.as_os_str().as_bytes();
        match self.nodes.iter().find(|(known, _)| known == path) {
            Some((_, Node::Link(target))) => Some(target),
            _ => None,
        }
    }

    /// Both plans; of paths that both have, this one's count.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.nodes.extend(other.nodes);
        self
    }

    /// Sorted, parents before what is below them, and without what doesn't count.
    pub(super) fn finish(self) -> Self {
        // What is below a path comes right after it.
        let key = |path: &[u8]| {
            path.iter()
                .map(|&byte| if byte == b'/' { 0 } else { byte })
                .collect()
        };
        let keys: Vec<Vec<u8>> = self.nodes.iter().map(|(path, _)| key(path)).collect();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let mut nodes: Vec<(Vec<u8>, Node)> = Vec::new();
        let mut leaf = Vec::new();
        for (path, node) in sorted(self.nodes, &keys) {
            let is_again = nodes.last().is_some_and(|(last, _)| *last == path);
            if is_again || (!leaf.is_empty() && path.starts_with(&leaf)) {
                continue;
            }
            if !matches!(node, Node::Directory) {
                leaf = [path.as_slice(), b"/"].concat();
            }
            nodes.push((path, node));
        }
        Self { nodes }
    }
}

/// Whether the system can run the file: an ELF file, or one that names what runs it.
fn names_a_program(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(4).read_to_end(&mut start));
    read.is_ok() && (start.starts_with(b"#!") || start == b"\x7fELF")
}

/// An entry of a layer's directory.
pub(super) struct Entry {
    pub(super) name: OsString,
    /// Where it is.
    pub(super) source: PathBuf,
    /// Whether it is a directory, and no link to one.
    pub(super) is_directory: bool,
}

impl Entry {
    /// Its name, as bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.name.as_bytes()
    }
}

/// A directory's entries, in no order.
pub(super) fn entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok(Entry {
            is_directory: entry.file_type()?.is_dir(),
            source: entry.path(),
            name: entry.file_name(),
        })
    };
    fs::read_dir(directory)?.map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_one_of_a_path_counts_and_nothing_below_a_link_does() {
        let mut plan = Plan::default();
        plan.link(Path::new("lib64"), "lib");
        plan.file(Path::new("bin/x"), vec![1], true);
        for directory in ["lib64", "lib64-x", "bin"] {
            plan.directory(Path::new(directory));
        }
        plan.link(Path::new("lib64/y"), "z");
        plan.link(Path::new("bin/x"), "z");
        let plan = plan.finish();
        let paths: Vec<&str> = plan
            .nodes
            .iter()
            .map(|(path, _)| std::str::from_utf8(path).unwrap())
            .collect();
        assert_eq!(paths, ["bin", "bin/x", "lib64", "lib64-x"]);
        assert!(matches!(plan.nodes[1].1, Node::File { .. }));
    }
}
