//! Unpacking the layers that a cache lacks, and restoring those that have decayed.

use std::path::{Path, PathBuf};

use super::differences::Part;
use super::install::{Fingerprint, Install, LayerPaths, fingerprint, in_lock_order, is_directory};
use super::lock::Lock;
use super::room::Room;
use super::tmp::TmpDir;
use crate::error::{Error, Kind, Result};
use crate::format::manifest::Layer;
use crate::limits;
use crate::unpack::{self, Progress, Sink, Write};

/// Unpacks and publishes every needed layer that is missing, and restores what has decayed; returns the directories of all of them.
///
/// # Errors
/// When the packed file is damaged or the root can't be written to.
pub(super) fn provide<'a>(install: &Install<'a>) -> Result<LayerPaths<'a>> {
    let mut paths = Vec::new();
    let mut missing = Vec::new();
    for layer in install.needed() {
        match install.find_layer(layer, None) {
            Some(path) => paths.push((layer.name.as_str(), path)),
            None => missing.push((layer, fingerprint(&install.root.layer(layer)))),
        }
    }
    let missing = in_lock_order(missing, |(layer, _)| layer);
    let at_once = limits::layers_max().min(missing.len()).max(1);
    let (mut unpacked, mut locks) = (Vec::new(), Vec::new());
    for some in missing.chunks(at_once) {
        // Where descriptors are few, only the lock of the layer that is being unpacked is held.
        locks.clear();
        unpack_missing(install, some, &mut locks, &mut unpacked, &mut paths)?;
    }
    // Only now: a root that can't hold one of them need not keep the others, and of a hostile file nothing is published,
    // not even its sound layers.
    for (layer, target, directory) in unpacked {
        directory.publish(&target)?;
        install.published.set(true);
        paths.push((&layer.name, target));
    }
    Ok(paths)
}

/// A layer that was unpacked, and where it belongs.
type Unpacked<'a> = (&'a Layer, PathBuf, TmpDir);

/// Unpacks layers, given in lock order with the fingerprints of what was in their places. Adds the paths of those that
/// are there by now.
fn unpack_missing<'a>(
    install: &Install<'a>,
    missing: &[(&'a Layer, Option<Fingerprint>)],
    locks: &mut Vec<Lock>,
    unpacked: &mut Vec<Unpacked<'a>>,
    paths: &mut LayerPaths<'a>,
) -> Result<()> {
    for (layer, _) in missing {
        locks.push(install.lock(layer.directory())?);
    }
    let mut still_missing = Vec::new();
    for &(layer, before) in missing {
        let target = install.root.layer(layer);
        match install.find_layer(layer, Some(before)) {
            Some(path) => paths.push((&layer.name, path)),
            None if is_directory(&target) && restore(install, layer, &target, locks)? => {
                paths.push((&layer.name, target));
            }
            None => still_missing.push(layer),
        }
    }
    if still_missing.is_empty() {
        return Ok(());
    }
    check_room(install, &still_missing)?;
    let mut unpacking = Vec::new();
    for layer in still_missing {
        let target = install.root.layer(layer);
        install.clear(&target)?;
        let directory = TmpDir::for_target(&install.root.tmp(), &target)?;
        let sink = Write::indexed(directory.directory()?, &directory.path);
        unpacking.push((sink, (layer, target, directory)));
    }
    let sinks: Vec<(&Layer, &dyn Sink)> = unpacking
        .iter()
        .map(|(sink, (layer, ..))| (*layer, sink as &dyn Sink))
        .collect();
    unpack(install, &sinks, locks)?;
    for (sink, one) in unpacking {
        sink.finish()?;
        unpacked.push(one);
    }
    Ok(())
}

/// Restores what has decayed of a layer; false when the layer was removed meanwhile, as `prune` may do without locks.
fn restore(install: &Install<'_>, layer: &Layer, target: &Path, locks: &[Lock]) -> Result<bool> {
    let restored = install.restore(target, Part::Layer, &|sink| {
        unpack(install, &[(layer, sink)], locks)
    });
    match restored {
        Err(_) if !is_directory(target) => Ok(false),
        restored => restored.map(|()| true),
    }
}

/// Unpacks under these locks; those who wait for them see that it goes on.
fn unpack(install: &Install<'_>, layers: &[(&Layer, &dyn Sink)], locks: &[Lock]) -> Result<()> {
    let tell = || locks.iter().for_each(Lock::touch);
    let progress = Progress::new(&tell);
    let total = layers
        .iter()
        .flat_map(|(layer, _)| &layer.frames)
        .map(|frame| frame.raw)
        .sum();
    let mut outcome = Ok(());
    install.context.watch.unpacking(total, &progress, &mut || {
        outcome = unpack::run(install.context.payload, layers, &progress);
    });
    outcome
}

fn check_room(install: &Install<'_>, missing: &[&Layer]) -> Result<()> {
    let needed = Room::needed(missing.iter().copied());
    let free = Room::free(&install.root.directory);
    if !free.lacks(&needed) {
        return Ok(());
    }
    let (path, sentence) = (install.root.path.display(), free.sentence(&needed));
    Err(Error::new(
        Kind::Storage,
        format!("not enough space in `{path}`: {sentence}"),
    ))
}

/// What is still needed and what is free, for the message about a full root.
pub(super) fn room(install: &Install<'_>) -> String {
    let missing = install
        .needed()
        .filter(|layer| install.find_layer(layer, None).is_none());
    Room::free(&install.root.directory).sentence(&Room::needed(missing))
}
