//! What of a cache differs from the packed file, byte by byte, and how that is put right.
//!
//! A layer is mended member by member, in its place: a program that runs from it keeps what it has open, and
//! everything that is the same stays. Only what can't be mended so is taken away and unpacked anew.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::cold::{Cold, Context, in_lock_order, wanted};
use super::roots::{self, Candidate, Root, Standing};
use super::tmp::{self, TmpDir};
use super::warm::{self, Look};
use super::{app_key, lock};
use crate::error::{Error, Kind, Result};
use crate::format::manifest::Layer;
use crate::format::names::{CACHE_APPS, CACHE_LAYERS, CACHE_VERSION};
use crate::libc_choice;
use crate::unpack::{self, Check, Compare, Progress, Sink};
use std::os::unix::ffi::OsStrExt;

/// After so many attempts to mend a directory in its place it is made anew.
const PASSES: u32 = 3;

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What differs, a line each.
    pub differing: Vec<String>,
    /// Directories that were looked at.
    pub seen: usize,
}

/// Compares whatever any of the candidates holds of the file, and checks every frame in any case.
///
/// # Errors
/// When the file is damaged.
pub fn verify(context: &Context<'_>, candidates: &[Candidate]) -> Result<Findings> {
    let manifest = context.payload.manifest()?;
    context.payload.launcher(&manifest)?;
    let choice = libc_choice::decide(&manifest.libc, context.host).ok();
    let open = |list: &[Candidate]| -> Vec<Root> {
        list.iter()
            .filter_map(|one| roots::open_existing(one, context.uid).ok())
            .collect()
    };
    let (stores, ladder) = (open(context.stores), open(candidates));
    let all = || stores.iter().chain(&ladder);
    let mut findings = Findings::default();
    let mut places: Vec<(&str, PathBuf)> = Vec::new();
    for layer in &manifest.layers {
        let found: Vec<PathBuf> = all()
            .map(|root| layer_in(root, layer))
            .filter(|path| path.symlink_metadata().is_ok())
            .collect();
        if found.is_empty() {
            // Nothing to compare with: its frames are checked all the same.
            compare(context, layer, &Check::default())?;
        }
        for path in found {
            let sink = Compare::new(&path);
            compare(context, layer, &sink)?;
            findings.differing.extend(sink.differing());
            findings.seen += 1;
            places.push((&layer.name, path));
        }
    }
    for root in all() {
        let key = app_key(
            &context.payload.trailer,
            root.path.as_os_str().as_bytes(),
            context.host,
        );
        let directory = root.path.join(CACHE_VERSION).join(CACHE_APPS).join(key);
        if directory.symlink_metadata().is_err() {
            continue;
        }
        findings.seen += 1;
        let said = warm::in_directory(&directory, Look::Record).map(|ready| ready.record.layers);
        // Where nothing can be started, nothing is missing either.
        let wanted: Vec<&Layer> = choice
            .iter()
            .flat_map(|choice| wanted(&manifest, *choice))
            .collect();
        let layers = used(&wanted, &places, &said.unwrap_or_default());
        for layer in &wanted {
            if !layers.iter().any(|(name, _)| *name == layer.name) {
                let missing = layer_in(root, layer);
                findings
                    .differing
                    .push(format!("`{}` is missing", missing.display()));
            }
        }
        let Some(choice) = choice.filter(|_| layers.len() == wanted.len()) else {
            continue;
        };
        let cold = Cold {
            context,
            manifest: &manifest,
            choice,
            stores: &stores,
            root,
            published: Cell::new(false),
        };
        if let Ok(plan) = cold.plan(&directory, &layers) {
            let sink = Compare::new(&directory);
            plan.feed(&sink)?;
            findings.differing.extend(sink.differing());
        }
    }
    Ok(findings)
}

