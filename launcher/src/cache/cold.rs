//! The cold start: creates and publishes what is missing of the file's layers and of the app's directory.

use std::fs;
use std::path::Path;

use super::candidates::{Candidate, Origin};
use super::context::Context;
use super::differences::Part;
use super::exposure::is_exposed;
use super::install::{Install, LayerPaths, is_directory};
use super::ready::Ready;
use super::root::Root;
use super::tmp::{self, TmpDir};
use super::warm::{self, Look};
use super::{layers, prune};
use crate::error::{Error, Kind, Result};
use crate::format::manifest::Manifest;
use crate::format::names::{APP_RECORD, APP_RECORD_HIDDEN, ENV_CACHE_DIR, LAYER_APP, LAYER_RUNTIME};
use crate::libc_choice;
use crate::unpack::Write;

/// How often a start tries again when layers that it had found were removed.
const TRIES: u32 = 4;

/// Makes the app ready in the first candidate that can be used.
///
/// # Errors
/// When the file is damaged, its interpreter can't run on this system, or no candidate can be used.
pub fn make(context: &Context<'_>) -> Result<Ready> {
    let manifest = context.payload.manifest()?;
    for name in [LAYER_RUNTIME, LAYER_APP] {
        if manifest.layer(name).is_none() {
            return Err(Error::damaged(format_args!("it has no layer `{name}`")));
        }
    }
    let choice = libc_choice::decide(&manifest.libc, &context.host)?;
    let mut stores = context.open_stores();
    // Its layers could be read, but no program in them run.
    stores.retain(|store| store.refusal_of_mount().is_none());
    let mut refusals = Vec::new();
    let can_be_replaced = |candidate: &&Candidate| {
        candidate.origin.is_checked() && is_exposed(&candidate.path, context.uid) == Ok(true)
    };
    let (exposed, safe): (Vec<_>, Vec<_>) = context.candidates.iter().partition(can_be_replaced);
    for candidate in safe.into_iter().chain(exposed) {
        let refusal = match Root::prepare(candidate, context.uid) {
            Err(reason) => reason,
            Ok(root) => {
                let install = Install::new(context, &manifest, choice, &stores, &root);
                match make_and_prune(&install) {
                    Err(error) if error.kind == Kind::Storage => error.message,
                    Err(error) if error.kind == Kind::Full => {
                        format!("{} ({})", error.message, layers::room(&install))
                    }
                    done => return done,
                }
            }
        };
        if candidate.origin == Origin::Explicit {
            let refusal = format!("{refusal}{}", of_stores(context, &manifest));
            return Err(explicit_failed(candidate, &refusal));
        }
        refusals.push(format!("`{}`: {refusal}", candidate.path.display()));
    }
    let message = format!(
        "failed to unpack: no usable cache directory: {}{}",
        refusals.join("; "),
        of_stores(context, &manifest)
    );
    let hint = format!("set {ENV_CACHE_DIR} to a directory that can be written to");
    Err(Error::new(Kind::Storage, message).hint(hint))
}

/// Why each of the user's stores doesn't serve the file, as the end of a sentence.
fn of_stores(context: &Context<'_>, manifest: &Manifest) -> String {
    let reason = |store: &Candidate| match Root::open(store, context.uid) {
        Err(reason) => reason,
        Ok(root) if root.refusal_of_mount().is_some() => {
            root.refusal_of_mount().unwrap_or_default().to_owned()
        }
        Ok(root) if manifest.layers.iter().any(|layer| root.layer(layer).is_dir()) => {
            "it was filled at another path or on another system".to_owned()
        }
        Ok(_) => "it does not contain this file".to_owned(),
    };
    let line = |store: &Candidate| format!("; the store `{}`: {}", store.path.display(), reason(store));
    context.stores.iter().map(line).collect()
}

fn explicit_failed(candidate: &Candidate, refusal: &str) -> Error {
    let path = candidate.path.display();
    Error::new(
        Kind::Storage,
        format!("failed to use the cache `{path}`: {refusal}"),
    )
    .hint(format!(
        "set {ENV_CACHE_DIR} to another directory, or unset it to use the default"
    ))
}

/// Whoever adds to a cache also removes from it what has not been used for long.
fn make_and_prune(install: &Install<'_>) -> Result<Ready> {
    let ready = make_in(install)?;
    if install.published.get() {
        prune::automatically(install.root);
    }
    Ok(ready)
}

fn make_in(install: &Install<'_>) -> Result<Ready> {
    install.require_closed()?;
    let _all = install.lock_out_prune()?;
    tmp::sweep(install.root);
    let key = install.key();
    let mut tries = TRIES;
    loop {
        let layers = layers::provide(install)?;
        let done = make_app(install, &key, &layers);
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
fn make_app(install: &Install<'_>, key: &str, layers: &LayerPaths<'_>) -> Result<Ready> {
    let root = install.root;
    let directory = root.app(key);
    // The warm start has rejected one that exists already; one that appears while we wait is fresh.
    let look = if directory.symlink_metadata().is_ok() {
        Look::Shape
    } else {
        Look::Sentinels
    };
    let _lock = install.lock(key)?;
    restore_record(&directory);
    if let Some(ready) = warm::in_root(root, key, look) {
        return Ok(ready);
    }
    let plan = install.plan(&directory, layers)?;
    let look = if is_directory(&directory) {
        install.restore(&directory, Part::App, &|sink| plan.feed(sink))?;
        Look::Restored
    } else {
        install.clear(&directory)?;
        let made = TmpDir::for_target(&root.tmp(), &directory)?;
        let sink = Write::indexed(made.directory()?, &made.path);
        plan.feed(&sink)?;
        sink.finish()?;
        made.publish(&directory)?;
        install.published.set(true);
        Look::Sentinels
    };
    warm::in_directory(&directory, look).ok_or_else(|| {
        Error::path(
            Kind::Storage,
            "read back",
            &directory,
            "what a start needs was changed",
        )
        .hint("run with PYSHIP=repair and the argument --reset to restore what was changed")
    })
}

/// Makes the record visible again that a killed `prune` has hidden. Failure costs a needless unpacking.
fn restore_record(directory: &Path) {
    let (hidden, record) = (directory.join(APP_RECORD_HIDDEN), directory.join(APP_RECORD));
    if hidden.exists() && !record.exists() {
        fs::rename(hidden, record).unwrap_or_default();
    }
}
