//! Where the cache may be, in the order in which the directories are tried.
//!
//! `$PYSHIP_CACHE_DIR` alone when it is set; else, for root, `/var/cache/pyship`; then `$XDG_CACHE_HOME/pyship`,
//! `$HOME/.cache/pyship`, `/var/tmp/pyship-<uid>`, `$TMPDIR/pyship-<uid>`, `/tmp/pyship-<uid>`,
//! `/dev/shm/pyship-<uid>`.
//!
//! Where `$PYSHIP_CACHE_DIR` is a directory that others may write to, such as a volume, the cache is
//! `$PYSHIP_CACHE_DIR/pyship-<uid>`.
//!
//! Root's own is the only one that other users can read: a program that root starts and that becomes another user
//! still imports from it. For a start by another user it is a store, looked at when no other place has an answer.

use std::path::{Path, PathBuf};

use crate::bytes::as_path;
use crate::environment::Environment;
use crate::format::names::{
    CACHE_NAME, ENV_CACHE_DIR, ENV_HOME, ENV_STORE, ENV_TMPDIR, ENV_XDG_CACHE_HOME, HOME_CACHE, SYSTEM_CACHE,
};

/// The user that owns [`SYSTEM_CACHE`].
pub(super) const ROOT: u32 = 0;

/// A directory that may be used as a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The cache root.
    pub path: PathBuf,
    /// Where the path comes from.
    pub origin: Origin,
}

/// Where a candidate's path comes from, which decides how far it is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// `$PYSHIP_CACHE_DIR`: if it can't be used, the start fails.
    Explicit,
    /// [`SYSTEM_CACHE`]: written to by root, read by all users.
    System,
    /// Below the user's own directories.
    Private,
    /// In a directory that all users can write to, where a link may have been made by someone else.
    Shared,
    /// Below an explicit directory that all users can write to.
    Volume,
    /// One of `$PYSHIP_STORE`: never written to, owned by the user or root.
    Store,
}

impl Origin {
    /// Whether others may have made something in its place.
    pub(super) const fn is_shared(self) -> bool {
        matches!(self, Self::Shared | Self::Volume)
    }

    /// Whether those count who could replace it; whoever chooses a place explicitly takes it as it is.
    pub(super) const fn is_checked(self) -> bool {
        matches!(self, Self::System | Self::Private | Self::Shared)
    }
}

/// The user's part of a directory that others may write to.
pub(super) fn in_volume(directory: &Path, uid: u32) -> Candidate {
    Candidate {
        path: directory.join(format!("{CACHE_NAME}-{uid}")),
        origin: Origin::Volume,
    }
}

