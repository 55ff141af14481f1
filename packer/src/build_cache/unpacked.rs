//! Layers that a trial start has unpacked, for the next one: a store in the sense of the launcher
//! (`$PYSHIP_STORE`), which looks there first and never writes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use pyship_launcher::format::manifest::{Layer, Manifest};
use pyship_launcher::format::names::LAYER_APP;
use tempfile::TempDir;

use super::{BuildCache, trim};

/// Where a trial start may unpack, and the store it may read.
pub struct Trial {
    directory: TempDir,
    store: PathBuf,
    /// The store's layers at the beginning.
    known: BTreeSet<PathBuf>,
}

impl Trial {
    /// For `$PYSHIP_CACHE_DIR`.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    /// For `$PYSHIP_STORE`.
    #[must_use]
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Moves a layer to what goes when the trial is over.
    fn discard(&self, layer: &Path) {
        let away = self.directory.path().join(layer.file_name().unwrap_or_default());
        fs_err::rename(layer, away).unwrap_or_default();
    }
}

impl BuildCache {
    /// A place for a trial start; none when nothing can be written.
    #[must_use]
    pub fn trial(&self) -> Option<Trial> {
        let (tmp, store) = (self.tmp()?, self.unpacked()?);
        let layers = fs_err::read_dir(store.join("v1/layers")).ok()?;
        Some(Trial {
            directory: tempfile::Builder::new().prefix("trial-").tempdir_in(tmp).ok()?,
            known: layers.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            store,
        })
    }

    /// Keeps the layers that a trial start has unpacked and that other apps may share.
    pub fn keep_unpacked(&self, trial: &Trial, manifest: &Manifest) {
        let Trial { store, .. } = trial;
        for layer in shared(manifest) {
            let (from, to) = (place(&trial.cache(), layer), place(store, layer));
            if !from.is_dir() {
                trim::note_use_of_directory(&to);
                continue;
            }
            // The launcher passes over a layer that lacks something.
            if trial.known.contains(&to) {
                trial.discard(&to);
            }
            if fs_err::rename(&from, &to).is_ok() {
                self.wrote.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Throws the shared layers away: something may be wrong with them.
    pub fn forget_unpacked(&self, trial: &Trial, manifest: &Manifest) {
        for layer in shared(manifest) {
            trial.discard(&place(&trial.store, layer));
        }
    }
}

fn shared(manifest: &Manifest) -> impl Iterator<Item = &Layer> {
    manifest.layers.iter().filter(|layer| layer.name != LAYER_APP)
}

fn place(cache: &Path, layer: &Layer) -> PathBuf {
    cache.join("v1/layers").join(layer.directory())
}
