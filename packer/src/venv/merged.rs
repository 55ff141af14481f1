//! Several directories of `sys.path` in one: what an earlier directory has hides what a later one has.
//!
//! A module or regular package hides everything of its name, a namespace package only the files that it has itself, and
//! the metadata of a distribution those of another version. So an import finds what it finds in the environment.

use std::collections::{BTreeMap, BTreeSet};

use crate::packages::metadata::normalized;
use crate::tree::{LayerPath, Node, Tree};

/// The directories so far.
#[derive(Debug)]
pub(super) struct Merged {
    /// The deps layer.
    pub(super) tree: Tree,
    /// Its directory of packages, with a slash.
    site: String,
    /// What hides later ones of its name.
    hiding: BTreeSet<String>,
}

/// The part of a directory of packages that a file belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// A module or package of this name.
    Module(String),
    /// The metadata of the distribution with this normalized name.
    Metadata(String),
    /// Any other file.
    Other,
}

impl Merged {
    /// Nothing yet; `site` is the directory of packages in the layer.
    pub(super) fn new(site: &str) -> Self {
        Self {
            tree: Tree::new(),
            site: format!("{site}/"),
            hiding: BTreeSet::new(),
        }
    }

    /// Adds the next directory of `sys.path` with what belongs to it. Returns the paths of the files that were added.
    pub(super) fn add(&mut self, source: &Tree) -> BTreeSet<LayerPath> {
        let (mut added, mut hiding) = (BTreeSet::new(), BTreeMap::new());
        for (path, node) in source.iter() {
            if let Some(key) = self.hidden_key(path, source) {
                if self.hiding.contains(&key) {
                    continue;
                }
                *hiding.entry(key).or_insert(false) |= self.hides(path);
            }
            if self.tree.get(path).is_none() {
                self.tree.insert(path.clone(), node.clone());
                if !matches!(node, Node::Directory(_)) {
                    added.insert(path.clone());
                }
            }
        }
        let hiding = hiding.into_iter().filter(|(_, hides)| *hides);
        self.hiding.extend(hiding.map(|(key, _)| key));
        added
    }

    /// The name under which a file of the directory of packages can be hidden.
    fn hidden_key(&self, path: &[u8], source: &Tree) -> Option<String> {
        let top = self.top(path)?;
        let is_directory = matches!(
            source.get(format!("{}{top}", self.site)),
            Some(Node::Directory(_))
        );
        match part(&top, is_directory) {
            Part::Module(name) => Some(name),
            Part::Metadata(name) => Some(format!("{name} metadata")),
            Part::Other => None,
        }
    }

    /// Whether the file makes its part hide others: a module, the first module of a package, metadata.
    fn hides(&self, path: &[u8]) -> bool {
        let Some(below) = path.strip_prefix(self.site.as_bytes()) else {
            return false;
        };
        let below = String::from_utf8_lossy(below);
        match below.split_once('/') {
            None => part(&below, false) != Part::Other,
            Some((top, rest)) => {
                matches!(part(top, true), Part::Metadata(_))
                    || rest.starts_with("__init__.") && !rest.contains('/')
            }
        }
    }

    /// The first part of a path below the directory of packages.
    fn top(&self, path: &[u8]) -> Option<String> {
        let below = path.strip_prefix(self.site.as_bytes())?;
        let top = below.split(|&byte| byte == b'/').next()?;
        Some(String::from_utf8_lossy(top).into_owned())
    }
}

fn part(top: &str, is_directory: bool) -> Part {
    let metadata = [".dist-info", ".egg-info"];
    if let Some(stem) = metadata.iter().find_map(|ending| top.strip_suffix(ending)) {
        let name = stem.split('-').next().unwrap_or(stem);
        return Part::Metadata(normalized(name));
    }
    if is_directory {
        return Part::Module(top.to_owned());
    }
    let is_module = [".py", ".pyc", ".so"].iter().any(|ending| top.ends_with(ending));
    match top.split('.').next() {
        Some(name) if is_module => Part::Module(name.to_owned()),
        _ => Part::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> Tree {
        let mut tree = Tree::new();
        for file in files {
            tree.insert_bytes(format!("lib/site/{file}"), file.as_bytes(), false);
        }
        tree
    }

    #[test]
    fn what_comes_first_hides_what_comes_later() {
        let mut merged = Merged::new("lib/site");
        merged.add(&tree(&[
            "six.py",
            "pkg/__init__.py",
            "space/a.py",
            "data.txt",
            "Demo.Thing-2.dist-info/METADATA",
        ]));
        let added = merged.add(&tree(&[
            "six/__init__.py",
            "pkg/new.py",
            "space/a.py",
            "space/b.py",
            "other.cpython-312-x86_64-linux-gnu.so",
            "other.py",
            "data.txt",
            "demo_thing-1.dist-info/METADATA",
            "more.pth",
        ]));
        let names: Vec<String> = added
            .iter()
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect();
        assert_eq!(
            names,
            [
                "lib/site/more.pth",
                "lib/site/other.cpython-312-x86_64-linux-gnu.so",
                "lib/site/other.py",
                "lib/site/space/b.py",
            ]
        );
    }
}
