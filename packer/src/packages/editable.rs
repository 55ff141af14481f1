//! Editable installs: a packed file can't point into the builder's source tree, so they are found and made copies.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// The source directories of what is installed in editable mode in `site`, as a path or `file:` URL.
///
/// Modern ones say so in `direct_url.json` (PEP 610), those of setuptools' `develop` by an `.egg-link` file.
pub(super) fn sources(site: &Path) -> Result<Vec<String>> {
    let mut sources = Vec::new();
    for entry in fs_err::read_dir(site)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "egg-link") {
            let link = fs_err::read_to_string(&path)?;
            sources.extend(link.lines().next().map(str::to_owned));
        }
        let direct_url = path.join("direct_url.json");
        if path.extension().is_some_and(|extension| extension == "dist-info") && direct_url.is_file() {
            let bytes = fs_err::read(&direct_url)?;
            let direct_url: DirectUrl = serde_json::from_slice(&bytes)
                .with_context(|| format!("failed to read `{}`", direct_url.display()))?;
            if direct_url.dir_info.is_some_and(|info| info.editable) {
                sources.push(direct_url.url);
            }
        }
    }
    sources.sort();
    Ok(sources)
}

/// Whether a `direct_url.json` may travel: it names a place that means the same elsewhere, and no password.
pub(super) fn may_travel(direct_url: &[u8]) -> bool {
    serde_json::from_slice::<DirectUrl>(direct_url).is_ok_and(|DirectUrl { url, .. }| {
        let authority = url
            .split_once("://")
            .map_or("", |(_, rest)| rest.split('/').next().unwrap_or(rest));
        !url.starts_with("file:") && !authority.contains('@')
    })
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
    fn paths_of_the_builder_and_passwords_stay_at_home() {
        assert!(may_travel(
            br#"{"url": "https://host/x.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}"#
        ));
        assert!(!may_travel(br#"{"url": "file:///home/me/x", "dir_info": {}}"#));
        assert!(!may_travel(
            br#"{"url": "https://token@host/x.whl", "archive_info": {}}"#
        ));
    }
}
