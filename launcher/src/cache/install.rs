//! One packed file in one cache root: what cold starts and repair have in common.

use std::cell::Cell;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::compare::{Compare, Scope};
use super::context::Context;
use super::differences::Part;
use super::key::app_key;
use super::lock::{self, Lock};
use super::published::Note;
use super::restore::restore;
use super::root::Root;
use super::sentinels::sentinels;
use super::tmp::{self, TmpDir};
use super::{app_dir, closed, shape, warm};
use crate::error::{Error, Kind, Result};
use crate::format::manifest::{Layer, Manifest};
use crate::format::names::{CACHE_LOCK_ALL, LAYER_LIBC};
use crate::libc_choice::Choice;
use crate::sort::sorted;
use crate::unpack::Sink;

/// Layers by name, and their directories.
pub(super) type LayerPaths<'a> = Vec<(&'a str, PathBuf)>;

/// A packed file and the root that it is installed in.
pub(super) struct Install<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) manifest: &'a Manifest,
    pub(super) choice: Choice,
    pub(super) stores: &'a [Root],
    pub(super) root: &'a Root,
    /// Whether anything was published.
    pub(super) published: Cell<bool>,
    /// Which lock of a name is taken first: not those whose holders keep another one for too long.
    first_lock: Cell<u32>,
    /// The last use of the app that was noted.
    note: Option<Note>,
}

impl<'a> Install<'a> {
    pub(super) fn new(
        context: &'a Context<'a>,
        manifest: &'a Manifest,
        choice: Choice,
        stores: &'a [Root],
        root: &'a Root,
    ) -> Self {
        let key = app_key(&context.payload.trailer, root, &context.host);
        Self {
            context,
            manifest,
            choice,
            stores,
            root,
            published: Cell::new(false),
            first_lock: Cell::new(0),
            note: warm::last_note(&root.app(&key)),
        }
    }

    /// The name of the app's directory.
    pub(super) fn key(&self) -> String {
        app_key(&self.context.payload.trailer, self.root, &self.context.host)
    }

    /// The layers that a start needs.
    pub(super) fn needed(&self) -> impl Iterator<Item = &'a Layer> {
        needed_layers(self.manifest, self.choice)
    }

    /// Refuses a root where others may write to what is unpacked: what they have put there can't be told from the rest.
    pub(super) fn require_closed(&self) -> Result<()> {
        let layers = self.needed().map(|layer| self.root.layer(layer));
        let mut directories = layers.chain([self.root.app(&self.key())]);
        directories
            .find_map(|directory| closed::refusal(&directory))
            .map_or(Ok(()), |reason| Err(Error::new(Kind::Storage, reason)))
    }

    /// What the app's directory should hold.
    pub(super) fn plan(&self, directory: &Path, layers: &LayerPaths<'_>) -> Result<app_dir::Plan> {
        app_dir::Plan::new(app_dir::Parts {
            manifest: self.manifest,
            choice: self.choice,
            directory,
            launcher: self.context.payload.launcher(self.manifest)?,
            layers: &|name| Some(layers.iter().find(|(known, _)| *known == name)?.1.clone()),
        })
    }

    /// The intact directory of a layer, in a store or in the root.
    ///
    /// `before` is what was in the layer's place before its lock was taken. Whatever took that place since has just
    /// been unpacked: there the sentinels suffice. Elsewhere every member is checked.
    pub(super) fn find_layer(&self, layer: &Layer, before: Option<Option<Fingerprint>>) -> Option<PathBuf> {
        let sentinels = sentinels(&layer.name, self.manifest);
        self.stores.iter().chain([self.root]).find_map(|root| {
            // Its owner alone can read some of it.
            if layer.private && root.is_foreign {
                return None;
            }
            let directory = root.layer(layer);
            // Nothing is unpacked in a store.
            let is_root = std::ptr::eq(root, self.root);
            if !is_root && closed::refusal(&directory).is_some() {
                return None;
            }
            let is_fresh = is_root && before.is_some_and(|before| before != fingerprint(&directory));
            let is_intact = sentinels.iter().all(|path| directory.join(path).exists())
                && (is_fresh || shape::is_intact(&directory, self.note.filter(|_| is_root)));
            is_intact.then_some(directory)
        })
    }

    /// Removes what is found in a directory's place and is none, unless a directory has taken its place since.
    pub(super) fn clear(&self, directory: &Path) -> Result<()> {
        match directory.symlink_metadata() {
            Ok(found) if !found.is_dir() => tmp::discard(&self.root.tmp(), directory),
            _ => Ok(()),
        }
    }

    /// Restores what has decayed of a directory that is there, to what `feed` passes to a sink. What the program has
    /// changed or added stays.
    pub(super) fn restore(
        &self,
        directory: &Path,
        part: Part,
        feed: &dyn Fn(&dyn Sink) -> Result<()>,
    ) -> Result<()> {
        let spare = TmpDir::create(&self.root.tmp(), "restore")?;
        let sink = Compare::restoring(directory, part, &spare.path, Scope::Damaged);
        feed(&sink)?;
        restore(&sink.differences(), &spare.path, Scope::Damaged)
    }

    /// Shares the lock that keeps `prune` away.
    pub(super) fn lock_out_prune(&self) -> Result<Lock> {
        self.lock_with(CACHE_LOCK_ALL, lock::shared)
    }

    /// Takes the lock of a layer or an app.
    pub(super) fn lock(&self, name: &str) -> Result<Lock> {
        self.lock_with(name, |path, waiting| lock::own(path, &self.first_lock, waiting))
    }

    fn lock_with(
        &self,
        name: &str,
        take: impl Fn(&Path, &mut dyn FnMut(&str)) -> Result<Lock>,
    ) -> Result<Lock> {
        let path = self.root.lock(name);
        let take = || take(&path, &mut |holder| self.context.watch.waiting(holder));
        match take() {
            // Someone has removed the whole cache meanwhile.
            Err(_) if path.parent().is_some_and(is_gone) => {
                self.root.restore();
                take()
            }
            taken => taken,
        }
    }
}

/// The layers that a start needs: all, but for a carried C library where the host's is used.
pub(super) fn needed_layers(manifest: &Manifest, choice: Choice) -> impl Iterator<Item = &Layer> {
    let is_needed = move |layer: &&Layer| choice == Choice::Carried || layer.name != LAYER_LIBC;
    manifest.layers.iter().filter(is_needed)
}

/// A list with a layer in each item, in the order in which layers are locked.
pub(super) fn in_lock_order<'l, T>(list: Vec<T>, layer: impl Fn(&T) -> &'l Layer) -> Vec<T> {
    let keys: Vec<&[u8]> = list
        .iter()
        .map(|item| layer(item).directory().as_bytes())
        .collect();
    sorted(list, &keys)
}

/// Tells a directory from another one that took its name: device, inode, change time.
pub(super) type Fingerprint = (u64, u64, i64);

/// The fingerprint of a directory, when it exists.
pub(super) fn fingerprint(directory: &Path) -> Option<Fingerprint> {
    let found = fs::symlink_metadata(directory).ok()?;
    Some((found.dev(), found.ino(), found.ctime_nsec()))
}

/// Whether a path is a directory, and no link to one.
pub(super) fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn is_gone(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
