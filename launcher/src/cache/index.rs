//! The index of a directory in the cache: what every member of it looks like, so that decay is noticed without
//! reading any content, and so that sizes are known without a walk.
//!
//! ```text
//! pyship-members=1 NUL
//! <kind><size> <path> NUL      kind: d directory, f file, x executable file, l link; size in decimal bytes
//! ...                          sorted, no two alike
//! end=<number of members> NUL
//! ```
//!
//! The last item makes a cut index as good as none. A check is one `lstat` a member: it is there, of its kind, of
//! its size, and may be executed when it should. That is what a temp cleaner, a full disk, a hasty `rm` and a
//! power loss leave behind; changed content of the same size is found by `PYSHIP=verify` alone. Files that more
//! bits were given than they had (a file system without modes) and the lengths of links, which not every file
//! system gives right, are no decay: it would be found again every day.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, open, openat, statat};

use crate::format::names::CACHE_INDEX;
use crate::sort::order;

const HEAD: &[u8] = b"pyship-members=1";
const END: &[u8] = b"end=";
/// The largest index, in bytes: some 200,000 members.
const SIZE_MAX: usize = 16 << 20;
/// What a file of one byte takes on disk.
const BLOCK: u64 = 4096;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A regular file that may be executed.
    Executable,
    /// A symbolic link; its size is its target's length.
    Link,
}

impl Kind {
    const fn letter(self) -> u8 {
        match self {
            Self::Directory => b'd',
            Self::File => b'f',
            Self::Executable => b'x',
            Self::Link => b'l',
        }
    }

    const fn of(letter: u8) -> Option<Self> {
        match letter {
            b'd' => Some(Self::Directory),
            b'f' => Some(Self::File),
            b'x' => Some(Self::Executable),
            b'l' => Some(Self::Link),
            _ => None,
        }
    }
}

/// The members of a directory that is being made, as they come.
#[derive(Debug, Default)]
pub struct Members {
    items: Vec<u8>,
}

impl Members {
    /// One more; `false` when there are too many.
    #[must_use]
    pub fn add(&mut self, kind: Kind, size: u64, path: &[u8]) -> bool {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = size;
        loop {
            at -= 1;
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if self.items.len() + digits.len() + path.len() + 3 > SIZE_MAX {
            return false;
        }
        self.items.push(kind.letter());
        self.items.extend_from_slice(&digits[at..]);
        self.items.push(b' ');
        self.items.extend_from_slice(path);
        self.items.push(0);
        true
    }

    /// The index's bytes; the same for the same members, in whatever order they came.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let items: Vec<&[u8]> = self
            .items
            .split(|&byte| byte == 0)
            .filter(|item| !item.is_empty())
            .collect();
        let mut bytes = Vec::with_capacity(self.items.len() + 64);
        bytes.extend_from_slice(HEAD);
        bytes.push(0);
        let mut last: &[u8] = b"";
        let mut count = 0u64;
        for at in order(&items) {
            if items[at] != last {
                last = items[at];
                count += 1;
                bytes.extend_from_slice(last);
                bytes.push(0);
            }
        }
        bytes.extend_from_slice(END);
        bytes.extend_from_slice(count.to_string().as_bytes());
        bytes.push(0);
        bytes
    }
}

/// A member, as the index has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// What it is.
    pub kind: Kind,
    /// Length in bytes.
    pub size: u64,
    /// Relative to the directory.
    pub path: &'a [u8],
}

/// Reads an index; `None` when it is cut, changed or of another format.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Vec<Member<'_>>> {
    let mut items: Vec<&[u8]> = bytes.strip_suffix(b"\0")?.split(|&byte| byte == 0).collect();
    let count = number(items.pop()?.strip_prefix(END)?)?;
    let members: Option<Vec<Member<'_>>> = items
        .strip_prefix(&[HEAD])?
        .iter()
        .map(|item| {
            let (&letter, item) = item.split_first()?;
            let space = item.iter().position(|&byte| byte == b' ')?;
            Some(Member {
                kind: Kind::of(letter)?,
                size: number(&item[..space])?,
                path: &item[space + 1..],
            })
        })
        .collect();
    members.filter(|members| members.len() as u64 == count)
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Whether a directory of the cache holds all that its index names, by shape; without a whole index it does not.
#[must_use]
pub fn is_whole(directory: &Path) -> bool {
    let Some((directory, bytes)) = read(directory) else {
        return false;
    };
    decode(&bytes).is_some_and(|members| members.iter().all(|member| has_shape(&directory, member)))
}

/// Whether a directory's index is exactly this.
#[must_use]
pub fn is(directory: &Path, bytes: &[u8]) -> bool {
    read(directory).is_some_and(|(_, found)| found == bytes)
}

/// Bytes on disk of what a directory's index names, each member rounded up to 4 KiB; `None` without an index.
#[must_use]
pub fn disk(directory: &Path) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<u8> {
        let mut members = Members::default();
        assert!(members.add(Kind::Executable, 12_345, b"bin/python3"));
        assert!(members.add(Kind::Directory, 0, b"lib"));
        assert!(members.add(Kind::Link, 4, b"lib 64\xff"));
        assert!(members.add(Kind::Directory, 0, b"lib"));
        assert!(members.add(Kind::File, u64::MAX, b"lib/os.py"));
        members.encode()
    }

    #[test]
    fn round_trip_without_doubles() {
        let bytes = some();
        let members = decode(&bytes).unwrap();
        let paths: Vec<&[u8]> = members.iter().map(|member| member.path).collect();
        assert_eq!(
            paths,
            [b"lib".as_slice(), b"lib/os.py", b"lib 64\xff", b"bin/python3"]
        );
        assert_eq!((members[1].size, members[3].size), (u64::MAX, 12_345));
        assert_eq!(members[3].kind, Kind::Executable);
    }

    #[test]
    fn cut_and_emptied_ones_are_refused() {
        let bytes = some();
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None, "{end}");
        }
        assert_eq!(
            decode(&vec![0; bytes.len()]),
            None,
            "zeros, as after a power loss"
        );
        let empty = Members::default().encode();
        assert_eq!(decode(&empty), Some(vec![]));
    }
}
