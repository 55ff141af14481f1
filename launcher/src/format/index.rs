//! The index of a directory in the cache: the kind and size of every member.
//!
//! ```text
//! pyship-members=1 NUL
//! <kind><size> <path> NUL      kind: d directory, f file, x executable file, l link; size in decimal bytes
//! ...                          sorted, without duplicates
//! end=<number of members> NUL
//! ```
//!
//! The last item makes a truncated index invalid. The cache module `shape` compares a directory with its index.

use crate::sort::{sort_offsets, string_at};

const HEAD: &[u8] = b"pyship-members=1";
const END: &[u8] = b"end=";
/// The largest index, in bytes: some 200,000 members.
pub(crate) const SIZE_MAX: usize = 16 << 20;
/// The digits of the largest size.
const MOST_DIGITS: usize = 20;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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

/// The members of a directory that is being written, in any order.
#[derive(Debug, Default)]
pub(crate) struct Members {
    items: Vec<u8>,
    /// Where each begins.
    starts: Vec<u32>,
}

impl Members {
    /// Adds a member; `false` when there are too many.
    #[must_use]
    pub(crate) fn add(&mut self, kind: Kind, size: u64, path: &[u8]) -> bool {
        let mut digits = [0; MOST_DIGITS];
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
        if length_with(self.items.len(), size, path).is_none() {
            return false;
        }
        self.starts
            .push(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
        self.items.push(kind.letter());
        self.items.extend_from_slice(&digits[at..]);
        self.items.push(b' ');
        self.items.extend_from_slice(path);
        self.items.push(0);
        true
    }

    /// The index's bytes; they don't depend on the order in which members were added.
    #[must_use]
    pub(crate) fn encode(mut self) -> Vec<u8> {
        sort_offsets(&self.items, &mut self.starts);
        let mut bytes = Vec::with_capacity(self.items.len() + 64);
        bytes.extend_from_slice(HEAD);
        bytes.push(0);
        let mut last: &[u8] = b"";
        let mut count = 0u64;
        for &start in &self.starts {
            let item = string_at(&self.items, start);
            if item != last {
                last = item;
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

/// The bytes of an index's items with one more; `None` when that is too long. The largest number counts, whatever the
/// size is.
pub(crate) fn length_with(length: usize, size: u64, path: &[u8]) -> Option<usize> {
    let (digits, others) = (size.checked_ilog10().unwrap_or(0) as usize + 1, 3);
    let length = length.checked_add(path.len())?;
    (length + MOST_DIGITS + others <= SIZE_MAX).then_some(length + digits + others)
}

/// One item of an index.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Member<'a> {
    /// What it is.
    pub(crate) kind: Kind,
    /// Length in bytes.
    pub(crate) size: u64,
    /// Relative to the directory.
    pub(crate) path: &'a [u8],
}

/// Reads an index; `None` when it is truncated, changed or of another format.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<Member<'_>>> {
    // Counted first, so that the list takes no more memory than it needs.
    let bytes = bytes.strip_suffix(b"\0")?;
    let mut items = bytes.split(|&byte| byte == 0);
    let last = items.next_back()?;
    let count = number(last.strip_prefix(END)?)?;
    if items.next() != Some(HEAD) || items.clone().count() as u64 != count {
        return None;
    }
    let mut members = Vec::with_capacity(usize::try_from(count).ok()?);
    for item in items {
        let (&letter, item) = item.split_first()?;
        let space = item.iter().position(|&byte| byte == b' ')?;
        members.push(Member {
            kind: Kind::of(letter)?,
            size: number(&item[..space])?,
            path: &item[space + 1..],
        });
    }
    Some(members)
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
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
    fn round_trip_without_duplicates() {
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
    fn truncated_and_zeroed_ones_are_refused() {
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
