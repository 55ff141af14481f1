//! The importable modules of a directory outside of the environment, as a part of its packages: packages, modules,
//! extension modules and metadata, without what an app directory leaves out too.

use std::path::Path;

use anyhow::Result;
use pyship_launcher::format::names::APP_CODE;
use walkdir::WalkDir;

use crate::app::input;
use crate::app::note::Note;
use crate::tree::Tree;

/// Files of a project's own directory that only its tools import.
const TOOLS: &[&str] = &["setup.py", "conftest.py", "noxfile.py", "fabfile.py"];

/// What was found, at its place below the directory of packages, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Modules {
    pub(super) tree: Tree,
    pub(super) notes: Vec<String>,
}

impl Modules {
    /// All importable modules of `directory`. `output` is left out.
    ///
    /// # Errors
    /// When one can't be read.
    pub(super) fn of(directory: &Path, output: &Path) -> Result<Self> {
        let mut found = Self::default();
        for entry in fs_err::read_dir(directory)? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                continue;
            };
            let is_wanted = if path.is_dir() {
                is_metadata(name) || is_name(name) && has_module(&path)
            } else {
                path.is_file() && is_module(name) && !TOOLS.contains(&name)
            };
            if is_wanted {
                found.add(name, &path, output)?;
            }
        }
        Ok(found)
    }

    /// Adds the file or directory `path` as `name`.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn add(&mut self, name: &str, path: &Path, output: &Path) -> Result<()> {
        if !path.is_dir() {
            self.tree.insert_path(name, path, false);
            return Ok(());
        }
        let inside = input::included(path, output)?;
        for (below, node) in inside.tree.iter() {
            if let Some(below) = below.strip_prefix(APP_CODE.as_bytes()) {
                self.tree.insert([name.as_bytes(), below].concat(), node.clone());
            }
        }
        let is_lost = |note: &&Note| matches!(note, Note::Secret(_) | Note::Broken(_) | Note::Special(_));
        let lost = inside.notes.iter().filter(is_lost);
        self.notes.extend(lost.map(|note| format!("{name}: {note}")));
        Ok(())
    }
}

/// Whether a directory holds metadata of a distribution.
fn is_metadata(name: &str) -> bool {
    name.ends_with(".dist-info") || name.ends_with(".egg-info")
}

/// Whether a directory of that name can be imported.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && name != "__pycache__"
}

fn is_module(name: &str) -> bool {
    [".py", ".so"].iter().any(|ending| name.ends_with(ending)) && name.split('.').next().is_some_and(is_name)
}

/// Whether there is a module anywhere below: other directories of a project are its documents and data.
fn has_module(directory: &Path) -> bool {
    let below = WalkDir::new(directory).follow_links(true);
    below
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !entry.path().join("pyvenv.cfg").is_file())
        .filter_map(Result::ok)
        .any(|entry| entry.file_type().is_file() && entry.file_name().to_str().is_some_and(is_module))
}
