//! Directories that were installed as they had been earlier. uv keeps what it built of a directory and builds it again
//! only when one of its pyproject.toml, setup.py and setup.cfg has changed, unless the project says otherwise
//! (<https://docs.astral.sh/uv/concepts/cache/#dynamic-metadata>). A pack ships the directory as it is now.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Result;
use walkdir::WalkDir;

use super::editable;
use super::metadata;

/// Directories that no build reads.
const SKIPPED: &[&str] = &[".hg", ".venv", "venv", "node_modules", "__pycache__"];
/// What a version that is taken from git depends on.
const OF_GIT: &[&str] = &["HEAD", "refs", "packed-refs"];

/// The names of the distributions in `site` that were installed from a directory in which something was changed after
/// they had been built.
///
/// # Errors
/// When the metadata in `site` can't be read.
pub(super) fn distributions(site: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    if !site.is_dir() {
        return Ok(names);
    }
    for entry in fs_err::read_dir(site)? {
        let dist_info = entry?.path();
        if dist_info.extension() != Some("dist-info".as_ref()) {
            continue;
        }
        let Some(directory) = editable::directory(&dist_info)? else {
            continue;
        };
        // Of the files of a wheel. Links into a cache have the time at which it was filled.
        let Ok(built) = fs_err::metadata(dist_info.join("WHEEL")) else {
            continue;
        };
        if is_changed_since(&directory, (built.mtime(), built.mtime_nsec())) {
            let bytes = fs_err::read(dist_info.join("METADATA"))?;
            names.extend(metadata::fields(&bytes, "Name"));
        }
    }
    Ok(names)
}

/// Whether something in `directory` was changed at this time, in seconds and nanoseconds, or later.
fn is_changed_since(directory: &Path, time: (i64, i64)) -> bool {
    let entries = WalkDir::new(directory)
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || may_be_read(entry.path()));
    // What can't be read fails the build, if that needs it.
    entries
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .any(|data| (data.mtime(), data.mtime_nsec()) >= time || (data.ctime(), data.ctime_nsec()) >= time)
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
    use std::path::PathBuf;

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
