//! Where things lie: the repository, the cache that outlives a run, and what goes with a test.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use walkdir::WalkDir;

/// The repository's root.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A directory of the test cache, `$PYSHIP_TEST_CACHE` or `~/.cache/pyship-tests`; made when it is missing.
#[must_use]
pub fn cache(part: &str) -> PathBuf {
    let root = env::var_os("PYSHIP_TEST_CACHE").map_or_else(default_cache, PathBuf::from);
    let path = root.join(part);
    fs_err::create_dir_all(&path).unwrap();
    path
}

fn default_cache() -> PathBuf {
    let user = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home =
        || PathBuf::from(env::var_os("HOME").expect("HOME or PYSHIP_TEST_CACHE must be set")).join(".cache");
    user.unwrap_or_else(home).join("pyship-tests")
}

/// A directory that is removed when the value goes.
#[must_use]
pub fn scratch() -> TempDir {
    tempfile::Builder::new().prefix("pyship-test-").tempdir().unwrap()
}

/// Every path below `directory`, relative to it, sorted.
#[must_use]
pub fn files_below(directory: &Path) -> BTreeSet<PathBuf> {
    let entries = WalkDir::new(directory)
        .min_depth(1)
        .into_iter()
        .map(Result::unwrap);
    entries
        .map(|entry| entry.path().strip_prefix(directory).unwrap().to_owned())
        .collect()
}

/// A digest of a file's bytes, or of every path and file below a directory.
pub(crate) fn digest(path: &Path) -> String {
    let mut hash = Sha256::new();
    for entry in WalkDir::new(path).sort_by_file_name() {
        let entry = entry.unwrap();
        hash.update(entry.path().as_os_str().as_encoded_bytes());
        if entry.file_type().is_file() {
            hash.update(fs_err::read(entry.path()).unwrap());
        }
    }
    hex(&hash.finalize())
}

/// A short name for what determines a cached thing.
pub(crate) fn key(parts: &[&str]) -> String {
    hex(&Sha256::digest(parts.join("\0")))[..24].to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes `target` with `make`, once for all the processes that want it: by a lock, and by a rename at the end.
pub(crate) fn once(target: &Path, make: impl FnOnce(&Path)) {
    if target.exists() {
        return;
    }
    let name = target.file_name().unwrap().to_string_lossy().into_owned();
    let lock = fs_err::File::create(target.with_file_name(format!("{name}.lock"))).unwrap();
    lock.file().lock().unwrap();
    if target.exists() {
        return;
    }
    let half = target.with_file_name(format!("{name}.half"));
    if half.exists() {
        fs_err::remove_dir_all(&half).unwrap();
    }
    fs_err::create_dir_all(&half).unwrap();
    make(&half);
    fs_err::rename(&half, target).unwrap();
}
