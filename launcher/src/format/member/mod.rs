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
pub use path::{DEPTH_MAX, is_safe, is_safe_target};
use pax::Pax;

use super::mode::Mode;
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
    /// A directory.
    Directory {
        /// Its permissions.
        mode: Mode,
    },
    /// A regular file; `size` bytes of data follow the header.
    File {
        /// Length in bytes.
        size: u64,
        /// Its permissions.
        mode: Mode,
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
            MemberKind::Directory { mode } => (0, b"", mode.bits(), b'5'),
            MemberKind::File { size, mode } => (*size, b"", mode.bits(), b'0'),
            MemberKind::Symlink { target } => (0, target, 0o777, b'2'),
        };
        let mut path = path.clone();
        if matches!(kind, MemberKind::Directory { .. }) {
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
    /// Times, owners and the modes of links are not looked at.
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
            mode: checked(Mode::file(header.mode), header)?,
        },
        b'5' if path.last() == Some(&b'/') => {
            path.pop();
            MemberKind::Directory {
                mode: checked(Mode::directory(header.mode), header)?,
            }
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
        MemberKind::Directory { .. } | MemberKind::Symlink { .. } if size != 0 => {
            Err(bad("has a directory or a link with data"))
        }
        _ => Ok(Member { path, kind }),
    }
}

/// The mode, when it is the header's: another one is none that pyship writes.
fn checked(nearest: Mode, header: &Header<'_>) -> Result<Mode> {
    if nearest.bits() == header.mode {
        Ok(nearest)
    } else {
        Err(bad("has a file or directory with a mode that it can't have"))
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
                mode: Mode::FILE,
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
                kind: MemberKind::Directory {
                    mode: Mode::DIRECTORY,
                },
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
    fn modes_are_kept_and_those_that_are_never_written_are_refused() {
        for mode in [0o400, 0o444, 0o600, 0o640, 0o644, 0o700, 0o755] {
            round_trip(&Member {
                path: b"f".to_vec(),
                kind: MemberKind::File {
                    size: 0,
                    mode: Mode::file(mode),
                },
            });
        }
        round_trip(&Member {
            path: b"d".to_vec(),
            kind: MemberKind::Directory {
                mode: Mode::directory(0o700),
            },
        });
        for mode in [0, 0o200, 0o666, 0o775, 0o4755, 0o1755, 0o10644] {
            let header = Header {
                name: b"f",
                mode,
                typeflag: b'0',
                ..Header::default()
            };
            assert!(
                Member::decode(&mut header.encode().as_slice()).is_err(),
                "{mode:o}"
            );
        }
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
