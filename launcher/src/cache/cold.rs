//! The cold start: whatever of the file's layers and of the app's directory is missing is made and published.

use std::cell::Cell;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::exposure::is_exposed;
use super::room::Room;
use super::roots::{self, Candidate, Root, Standing};
use super::tmp::{self, TmpDir};
use super::warm::Look;
use super::{Ready, app_dir, app_key, index, lock, prune, sentinels, warm};
use crate::error::{Error, Kind, Result};
use crate::format::manifest::{Layer, Manifest};
use crate::format::names::{
    APP_RECORD, APP_RECORD_HIDDEN, CACHE_APPS, CACHE_LAYERS, CACHE_LOCK_ALL, CACHE_LOCKS, CACHE_TMP,
    CACHE_VERSION, ENV_CACHE_DIR, LAYER_APP, LAYER_LIBC, LAYER_RUNTIME,
};
use crate::libc_choice::{self, Host};
use crate::limits;
use crate::payload::Payload;
use crate::unpack::{self, Progress, Sink, Write};

/// How often a start begins anew when what it had found was removed.
const TRIES: u32 = 4;

/// How a cold start tells what it does; all on standard error, and only when that is a terminal.
pub trait Watch: Sync {
    /// Another start holds a lock.
    fn waiting(&self);
    /// Unpacking begins: `total` bytes; runs `work` and returns when it does.
    fn unpacking(&self, total: u64, progress: &Progress, work: &mut (dyn FnMut() + Send));
}

/// What a cold start works with.
pub struct Context<'a> {
    /// The file.
    pub payload: &'a Payload,
    /// The system.
    pub host: &'a Host,
    /// Read-only caches.
    pub stores: &'a [Candidate],
    /// Our effective user.
    pub uid: u32,
    /// Who is told.
    pub watch: &'a dyn Watch,
}

/// Makes the app ready in the first candidate that can take it.
///
/// # Errors
/// When the file is damaged, its interpreter can't be started on this system, or no candidate can be used.
pub fn make(context: &Context<'_>, candidates: &[Candidate]) -> Result<Ready> {
    let manifest = context.payload.manifest()?;
    for name in [LAYER_RUNTIME, LAYER_APP] {
        if manifest.layer(name).is_none() {
            return Err(Error::damaged(format_args!("it has no layer `{name}`")));
        }
    }
    let choice = libc_choice::decide(&manifest.libc, context.host)?;
    let stores: Vec<Root> = context
        .stores
        .iter()
        .filter_map(|store| roots::open_existing(store, context.uid).ok())
        // Its layers could be read, but no program in them run.
        .filter(|store| !roots::is_noexec(store))
        .collect();
    let mut refusals = Vec::new();
    let (exposed, safe): (Vec<_>, Vec<_>) = candidates
        .iter()
        .partition(|candidate| is_exposed(candidate, context.uid));
    for candidate in safe.into_iter().chain(exposed) {
        let refusal = match roots::prepare(candidate, context.uid) {
            Ok(root) => {
                let cold = Cold {
                    context,
                    manifest: &manifest,
                    choice,
                    stores: &stores,
                    root: &root,
                    published: Cell::new(false),
                };
                match cold.run_and_prune() {
                    Err(error) if error.kind == Kind::Storage => error.message,
                    Err(error) if error.kind == Kind::Full => {
                        format!("{} ({})", error.message, cold.room())
                    }
                    done => return done,
                }
            }
            Err(reason) => reason,
        };
        if candidate.standing == Standing::Explicit {
            let message = format!(
                "failed to use the cache `{}`: {refusal}",
                candidate.path.display()
            );
            let hint = format!("${ENV_CACHE_DIR} names it: name another directory, or unset it");
            return Err(Error::new(Kind::Storage, message).hint(hint));
        }
        refusals.push(format!("`{}`: {refusal}", candidate.path.display()));
    }
    let message = format!("failed to find a place to unpack to: {}", refusals.join("; "));
    Err(Error::new(Kind::Storage, message).hint(format!(
        "set {ENV_CACHE_DIR} to a directory that can be written to"
    )))
}