/// The candidates for a cache that can be written to, best first.
///
/// `secure` is a set-user-ID start: the environment is ignored.
#[must_use]
pub fn candidates(environment: &Environment, uid: u32, secure: bool) -> Vec<Candidate> {
    let value = |name: &str| environment.get(name).filter(|value| !value.is_empty() && !secure);
    let place = |name: &str| value(name).filter(|value| value[0] == b'/').map(as_path);
    if let Some(explicit) = value(ENV_CACHE_DIR) {
        return vec![Candidate {
            path: absolute(explicit),
            origin: Origin::Explicit,
        }];
    }
    let shared_name = format!("{CACHE_NAME}-{uid}");
    let private = [
        place(ENV_XDG_CACHE_HOME).map(|directory| directory.join(CACHE_NAME)),
        place(ENV_HOME).map(|home| home.join(HOME_CACHE).join(CACHE_NAME)),
    ];
    let shared = [
        Some(Path::new("/var/tmp")),
        place(ENV_TMPDIR),
        Some(Path::new("/tmp")),
        Some(Path::new("/dev/shm")),
    ];
    let private = private.into_iter().flatten().map(|path| Candidate {
        path,
        origin: Origin::Private,
    });
    let shared = shared.into_iter().flatten().map(|directory| Candidate {
        path: directory.join(&shared_name),
        origin: Origin::Shared,
    });
    let mut candidates: Vec<Candidate> = (uid == ROOT).then(system).into_iter().collect();
    for candidate in private.chain(shared) {
        if !candidates.iter().any(|other| other.path == candidate.path) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// Root's cache, as a store for another user; none for those who chose a cache explicitly.
#[must_use]
pub fn system_store(environment: &Environment, uid: u32, secure: bool) -> Option<Candidate> {
    let explicit = environment
        .get(ENV_CACHE_DIR)
        .is_some_and(|value| !value.is_empty() && !secure);
    (uid != ROOT && !explicit).then(system)
}

/// A path from the root of the file system: a record outlives the directory of the start that writes it.
fn absolute(path: &[u8]) -> PathBuf {
    std::path::absolute(as_path(path)).unwrap_or_else(|_| as_path(path).to_owned())
}

fn system() -> Candidate {
    Candidate {
        path: PathBuf::from(SYSTEM_CACHE),
        origin: Origin::System,
    }
}

/// The read-only caches, which are searched first.
#[must_use]
pub fn stores(environment: &Environment, secure: bool) -> Vec<Candidate> {
    let list = environment.get(ENV_STORE).filter(|_| !secure).unwrap_or_default();
    list.split(|&byte| byte == b':')
        .filter(|path| !path.is_empty())
        .map(|path| Candidate {
            path: absolute(path),
            origin: Origin::Store,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn paths(variables: &[(&str, &str)], secure: bool) -> Vec<String> {
        let environment = Environment::from_pairs(variables);
        candidates(&environment, 7, secure)
            .iter()
            .map(|candidate| candidate.path.display().to_string())
            .collect()
    }

    #[test]
    fn the_candidates_in_order() {
        let variables = [("XDG_CACHE_HOME", "/x"), ("HOME", "/h"), ("TMPDIR", "/t")];
        let want = [
            "/x/pyship",
            "/h/.cache/pyship",
            "/var/tmp/pyship-7",
            "/t/pyship-7",
            "/tmp/pyship-7",
            "/dev/shm/pyship-7",
        ];
        assert_eq!(paths(&variables, false), want);
        assert_eq!(
            paths(&variables, true),
            ["/var/tmp/pyship-7", "/tmp/pyship-7", "/dev/shm/pyship-7"]
        );
        assert_eq!(
            paths(
                &[("HOME", ""), ("XDG_CACHE_HOME", "relative"), ("TMPDIR", "/tmp")],
                false
            )
            .len(),
            3
        );
    }

    #[test]
    fn roots_first_place_is_a_store_for_others() {
        let home = [("HOME", "/h")];
        let environment = Environment::from_pairs(&home);
        for secure in [false, true] {
            let found = candidates(&environment, 0, secure);
            assert_eq!(
                (found[0].path.as_path(), found[0].origin),
                (Path::new("/var/cache/pyship"), Origin::System)
            );
            assert_eq!(system_store(&environment, 0, secure), None);
            assert_eq!(system_store(&environment, 7, secure), Some(found[0].clone()));
        }
        assert!(!paths(&home, false).contains(&"/var/cache/pyship".to_owned()));
        let explicit = Environment::from_pairs(&[("PYSHIP_CACHE_DIR", "/c")]);
        assert_eq!(system_store(&explicit, 7, false), None);
        assert!(system_store(&explicit, 7, true).is_some());
        assert_eq!(candidates(&explicit, 0, false).len(), 1);
    }

    #[test]
    fn an_explicit_root_is_the_only_one() {
        assert_eq!(
            paths(&[("PYSHIP_CACHE_DIR", "/c"), ("HOME", "/h")], false),
            ["/c"]
        );
    }

    #[test]
    fn stores_are_a_list() {
        let environment = Environment::from_pairs(&[("PYSHIP_STORE", "/a::/b")]);
        let paths: Vec<_> = stores(&environment, false)
            .into_iter()
            .map(|store| store.path)
            .collect();
        assert_eq!(paths, [Path::new("/a"), Path::new("/b")]);
        let relative = Environment::from_pairs(&[("PYSHIP_STORE", "c")]);
        let here = std::env::current_dir().unwrap();
        assert_eq!(stores(&relative, false)[0].path, here.join("c"));
        assert!(stores(&environment, true).is_empty());
    }
}
