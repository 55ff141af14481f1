//! Locks: files that name every package with its version and its hashes.
//!
//! | lock | read by |
//! |---|---|
//! | `uv.lock`, `SCRIPT.lock` | `uv export --locked`, which refuses one that is stale |
//! | `pylock.toml`, `pylock.NAME.toml` ([PEP 751]) | uv; for pip it becomes a requirements file |
//! | `poetry.lock`, `pdm.lock`, `Pipfile.lock` | the exporters of their tools |
//!
//! [PEP 751]: https://packaging.python.org/en/latest/specifications/pylock-toml/

mod exporters;
mod find;
mod pylock;
mod uv;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pyship_launcher::hex::hex;
use sha2::{Digest, Sha256};

pub(crate) use find::{for_project, for_script, from_file, is_pylock};
pub(super) use uv::Export;

/// A lock that was read.
#[derive(Debug, Clone)]
pub(crate) struct Lock {
    /// Its file.
    pub(crate) path: PathBuf,
    /// What it says for the selection that was asked for.
    pub(crate) contents: Contents,
    /// How it is written where other paths are relative to another directory.
    pub(super) export: Option<Export>,
}

/// What a lock says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contents {
    /// A pylock.toml. Its relative paths are relative to the directory of the lock.
    Pylock(String),
    /// A requirements file.
    Requirements(String),
}

impl Lock {
    /// The name of its file.
    pub(crate) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// The SHA-256 of its file, in hexadecimal digits.
    ///
    /// # Errors
    /// When the file can't be read any more.
    pub(crate) fn sha256(&self) -> Result<String> {
        Ok(hex(&Sha256::digest(fs_err::read(&self.path)?)))
    }

    /// What it says, for a key and as the source of names.
    pub(crate) fn text(&self) -> &str {
        match &self.contents {
            Contents::Pylock(text) | Contents::Requirements(text) => text,
        }
    }

    /// The packages, by name and version. A version is missing where the package comes from a directory or a repository.
    ///
    /// # Errors
    /// When a pylock.toml is not one.
    pub(crate) fn packages(&self) -> Result<Vec<(String, Option<String>)>> {
        match &self.contents {
            Contents::Pylock(text) => Ok(pylock::parse(text)
                .with_context(|| self.failed())?
                .into_iter()
                .map(|package| (package.name, package.version))
                .collect()),
            Contents::Requirements(text) => Ok(exporters::pinned(text)),
        }
    }

    /// Whether a package comes from a directory, whose files may change under the same lock.
    pub(crate) fn has_directories(&self) -> bool {
        match &self.contents {
            Contents::Pylock(text) => pylock::parse(text).map_or(true, |packages| {
                packages.iter().any(pylock::Package::is_directory)
            }),
            Contents::Requirements(text) => exporters::has_directories(text),
        }
    }

    /// Writes it into the directory `scratch` as a file that uv installs, and returns that file.
    ///
    /// # Errors
    /// When uv doesn't export it again.
    pub(super) fn for_uv(&self, scratch: &Path) -> Result<PathBuf> {
        match (&self.contents, &self.export) {
            (Contents::Pylock(_), Some(export)) => export.write(scratch),
            (Contents::Pylock(_), None) => Ok(self.path.clone()),
            (Contents::Requirements(text), _) => write(scratch, text),
        }
    }

    /// Writes it into the directory `scratch` as a requirements file, and returns that file.
    ///
    /// # Errors
    /// When a pylock.toml is not one.
    pub(super) fn for_pip(&self, scratch: &Path) -> Result<PathBuf> {
        match &self.contents {
            Contents::Pylock(text) => {
                let directory = self.path.parent().unwrap_or(Path::new("/"));
                let text = pylock::requirements(text, directory).with_context(|| self.failed())?;
                write(scratch, &text)
            }
            Contents::Requirements(text) => write(scratch, text),
        }
    }

    /// Writes a constraints file that holds other requirements to the versions of the lock.
    ///
    /// # Errors
    /// When a pylock.toml is not one.
    pub(super) fn constraints(&self, scratch: &Path) -> Result<PathBuf> {
        let pins = self.packages()?.into_iter();
        let lines = pins.filter_map(|(name, version)| Some(format!("{name}=={}\n", version?)));
        let path = scratch.join("locked.txt");
        fs_err::write(&path, lines.collect::<String>())?;
        Ok(path)
    }

    fn failed(&self) -> String {
        format!("failed to read `{}`", self.path.display())
    }
}

fn write(scratch: &Path, text: &str) -> Result<PathBuf> {
    let path = scratch.join("lock.txt");
    fs_err::write(&path, text)?;
    Ok(path)
}
