//! Extended (pax) headers: paths, targets and sizes that a ustar header has no room for.

use std::io::BufRead;

use super::error::{bad, read_failed};
use super::header::padding;
use super::path::PATH_MAX;
use crate::error::Result;

/// The longest extended header that is read, in bytes: a path, a target and a size.
const PAX_MAX: u64 = 3 * (PATH_MAX as u64 + 64);

/// What an extended header says of the member that follows it.
#[derive(Default)]
pub(super) struct Pax {
    /// Whether there was a header.
    pub(super) seen: bool,
    pub(super) path: Option<Vec<u8>>,
    pub(super) target: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
}

impl Pax {
    /// Reads the `size` bytes of a header and their padding.
    pub(super) fn read(frame: &mut impl BufRead, size: u64) -> Result<Self> {
        if size > PAX_MAX {
            return Err(bad("has a pax header that is too long"));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0) + padding(size)];
        frame
            .read_exact(&mut bytes)
            .map_err(|error| read_failed(&error))?;
        bytes.truncate(usize::try_from(size).unwrap_or(0));
        let mut pax = Self {
            seen: true,
            ..Self::default()
        };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let record = next(&mut rest).ok_or_else(|| bad("has a damaged pax header"))?;
            match record {
                (b"path", value) => pax.path = Some(value.to_vec()),
                (b"linkpath", value) => pax.target = Some(value.to_vec()),
                (b"size", value) => {
                    pax.size = Some(decimal(value).ok_or_else(|| bad("has a damaged pax header"))?)
                }
                _ => return Err(bad("has a pax header with an unknown key")),
            }
        }
        Ok(pax)
    }
}

/// Takes one `<length> <key>=<value>\n` off the front.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let space = rest.iter().take(8).position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(&rest[..space])?).ok()?;
    let record = rest.get(space + 1..length)?.strip_suffix(b"\n")?;
    *rest = rest.get(length..)?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..]))
}

/// Appends one record.
pub(super) fn push(pax: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = 1 + key.len() + 1 + value.len() + 1;
    let mut length = body + 1;
    while length.to_string().len() + body != length {
        length = length.to_string().len() + body;
    }
    pax.extend_from_slice(length.to_string().as_bytes());
    for part in [b" ", key, b"=", value, b"\n"] {
        pax.extend_from_slice(part);
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    // `parse` takes a sign.
    text.iter().all(u8::is_ascii_digit).then_some(())?;
    std::str::from_utf8(text).ok()?.parse().ok()
}
