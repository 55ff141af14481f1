//! A layer's symbolic links, kept in memory until all files are written.
//!
//! They share one buffer: a hundred thousand separate values would take ten times as much memory.

use crate::error::{Error, Result};
use crate::sort::sort_offsets;

/// The largest size of all links of a layer together, in bytes.
const LINKS_MAX: usize = 12 << 20;

/// The bytes of `count` links with one more, of which `length` are those so far.
///
/// # Errors
/// When that is too long.
pub(super) fn length_with(length: usize, count: usize, path: &[u8], target: &[u8]) -> Result<usize> {
    let length = length + path.len() + target.len() + 2;
    match length + 4 * count > LINKS_MAX {
        true => Err(Error::damaged("a layer has too many links")),
        false => Ok(length),
    }
}

/// The links so far: path, NUL, target, NUL, for each.
#[derive(Debug, Default)]
pub(super) struct Links {
    bytes: Vec<u8>,
    starts: Vec<u32>,
}

impl Links {
    /// Adds one.
    pub(super) fn push(&mut self, path: &[u8], target: &[u8]) -> Result<()> {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        length_with(self.bytes.len(), self.starts.len(), path, target)?;
        for part in [path, target] {
            self.bytes.extend_from_slice(part);
            self.bytes.push(0);
        }
        self.starts.push(start);
        Ok(())
    }

    /// In the order of their paths.
    pub(super) fn sorted(mut self) -> Self {
        let mut starts = std::mem::take(&mut self.starts);
        sort_offsets(&self.bytes, &mut starts);
        self.starts = starts;
        self
    }

    /// Paths and targets.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.starts.iter().map(|&start| self.at(start))
    }

    /// A link that is below another one; they must be sorted.
    pub(super) fn below_another(&self) -> Option<&[u8]> {
        let is_link = |path: &[u8]| {
            let found = self.starts.binary_search_by(|&start| self.at(start).0.cmp(path));
            found.is_ok()
        };
        self.iter().map(|(path, _)| path).find(|path| {
            let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            slashes.into_iter().any(|(end, _)| is_link(&path[..end]))
        })
    }

    fn at(&self, start: u32) -> (&[u8], &[u8]) {
        let rest = usize::try_from(start)
            .ok()
            .and_then(|start| self.bytes.get(start..));
        let mut parts = rest.unwrap_or_default().splitn(3, |&byte| byte == 0);
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_come_back_sorted_and_those_below_others_are_found() {
        let mut links = Links::default();
        links.push(b"b/c", b"../x").unwrap();
        links.push(b"a", b"b").unwrap();
        let links = links.sorted();
        let all: Vec<_> = links.iter().collect();
        assert_eq!(all, [(&b"a"[..], &b"b"[..]), (b"b/c", b"../x")]);
        assert_eq!(links.below_another(), None);
        let mut below = links;
        below.push(b"a/x/y", b"z").unwrap();
        assert_eq!(below.sorted().below_another(), Some(&b"a/x/y"[..]));
    }

    #[test]
    fn a_hundred_thousand_are_taken_and_endless_ones_are_not() {
        let mut links = Links::default();
        for number in 0..100_000 {
            let path = format!("lib/python3.12/site-packages/package/link-{number}");
            links.push(path.as_bytes(), b"../target").unwrap();
        }
        assert!((0..10_000_000).any(|_| links.push(b"a", b"b").is_err()));
    }
}
