//! Comparing a directory of the cache with its index, without reading any contents.
//!
//! A check is one `lstat` a member: it exists, has its kind and size, and is executable if it should be. That
//! finds what temp cleaners, full disks, `rm` and power losses leave behind. What the program has changed doesn't
//! count (see [`super::published`]). Changed contents of the same size are found only by `PYSHIP=verify`. Two
//! differences don't count, because they would come back every day: files with more mode bits than they were given
//! (a file system without modes) and the lengths of links, which some file systems report wrongly.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, open, openat, statat};

use super::published::{Note, Published, is_programs};
use crate::bytes::as_path;
use crate::format::index::{Kind, Member, SIZE_MAX, decode};
use crate::format::names::CACHE_INDEX;

/// What a file of one byte takes on disk.
const BLOCK: u64 = 4096;

/// Whether a directory of the cache has a valid index, and nothing that it names has decayed; false also when that
/// can't be known by sizes, as the last note of its use says.
pub(super) fn is_intact(directory: &Path, note: Option<Note>) -> bool {
    let Some(Index {
        parent,
        bytes,
        published,
    }) = read(directory)
    else {
        return false;
    };
    if note.is_some_and(|note| published.is_doubtful(note)) {
        return false;
    }
    let is_right = |member: &Member<'_>| {
        let path = as_path(member.path);
        has_shape(&parent, member) || is_programs(directory, path, size(member), Some(&published))
    };
    decode(&bytes).is_some_and(|members| members.iter().all(is_right))
}

/// Whether a directory's index consists of these bytes.
pub(super) fn has_index(directory: &Path, bytes: &[u8]) -> bool {
    read(directory).is_some_and(|index| index.bytes == bytes)
}

/// When a directory was published; `None` without an index. One that was damaged still has its time.
pub(super) fn published(directory: &Path) -> Option<Published> {
    let index = directory.join(CACHE_INDEX).symlink_metadata().ok()?;
    index.is_file().then(|| Published::of(&index))
}

/// The paths of the executable files that a directory's index names.
pub(super) fn executables(directory: &Path) -> Vec<Vec<u8>> {
    let bytes = read(directory).map(|index| index.bytes).unwrap_or_default();
    let members = decode(&bytes).unwrap_or_default();
    let executables = members.iter().filter(|member| member.kind == Kind::Executable);
    executables.map(|member| member.path.to_vec()).collect()
}

/// Bytes on disk of what a directory's index names, each member rounded up to 4 KiB; `None` without an index.
pub(super) fn disk(directory: &Path) -> Option<u64> {
    let bytes = read(directory)?.bytes;
    let of_one = |member: &Member<'_>| match member.kind {
        Kind::Link => BLOCK,
        _ => member.size.max(1).div_ceil(BLOCK).saturating_mul(BLOCK),
    };
    let members = decode(&bytes)?;
    let sizes = members.iter().map(of_one);
    Some(sizes.fold(bytes.len() as u64, u64::saturating_add))
}

/// An index that was read.
struct Index {
    /// Its directory.
    parent: OwnedFd,
    bytes: Vec<u8>,
    published: Published,
}

fn read(directory: &Path) -> Option<Index> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = open(directory, flags, Mode::empty()).ok()?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(openat(&parent, CACHE_INDEX, flags, Mode::empty()).ok()?);
    let metadata = file.metadata().ok()?;
    let length = usize::try_from(metadata.len()).ok()?;
    let mut bytes = vec![0; Some(length).filter(|length| *length <= SIZE_MAX + 64)?];
    file.read_exact(&mut bytes).ok()?;
    Some(Index {
        parent,
        bytes,
        published: Published::of(&metadata),
    })
}

/// The size that a difference is compared with.
const fn size(member: &Member<'_>) -> u64 {
    match member.kind {
        Kind::Directory => u64::MAX,
        _ => member.size,
    }
}

fn has_shape(directory: &OwnedFd, member: &Member<'_>) -> bool {
    let Ok(found) = statat(directory, member.path, AtFlags::SYMLINK_NOFOLLOW) else {
        return false;
    };
    let kind = FileType::from_raw_mode(found.st_mode);
    let size_fits = || u64::try_from(found.st_size) == Ok(member.size);
    match member.kind {
        Kind::Directory => kind == FileType::Directory,
        Kind::Link => kind == FileType::Symlink,
        Kind::File => kind == FileType::RegularFile && size_fits(),
        Kind::Executable => kind == FileType::RegularFile && size_fits() && found.st_mode & 0o100 != 0,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;
    use crate::format::index::Members;

    #[test]
    fn decay_shows_and_changes_do_not() {
        let root = std::env::temp_dir().join(format!("pyship-shape-{}", std::process::id()));
        fs::create_dir_all(root.join("d")).unwrap();
        let write_index = || {
            let mut members = Members::default();
            assert!(members.add(Kind::Directory, 0, b"d"));
            assert!(members.add(Kind::File, 4, b"d/file"));
            assert!(members.add(Kind::Executable, 4, b"program"));
            assert!(members.add(Kind::Link, 1, b"link"));
            fs::write(root.join(CACHE_INDEX), members.encode()).unwrap();
        };
        let (file, program, link) = (root.join("d/file"), root.join("program"), root.join("link"));
        fs::write(&file, "1234").unwrap();
        fs::write(&program, "1234").unwrap();
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        symlink("d", &link).unwrap();
        assert!(!is_intact(&root, None), "no index");
        write_index();
        assert!(is_intact(&root, None));
        fs::write(&file, "12").unwrap();
        write_index();
        assert!(!is_intact(&root, None), "cut");
        sleep(Duration::from_millis(20));
        fs::write(&file, "1").unwrap();
        assert!(is_intact(&root, None), "changed");
        fs::remove_file(&link).unwrap();
        assert!(!is_intact(&root, None), "missing");
        fs::write(&link, "").unwrap();
        assert!(is_intact(&root, None), "replaced");
        fs::write(root.join(CACHE_INDEX), "").unwrap();
        assert!(!is_intact(&root, None), "a damaged index");
        fs::remove_dir_all(root).unwrap();
    }
}
