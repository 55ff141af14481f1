//! Comparing a directory of the cache with its index, without reading any contents.
//!
//! A check is one `lstat` a member: it exists, has its kind and size, and is executable if it should be. That
//! finds what temp cleaners, full disks, `rm` and power losses leave behind. Changed contents of the same size are
//! found only by `PYSHIP=verify`. Two differences don't count, because they would come back every day: files with
//! more mode bits than they were given (a file system without modes) and the lengths of links, which some file
//! systems report wrongly.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, open, openat, statat};

use crate::format::index::{Kind, Member, SIZE_MAX, decode};
use crate::format::names::CACHE_INDEX;

/// What a file of one byte takes on disk.
const BLOCK: u64 = 4096;

/// Whether a directory of the cache has a valid index and holds every member of it, by kind and size.
pub(super) fn is_intact(directory: &Path) -> bool {
    let Some((directory, bytes)) = read(directory) else {
        return false;
    };
    decode(&bytes).is_some_and(|members| members.iter().all(|member| has_shape(&directory, member)))
}

/// Whether a directory's index consists of these bytes.
pub(super) fn has_index(directory: &Path, bytes: &[u8]) -> bool {
    read(directory).is_some_and(|(_, found)| found == bytes)
}

/// The paths of the executable files that a directory's index names.
pub(super) fn executables(directory: &Path) -> Vec<Vec<u8>> {
    let bytes = read(directory).map(|(_, bytes)| bytes).unwrap_or_default();
    let members = decode(&bytes).unwrap_or_default();
    let executables = members.iter().filter(|member| member.kind == Kind::Executable);
    executables.map(|member| member.path.to_vec()).collect()
}

/// Bytes on disk of what a directory's index names, each member rounded up to 4 KiB; `None` without an index.
pub(super) fn disk(directory: &Path) -> Option<u64> {
    let (_, bytes) = read(directory)?;
    let of_one = |member: &Member<'_>| match member.kind {
        Kind::Link => BLOCK,
        _ => member.size.max(1).div_ceil(BLOCK).saturating_mul(BLOCK),
    };
    let members = decode(&bytes)?;
    let sizes = members.iter().map(of_one);
    Some(sizes.fold(bytes.len() as u64, u64::saturating_add))
}

fn read(directory: &Path) -> Option<(OwnedFd, Vec<u8>)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = open(directory, flags, Mode::empty()).ok()?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(openat(&directory, CACHE_INDEX, flags, Mode::empty()).ok()?);
    let length = usize::try_from(file.metadata().ok()?.len()).ok()?;
    let mut bytes = vec![0; Some(length).filter(|length| *length <= SIZE_MAX + 64)?];
    file.read_exact(&mut bytes).ok()?;
    Some((directory, bytes))
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
