//! The files of an app, and what is known of them.

use std::path::{Path, PathBuf};

use super::left_out::LeftOut;
use super::note::Note;
use super::pyproject::Project;
use crate::tree::Tree;

/// An app, ready to become a layer.
#[derive(Debug, Clone)]
pub(crate) struct AppSource {
    /// APP, as the user wrote it.
    pub(crate) path: PathBuf,
    /// `code/…`
    pub(crate) tree: Tree,
    /// The script's name, when the app is a single script.
    pub(crate) script: Option<String>,
    /// The module that it runs, when it says so itself.
    pub(crate) module: Option<String>,
    /// `[project]` of its pyproject.toml.
    pub(crate) project: Option<Project>,
    /// Directories that are searched by imports, in order, relative to `code/`. The empty path is `code/` itself.
    pub(crate) import_directories: Vec<String>,
    /// What the user should know.
    pub(crate) notes: Vec<Note>,
    /// What is left out.
    pub(crate) left_out: Vec<LeftOut>,
}

impl AppSource {
    /// One that has files and nothing else.
    pub(crate) fn new(app: &Path, tree: Tree) -> Self {
        Self {
            path: app.to_owned(),
            tree,
            script: None,
            module: None,
            project: None,
            import_directories: vec![String::new()],
            notes: Vec::new(),
            left_out: Vec::new(),
        }
    }
}

/// A project that is nothing but a script of this name.
pub(crate) fn project_with_script(name: String, function: String) -> Project {
    Project {
        scripts: [(name, function)].into(),
        ..Project::default()
    }
}
