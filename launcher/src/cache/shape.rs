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

use super::published::{Published, is_programs};
use crate::bytes::as_path;
use crate::format::index::{Kind, Member, SIZE_MAX, decode};
use crate::format::names::CACHE_INDEX;

/// What a file of one byte takes on disk.
const BLOCK: u64 = 4096;

/// Whether a directory of the cache has a valid index, and nothing that it names has decayed.
pub(super) fn is_intact(directory: &Path) -> bool {
    let Some(Index {
        parent,
        bytes,
        published,
    }) = read(directory)
    else {
        return false;
    };
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
