//! From the app on disk to the app layer's `code/`.
//!
//! A directory is taken whole but for [`Excludes`]; a `.py` file is taken alone. Links within the app stay
//! links, links that lead out of it are replaced by what they lead to. Nothing is left out silently: see [`Note`].

use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use pyship_launcher::format::names::APP_CODE;
use rustix::fs::{Access, access};

use super::exclude::{Excludes, Reason};
use super::project::{self, ProjectFile};
use crate::tree::{Node, Tree, layer_path};

/// An app, ready to become a layer.
#[derive(Debug, Clone)]
pub struct AppSource {
    /// Where it came from, as the user wrote it.
    pub path: PathBuf,
    /// `code/…`
    pub tree: Tree,
    /// The script's name, when the app is a single script.
    pub script: Option<String>,
    /// What its pyproject.toml says.
    pub project: Option<ProjectFile>,
    /// Directories that imports are looked for in, relative to `code/`, in order: `src` and the empty path,
    /// or the empty path alone.
    pub import_directories: Vec<String>,
    /// What the user should know.
    pub notes: Vec<Note>,
}

/// Something that was not packed as it lay there. Paths are relative to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A file that may hold passwords was left out.
    Secret(PathBuf),
    /// A link that leads nowhere was left out.
    Broken(PathBuf),
    /// A link that leads to something that is left out was left out.
    Dangling(PathBuf),
    /// A socket, pipe or device was left out.
    Special(PathBuf),
    /// A link that leads out of the app was replaced by what it leads to.
    Followed(PathBuf, PathBuf),
    /// No file fits this `--exclude`.
    Unused(String),
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(path) => {
                write!(
                    f,
                    "left out `{}`: it may hold passwords; use --include to pack it",
                    path.display()
                )
            }
            Self::Broken(path) => write!(
                f,
                "left out `{}`: it is a link that leads nowhere",
                path.display()
            ),
            Self::Dangling(path) => write!(
                f,
                "left out `{}`: it is a link to what is left out",
                path.display()
            ),
            Self::Special(path) => write!(
                f,
                "left out `{}`: it is no file, directory or link",
                path.display()
            ),
            Self::Followed(path, target) => {
                write!(
                    f,
                    "packed `{}` as a copy of `{}`: it is a link that leads out of the app",
                    path.display(),
                    target.display()
                )
            }
            Self::Unused(glob) => write!(f, "nothing in the app fits --exclude `{glob}`"),
        }
    }
}

/// Reads the app at `app`: a directory or a `.py` script.
///
/// # Errors
/// When it isn't there, is neither, holds nothing, or has something that can't be read.
pub fn collect(app: &Path, excludes: &Excludes) -> Result<AppSource> {
    let context = || format!("failed to pack `{}`", app.display());
    let metadata = match fs_err::metadata(app) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(anyhow!("no such file or directory")).with_context(context);
        }
        Err(error) => return Err(error).with_context(context),
    };
    if metadata.is_dir() {
        directory(app, excludes).with_context(context)
    } else if metadata.is_file() && app.extension() == Some("py".as_ref()) {
        script(app).with_context(context)
    } else {
        Err(anyhow!("an app is a directory or a `.py` script")).with_context(context)
    }
}

fn script(app: &Path) -> Result<AppSource> {
    let name = app
        .file_name()
        .and_then(|name| name.to_str())
        .context("its name is not UTF-8")?;
    let mut tree = Tree::new();
    insert_file(&mut tree, Path::new(name), &fs_err::canonicalize(app)?)?;
    Ok(AppSource {
        path: app.to_owned(),
        tree,
        script: Some(name.to_owned()),
        project: None,
        import_directories: vec![String::new()],
        notes: Vec::new(),
    })
}

fn directory(app: &Path, excludes: &Excludes) -> Result<AppSource> {
    let root = fs_err::canonicalize(app)?;
    let mut walk = Walk {
        root: &root,
        excludes,
        tree: Tree::new(),
        notes: Vec::new(),
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
    let Walk { tree, notes, .. } = walk;
    if tree.files().next().is_none() {
        bail!("it holds no file to pack");
    }
    let project = project::read(app)?;
    let import_directories = import_directories(&tree, project.is_some());
    Ok(AppSource {
        path: app.to_owned(),
        tree,
        script: None,
        project,
        import_directories,
        notes,
    })
}

/// A project with its code below `src/` is imported from there, unless `src` is itself the package.
fn import_directories(tree: &Tree, is_project: bool) -> Vec<String> {
    let src = format!("{APP_CODE}/src/");
    let inside = |path: &[u8]| {
        path.strip_prefix(src.as_bytes())
            .is_some_and(|rest| rest.ends_with(b".py"))
    };
    let has_code = tree.files().any(|(path, _)| inside(path));
    let is_package = tree.get(format!("{src}__init__.py")).is_some();
    if is_project && has_code && !is_package {
        vec!["src".to_owned(), String::new()]
    } else {
        vec![String::new()]
    }
}

struct Walk<'a> {
    root: &'a Path,
    excludes: &'a Excludes,
    tree: Tree,
    notes: Vec<Note>,
    /// Links within the app: their place and what they lead to, both relative to the app.
    links: Vec<(PathBuf, PathBuf)>,
    /// The directories that are being read, from the root down: a link to one of them would never end.
    parents: Vec<PathBuf>,
    /// Numbers of the `--exclude` that fitted something.
    used: BTreeSet<usize>,
}

