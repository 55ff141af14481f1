//! The files of an environment that was there before: all of its directory of packages, through links, and of the rest
//! what a `RECORD` lists or is a script of the environment's interpreter.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use walkdir::WalkDir;

use super::records::Records;
use super::{begins_with_shebang, scripts};
use crate::tree::LayerPath;

/// The files, relative to `root`, and links of `site` that lead nowhere or to a directory above.
pub(super) fn files(
    root: &Path,
    site: &str,
    records: &Records,
) -> Result<(BTreeSet<LayerPath>, Vec<PathBuf>)> {
    let (mut files, mut broken) = (BTreeSet::new(), Vec::new());
    for entry in WalkDir::new(root.join(site)).follow_links(true) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => match error.path().filter(|path| path.is_symlink()) {
                Some(link) => {
                    broken.push(link.to_owned());
                    continue;
                }
                None => return Err(error).with_context(|| format!("failed to list `{}`", root.display())),
            },
        };
        if entry.file_type().is_file() {
            let relative = entry.path().strip_prefix(root).context("failed to walk")?;
            files.insert(relative.as_os_str().as_bytes().to_vec());
        }
    }
    let recorded = records.values().flat_map(BTreeMap::keys);
    for path in recorded.filter(|path| !path.starts_with(&format!("{site}/"))) {
        if root.join(path).is_file() {
            files.insert(path.clone().into_bytes());
        }
    }
    files.extend(own_scripts(root)?);
    Ok((files, broken))
}

/// The scripts in `bin/` that the environment's own interpreter runs, whether a `RECORD` lists them or not.
fn own_scripts(root: &Path) -> Result<Vec<LayerPath>> {
    let bin = root.join("bin");
    let Ok(entries) = fs_err::read_dir(&bin) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if !path.is_file() || !begins_with_shebang(&path)? {
            continue;
        }
        if scripts::portable(&fs_err::read(&path)?, |python| python.starts_with(&bin)).is_some() {
            let name = path.file_name().unwrap_or(OsStr::new("")).as_bytes();
            found.push([b"bin/", name].concat());
        }
    }
    Ok(found)
}
