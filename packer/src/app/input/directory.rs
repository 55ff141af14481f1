//! A directory: all its files but those that are excluded.
//!
//! Links within the app stay links. Links to files outside of it are replaced by copies. The user is told of every file
//! that is not packed as it is, with a [`Note`].

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::{Result, bail};

use super::files::{in_code, insert_file};
use crate::app::exclude::{Excludes, IgnoreFiles, Reason};
use crate::app::left_out::LeftOut;
use crate::app::mode::Modes;
use crate::app::note::Note;
use crate::app::source::AppSource;
use crate::hint::WithHint;
use crate::tree::{Node, Tree, layer_path};

/// Reads the directory.
///
/// # Errors
/// When it has no file, one can't be read, or a link leads to a directory that contains the link.
pub(super) fn read(app: &Path, excludes: &Excludes) -> Result<AppSource> {
    let root = fs_err::canonicalize(app)?;
    let mut walk = Walk {
        places: vec![(root.clone(), PathBuf::new())],
        ignore_files: excludes.ignore_files(&root)?,
        excludes,
        tree: Tree::new(),
        notes: Vec::new(),
        modes: Modes::new(),
        left_out: Vec::new(),
        links: Vec::new(),
        used: BTreeSet::new(),
    };
    walk.directory(&root, Path::new(""), Take::All)?;
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
    excludes: &'a Excludes,
    ignore_files: IgnoreFiles,
    tree: Tree,
    notes: Vec<Note>,
    modes: Modes,
    left_out: Vec<LeftOut>,
    /// Links within the app: their paths and targets, both relative to the app.
    links: Vec<(PathBuf, PathBuf)>,
    /// The app, and inside it the directories outside of the app to which links have led: on the builder, and in the app.
    places: Vec<(PathBuf, PathBuf)>,
    /// The numbers of the `--exclude` that matched a file.
    used: BTreeSet<usize>,
}

/// What is taken of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    /// Everything that isn't left out.
    All,
    /// What a `.pyshipignore` takes back: the directory itself is left out.
    Kept,
}

impl Walk<'_> {
    fn directory(&mut self, real: &Path, path: &Path, take: Take) -> Result<()> {
        if !path.as_os_str().is_empty() && take == Take::All {
            let mode = self.modes.directory(&fs_err::metadata(real)?);
            self.tree.insert(in_code(path), Node::Directory(mode));
        }
        let mut names = fs_err::read_dir(real)
            .hint("leave it out with --exclude")?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<Vec<_>, _>>()?;
        names.sort();
        self.ignore_files.enter(real)?;
        for name in names {
            self.entry(&real.join(&name), &path.join(&name), take)?;
        }
        self.ignore_files.leave();
        Ok(())
    }

    fn entry(&mut self, real: &Path, path: &Path, take: Take) -> Result<()> {
        let kind = fs_err::symlink_metadata(real)?.file_type();
        let is_directory = real.is_dir();
        let reason = self.excludes.reason(path, real, is_directory, &self.ignore_files);
        match reason {
            Some(reason @ Reason::Git(_)) if kind.is_dir() && self.ignore_files.keep_something() => {
                return self.kept(real, path, reason);
            }
            Some(reason) => return self.leave_out(path, reason),
            None if take == Take::Kept && !self.ignore_files.keep(real) => {
                return match kind.is_dir() {
                    true => self.directory(real, path, take),
                    false => Ok(()),
                };
            }
            None => {}
        }
        if kind.is_symlink() {
            self.link(real, path)
        } else if is_directory {
            self.directory(real, path, Take::All)
        } else if kind.is_file() {
            insert_file(&mut self.tree, path, real, &mut self.modes)
        } else {
            self.note(Note::Special(path.to_owned()))
        }
    }

    fn leave_out(&mut self, path: &Path, reason: Reason) -> Result<()> {
        match reason {
            Reason::Secret => self.notes.push(Note::Secret(path.to_owned())),
            Reason::Rule(number) => {
                self.used.insert(number);
            }
            _ => {}
        }
        let rules: Vec<&str> = self.excludes.rule_texts().collect();
        self.left_out.push(LeftOut::new(path, reason, &rules));
        Ok(())
    }

    /// Reads a directory that a `.gitignore` leaves out for what a `.pyshipignore` takes back.
    fn kept(&mut self, real: &Path, path: &Path, reason: Reason) -> Result<()> {
        let (taken, left_out) = (self.taken(), self.left_out.len());
        self.directory(real, path, Take::Kept)?;
        if self.taken() == taken {
            self.left_out.truncate(left_out);
            self.leave_out(path, reason)?;
        }
        Ok(())
    }

    /// How much was taken so far.
    fn taken(&self) -> usize {
        self.tree.iter().count() + self.links.len()
    }

    fn link(&mut self, real: &Path, path: &Path) -> Result<()> {
        let Ok(target) = real.canonicalize() else {
            return self.note(Note::Broken(path.to_owned()));
        };
        let inside = self.places.iter().rev().find_map(|(place, at)| {
            let below = target.strip_prefix(place).ok()?;
            Some(at.components().chain(below.components()).collect())
        });
        if let Some(inside) = inside {
            self.links.push((path.to_owned(), inside));
            return Ok(());
        }
        if target.is_dir() {
            if self.places[0].0.starts_with(&target) {
                bail!(
                    "the link `{}` leads to `{}`, which contains the link; leave it out with --exclude",
                    path.display(),
                    target.display()
                );
            }
            self.note(Note::Followed(path.to_owned(), target.clone()))?;
            self.elsewhere(&target, path)
        } else if target.is_file() {
            self.note(Note::Followed(path.to_owned(), target.clone()))?;
            insert_file(&mut self.tree, path, &target, &mut self.modes)
        } else {
            self.note(Note::Special(path.to_owned()))
        }
    }

    /// Reads a directory outside of the app as `path` of the app. Ignore files above it don't count.
    fn elsewhere(&mut self, real: &Path, path: &Path) -> Result<()> {
        let elsewhere = self.ignore_files.elsewhere();
        let files = std::mem::replace(&mut self.ignore_files, elsewhere);
        self.places.push((real.to_owned(), path.to_owned()));
        let done = self.directory(real, path, Take::All);
        self.places.pop();
        self.ignore_files = files;
        done
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
