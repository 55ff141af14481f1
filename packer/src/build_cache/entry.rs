//! An entry: a layer's frames in the order in which they became ready, then JSON, then a tail.
//!
//! ```text
//! frames                              checked against the digests in the JSON
//! JSON                                the layer as in the manifest, where each frame lies, inputs, facts
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

const MAGIC: &[u8; 8] = b"PYSHIPB1";
const TAIL: u64 = 48;
/// No entry has more to say.
const MAX_HEAD: u64 = 1 << 30;

/// A layer that was found.
pub struct Found<T> {
    /// The layer; its frames are whole.
    pub packed: Packed,
    /// What was found out when it was made.
    pub facts: T,
    /// How long ago it was made; none when the clock says later.
    pub age: Option<Duration>,
}

/// What a new layer is to be kept as.
#[derive(Debug, Clone)]
pub struct Keep {
    /// Its name.
    pub key: String,
    /// What else has to be unchanged for it to be true.
    pub inputs: Inputs,
    /// What was found out about it.
    pub facts: serde_json::Value,
}

#[derive(Serialize, Deserialize)]
struct Head<T> {
    layer: Layer,
    raw: u64,
    places: Vec<u64>,
    inputs: Inputs,
    facts: T,
}

impl BuildCache {
    /// The layer of that key, when there is one that is whole and whose inputs are unchanged.
    #[must_use]
    pub fn find<T: DeserializeOwned>(&self, key: &str) -> Option<Found<T>> {
        let path = self.entries()?.join(key);
        let file = fs_err::File::open(&path).ok()?.into_file();
        let data = file.metadata().ok()?;
        let found: Head<T> = head(&file, data.size())?;
        if !found.inputs.are_unchanged() {
            return None;
        }
        let packed = Packed {
            layer: found.layer,
            raw: found.raw,
            data: Arc::new(file),
            places: found.places,
        };
        if !is_whole(&packed) {
            return None;
        }
        trim::note_use(&path, &data);
        Some(Found {
            packed,
            facts: found.facts,
            age: SystemTime::now().duration_since(data.modified().ok()?).ok(),
        })
    }

    /// A file in which an entry's frames can be collected; none when there is no room for one.
    #[must_use]
    pub fn collecting(&self) -> Option<NamedTempFile> {
        NamedTempFile::new_in(self.tmp()?).ok()
    }

    /// Makes `collected`, which holds the frames of `packed`, an entry. One that can't be written isn't there.
    pub fn keep(&self, keep: &Keep, packed: &Packed, collected: NamedTempFile) {
        if self.write(keep, packed, collected).is_some() {
            self.wrote.store(true, Ordering::Relaxed);
        }
    }

    fn write(&self, keep: &Keep, packed: &Packed, mut collected: NamedTempFile) -> Option<()> {
        let Packed {
            layer, raw, places, ..
        } = packed;
        let head = serde_json::to_vec(&Head {
            layer: layer.clone(),
            raw: *raw,
            places: places.clone(),
            inputs: keep.inputs.clone(),
            facts: &keep.facts,
        })
        .ok()?;
        let mut tail = MAGIC.to_vec();
        tail.extend_from_slice(&(head.len() as u64).to_le_bytes());
        tail.extend_from_slice(&Sha256::digest(&head));
        // The frames were written by their places, which leaves the file's own position where it was.
        let end = collected.as_file().metadata().ok()?.size();
        std::io::Seek::seek(&mut collected, std::io::SeekFrom::Start(end)).ok()?;
        collected.write_all(&[head, tail].concat()).ok()?;
        collected.persist(self.entries()?.join(&keep.key)).ok()?;
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
    if magic != MAGIC || length > MAX_HEAD {
        return None;
    }
    let mut head = vec![0; usize::try_from(length).ok()?];
    file.read_exact_at(&mut head, start).ok()?;
    if Sha256::digest(&head).as_slice() != digest {
        return None;
    }
    serde_json::from_slice(&head).ok()
}

/// Reads every frame.
fn is_whole(packed: &Packed) -> bool {
    let Packed {
        layer, places, data, ..
    } = packed;
    let frames: Vec<_> = layer.frames.iter().zip(places).collect();
    frames.len() == layer.frames.len()
        && layer.digest == Layer::digest_of(&layer.frames)
        && frames.par_iter().all(|(frame, place)| {
            let Ok(size) = usize::try_from(frame.size) else {
                return false;
            };
            let mut bytes = vec![0; size];
            data.read_exact_at(&mut bytes, **place).is_ok() && hex(&Sha256::digest(&bytes)) == frame.sha256
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::tree::Tree;

    fn kept(directory: &std::path::Path) -> (BuildCache, std::path::PathBuf) {
        let cache = BuildCache::open(directory, &Environment::default()).unwrap();
        let mut tree = Tree::new();
        tree.insert_bytes("a.py", &b"print(1)\n"[..], false);
        tree.insert_bytes("b.bin", vec![7u8; 3 << 20], false);
        let collected = cache.collecting().unwrap();
        let packed = crate::layer::pack(
            "deps",
            &tree,
            crate::layer::Compression::Level(3),
            collected.as_file(),
            &|_| {},
        )
        .unwrap();
        let keep = Keep {
            key: "0".repeat(64),
            inputs: Inputs::default(),
            facts: serde_json::json!({"answer": 42}),
        };
        cache.keep(&keep, &packed, collected);
        let path = cache.entries().unwrap().join(&keep.key);
        (cache, path)
    }

    fn find(cache: &BuildCache) -> Option<Found<serde_json::Value>> {
        cache.find(&"0".repeat(64))
    }

    #[test]
    fn what_is_kept_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let (cache, _) = kept(directory.path());
        let found = find(&cache).unwrap();
        assert_eq!(found.facts["answer"], 42);
        assert_eq!(found.packed.layer.entries, 2);
        assert!(cache.find::<Vec<u8>>(&"0".repeat(64)).is_none());
    }

    #[test]
    fn an_entry_that_is_damaged_anywhere_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let (cache, path) = kept(directory.path());
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