impl Walk<'_> {
    fn directory(&mut self, real: &Path, place: &Path) -> Result<()> {
        if !place.as_os_str().is_empty() {
            self.tree.insert(in_code(place), Node::Directory);
        }
        self.parents.push(real.to_owned());
        let mut names = fs_err::read_dir(real)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<Result<Vec<_>, _>>()?;
        names.sort();
        for name in names {
            self.entry(&real.join(&name), &place.join(&name))?;
        }
        self.parents.pop();
        Ok(())
    }

    fn entry(&mut self, real: &Path, place: &Path) -> Result<()> {
        let kind = fs_err::symlink_metadata(real)?.file_type();
        let is_directory = real.is_dir();
        match self.excludes.reason(place, real, is_directory) {
            Some(Reason::Default) => return Ok(()),
            Some(Reason::Secret) => return self.note(Note::Secret(place.to_owned())),
            Some(Reason::Rule(number)) => {
                self.used.insert(number);
                return Ok(());
            }
            None => {}
        }
        if kind.is_symlink() {
            self.link(real, place)
        } else if is_directory {
            self.directory(real, place)
        } else if kind.is_file() {
            insert_file(&mut self.tree, place, real)
        } else {
            self.note(Note::Special(place.to_owned()))
        }
    }

    fn link(&mut self, real: &Path, place: &Path) -> Result<()> {
        let Ok(target) = real.canonicalize() else {
            return self.note(Note::Broken(place.to_owned()));
        };
        if let Ok(inside) = target.strip_prefix(self.root) {
            self.links.push((place.to_owned(), inside.to_owned()));
            return Ok(());
        }
        if target.is_dir() {
            if self.root.starts_with(&target) || self.parents.contains(&target) {
                bail!(
                    "`{}` leads to `{}`, which holds the link itself; leave it out with --exclude",
                    place.display(),
                    target.display()
                );
            }
            self.note(Note::Followed(place.to_owned(), target.clone()))?;
            self.directory(&target, place)
        } else if target.is_file() {
            self.note(Note::Followed(place.to_owned(), target.clone()))?;
            insert_file(&mut self.tree, place, &target)
        } else {
            self.note(Note::Special(place.to_owned()))
        }
    }

    /// Links come last: only then is known whether what they lead to is packed.
    fn insert_links(&mut self) {
        for (place, target) in std::mem::take(&mut self.links) {
            if target.as_os_str().is_empty() || self.tree.get(in_code(&target)).is_some() {
                self.tree.insert(
                    in_code(&place),
                    Node::Symlink(layer_path(&from_link(&place, &target))),
                );
            } else {
                self.notes.push(Note::Dangling(place));
            }
        }
    }

    fn note(&mut self, note: Note) -> Result<()> {
        self.notes.push(note);
        Ok(())
    }
}

fn insert_file(tree: &mut Tree, place: &Path, real: &Path) -> Result<()> {
    access(real, Access::READ_OK).with_context(|| format!("failed to read `{}`", real.display()))?;
    let executable = fs_err::metadata(real)?.permissions().mode() & 0o100 != 0;
    tree.insert_path(in_code(place), real, executable);
    Ok(())
}

fn in_code(place: &Path) -> Vec<u8> {
    [APP_CODE.as_bytes(), b"/", place.as_os_str().as_bytes()].concat()
}

/// `target`, as a link at `place` has to name it; both are relative to the same directory.
fn from_link(place: &Path, target: &Path) -> PathBuf {
    let from: Vec<Component<'_>> = place.parent().unwrap_or(Path::new("")).components().collect();
    let to: Vec<Component<'_>> = target.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut path: PathBuf = from[shared..]
        .iter()
        .map(|_| Component::ParentDir)
        .chain(to[shared..].iter().copied())
        .collect();
    if path.as_os_str().is_empty() {
        path.push(".");
    }
    path
}

#[cfg(test)]
mod tests;
