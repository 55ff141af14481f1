//! The system's time zones, for programs that use `zoneinfo` on a system without any.
//!
//! They are one archive: as 600 small files they would make a first start a fifth slower on a disk.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::tree::Tree;

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
/// The archive in the runtime, which `zoneinfo_tzpath.py` names too.
const PLACE: &str = "share/zoneinfo.zip";

/// Adds the zones of the system below `root` to a runtime tree; whether it has any.
///
/// # Errors
/// When a file can't be read.
pub(crate) fn add(tree: &mut Tree, root: &Path) -> Result<bool> {
    let Some(directory) = directory(root) else {
        return Ok(false);
    };
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // The time of every member is the oldest that a ZIP archive can hold.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut found = false;
    for path in files(&directory)? {
        let bytes = fs_err::read(&path)?;
        let name = path.strip_prefix(&directory).ok().and_then(Path::to_str);
        if let Some(name) = name.filter(|_| bytes.starts_with(MAGIC)) {
            archive.start_file(name, options.last_modified_time(DateTime::default()))?;
            archive.write_all(&bytes)?;
            found = true;
        }
    }
    if found {
        tree.insert_bytes(PLACE, archive.finish()?.into_inner(), false);
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
    use zip::ZipArchive;

    use super::*;
    use crate::tree::Node;

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
        let Some(Node::File(file)) = tree.get(PLACE) else {
            panic!("no archive")
        };
        let archive = ZipArchive::new(Cursor::new(file.content.read().unwrap())).unwrap();
        let mut names: Vec<_> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["Europe/Berlin", "UTC"]);
        assert!(!add(&mut Tree::new(), &root.path().join("none")).unwrap());
    }
}
