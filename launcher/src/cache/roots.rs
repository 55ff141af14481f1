//! Where the cache may lie, and whether a place can be trusted and used.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, StatVfsMountFlags, fstat, fstatvfs, mkdirat, open};
use rustix::io::Errno;

use super::room::Room;
use crate::error::cause;
use crate::format::names::{
    CACHE_APPS, CACHE_LAYERS, CACHE_LOCKS, CACHE_NAME, CACHE_TAG, CACHE_TAG_CONTENT, CACHE_TMP,
    CACHE_VERSION, ENV_CACHE_DIR, ENV_STORE,
};
use crate::start::Environment;

/// Where a home keeps caches.
const HOME_CACHE: &str = ".cache";

/// A place that the cache may lie at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The cache root.
    pub path: PathBuf,
    /// What is said of the place.
    pub standing: Standing,
}

/// Whether a candidate is one rung of the ladder or the user's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// `$PYSHIP_CACHE_DIR`: a failure is an error, not a reason to go on.
    Explicit,
    /// Below the user's own directories.
    Private,
    /// In a directory that others can write to: a link there may be someone else's.
    Shared,
    /// One of `$PYSHIP_STORE`: read, never written, the user's or root's.
    Store,
}

/// A cache root that was found good, and open.
#[derive(Debug)]
pub struct Root {
    /// Absolute.
    pub path: PathBuf,
    /// The directory itself.
    pub directory: OwnedFd,
}

/// The ladder, best first.
#[must_use]
pub fn candidates(environment: &Environment, uid: u32, secure: bool) -> Vec<Candidate> {
    let value = |name: &str| environment.get(name).filter(|value| !value.is_empty() && !secure);
    let absolute = |name: &str| value(name).filter(|value| value[0] == b'/').map(path_of);
    if let Some(explicit) = value(ENV_CACHE_DIR) {
        let path = std::path::absolute(path_of(explicit)).unwrap_or_else(|_| path_of(explicit));
        return vec![Candidate {
            path,
            standing: Standing::Explicit,
        }];
    }
    let shared_name = format!("{CACHE_NAME}-{uid}");
    let private = [
        absolute("XDG_CACHE_HOME").map(|directory| directory.join(CACHE_NAME)),
        absolute("HOME").map(|home| home.join(HOME_CACHE).join(CACHE_NAME)),
    ];
    let shared = [
        Some("/var/tmp".into()),
        absolute("TMPDIR"),
        Some("/tmp".into()),
        Some("/dev/shm".into()),
    ];
    let private = private.into_iter().flatten().map(|path| Candidate {
        path,
        standing: Standing::Private,
    });
    let shared = shared.into_iter().flatten().map(|directory: PathBuf| Candidate {
        path: directory.join(&shared_name),
        standing: Standing::Shared,
    });
    let mut ladder: Vec<Candidate> = Vec::new();
    for candidate in private.chain(shared) {
        if !ladder.iter().any(|other| other.path == candidate.path) {
            ladder.push(candidate);
        }
    }
    ladder
}

/// The read-only caches that are looked in first.
#[must_use]
pub fn stores(environment: &Environment, secure: bool) -> Vec<Candidate> {
    let list = environment.get(ENV_STORE).filter(|_| !secure).unwrap_or_default();
    list.split(|&byte| byte == b':')
        .filter(|path| !path.is_empty())
        .map(|path| Candidate {
            path: path_of(path),
            standing: Standing::Store,
        })
        .collect()
}

/// Opens a root that is there already, or says why it can't be used.
///
/// # Errors
/// The reason, without the path.
pub fn open_existing(candidate: &Candidate, uid: u32) -> Result<Root, String> {
    // PYTHONPATH and a loader's search path have no way to say it.
    if candidate.path.as_os_str().as_bytes().contains(&b':') {
        return Err("its path holds a `:`".to_owned());
    }
    let mut flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if candidate.standing == Standing::Shared {
        flags |= OFlags::NOFOLLOW;
    }
    let directory = open(&candidate.path, flags, Mode::empty()).map_err(reason)?;
    let found = fstat(&directory).map_err(reason)?;
    let owner_is_fine = found.st_uid == uid || (candidate.standing == Standing::Store && found.st_uid == 0);
    if !owner_is_fine {
        return Err(format!("it belongs to uid {}, not to uid {uid}", found.st_uid));
    }
    if found.st_mode & 0o022 != 0 {
        return Err(format!(
            "others may write to it (mode {:04o})",
            found.st_mode & 0o7777
        ));
    }
    Ok(Root {
        path: candidate.path.clone(),
        directory,
    })
}

