//! The system's time zones, for programs that use `zoneinfo` on a system without any.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tree::{LayerPath, Tree};

/// Where systems keep them: the directories of `zoneinfo.TZPATH`.
const DIRECTORIES: &[&str] = &[
    "usr/share/zoneinfo",
    "usr/lib/zoneinfo",
    "usr/share/lib/zoneinfo",
    "etc/zoneinfo",
];
/// Copies of all zones with other leap seconds, which `zoneinfo.available_timezones` leaves out too.
const COPIES: &[&str] = &["posix", "right"];
/// The first bytes of a zone (RFC 8536).
const MAGIC: &[u8] = b"TZif";
/// Where they are in the runtime.
const PLACE: &str = "share/zoneinfo";

/// Adds the zones of the system below `root` to a runtime tree; whether it has any.
///
/// # Errors
/// When a file can't be read.
pub(crate) fn add(tree: &mut Tree, root: &Path) -> Result<bool> {
    let Some(directory) = directory(root) else {
        return Ok(false);
    };
    let mut found = false;
    for path in files(&directory)? {
        let bytes = fs_err::read(&path)?;
        let Some(name) = path
            .strip_prefix(&directory)
            .ok()
            .filter(|_| bytes.starts_with(MAGIC))
        else {
            continue;
        };
        let to: LayerPath = [PLACE.as_bytes(), b"/", name.as_os_str().as_encoded_bytes()].concat();
        tree.insert_bytes(to, bytes, false);
        found = true;
    }
    Ok(found)
}

/// The directory that [`add`] reads, which is there or not.
pub(crate) fn inputs(root: &Path) -> impl Iterator<Item = PathBuf> {
    DIRECTORIES
        .iter()
        .map(|directory| root.join(directory).join("UTC"))
}

fn directory(root: &Path) -> Option<PathBuf> {
    let mut directories = DIRECTORIES.iter().map(|directory| root.join(directory));
    directories.find(|directory| directory.join("UTC").is_file())
}

fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(directory)? {
        let path = entry?.path();
        if !path.is_dir() {
            files.push(path);
        } else if !COPIES.iter().any(|copy| path.ends_with(copy)) {
            files.extend(self::files(&path)?);
        }
    }
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_told_by_their_first_bytes() {
        let root = tempfile::tempdir().unwrap();
        let zones = root.path().join("usr/share/zoneinfo");
        for (name, text) in [
            ("UTC", "TZif2"),
            ("Europe/Berlin", "TZif2"),
            ("right/UTC", "TZif2"),
            ("zone.tab", "# table"),
        ] {
            let path = zones.join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        let mut tree = Tree::new();
        assert!(add(&mut tree, root.path()).unwrap());
        let names: Vec<String> = tree.files().map(|(path, _)| crate::tree::display(path)).collect();
        assert_eq!(names, ["share/zoneinfo/Europe/Berlin", "share/zoneinfo/UTC"]);
        assert!(!add(&mut Tree::new(), &root.path().join("none")).unwrap());
    }
}