/// A layer that has to be unpacked.
struct Missing<'a> {
    layer: &'a Layer,
    target: PathBuf,
    /// The decayed one that lies there.
    there: Option<Identity>,
}

/// A cold start in one root.
pub(super) struct Cold<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) manifest: &'a Manifest,
    pub(super) choice: libc_choice::Choice,
    pub(super) stores: &'a [Root],
    pub(super) root: &'a Root,
    /// Whether anything was made.
    pub(super) published: Cell<bool>,
}

impl Cold<'_> {
    /// Whoever adds to a cache also removes from it what nobody uses any more.
    fn run_and_prune(&self) -> Result<Ready> {
        let ready = self.run()?;
        if self.published.get() {
            prune::automatically(&self.root.path);
        }
        Ok(ready)
    }

    fn run(&self) -> Result<Ready> {
        let _all = self.share()?;
        tmp::sweep(&self.tmp());
        let key = self.key();
        let directory = self.in_version(CACHE_APPS).join(&key);
        let mut tries = TRIES;
        loop {
            let layers = self.layers()?;
            let done = self.app(&key, &directory, &layers);
            tries -= 1;
            let vanished = || layers.iter().any(|(_, path)| !path.is_dir());
            match done {
                // Without locks a `prune` may have come between.
                Err(error) if error.kind == Kind::Storage && tries > 0 && vanished() => {}
                done => return done,
            }
        }
    }

    /// The app's directory, found or made.
    fn app(&self, key: &str, directory: &Path, layers: &[(&str, PathBuf)]) -> Result<Ready> {
        let Context { payload, host, .. } = self.context;
        // One that is there already is what the warm start did not want; one that appears meanwhile is fresh.
        let look = if directory.symlink_metadata().is_ok() {
            Look::Shape
        } else {
            Look::Sentinels
        };
        let _lock = self.lock(key)?;
        // A `prune` that was killed may have left the record out of sight.
        let (hidden, record) = (directory.join(APP_RECORD_HIDDEN), directory.join(APP_RECORD));
        if hidden.exists() && !record.exists() {
            std::fs::rename(hidden, record).unwrap_or_default();
        }
        let there = identity(directory);
        if let Some(ready) = warm::in_root(&payload.trailer, host, self.root, look) {
            return Ok(ready);
        }
        self.discard(directory, there)?;
        let made = TmpDir::create(&self.tmp(), key)?;
        let plan = self.plan(directory, layers)?;
        let sink = Write::indexed(made.directory()?, &made.path);
        plan.feed(&sink)?;
        sink.finish()?;
        made.publish(directory)?;
        self.published.set(true);
        warm::in_directory(directory, Look::Sentinels).ok_or_else(|| {
            Error::path(
                Kind::Storage,
                "read back",
                directory,
                "what was written is not there",
            )
        })
    }

    /// What the app's directory holds.
    pub(super) fn plan(&self, directory: &Path, layers: &[(&str, PathBuf)]) -> Result<app_dir::Plan> {
        app_dir::Plan::of(app_dir::Parts {
            manifest: self.manifest,
            choice: self.choice,
            directory,
            launcher: self.context.payload.launcher(self.manifest)?,
            layers: &|name| Some(layers.iter().find(|(known, _)| *known == name)?.1.clone()),
        })
    }

    /// The layers that a start needs.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &Layer> {
        wanted(self.manifest, self.choice)
    }

    /// Unpacks and publishes every wanted layer that is missing or has decayed; says where each lies.
    pub(super) fn layers(&self) -> Result<Vec<(&str, PathBuf)>> {
        let mut places = Vec::new();
        let mut missing = Vec::new();
        for layer in self.wanted() {
            match self.whole(layer, None) {
                Some(path) => places.push((layer.name.as_str(), path)),
                None => missing.push((layer, identity(&self.target(layer)))),
            }
        }
        if missing.is_empty() {
            return Ok(places);
        }
        let in_order = in_lock_order(missing.iter().map(|(layer, _)| *layer).collect());
        for some in in_order.chunks(limits::layers_max().min(in_order.len())) {
            let of_these = |one: &&(&Layer, _)| some.iter().any(|layer| std::ptr::eq(*layer, one.0));
            let some: Vec<_> = missing.iter().filter(of_these).copied().collect();
            self.unpack_missing(&some, &mut places)?;
        }
        Ok(places)
    }

    /// Unpacks layers that were missing when `old` lay in their places, and adds where they lie now.
    fn unpack_missing<'m>(
        &self,
        missing: &[(&'m Layer, Option<Identity>)],
        places: &mut Vec<(&'m str, PathBuf)>,
    ) -> Result<()> {
        let mut locks = Vec::new();
        for layer in in_lock_order(missing.iter().map(|(layer, _)| *layer).collect()) {
            locks.push(self.lock(layer.directory())?);
        }
        let mut still = Vec::new();
        for (layer, old) in missing {
            let target = self.target(layer);
            // What lies there is looked at before it is judged: see `discard`.
            let there = identity(&target);
            match self.whole(layer, Some(*old)) {
                Some(path) => places.push((&layer.name, path)),
                None => still.push(Missing { layer, target, there }),
            }
        }
        if still.is_empty() {
            return Ok(());
        }
        for one in &still {
            self.discard(&one.target, one.there)?;
        }
        self.check_room(still.iter().map(|one| one.layer))?;
        let mut made = Vec::new();
        for Missing { layer, target, .. } in still {
            let directory = TmpDir::create(&self.tmp(), layer.directory())?;
            let sink = Write::indexed(directory.directory()?, &directory.path);
            made.push((layer, directory, sink, target));
        }
        self.unpack(&made)?;
        // All before the first rename: a place that can't hold the one need not keep the others, and of a file that
        // turns out to be hostile nothing is published, also not the layers that are sound.
        let mut finished = Vec::new();
        for (layer, directory, sink, target) in made {
            sink.finish()?;
            finished.push((layer, directory, target));
        }
        for (layer, directory, target) in finished {
            directory.publish(&target)?;
            self.published.set(true);
            places.push((&layer.name, target));
        }
        Ok(())
    }

    fn unpack(&self, made: &[(&Layer, TmpDir, Write, PathBuf)]) -> Result<()> {
        let progress = Progress::default();
        let layers: Vec<(&Layer, &dyn Sink)> = made
            .iter()
            .map(|(layer, _, sink, _)| (*layer, sink as &dyn Sink))
            .collect();
        let total = layers
            .iter()
            .flat_map(|(layer, _)| &layer.frames)
            .map(|frame| frame.raw)
            .sum();
        let mut outcome = Ok(());
        self.context.watch.unpacking(total, &progress, &mut || {
            outcome = unpack::run(self.context.payload, &layers, &progress);
        });
        outcome
    }

    fn check_room<'l>(&self, layers: impl Iterator<Item = &'l Layer>) -> Result<()> {
        let (needed, free) = (Room::needed(layers), Room::free(self.root));
        if !free.lacks(&needed) {
            return Ok(());
        }
        let (path, sentence) = (self.root.path.display(), free.sentence(&needed));
        Err(Error::new(
            Kind::Storage,
            format!("not enough room in `{path}`: {sentence}"),
        ))
    }

    /// What is needed now and what is free, for a message.
    fn room(&self) -> String {
        let missing = self.wanted().filter(|layer| self.whole(layer, None).is_none());
        Room::free(self.root).sentence(&Room::needed(missing))
    }

    /// Takes out of use what was found to be decayed, if it is still that: where there are no locks another start
    /// may have put a whole one in its place, or the first one at all, and may be running it.
    fn discard(&self, directory: &Path, judged: Option<Identity>) -> Result<()> {
        match judged {
            Some(_) if identity(directory) == judged => tmp::discard(&self.tmp(), directory),
            _ => Ok(()),
        }
    }

    /// Where a layer lies whole: in a store, else in the root. Every member is looked at; but what took the
    /// place of `old` while we waited for its lock has just been unpacked, and its sentinels tell enough.
    fn whole(&self, layer: &Layer, old: Option<Option<Identity>>) -> Option<PathBuf> {
        let sentinels = sentinels(&layer.name, self.manifest);
        self.stores.iter().chain([self.root]).find_map(|root| {
            let directory = layer_in(root, layer);
            // In a store nobody unpacks.
            let ours = std::ptr::eq(root, self.root);
            let fresh = ours && old.is_some_and(|old| old != identity(&directory));
            let whole = sentinels.iter().all(|path| directory.join(path).exists())
                && (fresh || index::is_whole(&directory));
            whole.then_some(directory)
        })
    }

    pub(super) fn key(&self) -> String {
        app_key(
            &self.context.payload.trailer,
            self.root.path.as_os_str().as_bytes(),
            self.context.host,
        )
    }

    /// Keeps `prune` away.
    pub(super) fn share(&self) -> Result<lock::Lock> {
        self.lock_with(CACHE_LOCK_ALL, lock::share)
    }

    pub(super) fn target(&self, layer: &Layer) -> PathBuf {
        layer_in(self.root, layer)
    }

    pub(super) fn lock(&self, name: &str) -> Result<lock::Lock> {
        self.lock_with(name, lock::take)
    }

    fn lock_with(
        &self,
        name: &str,
        how: impl Fn(&Path, &mut dyn FnMut()) -> Result<lock::Lock>,
    ) -> Result<lock::Lock> {
        let path = self.in_version(CACHE_LOCKS).join(name);
        let take = || how(&path, &mut || self.context.watch.waiting());
        match take() {
            // Someone removed the whole cache under our feet: put the directories back, once.
            Err(_) if path.parent().is_some_and(is_gone) => {
                for part in [CACHE_LAYERS, CACHE_APPS, CACHE_LOCKS, CACHE_TMP] {
                    std::fs::create_dir_all(self.in_version(part)).unwrap_or_default();
                }
                take()
            }
            taken => taken,
        }
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.in_version(CACHE_TMP)
    }

    pub(super) fn in_version(&self, part: &str) -> PathBuf {
        self.root.path.join(CACHE_VERSION).join(part)
    }
}

/// The layers that a start needs: not a carried C library where the host's is used.
pub(super) fn wanted(manifest: &Manifest, choice: libc_choice::Choice) -> impl Iterator<Item = &Layer> {
    let carried = choice == libc_choice::Choice::Carried;
    let is_wanted = move |layer: &&Layer| carried || layer.name != LAYER_LIBC;
    manifest.layers.iter().filter(is_wanted)
}

/// Layers in the order in which everyone takes their locks.
pub(super) fn in_lock_order(layers: Vec<&Layer>) -> Vec<&Layer> {
    let keys: Vec<&[u8]> = layers.iter().map(|layer| layer.directory().as_bytes()).collect();
    crate::sort::sorted(layers.clone(), &keys)
}

fn layer_in(root: &Root, layer: &Layer) -> PathBuf {
    let layers = root.path.join(CACHE_VERSION).join(CACHE_LAYERS);
    layers.join(layer.directory())
}

/// What tells a directory from another one that took its name.
type Identity = (u64, u64, i64);

fn identity(directory: &Path) -> Option<Identity> {
    let found = directory.symlink_metadata().ok()?;
    Some((found.dev(), found.ino(), found.ctime_nsec()))
}

fn is_gone(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