/// Makes a root ready to be written to, or says why it can't be.
///
/// # Errors
/// The reason, without the path.
pub fn prepare(candidate: &Candidate, uid: u32) -> Result<Root, String> {
    let root = match open_existing(candidate, uid) {
        Ok(root) => root,
        Err(_) if !candidate.path.exists() => {
            make(candidate)?;
            open_existing(candidate, uid)?
        }
        Err(reason) => return Err(reason),
    };
    if is_noexec(&root) {
        return Err("its file system is mounted noexec".to_owned());
    }
    let version = PathBuf::from(CACHE_VERSION);
    let parts = [CACHE_LAYERS, CACHE_APPS, CACHE_LOCKS, CACHE_TMP].map(|part| version.join(part));
    for part in std::iter::once(&version).chain(&parts) {
        match mkdirat(&root.directory, part, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(Errno::NOSPC | Errno::DQUOT) => {
                return Err(format!("it is full: {} free", Room::free(&root)));
            }
            Err(errno) => return Err(reason(errno)),
        }
    }
    // A tag that can't be written is no reason to do without a cache; one that a kill cut short is written anew.
    let tag = root.path.join(CACHE_TAG);
    let is_whole = std::fs::metadata(&tag).is_ok_and(|found| found.len() == CACHE_TAG_CONTENT.len() as u64);
    if !is_whole {
        std::fs::write(tag, CACHE_TAG_CONTENT).unwrap_or_default();
    }
    Ok(root)
}

/// Whether no program below the root can be run. A file system that does not tell is found out by `execve`.
#[must_use]
pub fn is_noexec(root: &Root) -> bool {
    fstatvfs(&root.directory).is_ok_and(|mount| mount.f_flag.contains(StatVfsMountFlags::NOEXEC))
}

fn make(candidate: &Candidate) -> Result<(), String> {
    use std::os::unix::fs::DirBuilderExt;
    // A home that is not there (`/nonexistent`) is not wanted either.
    let home = candidate.path.ancestors().nth(2);
    let below_home = candidate.path.ends_with(Path::new(HOME_CACHE).join(CACHE_NAME));
    if candidate.standing == Standing::Private && below_home && home.is_some_and(|home| !home.is_dir()) {
        return Err("there is no such home directory".to_owned());
    }
    // In a shared directory only the last part is ours to make; below it nothing can be missing.
    let recursive = candidate.standing != Standing::Shared;
    std::fs::DirBuilder::new()
        .recursive(recursive)
        .mode(0o700)
        .create(&candidate.path)
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists if candidate.path.is_symlink() => {
                "it is a link that leads nowhere".to_owned()
            }
            _ => cause(&error),
        })
}

fn reason(errno: Errno) -> String {
    match errno {
        Errno::LOOP | Errno::NOTDIR => "it is not a directory".to_owned(),
        errno => cause(&errno.into()),
    }
}

fn path_of(bytes: &[u8]) -> PathBuf {
    Path::new(OsStr::from_bytes(bytes)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(variables: &[(&str, &str)], secure: bool) -> Vec<String> {
        let environment = Environment::from_pairs(variables);
        candidates(&environment, 7, secure)
            .iter()
            .map(|rung| rung.path.display().to_string())
            .collect()
    }

    #[test]
    fn the_ladder_in_order() {
        let variables = [("XDG_CACHE_HOME", "/x"), ("HOME", "/h"), ("TMPDIR", "/t")];
        let want = [
            "/x/pyship",
            "/h/.cache/pyship",
            "/var/tmp/pyship-7",
            "/t/pyship-7",
            "/tmp/pyship-7",
            "/dev/shm/pyship-7",
        ];
        assert_eq!(ladder(&variables, false), want);
        assert_eq!(
            ladder(&variables, true),
            ["/var/tmp/pyship-7", "/tmp/pyship-7", "/dev/shm/pyship-7"]
        );
        assert_eq!(
            ladder(
                &[("HOME", ""), ("XDG_CACHE_HOME", "relative"), ("TMPDIR", "/tmp")],
                false
            )
            .len(),
            3
        );
    }

    #[test]
    fn an_explicit_root_is_the_only_one() {
        assert_eq!(
            ladder(&[("PYSHIP_CACHE_DIR", "/c"), ("HOME", "/h")], false),
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
        assert!(stores(&environment, true).is_empty());
    }
}
