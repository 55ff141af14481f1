//! Layers between being made ready and being compressed: those that the build cache has are not made at all.

use std::path::Path;

use anyhow::Result;
use pyship_launcher::format::names::LAYER_LIBC;

use crate::build_cache::BuildCache;
use crate::build_cache::entry::NewEntry;
use crate::layer::{self, CollectError, Compression, Packed};
use crate::tree::Tree;
use crate::ui::Ui;

/// A layer's content.
pub(super) enum Content {
    /// It was kept by an earlier pack.
    Kept(Packed),
    /// It is new, and is to be kept when there is a name for it.
    Made {
        /// What it holds.
        tree: Tree,
        /// As what it is kept.
        keep: Option<NewEntry>,
    },
}

impl Content {
    /// One that isn't kept.
    pub(super) fn of(tree: Tree) -> Self {
        Self::Made { tree, keep: None }
    }

    /// The tree of a new one.
    pub(super) fn made(&mut self) -> Option<&mut Tree> {
        match self {
            Self::Made { tree, .. } => Some(tree),
            Self::Kept(_) => None,
        }
    }
}

/// The names of those that the build cache had.
pub(super) fn kept(layers: &[(&'static str, Content)]) -> Vec<&'static str> {
    let kept = layers
        .iter()
        .filter(|(_, content)| matches!(content, Content::Kept(_)));
    kept.map(|(name, _)| *name).collect()
}

/// Compresses what is new, and keeps it.
pub(super) fn compress(
    layers: Vec<(&'static str, Content)>,
    compression: Compression,
    cache: &BuildCache,
    scratch: &Path,
    ui: &Ui,
) -> Result<Vec<Packed>> {
    let mut total = 0;
    for (_, content) in &layers {
        if let Content::Made { tree, .. } = content {
            for (_, file) in tree.files() {
                total += file.content.size()?;
            }
        }
    }
    ui.measured_step("compressing", total);
    let mut packed = Vec::new();
    for (name, content) in layers {
        match content {
            Content::Kept(kept) => {
                ui.detail(&format!("{name}: from the build cache"));
                packed.push(kept);
            }
            Content::Made { tree, .. } if name == LAYER_LIBC && tree.is_empty() => {}
            Content::Made { tree, keep } => {
                packed.push(one(name, &tree, compression, keep.as_ref(), cache, scratch, ui)?);
            }
        }
    }
    Ok(packed)
}

fn one(
    name: &str,
    tree: &Tree,
    compression: Compression,
    keep: Option<&NewEntry>,
    cache: &BuildCache,
    scratch: &Path,
    ui: &Ui,
) -> Result<Packed> {
    let advance = |bytes| ui.advance(bytes);
    if let Some(keep) = keep
        && let Some(collected) = cache.new_file()
    {
        match layer::pack(name, tree, compression, collected.as_file(), &advance) {
            Ok(packed) => {
                cache.store(keep, &packed, collected);
                return Ok(packed);
            }
            // No room there is no reason to fail.
            Err(error) if error.is::<CollectError>() => {}
            Err(error) => return Err(error),
        }
    }
    layer::pack(
        name,
        tree,
        compression,
        &tempfile::tempfile_in(scratch)?,
        &advance,
    )
}
