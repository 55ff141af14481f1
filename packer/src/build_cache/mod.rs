//! The build cache: layers of earlier packs, compressed, and unpacked for the trial run.
//!
//! ```text
//! $PYSHIP_BUILD_CACHE_DIR, else $XDG_CACHE_HOME/pyship/build, else ~/.cache/pyship/build
//! <root>/v1/entries/<key>            a layer's frames, and what the packer knows of it: see `entry`
//! <root>/v1/unpacked/v1/layers/<d>/  a store for the trial run, in the layout of a run-time cache
//! <root>/v1/tmp/                     files that are being written
//! ```
//!
//! A key covers everything that a layer depends on, with the bytes of this program: a pack gives the same file with a
//! warm cache, a cold one and none. Entries appear by one rename, have digests, and are verified when they are read.
//! So parallel packs need no locks, and a damaged entry counts as missing. A failure in the cache never fails a pack.

pub(crate) mod entry;
pub(crate) mod key;
pub(crate) mod stamp;
pub(crate) mod trim;
pub(crate) mod unpacked;

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use pyship_launcher::format::names::{CACHE_LAYERS, CACHE_NAME, CACHE_VERSION};
use pyship_launcher::owner::is_own_at;

use key::Key;

use crate::environment::Environment;
use crate::names::{
    BUILD_CACHE_ENTRIES, BUILD_CACHE_NAME, BUILD_CACHE_TMP, BUILD_CACHE_UNPACKED, BUILD_CACHE_VERSION,
    ENV_BUILD_CACHE_DIR, ENV_BUILD_CACHE_LIMIT,
};
use crate::size;

const DEFAULT_LIMIT: u64 = 4_000_000_000;

/// The build cache of one pack. Without a root it has no entries and stores none.
#[derive(Debug)]
pub(crate) struct BuildCache {
    root: Option<PathBuf>,
    /// Digest of this program.
    program: String,
    /// Bytes.
    limit: u64,
    /// Whether an entry was stored, so that the cache may exceed its limit.
    has_grown: AtomicBool,
}

/// The directory of the build cache: `given`, else by variables of `environment`. None when no variable is set.
pub(crate) fn root(given: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let by_default = || {
        let base = environment.cache_directory.as_ref()?;
        Some(base.join(CACHE_NAME).join(BUILD_CACHE_NAME))
    };
    given
        .map(|given| environment.directory.join(given))
        .or_else(|| environment.path(ENV_BUILD_CACHE_DIR))
        .or_else(by_default)
}

impl BuildCache {
    /// No build cache.
    pub(crate) fn none() -> Self {
        Self {
            root: None,
            program: String::new(),
            limit: 0,
            has_grown: AtomicBool::new(false),
        }
    }

    /// Whether a file, by its path without links, is in it.
    pub(crate) fn contains(&self, path: &Path) -> bool {
        let root = self
            .root
            .as_ref()
            .and_then(|root| fs_err::canonicalize(root).ok());
        root.is_some_and(|root| path.starts_with(root))
    }

    /// The build cache at `root`. The directory is made when an entry is stored.
    ///
    /// # Errors
    /// The reason for not using it: other users could write to it, or this program can't read its own bytes.
    pub(crate) fn open(root: &Path, environment: &Environment) -> Result<Self, String> {
        for directory in [root.to_owned(), root.join(BUILD_CACHE_VERSION)] {
            check_private(&directory)?;
        }
        let program = key::program().map_err(|error| error.to_string())?;
        let limit = environment
            .get(ENV_BUILD_CACHE_LIMIT)
            .and_then(|text| size::parse(text.to_str()?).ok())
            .unwrap_or(DEFAULT_LIMIT);
        Ok(Self {
            root: Some(root.join(BUILD_CACHE_VERSION)),
            program,
            limit,
            has_grown: AtomicBool::new(false),
        })
    }

    /// The first fields of a key of that kind. None without a build cache.
    pub(crate) fn key(&self, kind: &str) -> Option<Key> {
        self.root.as_ref()?;
        let mut key = Key::default();
        key.field("kind", kind).field("program", &self.program);
        Some(key)
    }

    /// Trims the cache to its limit if an entry was stored.
    pub(crate) fn finish(&self) {
        if let Some(root) = self
            .root
            .as_ref()
            .filter(|_| self.has_grown.load(Ordering::Relaxed))
        {
            trim::trim(root, self.limit);
        }
    }

    fn entries(&self) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join(BUILD_CACHE_ENTRIES))
    }

    fn unpacked(&self) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join(BUILD_CACHE_UNPACKED))
    }

    /// The directory for files that are being written. Creates all directories of the cache; none when that fails.
    fn tmp(&self) -> Option<PathBuf> {
        let root = self.root.as_ref()?;
        let tmp = root.join(BUILD_CACHE_TMP);
        create_dir(&root.join(BUILD_CACHE_ENTRIES)).ok()?;
        create_dir(&layers(&root.join(BUILD_CACHE_UNPACKED))).ok()?;
        create_dir(&tmp).ok()?;
        Some(tmp)
    }
}

/// The directory of the unpacked layers in a run-time cache.
fn layers(cache: &Path) -> PathBuf {
    cache.join(CACHE_VERSION).join(CACHE_LAYERS)
}

fn create_dir(directory: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// Layers of the cache become part of programs, so no other user may write to it.
fn check_private(directory: &Path) -> Result<(), String> {
    let Ok(found) = fs_err::metadata(directory) else {
        return Ok(());
    };
    let own = rustix::process::geteuid().as_raw();
    if found.uid() != own && found.uid() != 0 {
        return Err(format!("it belongs to uid {}, not to uid {own}", found.uid()));
    }
    if found.uid() == own && !is_own_at(directory, own) {
        return Err("it belongs to another user, who has no number in this user namespace".to_owned());
    }
    if found.mode() & 0o022 != 0 {
        return Err(format!(
            "others may write to it (mode {:04o})",
            found.mode() & 0o7777
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment {
            variables: pairs
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            directory: "/here".into(),
            cache_directory: Some("/c".into()),
            ..Environment::default()
        }
    }

    #[test]
    fn the_root_is_given_or_found() {
        let at = |given: Option<&str>, pairs: &[(&str, &str)]| {
            root(given.map(Path::new), &environment(pairs)).map(|path| path.display().to_string())
        };
        assert_eq!(at(Some("x"), &[(ENV_BUILD_CACHE_DIR, "/y")]).unwrap(), "/here/x");
        assert_eq!(at(None, &[(ENV_BUILD_CACHE_DIR, "/y")]).unwrap(), "/y");
        assert_eq!(at(None, &[(ENV_BUILD_CACHE_DIR, "")]).unwrap(), "/c/pyship/build");
        assert_eq!(root(None, &Environment::default()), None);
    }

    #[test]
    fn a_root_that_other_users_may_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(&[]);
        assert!(BuildCache::open(directory.path(), &environment).is_ok());
        fs_err::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let refused = BuildCache::open(directory.path(), &environment).unwrap_err();
        assert_eq!(refused, "others may write to it (mode 0777)");
    }
}
