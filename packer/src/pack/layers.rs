//! Layers before and after compression. A layer that the build cache has is never made.

use anyhow::Result;
use pyship_launcher::format::names::{LAYER_LIBC, LAYERS};
use serde::Serialize;

use super::Pack;
use crate::build_cache::entry::NewEntry;
use crate::build_cache::stamp::Inputs;
use crate::layer::{self, CollectError, Packed};
use crate::tree::Tree;

/// A layer's contents.
pub(super) enum Content {
    /// Compressed by an earlier pack.
    Cached(Packed),
    /// Made by this pack.
    Fresh {
        tree: Tree,
        /// Its entry in the build cache, unless it must not be stored.
        entry: Option<NewEntry>,
    },
}

impl Content {
    /// A layer that isn't stored in the build cache.
    pub(super) fn new(tree: Tree) -> Self {
        Self::Fresh { tree, entry: None }
    }

    /// A layer that the build cache stores under `key`, when there is one, with what later steps must know of it.
    pub(super) fn keyed(
        tree: Tree,
        key: Option<String>,
        inputs: Inputs,
        facts: &impl Serialize,
    ) -> Result<Self> {
        let entry = match key {
            Some(key) => Some(NewEntry {
                key,
                inputs,
                facts: serde_json::to_value(facts)?,
            }),
            None => None,
        };
        Ok(Self::Fresh { tree, entry })
    }

    /// The tree of a fresh layer.
    pub(super) fn fresh(&mut self) -> Option<&mut Tree> {
        match self {
            Self::Fresh { tree, .. } => Some(tree),
            Self::Cached(_) => None,
        }
    }
}

/// Compressed layers, in the order of the file.
pub(super) struct Layers {
    pub(super) packed: Vec<Packed>,
    /// Names of those that came from the build cache.
    pub(super) cached: Vec<&'static str>,
}

/// Compresses fresh layers and stores them in the build cache. `contents` are in the order of [`LAYERS`].
pub(super) fn compress(pack: &Pack<'_>, contents: [Content; 4]) -> Result<Layers> {
    let mut total = 0;
    for content in &contents {
        if let Content::Fresh { tree, .. } = content {
            for (_, file) in tree.files() {
                total += file.content.size()?;
            }
        }
    }
    pack.ui.measured_step("compressing", total);
    let (mut packed, mut cached) = (Vec::new(), Vec::new());
    for (&name, content) in LAYERS.iter().zip(contents) {
        match content {
            Content::Cached(layer) => {
                pack.ui.detail(&format!("{name}: from the build cache"));
                packed.push(layer);
                cached.push(name);
            }
            Content::Fresh { tree, .. } if name == LAYER_LIBC && tree.is_empty() => {}
            Content::Fresh { tree, entry } => packed.push(compress_one(pack, name, &tree, entry.as_ref())?),
        }
    }
    Ok(Layers { packed, cached })
}

fn compress_one(pack: &Pack<'_>, name: &str, tree: &Tree, entry: Option<&NewEntry>) -> Result<Packed> {
    let compression = pack.options.compression();
    let advance = |bytes| pack.ui.advance(bytes);
    if let Some(entry) = entry
        && let Some(file) = pack.cache.new_file()
    {
        match layer::pack(name, tree, compression, file.as_file(), &advance) {
            Ok(packed) => {
                pack.cache.store(entry, &packed, file);
                return Ok(packed);
            }
            // A build cache without room doesn't fail a pack.
            Err(error) if error.is::<CollectError>() => {}
            Err(error) => return Err(error),
        }
    }
    let file = tempfile::tempfile_in(pack.scratch.path())?;
    layer::pack(name, tree, compression, &file, &advance)
}
