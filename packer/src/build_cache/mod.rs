//! What earlier packs have prepared: whole layers, compressed, and layers unpacked for trying out what starts.
//!
//! ```text
//! $PYSHIP_BUILD_CACHE_DIR, else $XDG_CACHE_HOME/pyship/build, else ~/.cache/pyship/build
//! <root>/v1/entries/<key>            a layer's frames, and what the packer found out about it: see `entry`
//! <root>/v1/unpacked/v1/layers/<d>/  a store for the trial start, in the form of a run-time cache
//! <root>/v1/tmp/                     what is being written
//! ```
//!
//! A key covers everything that a layer depends on, this program's own bytes included, so a pack with a warm
//! cache, with a cold one and with none gives the same file. Entries appear by one rename, carry their digests
//! and are checked when they are read: parallel packs need no locks, and a damaged entry is one that isn't
//! there. Nothing that happens here fails a pack.

pub mod entry;
pub mod key;
pub mod stamp;
pub mod trim;
pub mod unpacked;

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use key::Key;

use crate::environment::Environment;

/// Names the root.
pub const ENV_DIR: &str = "PYSHIP_BUILD_CACHE_DIR";
/// How many bytes are kept: a number, with `K`, `M` or `G` after it for powers of 1024.
pub const ENV_LIMIT: &str = "PYSHIP_BUILD_CACHE_LIMIT";
/// Of the layout and of the entries' form.
const VERSION: &str = "v1";
const DEFAULT_LIMIT: u64 = 4 << 30;

/// The build cache of one pack; without a root it holds nothing and keeps nothing.
#[derive(Debug)]
pub struct BuildCache {
    root: Option<PathBuf>,
    /// Digest of this program.
    program: String,
    /// Bytes.
    limit: u64,
    wrote: AtomicBool,
}

/// Where the build cache of `environment` lies, unless it is given; none when no variable says.
#[must_use]
pub(crate) fn root(given: Option<&Path>, environment: &Environment) -> Option<PathBuf> {
    let by_default = || Some(environment.cache_directory.as_ref()?.join("pyship").join("build"));
    given
        .map(|given| environment.directory.join(given))
        .or_else(|| environment.path(ENV_DIR))
        .or_else(by_default)
}

impl BuildCache {
    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self {
            root: None,
            program: String::new(),
            limit: 0,
            wrote: AtomicBool::new(false),
        }
    }

    /// The one at `root`; it is made when something is written. Why it isn't used, when it isn't.
    ///
    /// # Errors
    /// When others could put something into it, or this program can't read itself.
    pub(crate) fn open(root: &Path, environment: &Environment) -> Result<Self, String> {
        for place in [root.to_owned(), root.join(VERSION)] {
            is_private(&place)?;
        }
        let program = key::program().map_err(|error| error.to_string())?;
        let limit = environment
            .get(ENV_LIMIT)
            .and_then(|text| bytes_of(text.to_str()?))
            .unwrap_or(DEFAULT_LIMIT);
        Ok(Self {
            root: Some(root.join(VERSION)),
            program,
            limit,
            wrote: AtomicBool::new(false),
        })
    }

    /// The beginning of a key of that kind; none without a cache.
    #[must_use]
    pub fn key(&self, kind: &str) -> Option<Key> {
        self.root.as_ref()?;
        let mut key = Key::default();
        key.field("kind", kind).field("program", &self.program);
        Some(key)
    }

    /// Trims, when something was written.
    pub fn finish(&self) {
        if let Some(root) = self.root.as_ref().filter(|_| self.wrote.load(Ordering::Relaxed)) {
            trim::trim(root, self.limit);
        }
    }

    fn entries(&self) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join("entries"))
    }

    fn unpacked(&self) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join("unpacked"))
    }

    /// The directory for what is being written; made when it is missing, none when that can't be done.
    fn tmp(&self) -> Option<PathBuf> {
        let root = self.root.as_ref()?;
        for part in ["entries", "tmp", "unpacked/v1/layers"] {
            make(&root.join(part)).ok()?;
        }
        Some(root.join("tmp"))
    }
}

fn make(directory: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

/// What lies in the cache is put into files that people run: nobody else may write there.
fn is_private(place: &Path) -> Result<(), String> {
    let Ok(found) = fs_err::metadata(place) else {
        return Ok(());
    };
    let own = rustix::process::geteuid().as_raw();
    if found.uid() != own && found.uid() != 0 {
        return Err(format!("it belongs to uid {}, not to uid {own}", found.uid()));
    }
    if found.mode() & 0o022 != 0 {
        return Err(format!(
            "others may write to it (mode {:04o})",
            found.mode() & 0o7777
        ));
    }
    Ok(())
}

/// `500M`
fn bytes_of(text: &str) -> Option<u64> {
    let (number, shift) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(number) if text.ends_with('K') => (number, 10),
        Some(number) if text.ends_with('M') => (number, 20),
        Some(number) => (number, 30),
        None => (text, 0),
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
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
        assert_eq!(at(Some("x"), &[(ENV_DIR, "/y")]).unwrap(), "/here/x");
        assert_eq!(at(None, &[(ENV_DIR, "/y")]).unwrap(), "/y");
        assert_eq!(at(None, &[(ENV_DIR, "")]).unwrap(), "/c/pyship/build");
        assert_eq!(root(None, &Environment::default()), None);
    }

    #[test]
    fn limits_are_numbers_with_a_power() {
        assert_eq!(bytes_of("10"), Some(10));
        assert_eq!(bytes_of("2K"), Some(2048));
        assert_eq!(bytes_of("3M"), Some(3 << 20));
        assert_eq!(bytes_of("1G"), Some(1 << 30));
        assert_eq!(bytes_of("much"), None);
    }

    #[test]
    fn a_root_that_others_may_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let environment = environment(&[]);
        assert!(BuildCache::open(directory.path(), &environment).is_ok());
        fs_err::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let refused = BuildCache::open(directory.path(), &environment).unwrap_err();
        assert_eq!(refused, "others may write to it (mode 0777)");
    }
}
