//! The cold start: whatever of the file's layers and of the app's directory is missing is made and published.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::room::Room;
use super::roots::{self, Candidate, Root, Standing};
use super::tmp::{self, TmpDir};
use super::{Ready, app_dir, app_key, lock, sentinels, warm};
use crate::error::{Error, Kind, Result};
use crate::libc_choice::{self, Host};
use crate::limits;
use crate::manifest::{Layer, Manifest};
use crate::names::{CACHE_APPS, CACHE_LAYERS, CACHE_LOCKS, CACHE_TMP, CACHE_VERSION, ENV_CACHE_DIR};
use crate::payload::Payload;
use crate::unpack::{self, Progress, Sink, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

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
    let choice = libc_choice::decide(&manifest.libc, context.host)?;
    let stores: Vec<Root> = context
        .stores
        .iter()
        .filter_map(|store| roots::open_existing(store, context.uid).ok())
        // Its layers could be read, but no program in them run.
        .filter(|store| !roots::is_noexec(store))
        .collect();
    let mut refusals = Vec::new();
    for candidate in candidates {
        let refusal = match roots::prepare(candidate, context.uid) {
            Ok(root) => {
                let cold = Cold {
                    context,
                    manifest: &manifest,
                    choice,
                    stores: &stores,
                    root: &root,
                };
                match cold.run() {
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

/// Device and inode of what a path names.
type Identity = (u64, u64);

/// A layer that has to be unpacked.
struct Missing<'a> {
    layer: &'a Layer,
    target: PathBuf,
    /// The decayed one that lies there.
    there: Option<Identity>,
}

struct Cold<'a> {
    context: &'a Context<'a>,
    manifest: &'a Manifest,
    choice: libc_choice::Choice,
    stores: &'a [Root],
    root: &'a Root,
}

impl Cold<'_> {
    fn run(&self) -> Result<Ready> {
        tmp::sweep(&self.tmp());
        self.layers()?;
        let key = app_key(
            &self.context.payload.trailer,
            self.root.path.as_os_str().as_bytes(),
            self.context.host,
        );
        let directory = self.in_version(CACHE_APPS).join(&key);
        let _lock = self.lock(&key)?;
        let there = identity(&directory);
        if let Some(ready) = warm::in_root(&self.context.payload.trailer, self.context.host, self.root) {
            return Ok(ready);
        }
        self.discard(&directory, there)?;
        let made = TmpDir::create(&self.tmp(), &key)?;
        let parts = app_dir::Parts {
            manifest: self.manifest,
            choice: self.choice,
            directory: &directory,
            launcher: &self.context.payload.launcher(self.manifest)?,
            layers: &|name| self.layer_directory(name),
        };
        app_dir::write(&parts, &made.path)?;
        made.publish(&directory)?;
        warm::in_directory(&directory).ok_or_else(|| {
            Error::path(
                Kind::Storage,
                "read back",
                &directory,
                "what was written is not there",
            )
        })
    }

    /// Unpacks and publishes every layer that is missing or has decayed.
    fn layers(&self) -> Result<()> {
        let mut missing: Vec<&Layer> = self
            .manifest
            .layers
            .iter()
            .filter(|layer| self.layer_directory(&layer.name).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_by_key(|layer| layer.directory());
        for some in missing.chunks(limits::layers_max().min(missing.len())) {
            self.unpack_layers(some)?;
        }
        Ok(())
    }

    fn unpack_layers(&self, missing: &[&Layer]) -> Result<()> {
        let mut locks = Vec::new();
        for layer in missing {
            locks.push(self.lock(layer.directory())?);
        }
        // What lies there is looked at before it is judged: see `discard`.
        let still: Vec<Missing<'_>> = missing
            .iter()
            .map(|layer| {
                let target = self.in_version(CACHE_LAYERS).join(layer.directory());
                let there = identity(&target);
                Missing { layer, target, there }
            })
            .filter(|one| self.layer_directory(&one.layer.name).is_none())
            .collect();
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
            let sink = Write::new(directory.directory()?, &directory.path);
            made.push((layer, directory, sink, target));
        }
        self.unpack(&made)?;
        // All before the first rename: a place that can't hold the one need not keep the others.
        let mut finished = Vec::new();
        for (_, directory, sink, target) in made {
            sink.finish()?;
            finished.push((directory, target));
        }
        for (directory, target) in finished {
            directory.publish(&target)?;
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
        let layers = self.manifest.layers.iter();
        let missing = layers.filter(|layer| self.layer_directory(&layer.name).is_none());
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

    /// Where a layer lies whole: in a store, else in the root.
    fn layer_directory(&self, name: &str) -> Option<PathBuf> {
        let layer = self.manifest.layer(name)?;
        let sentinels = sentinels(name, self.manifest);
        self.stores.iter().chain([self.root]).find_map(|root| {
            let directory = root
                .path
                .join(CACHE_VERSION)
                .join(CACHE_LAYERS)
                .join(layer.directory());
            let there = directory.is_dir() && sentinels.iter().all(|path| directory.join(path).exists());
            there.then_some(directory)
        })
    }

    fn lock(&self, name: &str) -> Result<lock::Lock> {
        let path = self.in_version(CACHE_LOCKS).join(name);
        let take = || lock::take(&path, &mut || self.context.watch.waiting());
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

    fn tmp(&self) -> PathBuf {
        self.in_version(CACHE_TMP)
    }

    fn in_version(&self, part: &str) -> PathBuf {
        self.root.path.join(CACHE_VERSION).join(part)
    }
}

fn identity(path: &Path) -> Option<Identity> {
    let found = path.symlink_metadata().ok()?;
    Some((found.dev(), found.ino()))
}

fn is_gone(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
}
