//! What an app's directory holds, as a value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::unpack::Sink;

/// The members of an app's directory by their paths, parents before what is below them.
#[derive(Default)]
pub(in crate::cache) struct Plan {
    nodes: BTreeMap<Vec<u8>, Node>,
}

enum Node {
    Directory,
    File { bytes: Vec<u8>, executable: bool },
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
                Node::Directory => sink.directory(path)?,
                Node::File { bytes, executable } => {
                    sink.file(path, bytes.len() as u64, *executable, &mut &bytes[..])?;
                }
                Node::Link(target) => sink.symlink(path, target.as_os_str().as_bytes())?,
            }
        }
        Ok(())
    }

    /// Whether something has this path already. The first one to take a path keeps it.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.nodes.contains_key(path.as_os_str().as_bytes())
    }

    /// Adds a directory and its parents; false when something else has one of these paths.
    pub(super) fn directory(&mut self, path: &Path) -> bool {
        let bytes = path.as_os_str().as_bytes();
        match self.nodes.get(bytes) {
            Some(node) => matches!(node, Node::Directory),
            None if bytes.is_empty() => true,
            None => {
                let made = path.parent().is_none_or(|parent| self.directory(parent));
                if made {
                    self.nodes.insert(bytes.to_vec(), Node::Directory);
                }
                made
            }
        }
    }

    /// Adds a link, unless the path is taken.
    pub(super) fn link(&mut self, path: &Path, target: impl Into<PathBuf>) {
        self.add(path, Node::Link(target.into()));
    }

    /// Adds a file, unless the path is taken.
    pub(super) fn file(&mut self, path: &Path, bytes: Vec<u8>, executable: bool) {
        self.add(path, Node::File { bytes, executable });
    }

    fn add(&mut self, path: &Path, node: Node) {
        if !self.has(path) && path.parent().is_none_or(|parent| self.directory(parent)) {
            self.nodes.insert(path.as_os_str().as_bytes().to_vec(), node);
        }
    }

    /// Whether the interpreter runs a script of `bin/`: those that are written here, and what says nothing else.
    pub(super) fn is_python(&self, path: &Path) -> bool {
        match self.nodes.get(path.as_os_str().as_bytes()) {
            Some(Node::Link(target)) => !names_a_program(target),
            found => found.is_some(),
        }
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
