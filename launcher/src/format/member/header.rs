//! One ustar header block (POSIX.1-2017, `pax`, "ustar Interchange Format").
//!
//! ```text
//!   0 name 100    100 mode 8    108 uid 8    116 gid 8    124 size 12    136 time 12
//! 148 checksum 8  156 typeflag  157 link 100 257 magic and version 8     345 prefix 155
//! ```

use super::error::bad;
use crate::error::{Error, Result};

/// Tar's unit in bytes: headers have this size, data is padded to it.
pub(super) const BLOCK: usize = 512;
/// The longest name, and the longest link target, that a header has room for.
pub(super) const NAME_MAX: usize = 100;
/// The largest size that a header has room for.
pub(super) const SIZE_MAX: u64 = 0o77_777_777_777;
const PREFIX_MAX: usize = 155;
const MAGIC: &[u8; 8] = b"ustar\x0000";

/// The fields of a header that differ between members; time, user and group are always zero.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    pub(super) prefix: &'a [u8],
    pub(super) name: &'a [u8],
    pub(super) link: &'a [u8],
    pub(super) size: u64,
    pub(super) mode: u32,
    pub(super) typeflag: u8,
}

impl<'a> Header<'a> {
    /// The block; name, prefix, link and size must fit.
    pub(super) fn encode(&self) -> [u8; BLOCK] {
        let Self {
            prefix,
            name,
            link,
            size,
            mode,
            typeflag,
        } = self;
        let mut block = [0; BLOCK];
        let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, name);
        put(100, format!("{mode:07o}").as_bytes());
        put(108, b"0000000");
        put(116, b"0000000");
        put(124, format!("{size:011o}").as_bytes());
        put(136, b"00000000000");
        put(148, b"        ");
        put(156, &[*typeflag]);
        put(157, link);
        put(257, MAGIC);
        put(345, prefix);
        let sum = checksum(&block);
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block
    }

    /// Reads a block.
    ///
    /// # Errors
    /// When magic, checksum or a number is wrong.
    pub(super) fn decode(block: &'a [u8; BLOCK]) -> Result<Self> {
        if &block[257..265] != MAGIC || octal(&block[148..156])? != u64::from(checksum(block)) {
            return Err(damaged());
        }
        Ok(Self {
            prefix: text(&block[345..500]),
            name: text(&block[..NAME_MAX]),
            link: text(&block[157..257]),
            size: octal(&block[124..136])?,
            mode: u32::try_from(octal(&block[100..108])?).map_err(|_| damaged())?,
            typeflag: block[156],
        })
    }

    /// The whole path.
    pub(super) fn path(&self) -> Vec<u8> {
        if self.prefix.is_empty() {
            self.name.to_vec()
        } else {
            [self.prefix, b"/", self.name].concat()
        }
    }
}

/// A path as ustar's prefix and name, when it fits.
pub(super) fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if path.len() <= NAME_MAX {
        return Some((b"", path));
    }
    let end = path.len().checked_sub(1)?.min(PREFIX_MAX + 1);
    (1..end)
        .rev()
        .find(|&at| path[at] == b'/' && path.len() - at - 1 <= NAME_MAX)
        .map(|at| (&path[..at], &path[at + 1..]))
}

/// Number of zero bytes that follow `size` bytes of data.
#[must_use]
pub fn padding(size: u64) -> usize {
    let rest = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if rest == 0 { 0 } else { BLOCK - rest }
}

fn damaged() -> Error {
    bad("has a damaged header")
}

fn checksum(block: &[u8; BLOCK]) -> u32 {
    let field = 148..156;
    block
        .iter()
        .enumerate()
        .map(|(at, &byte)| u32::from(if field.contains(&at) { b' ' } else { byte }))
        .sum()
}

fn octal(field: &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for &byte in field {
        match byte {
            b'0'..=b'7' => value = value << 3 | u64::from(byte - b'0'),
            0 | b' ' => break,
            _ => return Err(damaged()),
        }
    }
    Ok(value)
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or(field)
}
