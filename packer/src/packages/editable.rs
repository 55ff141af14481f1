//! Editable installs. A packed file can't refer to the builder's source directory, so they are found and installed
//! again as copies.

use std::path::{Path, PathBuf};

use ::url::Url;
use anyhow::{Context, Result};
use serde::Deserialize;

use crate::url;

/// The source directories of what is installed in editable mode in `site`, as a path or `file:` URL.
///
/// They are marked in `direct_url.json` (PEP 610), or by an `.egg-link` file of setuptools' `develop`.
pub(super) fn sources(site: &Path) -> Result<Vec<String>> {
    let mut sources = Vec::new();
    for entry in fs_err::read_dir(site)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "egg-link") {
            let link = fs_err::read_to_string(&path)?;
            sources.extend(link.lines().next().map(str::to_owned));
        }
        if path.extension().is_some_and(|extension| extension == "dist-info") {
            sources.extend(source(&path)?);
        }
    }
    sources.sort();
    Ok(sources)
}

/// The URL of the source directory, when the distribution of `dist_info` is installed in editable mode.
///
/// # Errors
/// When its `direct_url.json` can't be read.
pub(crate) fn source(dist_info: &Path) -> Result<Option<String>> {
    let found = direct_url(dist_info)?;
    let found = found.filter(|found| found.dir_info.as_ref().is_some_and(|info| info.editable));
    Ok(found.map(|found| found.url))
}

/// The directory that the distribution of `dist_info` was installed from, editable or not.
///
/// # Errors
/// When its `direct_url.json` can't be read.
pub(super) fn directory(dist_info: &Path) -> Result<Option<PathBuf>> {
    let found = direct_url(dist_info)?.filter(|found| found.dir_info.is_some());
    Ok(found
        .and_then(|found| Url::parse(&found.url).ok())
        .and_then(|url| url.to_file_path().ok()))
}

fn direct_url(dist_info: &Path) -> Result<Option<DirectUrl>> {
    let path = dist_info.join("direct_url.json");
    if !path.is_file() {
        return Ok(None);
    }
    let found = serde_json::from_slice(&fs_err::read(&path)?);
    let found = found.with_context(|| format!("failed to read `{}`", path.display()))?;
    Ok(Some(found))
}

/// Whether a `direct_url.json` means the same on another machine, and holds no password.
pub(super) fn is_portable(direct_url: &[u8]) -> bool {
    serde_json::from_slice::<DirectUrl>(direct_url).is_ok_and(|direct_url| url::is_portable(&direct_url.url))
}

#[derive(Deserialize)]
struct DirectUrl {
    url: String,
    dir_info: Option<DirInfo>,
}

#[derive(Deserialize)]
struct DirInfo {
    #[serde(default)]
    editable: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_builder_and_passwords_are_not_portable() {
        assert!(is_portable(
            br#"{"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}"#
        ));
        assert!(!is_portable(br#"{"url": "file:///home/me/x", "dir_info": {}}"#));
        for url in ["https://token@host/x.whl", "https://host/x.whl?token=x"] {
            let text = format!(r#"{{"url": "{url}", "archive_info": {{}}}}"#);
            assert!(!is_portable(text.as_bytes()), "{url}");
        }
    }
}
