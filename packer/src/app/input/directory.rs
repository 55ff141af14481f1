//! A directory: all its files but those that are excluded.
//!
//! Links within the app stay links. Links to files outside of it are replaced by copies. The user is told of every file
//! that is not packed as it is, with a [`Note`].

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use super::files::{in_code, insert_file};
use crate::app::exclude::{Excludes, Reason};
use crate::app::mode::Modes;
use crate::app::note::Note;
use crate::app::source::AppSource;
use crate::tree::{Node, Tree, layer_path};

/// Reads the directory.
///
/// # Errors
/// When it has no file, one can't be read, or a link leads to a directory that contains the link.
pub(super) fn read(app: &Path, excludes: &Excludes) -> Result<AppSource> {
    let root = fs_err::canonicalize(app)?;
    let mut walk = Walk {
        root: &root,
        excludes,
        tree: Tree::new(),
        notes: Vec::new(),
        modes: Modes::new(),
        left_out: Vec::new(),
        links: Vec::new(),
        parents: Vec::new(),
        used: BTreeSet::new(),
    };
    walk.directory(&root, Path::new(""))?;
    walk.insert_links();
    let unused = excludes
        .rule_texts()
        .enumerate()
        .filter(|(number, _)| !walk.used.contains(number));
    walk.notes
        .extend(unused.map(|(_, text)| Note::Unused(text.to_owned())));
    let Walk {
        tree,
        mut notes,
        modes,
        left_out,
        ..
    } = walk;
    notes.extend(modes.notes());
    if tree.files().next().is_none() {
        bail!("it has no file to pack");
    }
    Ok(AppSource {
        notes,
        left_out,
        ..AppSource::new(app, tree)
    })
}

/// A walk through the files of an app.
struct Walk<'a> {
    root: &'a Path,
    excludes: &'a Excludes,
    tree: Tree,
    notes: Vec<Note>,
    modes: Modes,
    left_out: Vec<PathBuf>,
    /// Links within the app: their paths and targets, both relative to the app.
    links: Vec<(PathBuf, PathBuf)>,
    /// The directories that are being read, from the root down: following a link to one of them would never end.
    parents: Vec<PathBuf>,
    /// The numbers of the `--exclude` that matched a file.
    used: BTreeSet<usize>,
}

impl Walk<'_> {
    fn directory(&mut self, real: &Path, path: &Path) -> Result<()> {
        if !path.as_os_str().is_empty() {
            let mode = self.modes.directory(&fs_err::metadata(real)?);
            self.tree.insert(in_code(path), Node::Directory(mode));
        }
        self.parents.push(real.to_owned());
        let mut names = fs_err::read_dir(real)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<Vec<_>, _>>()?;
        names.sort();
        for name in names {
            self.entry(&real.join(&name), &path.join(&name))?;
        }
        self.parents.pop();
        Ok(())
    }

    fn entry(&mut self, real: &Path, path: &Path) -> Result<()> {
        let kind = fs_err::symlink_metadata(real)?.file_type();
        let is_directory = real.is_dir();
        match self.excludes.reason(path, real, is_directory) {
            Some(Reason::Default) => {
                self.left_out.push(path.to_owned());
                return Ok(());
            }
            Some(Reason::Secret) => return self.note(Note::Secret(path.to_owned())),
            Some(Reason::Rule(number)) => {
                self.used.insert(number);
                return Ok(());
            }
            None => {}
        }
        if kind.is_symlink() {
            self.link(real, path)
        } else if is_directory {
            self.directory(real, path)
        } else if kind.is_file() {
            insert_file(&mut self.tree, path, real, &mut self.modes)
        } else {
            self.note(Note::Special(path.to_owned()))
        }
    }

    fn link(&mut self, real: &Path, path: &Path) -> Result<()> {
        let Ok(target) = real.canonicalize() else {
            return self.note(Note::Broken(path.to_owned()));
        };
        if let Ok(inside) = target.strip_prefix(self.root) {
            self.links.push((path.to_owned(), inside.to_owned()));
            return Ok(());
        }
        if target.is_dir() {
            if self.root.starts_with(&target) || self.parents.contains(&target) {
                bail!(
                    "the link `{}` leads to `{}`, which contains the link; leave it out with --exclude",
                    path.display(),
                    target.display()
                );
            }
            self.note(Note::Followed(path.to_owned(), target.clone()))?;
            self.directory(&target, path)
        } else if target.is_file() {
            self.note(Note::Followed(path.to_owned(), target.clone()))?;
            insert_file(&mut self.tree, path, &target, &mut self.modes)
        } else {
            self.note(Note::Special(path.to_owned()))
        }
    }

    /// Adds the links, at last: then it is known whether their targets are packed.
    fn insert_links(&mut self) {
        for (path, target) in std::mem::take(&mut self.links) {
            if target.as_os_str().is_empty() || self.tree.get(in_code(&target)).is_some() {
                self.tree.insert(
                    in_code(&path),
                    Node::Symlink(layer_path(&relative_target(&path, &target))),
                );
            } else {
                self.notes.push(Note::Dangling(path));
            }
        }
    }

    fn note(&mut self, note: Note) -> Result<()> {
        self.notes.push(note);
        Ok(())
    }
}

/// The target of a link at `path` that leads to `target`; both are relative to the same directory.
fn relative_target(path: &Path, target: &Path) -> PathBuf {
    let from: Vec<Component<'_>> = path.parent().unwrap_or(Path::new("")).components().collect();
    let to: Vec<Component<'_>> = target.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut relative: PathBuf = from[shared..]
        .iter()
        .map(|_| Component::ParentDir)
        .chain(to[shared..].iter().copied())
        .collect();
    if relative.as_os_str().is_empty() {
        relative.push(".");
    }
    relative
}
