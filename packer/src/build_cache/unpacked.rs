//! Layers that a trial start has unpacked, for the next one: a store in the sense of the launcher
//! (`$PYSHIP_STORE`), which looks there first and never writes.

use std::path::{Path, PathBuf};

use pyship_launcher::manifest::{Layer, Manifest};
use pyship_launcher::names::LAYER_APP;
use tempfile::TempDir;

use super::{BuildCache, trim};

/// Where a trial start may unpack, and the store it may read.
pub struct Trial {
    directory: TempDir,
    store: PathBuf,
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
}

impl BuildCache {
    /// A place for a trial start; none when nothing can be written.
    #[must_use]
    pub fn trial(&self) -> Option<Trial> {
        let tmp = self.tmp()?;
        Some(Trial {
            directory: tempfile::Builder::new().prefix("trial-").tempdir_in(tmp).ok()?,
            store: self.unpacked()?,
        })
    }

    /// Keeps the layers that a trial start has unpacked and that other apps may share.
    pub fn keep_unpacked(&self, trial: &Trial, manifest: &Manifest) {
        let Trial { store, .. } = trial;
        for layer in shared(manifest) {
            let (from, to) = (place(&trial.cache(), layer), place(store, layer));
            if !from.is_dir() {
                trim::note_use_of_directory(&to);
            } else if std::fs::rename(&from, &to).is_ok() {
                self.wrote.set(true);
            }
        }
    }

    /// Throws the shared layers away: something may be wrong with them.
    pub fn forget_unpacked(&self, trial: &Trial, manifest: &Manifest) {
        for layer in shared(manifest) {
            let away = trial.directory.path().join(layer.directory());
            std::fs::rename(place(&trial.store, layer), away).unwrap_or_default();
        }
    }
}

fn shared(manifest: &Manifest) -> impl Iterator<Item = &Layer> {
    manifest.layers.iter().filter(|layer| layer.name != LAYER_APP)
}

fn place(cache: &Path, layer: &Layer) -> PathBuf {
    cache.join("v1/layers").join(layer.directory())
}
