//! Layers that a trial run has unpacked, for the next one. They are a store of the launcher (`$PYSHIP_STORE`), which it
//! reads before its cache and never writes to.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use pyship_launcher::format::manifest::{Layer, Manifest};
use pyship_launcher::format::names::LAYER_APP;
use tempfile::TempDir;

use super::{BuildCache, trim};
use crate::temporary::{self, Entry, Registered};

/// The cache and the store of a trial run.
pub(crate) struct Trial {
    directory: TempDir,
    _registered: Registered,
    store: PathBuf,
    /// The store's layers before the trial run.
    before: BTreeSet<PathBuf>,
}

impl Trial {
    /// The value of `$PYSHIP_CACHE_DIR`.
    pub(crate) fn cache(&self) -> PathBuf {
        self.directory.path().join("cache")
    }

    /// The value of `$PYSHIP_STORE`.
    pub(crate) fn store(&self) -> &Path {
        &self.store
    }

    /// Moves a layer to the directory that is removed after the trial run.
    fn discard(&self, layer: &Path) {
        let away = self.directory.path().join(layer.file_name().unwrap_or_default());
        fs_err::rename(layer, away).unwrap_or_default();
    }
}

impl BuildCache {
    /// Directories for a trial run; none when they can't be written to.
    pub(crate) fn trial(&self) -> Option<Trial> {
        let (tmp, store) = (self.tmp()?, self.unpacked()?);
        let layers = fs_err::read_dir(super::layers(&store)).ok()?;
        let made = temporary::register(|| {
            let directory = tempfile::Builder::new().prefix("trial-").tempdir_in(tmp)?;
            let entry = Entry::Whole(directory.path().to_owned());
            Ok((directory, entry))
        });
        let (directory, registered) = made.ok()?;
        Some(Trial {
            directory,
            _registered: registered,
            before: layers.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            store,
        })
    }

    /// Stores the layers that a trial run has unpacked and that other apps may share.
    pub(crate) fn keep_unpacked(&self, trial: &Trial, manifest: &Manifest) {
        let Trial { store, .. } = trial;
        for layer in shared(manifest) {
            let (from, to) = (path_of(layer, &trial.cache()), path_of(layer, store));
            if !from.is_dir() {
                trim::record_use_of_directory(&to);
                continue;
            }
            // The launcher skips a layer of the store that is incomplete, and unpacks it again.
            if trial.before.contains(&to) {
                trial.discard(&to);
            }
            if fs_err::rename(&from, &to).is_ok() {
                self.has_grown.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Removes the shared layers, which may be damaged.
    pub(crate) fn forget_unpacked(&self, trial: &Trial, manifest: &Manifest) {
        for layer in shared(manifest) {
            trial.discard(&path_of(layer, &trial.store));
        }
    }
}

fn shared(manifest: &Manifest) -> impl Iterator<Item = &Layer> {
    manifest.layers.iter().filter(|layer| layer.name != LAYER_APP)
}

fn path_of(layer: &Layer, cache: &Path) -> PathBuf {
    super::layers(cache).join(layer.directory())
}