/// Mends whatever any of the candidates holds of the file; stores are left alone.
///
/// # Errors
/// When the file is damaged, or a cache can't be written to.
pub fn repair(context: &Context<'_>, candidates: &[Candidate]) -> Result<Findings> {
    let manifest = context.payload.manifest()?;
    context.payload.launcher(&manifest)?;
    let choice = libc_choice::decide(&manifest.libc, context.host)?;
    let stores: Vec<Root> = context
        .stores
        .iter()
        .filter_map(|store| roots::open_existing(store, context.uid).ok())
        .collect();
    let mut findings = Findings::default();
    for candidate in candidates {
        let there = roots::open_existing(candidate, context.uid).is_ok_and(|root| {
            let version = root.path.join(CACHE_VERSION);
            version.symlink_metadata().is_ok()
        });
        if !there && candidate.standing != Standing::Explicit {
            continue;
        }
        let root = roots::prepare(candidate, context.uid)
            .map_err(|reason| Error::path(Kind::Storage, "repair the cache", &candidate.path, reason))?;
        let cold = Cold {
            context,
            manifest: &manifest,
            choice,
            stores: &stores,
            root: &root,
            published: Cell::new(false),
        };
        in_root(&cold, &mut findings)?;
    }
    Ok(findings)
}

fn in_root(cold: &Cold<'_>, findings: &mut Findings) -> Result<()> {
    let _all = cold.share()?;
    tmp::sweep(&cold.tmp());
    let key = cold.key();
    let directory = cold.in_version(CACHE_APPS).join(&key);
    let app_is_there = directory.symlink_metadata().is_ok();
    {
        let layers = in_lock_order(cold.manifest.layers.iter().collect());
        let _locks: Vec<lock::Lock> = layers
            .iter()
            .map(|layer| cold.lock(layer.directory()))
            .collect::<Result<_>>()?;
        for layer in layers {
            let target = cold.target(layer);
            if target.symlink_metadata().is_ok() {
                findings.seen += 1;
                let feed = |sink: &dyn Sink| {
                    unpack::run(cold.context.payload, &[(layer, sink)], &Progress::default())
                };
                mend(&cold.tmp(), &target, &feed, &mut findings.differing)?;
            }
        }
    }
    if !app_is_there {
        return Ok(());
    }
    findings.seen += 1;
    let missing: Vec<PathBuf> = cold
        .wanted()
        .map(|layer| cold.target(layer))
        .filter(|target| target.symlink_metadata().is_err())
        .collect();
    let layers = cold.layers()?;
    for target in missing.iter().filter(|target| target.is_dir()) {
        findings
            .differing
            .push(format!("`{}` is missing", target.display()));
    }
    let _lock = cold.lock(&key)?;
    let plan = cold.plan(&directory, &layers)?;
    mend(
        &cold.tmp(),
        &directory,
        &|sink| plan.feed(sink),
        &mut findings.differing,
    )
}

/// Mends one directory with what `feed` hands to a sink; gives up on it, and takes it out of use, when that
/// does not bear fruit.
fn mend(
    tmp: &Path,
    directory: &Path,
    feed: &dyn Fn(&dyn Sink) -> Result<()>,
    differing: &mut Vec<String>,
) -> Result<()> {
    if directory.is_dir() && !directory.is_symlink() {
        for _ in 0..PASSES {
            let spare = TmpDir::create(tmp, "mend")?;
            let sink = Compare::mending(directory, &spare.path);
            feed(&sink)?;
            let mended = sink.mend()?;
            if mended.is_empty() {
                return Ok(());
            }
            differing.extend(mended);
        }
    }
    differing.push(format!(
        "`{}` could not be mended in its place",
        directory.display()
    ));
    tmp::discard(tmp, directory)
}

fn compare(context: &Context<'_>, layer: &Layer, sink: &dyn Sink) -> Result<()> {
    unpack::run(context.payload, &[(layer, sink)], &Progress::default())
}

/// Where the layers lie that an app's record names; where it names none, the first place that there is.
fn used<'a>(wanted: &[&'a Layer], places: &[(&str, PathBuf)], said: &[Vec<u8>]) -> Vec<(&'a str, PathBuf)> {
    let place = |layer: &&'a Layer| {
        let of_layer = || places.iter().filter(|(name, _)| *name == layer.name);
        let (_, path) = of_layer()
            .find(|(_, path)| said.iter().any(|said| said == path.as_os_str().as_bytes()))
            .or_else(|| of_layer().next())?;
        Some((layer.name.as_str(), path.clone()))
    };
    wanted.iter().filter_map(place).collect()
}

fn layer_in(root: &Root, layer: &Layer) -> PathBuf {
    let layers = root.path.join(CACHE_VERSION).join(CACHE_LAYERS);
    layers.join(layer.directory())
}
