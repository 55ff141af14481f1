//! Directories and wheels of the builder that were installed as they had been earlier. uv keeps what it built of a
//! directory and builds it again only when one of its pyproject.toml, setup.py and setup.cfg has changed, unless the
//! project says otherwise (<https://docs.astral.sh/uv/concepts/cache/#dynamic-metadata>). Of a directory of wheels it
//! keeps each by its name. A pack ships what is there now.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use walkdir::WalkDir;

use super::editable;
use super::metadata;

/// Directories that no build reads.
const SKIPPED: &[&str] = &[".hg", ".venv", "venv", "node_modules", "__pycache__"];
/// What a version that is taken from git depends on.
const OF_GIT: &[&str] = &["HEAD", "refs", "packed-refs"];

/// A time in seconds and nanoseconds.
type Time = (i64, i64);

/// The names of the distributions in `site` that were installed from a directory in which something was changed after
/// they had been built, or that have a newer wheel in one of the directories `links`.
///
/// When they had been built is seen only where the installer has linked its own files: a copy is new. So what was copied
/// from such places counts as stale.
///
/// # Errors
/// When the metadata in `site` can't be read.
pub(super) fn distributions(site: &Path, links: &[PathBuf]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if !site.is_dir() {
        return Ok(names);
    }
    let wheels = wheels(links);
    for entry in fs_err::read_dir(site)? {
        let dist_info = entry?.path();
        if dist_info.extension() != Some("dist-info".as_ref()) {
            continue;
        }
        // Of the files of a wheel. Links into a cache have the time at which it was filled; the cache may be in another
        // file system, as where `/tmp` is in memory.
        let Ok(file) = fs_err::metadata(dist_info.join("WHEEL")) else {
            continue;
        };
        let is_copied = file.nlink() == 1;
        let built = (file.mtime(), file.mtime_nsec());
        let stem = dist_info.file_stem().unwrap_or_default().to_string_lossy();
        let is_stale = match editable::directory(&dist_info)? {
            Some(directory) => is_copied || is_changed_since(&directory, built),
            None => wheels
                .get(&normalized_stem(&stem))
                .is_some_and(|time| is_copied || *time >= built),
        };
        if is_stale {
            let bytes = fs_err::read(dist_info.join("METADATA"))?;
            names.extend(metadata::fields(&bytes, "Name"));
        }
    }
    Ok(names)
}

/// When the wheels of these directories were changed, by `name-version`.
fn wheels(links: &[PathBuf]) -> BTreeMap<String, Time> {
    let mut wheels = BTreeMap::new();
    let entries = links
        .iter()
        .filter_map(|directory| fs_err::read_dir(directory).ok());
    for path in entries.flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut parts = name.strip_suffix(".whl").unwrap_or_default().splitn(3, '-');
        if let (Some(name), Some(version), Ok(data)) = (parts.next(), parts.next(), fs_err::metadata(&path)) {
            let time = wheels
                .entry(normalized_stem(&format!("{name}-{version}")))
                .or_default();
            *time = changed(&data).max(*time);
        }
    }
    wheels
}

fn normalized_stem(stem: &str) -> String {
    let (name, version) = stem.split_once('-').unwrap_or((stem, ""));
    format!("{}-{version}", metadata::normalized(name))
}

fn changed(data: &Metadata) -> Time {
    (data.mtime(), data.mtime_nsec()).max((data.ctime(), data.ctime_nsec()))
}

/// Whether something in `directory` was changed at this time or later.
fn is_changed_since(directory: &Path, time: Time) -> bool {
    let entries = WalkDir::new(directory)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || may_be_read(entry.path()));
    // What can't be read fails the build, if that needs it.
    entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .any(|data| changed(&data) >= time)
}

fn may_be_read(path: &Path) -> bool {
    let named = |names: &[&str]| {
        path.file_name()
            .is_some_and(|name| names.iter().any(|one| name == *one))
    };
    let in_git = path.parent().is_some_and(|parent| parent.ends_with(".git"));
    !named(SKIPPED) && (!in_git || named(OF_GIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_build_reads_counts() {
        let place = tempfile::tempdir().unwrap();
        for file in [
            "src/a.py",
            ".venv/x.py",
            ".git/index",
            ".git/HEAD",
            ".git/objects/x",
        ] {
            let path = place.path().join(file);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, "").unwrap();
        }
        let at = |path: PathBuf| {
            let data = fs_err::metadata(path).unwrap();
            (data.ctime(), data.ctime_nsec())
        };
        let wait = || std::thread::sleep(std::time::Duration::from_millis(20));
        let now = || {
            wait();
            fs_err::write(place.path().join(".venv/now"), "").unwrap();
            at(place.path().join(".venv/now"))
        };
        let built = now();
        for (file, counts) in [
            (".venv/x.py", false),
            (".git/index", false),
            (".git/objects/x", false),
            (".git/HEAD", true),
            ("src/a.py", true),
        ] {
            let built = if counts { now() } else { built };
            wait();
            fs_err::write(place.path().join(file), "new").unwrap();
            assert_eq!(is_changed_since(place.path(), built), counts, "{file}");
        }
        // A file of the past that was moved there, and one that was removed.
        let built = now();
        wait();
        fs_err::remove_file(place.path().join("src/a.py")).unwrap();
        assert!(is_changed_since(place.path(), built));
    }
}
