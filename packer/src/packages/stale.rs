//! Packages of the builder that an installer has kept from an earlier run. A pack ships what is there now.
//!
//! uv keeps what it built of a directory and builds it again only when one of its pyproject.toml, setup.py and setup.cfg has
//! changed, unless the project says otherwise (<https://docs.astral.sh/uv/concepts/cache/#dynamic-metadata>). What a build
//! reads can't be known: files through links, files of other directories, variables. Of a directory of wheels uv keeps each
//! by its name, and another one may have taken that name with an older time. So all that comes from such places is made anew,
//! unless this pack has made it.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use walkdir::WalkDir;

use super::editable;
use super::metadata;

/// Directories of wheels may have one for each package.
const LINKS_DEPTH: usize = 2;

/// The names of the distributions in `site` that were installed from a directory, or that one of the directories `links`
/// has a wheel of, and that may have been made before `began`.
///
/// When one was made is seen only where the installer has linked its own files: a copy is new.
///
/// # Errors
/// When the metadata in `site` can't be read.
pub(super) fn distributions(site: &Path, links: &[PathBuf], began: SystemTime) -> Result<Vec<String>> {
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
        if file.nlink() > 1 && is_made_since(&file, began) {
            continue;
        }
        let stem = dist_info.file_stem().unwrap_or_default().to_string_lossy();
        if wheels.contains(&normalized_stem(&stem)) || editable::directory(&dist_info)?.is_some() {
            let bytes = fs_err::read(dist_info.join("METADATA"))?;
            names.extend(metadata::fields(&bytes, "Name"));
        }
    }
    Ok(names)
}

fn is_made_since(file: &std::fs::Metadata, began: SystemTime) -> bool {
    let seconds = Duration::from_secs(u64::try_from(file.mtime()).unwrap_or(0));
    let rest = Duration::from_nanos(u64::try_from(file.mtime_nsec()).unwrap_or(0));
    SystemTime::UNIX_EPOCH + seconds + rest >= began
}

/// The wheels of these directories, as `name-version`.
fn wheels(links: &[PathBuf]) -> BTreeSet<String> {
    let mut wheels = BTreeSet::new();
    let entries = links
        .iter()
        .flat_map(|directory| WalkDir::new(directory).max_depth(LINKS_DEPTH).follow_links(true));
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy();
        let mut parts = name.strip_suffix(".whl").unwrap_or_default().splitn(3, '-');
        if let (Some(name), Some(version)) = (parts.next(), parts.next()) {
            wheels.insert(normalized_stem(&format!("{name}-{version}")));
        }
    }
    wheels
}

fn normalized_stem(stem: &str) -> String {
    let (name, version) = stem.split_once('-').unwrap_or((stem, ""));
    format!("{}-{version}", metadata::normalized(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_earlier_counts_and_what_was_copied() {
        let place = tempfile::tempdir().unwrap();
        let (site, links) = (place.path().join("site"), place.path().join("links"));
        let put = |path: PathBuf, text: &str| {
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        };
        let local = r#"{"url": "file:///home/me/one", "dir_info": {}}"#;
        for (name, linked, direct) in [
            ("one", true, Some(local)),
            ("two", false, Some(local)),
            ("three", true, None),
            ("Four_4", true, None),
            ("five", false, None),
        ] {
            let directory = site.join(format!("{name}-1.dist-info"));
            put(directory.join("METADATA"), &format!("Name: {name}\n\n"));
            put(directory.join("WHEEL"), "");
            if linked {
                let other = place.path().join(name);
                fs_err::hard_link(directory.join("WHEEL"), other).unwrap();
            }
            if let Some(text) = direct {
                put(directory.join("direct_url.json"), text);
            }
        }
        put(links.join("four_4-1-py3-none-any.whl"), "");
        put(links.join("five/five-1-py3-none-any.whl"), "");
        put(links.join("three-2-py3-none-any.whl"), "");
        let stale = |began| {
            let mut names = distributions(&site, std::slice::from_ref(&links), began).unwrap();
            names.sort();
            names
        };
        let hour = Duration::from_secs(3600);
        assert_eq!(stale(SystemTime::now() + hour), ["Four_4", "five", "one", "two"]);
        assert_eq!(stale(SystemTime::now() - hour), ["five", "two"]);
    }
}
