//! A layer's members: the strict subset of tar that pyship writes and reads.
//!
//! Regular files, directories and symbolic links with POSIX ustar headers, preceded by an extended (pax) header
//! when a path, target or size does not fit. Any other kind of member (hard links, devices, GNU extensions, sparse
//! files) is refused, and so is every path or link that leads out of the layer. Ordinary tar programs read what is
//! written here; not everything they write is read.

mod error;
mod header;
mod path;
mod pax;

use std::io::{BufRead, Read};

use error::bad;
pub(crate) use error::{read_failed, unsafe_path};
pub use header::padding;
use header::{BLOCK, Header, NAME_MAX, SIZE_MAX, split};
pub use path::{is_safe, is_safe_target};
use pax::Pax;

use crate::error::Result;

/// Zero blocks that end the archive.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// One member of a layer, without a file's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Relative to the layer (see [`is_safe`]).
    pub path: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// Unpacked with mode 0755.
    Directory,
    /// Unpacked with mode 0755 when executable, else 0644; `size` bytes of data follow the header.
    File {
        /// Length in bytes.
        size: u64,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Relative to the link's directory (see [`is_safe_target`]).
        target: Vec<u8>,
    },
}

impl Member {
    /// The header blocks, to be followed by a file's data and [`padding`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { path, kind } = self;
        let (size, target, mode, typeflag): (u64, &[u8], u32, u8) = match kind {
            MemberKind::Directory => (0, b"", 0o755, b'5'),
            MemberKind::File { size, executable } => {
                (*size, b"", if *executable { 0o755 } else { 0o644 }, b'0')
            }
            MemberKind::Symlink { target } => (0, target, 0o777, b'2'),
        };
        let mut path = path.clone();
        if matches!(kind, MemberKind::Directory) {
            path.push(b'/');
        }
        let mut pax = Vec::new();
        let (prefix, name) = split(&path).unwrap_or_else(|| {
            pax::push(&mut pax, b"path", &path);
            (b"", &path[..path.len().min(NAME_MAX)])
        });
        let link = if target.len() > NAME_MAX {
            pax::push(&mut pax, b"linkpath", target);
            &target[..NAME_MAX]
        } else {
            target
        };
        let octal_size = if size > SIZE_MAX {
            pax::push(&mut pax, b"size", size.to_string().as_bytes());
            0
        } else {
            size
        };
        let mut bytes = Vec::with_capacity(BLOCK);
        if !pax.is_empty() {
            let header = Header {
                name: b"pax",
                size: pax.len() as u64,
                mode: 0o644,
                typeflag: b'x',
                ..Header::default()
            };
            bytes.extend_from_slice(&header.encode());
            bytes.extend_from_slice(&pax);
            bytes.resize(bytes.len() + padding(pax.len() as u64), 0);
        }
        let header = Header {
            prefix,
            name,
            link,
            size: octal_size,
            mode,
            typeflag,
        };
        bytes.extend_from_slice(&header.encode());
        bytes
    }

    /// Reads the next member's header; `None` at the end of the frame or of the archive.
    ///
    /// # Errors
    /// When a header is damaged or of another kind than [`Self::encode`] writes, or the path or target is not safe.
    /// Times, owners and the modes of directories and links are not looked at.
    pub fn decode(frame: &mut impl BufRead) -> Result<Option<Self>> {
        let mut pax = Pax::default();
        loop {
            let block = read_block(frame)?.filter(|block| block.iter().any(|&byte| byte != 0));
            let Some(block) = block else {
                if pax.seen {
                    return Err(bad("ends inside a member"));
                }
                return rest_is_zero(frame).map(|()| None);
            };
            let header = Header::decode(&block)?;
            if header.typeflag == b'x' && !pax.seen {
                pax = Pax::read(frame, header.size)?;
                continue;
            }
            return member(&header, pax).map(Some);
        }
    }
}

