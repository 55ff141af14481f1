//! What the makers of an environment put into it: pip, which no program needs, and the helpers of virtualenv and uv.

use std::collections::BTreeSet;

use crate::packages::layout::Draft;
use crate::packages::metadata::normalized;
use crate::tree::{LayerPath, Tree};

/// Files that only mean something in the environment itself.
const HELPERS: &[&str] = &["_virtualenv.py", "_virtualenv.pth"];
/// The installer.
const PIP: &str = "pip";

/// Removes them from a directory of packages, `site` in the layer. pip stays when it is asked for, or when another package
/// depends on it.
pub(super) fn remove(draft: &mut Draft, site: &str, keep_pip: bool) {
    for name in HELPERS {
        draft.tree.remove(format!("{site}/{name}"));
    }
    let links: Vec<LayerPath> = draft
        .tree
        .files()
        .map(|(path, _)| path)
        .filter(|path| {
            path.ends_with(b".egg-link") && top_of(path, site).is_some_and(|top| !top.contains('/'))
        })
        .cloned()
        .collect();
    for path in links {
        draft.tree.remove(path);
    }
    if !keep_pip && !is_required(&draft.tree, site) {
        remove_pip(draft, site);
    }
}

fn remove_pip(draft: &mut Draft, site: &str) {
    let is_pips = |path: &str| {
        let info = path.rsplit('/').nth(1).unwrap_or_default();
        info.split_once('-')
            .is_some_and(|(name, _)| normalized(name) == PIP)
    };
    let records: Vec<String> = draft
        .records
        .keys()
        .filter(|path| is_pips(path))
        .cloned()
        .collect();
    for record in records {
        let lines = draft.records.remove(&record).unwrap_or_default();
        // Its files below the directory of packages are removed with their directories.
        let scripts = lines.into_keys().filter(|path| path.starts_with("bin/"));
        for path in scripts {
            draft.tree.remove(path);
        }
    }
    let doomed: BTreeSet<String> = draft
        .tree
        .iter()
        .filter_map(|(path, _)| top_of(path, site))
        .filter_map(|below| below.split('/').next())
        .filter(|top| *top == PIP || is_pips(&format!("{top}/x")))
        .map(|top| format!("{site}/{top}"))
        .collect();
    for path in doomed {
        draft.tree.remove(path);
    }
}

/// The path below the directory of packages.
fn top_of<'a>(path: &'a [u8], site: &str) -> Option<&'a str> {
    let below = path.strip_prefix(site.as_bytes())?.strip_prefix(b"/")?;
    std::str::from_utf8(below).ok()
}

/// Whether the metadata of a package says that it depends on pip.
fn is_required(tree: &Tree, site: &str) -> bool {
    tree.files().any(|(path, file)| {
        let is_metadata = path.ends_with(b".dist-info/METADATA") && top_of(path, site).is_some();
        is_metadata && file.content.read().is_ok_and(|bytes| requires_pip(&bytes))
    })
}

fn requires_pip(metadata: &[u8]) -> bool {
    let text = String::from_utf8_lossy(metadata);
    let headers = text.lines().take_while(|line| !line.is_empty());
    headers
        .filter_map(|line| line.strip_prefix("Requires-Dist:"))
        .map(str::trim)
        .any(|requirement| {
            let rest = requirement.strip_prefix(PIP);
            let is_pip = rest
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_.".contains(c)));
            is_pip && !requirement.contains("extra ==")
        })
}

/// Whether there is anything besides the seeds: a distribution's name that is no maker's.
pub(super) fn is_seed(name: &str) -> bool {
    [PIP, "setuptools", "wheel"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_of_pip_is_told_from_others() {
        for (line, wanted) in [
            ("Requires-Dist: pip>=22.2", true),
            ("Requires-Dist: pip", true),
            ("Requires-Dist: pip (>=8)", true),
            ("Requires-Dist: pip-api", false),
            ("Requires-Dist: pipdeptree", false),
            ("Requires-Dist: pip; extra == 'dev'", false),
            ("Name: pip", false),
        ] {
            assert_eq!(
                requires_pip(format!("{line}\n\nbody\n").as_bytes()),
                wanted,
                "{line}"
            );
        }
        assert!(!requires_pip(b"Name: x\n\nRequires-Dist: pip\n"));
    }
}
