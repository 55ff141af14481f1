//! Layers before and after compression. A layer that the build cache has is never made.

use std::time::Duration;

use anyhow::{Context, Result};
use pyship_launcher::format::names::{LAYER_LIBC, LAYERS};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Pack;
use crate::build_cache::entry::NewEntry;
use crate::build_cache::stamp::Inputs;
use crate::hint::WithHint;
use crate::layer::{self, CollectError, Packed};
use crate::tree::Tree;

/// The length of a layer before bytecode, indexes and start-up code are added.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Length {
    /// Files, directories and links.
    pub(super) entries: u64,
    /// Bytes of all files.
    pub(super) bytes: u64,
}

impl Length {
    pub(super) fn of(tree: &Tree) -> Result<Self> {
        let mut length = Self {
            entries: tree.iter().count() as u64,
            bytes: 0,
        };
        for (_, file) in tree.files() {
            length.bytes += file.content.size()?;
        }
        Ok(length)
    }
}

/// What the build cache knows of a layer, besides its frames.
#[derive(Serialize, Deserialize)]
struct Known<T> {
    length: Length,
    facts: T,
}

/// A layer's contents.
pub(super) enum Content {
    /// Compressed by an earlier pack.
    Cached { packed: Packed, length: Length },
    /// Made by this pack.
    Fresh {
        tree: Tree,
        /// Its entry in the build cache, unless it must not be stored.
        entry: Option<NewEntry>,
    },
}

impl Default for Content {
    fn default() -> Self {
        Self::new(Tree::new())
    }
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
                facts: serde_json::to_value(Known {
                    length: Length::of(&tree)?,
                    facts,
                })?,
            }),
            None => None,
        };
        Ok(Self::Fresh { tree, entry })
    }

    /// The tree of a fresh layer.
    pub(super) fn fresh(&mut self) -> Option<&mut Tree> {
        match self {
            Self::Fresh { tree, .. } => Some(tree),
            Self::Cached { .. } => None,
        }
    }

    /// Its length, before bytecode is added.
    pub(super) fn length(&self) -> Result<Length> {
        match self {
            Self::Fresh { tree, .. } => Length::of(tree),
            Self::Cached { length, .. } => Ok(*length),
        }
    }

    /// Whether the build cache has it.
    pub(super) fn is_cached(&self) -> bool {
        matches!(self, Self::Cached { .. })
    }
}

/// A layer that the build cache has.
pub(super) struct CachedLayer<T> {
    pub(super) content: Content,
    /// What [`Content::keyed`] was given.
    pub(super) facts: T,
    /// The time since it was stored; none when the clock was set back.
    pub(super) age: Option<Duration>,
}

/// The layer of that key, if the build cache has it.
pub(super) fn find<T: DeserializeOwned>(pack: &Pack<'_>, key: &str) -> Option<CachedLayer<T>> {
    let found = pack.cache.find::<Known<T>>(key)?;
    let Known { length, facts } = found.facts;
    Some(CachedLayer {
        content: Content::Cached {
            packed: found.packed,
            length,
        },
        facts,
        age: found.age,
    })
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
            Content::Cached { packed: layer, .. } => {
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

/// Puts another libc layer in the place of the one that is there.
pub(super) fn replace_libc(pack: &Pack<'_>, layers: &mut Layers, content: Content) -> Result<()> {
    let name = LAYER_LIBC;
    let packed = match content {
        Content::Cached { packed, .. } => packed,
        Content::Fresh { tree, entry } => compress_one(pack, name, &tree, entry.as_ref())?,
    };
    layers.packed.retain(|packed| packed.layer.name != name);
    layers.packed.insert(0, packed);
    Ok(())
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
    let scratch = pack.scratch.path();
    let file = tempfile::tempfile_in(scratch)?;
    layer::pack(name, tree, compression, &file, &advance).or_else(|error| match error.is::<CollectError>() {
        true => Err(error)
            .with_context(|| format!("failed to write to `{}`", scratch.display()))
            .hint("set TMPDIR to a directory with more room"),
        false => Err(error),
    })
}