fn member(header: &Header<'_>, pax: Pax) -> Result<Member> {
    let mut path = pax.path.unwrap_or_else(|| header.path());
    let size = pax.size.unwrap_or(header.size);
    let target = pax.target.unwrap_or_else(|| header.link.to_vec());
    let kind = match header.typeflag {
        b'0' => MemberKind::File {
            size,
            executable: match header.mode {
                0o755 => true,
                0o644 => false,
                _ => return Err(bad("has a file with another mode than 0644 or 0755")),
            },
        },
        b'5' if path.last() == Some(&b'/') => {
            path.pop();
            MemberKind::Directory
        }
        b'2' => MemberKind::Symlink { target },
        _ => {
            return Err(bad(
                "has a member that is neither a file, a directory nor a symbolic link",
            ));
        }
    };
    if !is_safe(&path) {
        return Err(unsafe_path(&path));
    }
    match &kind {
        MemberKind::Symlink { target } if !is_safe_target(&path, target) => Err(unsafe_path(&path)),
        MemberKind::Directory | MemberKind::Symlink { .. } if size != 0 => {
            Err(bad("has a directory or a link with data"))
        }
        _ => Ok(Member { path, kind }),
    }
}

fn read_block(frame: &mut impl BufRead) -> Result<Option<[u8; BLOCK]>> {
    if frame.fill_buf().map_err(|error| read_failed(&error))?.is_empty() {
        return Ok(None);
    }
    let mut block = [0; BLOCK];
    frame
        .read_exact(&mut block)
        .map_err(|error| read_failed(&error))?;
    Ok(Some(block))
}

fn rest_is_zero(frame: &mut impl BufRead) -> Result<()> {
    loop {
        let bytes = frame.fill_buf().map_err(|error| read_failed(&error))?;
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(bad("has data after its end"));
        }
        match bytes.len() {
            0 => return Ok(()),
            length => frame.consume(length),
        }
    }
}

/// Skips the padding after a file of `size` bytes.
///
/// # Errors
/// When the frame ends first.
pub(crate) fn skip_padding(frame: &mut impl Read, size: u64) -> Result<()> {
    let mut zeros = [0; BLOCK];
    frame
        .read_exact(&mut zeros[..padding(size)])
        .map_err(|error| read_failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &[u8], size: u64) -> Member {
        Member {
            path: path.to_vec(),
            kind: MemberKind::File {
                size,
                executable: false,
            },
        }
    }

    fn round_trip(member: &Member) {
        let bytes = member.encode();
        assert_eq!(bytes.len() % BLOCK, 0);
        let mut rest = bytes.as_slice();
        assert_eq!(Member::decode(&mut rest).unwrap().as_ref(), Some(member));
        assert!(rest.is_empty());
    }

    #[test]
    fn round_trips() {
        round_trip(&file(b"a", 0));
        round_trip(&file(b"a/b\xff", 5));
        round_trip(&file(b"big", 1 << 40));
        for length in [99, 100, 101, 155, 156, 157, 200, 255] {
            let name = vec![b'n'; length];
            round_trip(&file(&name, 1));
            round_trip(&file(&[b"dir/", name.as_slice()].concat(), 1));
            round_trip(&Member {
                path: name.clone(),
                kind: MemberKind::Directory,
            });
            round_trip(&Member {
                path: b"l".to_vec(),
                kind: MemberKind::Symlink { target: name },
            });
        }
        let deep = [b"a long directory".as_slice(); 240].join(&b'/');
        assert!(deep.len() < 4095);
        round_trip(&file(&deep, 3));
    }

    #[test]
    fn flipped_bytes_never_panic() {
        let good = [
            file(&[b'n'; 200], 7).encode(),
            vec![1; 7],
            vec![0; 505],
            END.to_vec(),
        ]
        .concat();
        for at in 0..good.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                drop(Member::decode(&mut bytes.as_slice()));
            }
            drop(Member::decode(&mut &good[..at]));
        }
    }
}
