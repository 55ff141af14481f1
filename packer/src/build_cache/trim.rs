//! Keeps the cache within its limit: the least recently used entries are removed first.
//!
//! The modification time of an entry is when it was stored. Its access time is its last use; it is set by this module, at
//! most once a day. The last use of an unpacked layer is the modification time of its directory.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pyship_launcher::removal::{self, remove_directory};
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, utimensat};

use crate::names::{BUILD_CACHE_ENTRIES, BUILD_CACHE_TMP, BUILD_CACHE_UNPACKED, BUILD_CACHE_VERSION};

const DAY: Duration = Duration::from_secs(86_400);

/// An entry or an unpacked layer.
struct Item {
    path: PathBuf,
    used: SystemTime,
    size: u64,
}

/// Records the use of an entry.
pub(super) fn record_use(path: &Path, data: &Metadata) {
    if is_old(data.accessed().ok()) {
        set_times(path, UTIME_NOW, UTIME_OMIT);
    }
}

/// Records the use of an unpacked layer.
pub(super) fn record_use_of_directory(path: &Path) {
    if fs_err::metadata(path).is_ok_and(|data| is_old(data.modified().ok())) {
        set_times(path, UTIME_NOW, UTIME_NOW);
    }
}

fn is_old(time: Option<SystemTime>) -> bool {
    let age = time.and_then(|time| time.elapsed().ok());
    age.is_none_or(|age| age > DAY)
}

fn set_times(path: &Path, access: i64, modification: i64) {
    let at = |nanoseconds| Timespec {
        tv_sec: 0,
        tv_nsec: nanoseconds,
    };
    let times = Timestamps {
        last_access: at(access),
        last_modification: at(modification),
    };
    // In a read-only cache, uses are not recorded.
    utimensat(CWD, path, &times, AtFlags::empty()).unwrap_or_default();
}

/// Removes the temporary files of packs that were killed, then entries and unpacked layers until at most `limit` bytes
/// are left.
pub(super) fn trim(root: &Path, limit: u64) {
    for path in below(&root.join(BUILD_CACHE_TMP)) {
        let age = fs_err::symlink_metadata(&path)
            .and_then(|data| data.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > DAY) {
            remove(root, &path);
        }
    }
    let mut items: Vec<Item> = below(&root.join(BUILD_CACHE_ENTRIES))
        .into_iter()
        .chain(below(&super::layers(&root.join(BUILD_CACHE_UNPACKED))))
        .filter_map(item_at)
        .collect();
    items.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.path.cmp(&b.path)));
    let mut total: u64 = items.iter().map(|item| item.size).sum();
    for item in items {
        if total <= limit {
            break;
        }
        remove(root, &item.path);
        total -= item.size;
    }
}

/// Removes the whole build cache in `root`.
///
/// # Errors
/// When a file can't be removed.
pub(crate) fn clear(root: &Path) -> std::io::Result<()> {
    match remove_directory(&root.join(BUILD_CACHE_VERSION)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn item_at(path: PathBuf) -> Option<Item> {
    let data = fs_err::symlink_metadata(&path).ok()?;
    let modified = data.modified().ok()?;
    let (used, size) = if data.is_dir() {
        let files = walkdir::WalkDir::new(&path).into_iter().flatten();
        let sizes = files.filter_map(|entry| Some(entry.metadata().ok()?.len()));
        (modified, sizes.sum())
    } else {
        (
            data.accessed().map_or(modified, |used| used.max(modified)),
            data.len(),
        )
    };
    Some(Item { path, used, size })
}

fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// Removes a file or a directory. A directory is renamed first, so that it is never found half removed.
fn remove(root: &Path, path: &Path) {
    if !path.is_dir() {
        fs_err::remove_file(path).unwrap_or_default();
        return;
    }
    if removal::check(path).is_err() {
        return;
    }
    let name = path.file_name().unwrap_or_default();
    let away = tempfile::Builder::new()
        .prefix("removed-")
        .tempdir_in(root.join(BUILD_CACHE_TMP));
    if let Ok(away) = away {
        fs_err::rename(path, away.path().join(name)).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_goes_first() {
        let root = tempfile::tempdir().unwrap();
        for part in ["entries", "tmp", "unpacked/v1/layers/d"] {
            fs_err::create_dir_all(root.path().join(part)).unwrap();
        }
        let put = |name: &str, days: u32| {
            let path = root.path().join(name);
            fs_err::write(&path, [0; 1000]).unwrap();
            let then = SystemTime::now() - DAY * days;
            let times = std::fs::FileTimes::new().set_modified(then).set_accessed(then);
            fs_err::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .file()
                .set_times(times)
                .unwrap();
        };
        put("entries/old", 9);
        put("entries/older-but-used", 20);
        put("entries/new", 1);
        put("tmp/left-behind", 2);
        fs_err::write(root.path().join("unpacked/v1/layers/d/file"), [0; 1000]).unwrap();
        let used = root.path().join("entries/older-but-used");
        record_use(&used, &fs_err::metadata(&used).unwrap());
        trim(root.path(), 1 << 20);
        assert!(root.path().join("entries/old").exists() && !root.path().join("tmp/left-behind").exists());
        let layer = item_at(root.path().join("unpacked/v1/layers/d")).unwrap().size;
        trim(root.path(), 2000 + layer);
        let mut left = below(&root.path().join("entries"));
        left.sort();
        assert_eq!(left, [root.path().join("entries/new"), used]);
        trim(root.path(), 0);
        assert!(below(&root.path().join("entries")).is_empty());
        assert!(below(&root.path().join("unpacked/v1/layers")).is_empty());
        assert!(below(&root.path().join("tmp")).is_empty());
    }
}
