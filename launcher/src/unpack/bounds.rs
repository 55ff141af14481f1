//! Whether the members of a layer can be unpacked within the memory that a first start takes: the layer's index and its
//! links are held whole.

use super::links;
use crate::error::{Error, Result};
use crate::format::index;
use crate::format::manifest::ENTRIES_MAX;

/// The members of a layer so far.
#[derive(Debug, Default)]
pub struct Bounds {
    members: u64,
    /// Bytes of the index.
    index: usize,
    links: usize,
    /// Bytes of paths and targets.
    link_bytes: usize,
}

impl Bounds {
    /// Adds a member with the size of a file, 0 for a directory, or with a link's target.
    ///
    /// # Errors
    /// When a layer with it could not be unpacked.
    pub fn add(&mut self, path: &[u8], size: u64, target: Option<&[u8]>) -> Result<()> {
        let size = target.map_or(size, |target| target.len() as u64);
        self.members += 1;
        self.index = index::length_with(self.index, size, path)
            .filter(|_| self.members <= ENTRIES_MAX)
            .ok_or_else(|| Error::damaged("a layer has too many members"))?;
        if let Some(target) = target {
            self.link_bytes = links::length_with(self.link_bytes, self.links, path, target)?;
            self.links += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::index::{Kind, Members};

    #[test]
    fn it_ends_where_the_index_does() {
        let path = [b'p'; 1000];
        let (mut bounds, mut members) = (Bounds::default(), Members::default());
        let mut count = 0;
        while members.add(Kind::File, 12_345, &path) {
            bounds.add(&path, 12_345, None).unwrap();
            count += 1;
        }
        assert!(count > 16_000);
        assert!(bounds.add(&path, 12_345, None).is_err());
    }

    #[test]
    fn it_ends_where_the_links_do() {
        let (path, target) = ([b'p'; 100], [b't'; 2000]);
        let (mut bounds, mut links) = (Bounds::default(), links::Links::default());
        while links.push(&path, &target).is_ok() {
            bounds.add(&path, 0, Some(&target)).unwrap();
        }
        assert!(bounds.add(&path, 0, Some(&target)).is_err());
    }

    #[test]
    fn members_are_counted() {
        let mut bounds = Bounds::default();
        for _ in 0..ENTRIES_MAX {
            bounds.add(b"p", 0, None).unwrap();
        }
        assert!(bounds.add(b"p", 0, None).is_err());
    }
}
