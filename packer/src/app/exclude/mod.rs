//! Which files of an app are left out, and why. Each reason is a file:
//!
//! 1. `--exclude` ([`rules`]),
//! 2. what pyship made, such as OUT ([`made`]),
//! 3. files that usually hold credentials ([`secrets`]),
//! 4. what no program needs to run ([`defaults`]),
//! 5. `.pyshipignore` and `.gitignore` ([`ignore_files`]).
//!
//! The first one that applies counts. A line `!NAME` of a `.pyshipignore` takes a file back from the last three.

mod defaults;
mod ignore_files;
mod made;
mod rules;
mod secrets;

use std::path::{Path, PathBuf};

use anyhow::Result;

use self::defaults::Needless;
pub(super) use self::ignore_files::IgnoreFiles;
use self::ignore_files::Listed;
use self::rules::Rules;

/// What is left out of an app.
#[derive(Debug, Clone, Default)]
pub(crate) struct Excludes {
    rules: Rules,
    output: Option<PathBuf>,
    /// What the files of a project's own directory say; see [`Excludes::of_project`].
    project: Option<Project>,
}

/// Rules that count in the directory of an app, and not in one that `--include` names.
#[derive(Debug, Clone, Copy)]
struct Project {
    gitignore: bool,
}

/// Why a file is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// It matches the `--exclude` with this number.
    Rule(usize),
    /// pyship made it.
    Made,
    /// It may hold credentials.
    Secret,
    /// No program needs it, for this reason.
    Needless(Needless),
    /// This line of a `.gitignore`.
    Git(String),
    /// This line of a `.pyshipignore`.
    Pyship(String),
}

impl Excludes {
    /// `globs`, the defaults, and `output`, the file that is being made: it may be inside the app.
    ///
    /// # Errors
    /// When a glob can't be read.
    pub(crate) fn new<S: AsRef<str>>(globs: &[S], output: Option<&Path>) -> Result<Self> {
        // The file need not exist yet, but its directory does.
        let output = output.and_then(|output| {
            let directory = output.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = fs_err::canonicalize(directory.unwrap_or(Path::new("."))).ok()?;
            Some(directory.join(output.file_name()?))
        });
        Ok(Self {
            rules: Rules::parse(globs)?,
            output,
            project: None,
        })
    }

    /// The same for a project's own directory: `dist/`, `build/` and `*.egg-info` in it are left out, and its
    /// `.pyshipignore` files count. Its `.gitignore` files count when `gitignore` is set.
    #[must_use]
    pub(crate) fn of_project(mut self, gitignore: bool) -> Self {
        self.project = Some(Project { gitignore });
        self
    }

    /// The globs of `--exclude`, by [`Reason::Rule`]'s number.
    pub(super) fn rule_texts(&self) -> impl Iterator<Item = &str> {
        self.rules.texts()
    }

    /// The number of the `--exclude` that matches a path in the app.
    pub(super) fn rule(&self, relative: &Path, is_directory: bool) -> Option<usize> {
        self.rules.matching(relative, is_directory)
    }

    /// The ignore files that count above the directory `root`, which is an absolute path without links.
    ///
    /// # Errors
    /// When one can't be read.
    pub(super) fn ignore_files(&self, root: &Path) -> Result<IgnoreFiles> {
        match self.project {
            Some(Project { gitignore }) => IgnoreFiles::above(root, gitignore),
            None => Ok(IgnoreFiles::none()),
        }
    }

    /// Why a file is left out, if it is: `relative` is its path in the app, `real` the one on the builder, and `files`
    /// are the ignore files above it.
    pub(super) fn reason(
        &self,
        relative: &Path,
        real: &Path,
        is_directory: bool,
        files: &IgnoreFiles,
    ) -> Option<Reason> {
        if let Some(number) = self.rule(relative, is_directory) {
            return Some(Reason::Rule(number));
        }
        if self.output.as_deref() == Some(real) || made::is_made(real, is_directory) {
            return Some(Reason::Made);
        }
        let listed = files.listed(real);
        if listed != Some(Listed::KeptByName) {
            if secrets::is_secret(relative, real, is_directory) {
                return Some(Reason::Secret);
            }
            if let Some(why) = defaults::of(relative, real, is_directory, self.project.is_some()) {
                return Some(Reason::Needless(why));
            }
        }
        match listed? {
            Listed::Git(line) => Some(Reason::Git(line)),
            Listed::Pyship(line) => Some(Reason::Pyship(line)),
            Listed::Kept | Listed::KeptByName => None,
        }
    }
}

#[cfg(test)]
mod tests;
