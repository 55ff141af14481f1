//! An entry: a layer's frames in the order in which they were compressed, then JSON, then a tail.
//!
//! ```text
//! frames                              the JSON has their digests
//! JSON                                the layer as in the manifest, the offset of each frame, inputs, facts
//! "PYSHIPB1"  length of the JSON (8)  SHA-256 of the JSON (32)
//! ```

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use pyship_launcher::format::manifest::Layer;
use pyship_launcher::hex::hex;
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::stamp::Inputs;
use super::{BuildCache, trim};
use crate::layer::Packed;
use crate::regular_file;

const MAGIC: &[u8; 8] = b"PYSHIPB1";
const TAIL: u64 = 48;
/// A longer JSON is damaged.
const HEAD_MAX: u64 = 1 << 30;

/// An entry that was found.
pub(crate) struct Found<T> {
    /// The layer; its frames are verified.
    pub(crate) packed: Packed,
    /// What the packer knows of it.
    pub(crate) facts: T,
    /// The time since it was stored; none when the clock was set back.
    pub(crate) age: Option<Duration>,
}

/// A new entry.
#[derive(Debug, Clone)]
pub(crate) struct NewEntry {
    /// The key that finds it.
    pub(crate) key: String,
    /// Files and directories that must be unchanged when it is used.
    pub(crate) inputs: Inputs,
    /// What the packer knows of the layer.
    pub(crate) facts: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Head<T> {
    layer: Layer,
    raw: u64,
    offsets: Vec<u64>,
    inputs: Inputs,
    facts: T,
}

impl BuildCache {
    /// The entry of that key, if it exists, is not damaged, and its inputs are unchanged.
    pub(crate) fn find<T: DeserializeOwned>(&self, key: &str) -> Option<Found<T>> {
        let path = self.entries()?.join(key);
        let file = regular_file::open(&path).ok()?.into_file();
        let data = file.metadata().ok()?;
        let found: Head<T> = head(&file, data.size())?;
        if !found.inputs.are_unchanged() {
            return None;
        }
        let packed = Packed {
            layer: found.layer,
            raw: found.raw,
            data: Arc::new(file),
            offsets: found.offsets,
        };
        if !is_intact(&packed) {
            return None;
        }
        trim::record_use(&path, &data);
        Some(Found {
            packed,
            facts: found.facts,
            age: SystemTime::now().duration_since(data.modified().ok()?).ok(),
        })
    }

    /// A file for the frames of a new entry. None when it can't be created.
    pub(crate) fn new_file(&self) -> Option<NamedTempFile> {
        NamedTempFile::new_in(self.tmp()?).ok()
    }

    /// Stores an entry; `file` has the frames of `packed`. Nothing is stored when it can't be written.
    pub(crate) fn store(&self, entry: &NewEntry, packed: &Packed, file: NamedTempFile) {
        if self.write(entry, packed, file).is_some() {
            self.has_grown.store(true, Ordering::Relaxed);
        }
    }

    fn write(&self, entry: &NewEntry, packed: &Packed, mut file: NamedTempFile) -> Option<()> {
        let Packed {
            layer, raw, offsets, ..
        } = packed;
        let head = serde_json::to_vec(&Head {
            layer: layer.clone(),
            raw: *raw,
            offsets: offsets.clone(),
            inputs: entry.inputs.clone(),
            facts: &entry.facts,
        })
        .ok()?;
        let mut tail = MAGIC.to_vec();
        tail.extend_from_slice(&(head.len() as u64).to_le_bytes());
        tail.extend_from_slice(&Sha256::digest(&head));
        // The frames were written by their offsets, which doesn't move the file's own position.
        let end = file.as_file().metadata().ok()?.size();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(end)).ok()?;
        file.write_all(&[head, tail].concat()).ok()?;
        file.persist(self.entries()?.join(&entry.key)).ok()?;
        Some(())
    }
}

fn head<T: DeserializeOwned>(file: &File, size: u64) -> Option<Head<T>> {
    let mut tail = [0; TAIL as usize];
    file.read_exact_at(&mut tail, size.checked_sub(TAIL)?).ok()?;
    let (magic, rest) = tail.split_first_chunk::<8>()?;
    let (length, digest) = rest.split_first_chunk::<8>()?;
    let length = u64::from_le_bytes(*length);
    let start = size.checked_sub(TAIL)?.checked_sub(length)?;
    if magic != MAGIC || length > HEAD_MAX {
        return None;
    }
    let mut head = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut head, start).ok()?;
    if Sha256::digest(&head).as_slice() != digest {
        return None;
    }
    serde_json::from_slice(&head).ok()
}

/// Whether every frame has its digest.
fn is_intact(packed: &Packed) -> bool {
    let Packed { layer, offsets, .. } = packed;
    let frames: Vec<_> = layer.frames.iter().zip(offsets).collect();
    frames.len() == layer.frames.len()
        && layer.digest == Layer::digest_of(&layer.frames)
        && frames.par_iter().all(|(frame, offset)| {
            let mut hash = Sha256::new();
            let mut take = |piece: &[u8]| {
                hash.update(piece);
                Ok(())
            };
            packed.pass_frame(frame, **offset, &mut take).is_ok() && hex(&hash.finalize()) == frame.sha256
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::tree::Tree;

    fn stored(directory: &std::path::Path) -> (BuildCache, std::path::PathBuf) {
        let cache = BuildCache::open(directory, &Environment::default()).unwrap();
        let mut tree = Tree::new();
        tree.insert_bytes("a.py", &b"print(1)\n"[..], false);
        tree.insert_bytes("b.bin", vec![7u8; 3 << 20], false);
        let file = cache.new_file().unwrap();
        let packed = crate::layer::pack(
            "deps",
            &tree,
            crate::layer::Compression::Level(3),
            file.as_file(),
            &|_| {},
        )
        .unwrap();
        let entry = NewEntry {
            key: "0".repeat(64),
            inputs: Inputs::default(),
            facts: serde_json::json!({"answer": 42}),
        };
        cache.store(&entry, &packed, file);
        let path = cache.entries().unwrap().join(&entry.key);
        (cache, path)
    }

    fn find(cache: &BuildCache) -> Option<Found<serde_json::Value>> {
        cache.find(&"0".repeat(64))
    }

    #[test]
    fn what_is_stored_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let (cache, _) = stored(directory.path());
        let found = find(&cache).unwrap();
        assert_eq!(found.facts["answer"], 42);
        assert_eq!(found.packed.layer.entries, 2);
        assert!(cache.find::<Vec<u8>>(&"0".repeat(64)).is_none());
    }

    #[test]
    fn an_entry_that_is_damaged_anywhere_is_not_found() {
        let directory = tempfile::tempdir().unwrap();
        let (cache, path) = stored(directory.path());
        let whole = fs_err::read(&path).unwrap();
        for length in 0..whole.len() {
            fs_err::write(&path, &whole[..length]).unwrap();
            assert!(find(&cache).is_none(), "{length} bytes");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs_err::write(&path, &damaged).unwrap();
            assert!(find(&cache).is_none(), "byte {at}");
        }
        fs_err::write(&path, &whole).unwrap();
        assert!(find(&cache).is_some());
    }
}
