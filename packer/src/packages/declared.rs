//! What a project or a script itself declares to need, and for which of its extras and groups.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::lock::Lock;

/// The dependencies of APP, apart from those that the options name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    /// The directory whose pyproject.toml has settings for uv: indexes, sources.
    pub(crate) settings: Option<PathBuf>,
    /// Where they are declared.
    pub(crate) dependencies: Dependencies,
    /// Which of them.
    pub(crate) selection: Selection,
    /// Whether they can be other ones although no file of the project that is known here has changed: they come from
    /// directories.
    pub(crate) volatile: bool,
}

/// Where dependencies are declared.
#[derive(Debug, Clone, Default)]
pub(crate) enum Dependencies {
    /// Nowhere.
    #[default]
    None,
    /// Requirements.
    List(Vec<String>),
    /// A pyproject.toml, or a setup.py, that uv resolves.
    File {
        /// The file.
        path: PathBuf,
        /// What the result depends on: the file's bytes, and what a build says.
        digest: String,
    },
    /// The metadata in a script (PEP 723), which uv resolves.
    Script {
        /// The script.
        path: PathBuf,
        /// Digest of the metadata.
        digest: String,
    },
    /// The project's own wheel, which pip resolves.
    Wheel {
        /// The name of the project.
        name: String,
        /// The wheel.
        path: PathBuf,
        /// Digest of its metadata.
        digest: String,
    },
    /// A lock.
    Lock(Box<Lock>),
}

/// Which of its dependencies a project is installed with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Extras.
    pub(crate) extras: Vec<String>,
    /// Whether all extras are.
    pub(crate) all_extras: bool,
    /// Dependency groups.
    pub(crate) groups: Vec<String>,
}

impl Selection {
    /// The options of `uv export`, which chooses nothing else.
    pub(super) fn export_options(&self) -> Vec<OsString> {
        let mut options = vec!["--no-default-groups".into()];
        options.extend(pairs("--extra", &self.extras));
        options.extend(pairs("--group", &self.groups));
        options.extend(self.all_extras.then(|| "--all-extras".into()));
        options
    }

    /// The options of `uv pip install` for the project that `file` declares, with the file.
    pub(super) fn install_options(&self, file: &Path) -> Vec<OsString> {
        let mut options: Vec<OsString> = vec!["--requirement".into(), file.into()];
        options.extend(pairs("--extra", &self.extras));
        options.extend(self.all_extras.then(|| "--all-extras".into()));
        options.extend(self.group_options(file));
        options
    }

    /// `--group FILE:GROUP` for each group, which `uv pip` and `pip` spell alike.
    pub(super) fn group_options(&self, file: &Path) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        for group in &self.groups {
            let mut value = OsString::from(file);
            value.push(":");
            value.push(group);
            options.extend(["--group".into(), value]);
        }
        options
    }
}

fn pairs(name: &str, values: &[String]) -> Vec<OsString> {
    values
        .iter()
        .flat_map(|value| [name.into(), value.into()])
        .collect()
}

impl Declared {
    /// Whether nothing is declared.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.dependencies {
            Dependencies::None => self.selection.groups.is_empty(),
            Dependencies::List(list) => list.is_empty() && self.selection.groups.is_empty(),
            Dependencies::File { .. }
            | Dependencies::Script { .. }
            | Dependencies::Wheel { .. }
            | Dependencies::Lock(_) => false,
        }
    }

    /// Options and requirements that install what is declared, together with others. A lock is installed by itself.
    pub(super) fn requirements(&self) -> (Vec<OsString>, Vec<String>) {
        let selection = &self.selection;
        let pyproject = self
            .settings
            .as_ref()
            .map(|directory| directory.join("pyproject.toml"));
        let groups = || pyproject.map_or_else(Vec::new, |file| selection.group_options(&file));
        match &self.dependencies {
            Dependencies::File { path, .. } => (selection.install_options(path), Vec::new()),
            Dependencies::List(list) => (groups(), list.clone()),
            Dependencies::Wheel { name, path, .. } => {
                let extras = selection.extras.join(",");
                let wheel = format!("{name}[{extras}] @ file://{}", path.display());
                (groups(), vec![wheel])
            }
            Dependencies::None => (groups(), Vec::new()),
            Dependencies::Script { .. } | Dependencies::Lock(_) => (Vec::new(), Vec::new()),
        }
    }

    /// Whether what is declared is installed by itself, before anything else.
    pub(super) const fn is_locked(&self) -> bool {
        matches!(
            self.dependencies,
            Dependencies::Lock(_) | Dependencies::Script { .. }
        )
    }

    /// The lock, if there is one.
    pub(crate) fn locked(&self) -> Option<&Lock> {
        match &self.dependencies {
            Dependencies::Lock(lock) => Some(lock),
            _ => None,
        }
    }
}
