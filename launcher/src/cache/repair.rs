//! Comparing a cache with the packed file, byte by byte, and repairing it in its place.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::candidates::{Candidate, Origin};
use super::compare::{Compare, Scope};
use super::context::Context;
use super::differences::{Differences, Part};
use super::install::{Install, LayerPaths, in_lock_order, is_directory, needed_layers};
use super::key::app_key;
use super::layers;
use super::lock::Lock;
use super::restore::restore;
use super::root::Root;
use super::tmp::{self, TmpDir};
use super::warm::{self, Look};
use crate::error::{Error, Kind, Result};
use crate::format::manifest::{Layer, Manifest};
use crate::libc_choice::{self, Choice};
use crate::payload::Payload;
use crate::removal::remove_directory;
use crate::unpack::{self, Check, Progress, Sink};

/// How often a directory is repaired until it is as it should be: where there are no locks, others may disturb.
const PASSES: u32 = 4;

/// What was found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is damaged, a line each: missing, cut, or changed although it is not newer than what was unpacked.
    pub damaged: Vec<String>,
    /// Members that were changed since they were unpacked.
    pub changed: Vec<PathBuf>,
    /// What was added to directories of the cache.
    pub added: Vec<PathBuf>,
    /// Number of directories that were compared.
    pub compared: usize,
}

impl Findings {
    fn add(&mut self, differences: &Differences) {
        self.compared += 1;
        self.damaged.extend(differences.damaged());
        self.changed.extend(differences.changed());
        self.added.extend(differences.added());
    }

    fn missing(&mut self, directory: &Path) {
        self.damaged.push(format!("`{}` is missing", directory.display()));
    }
}

/// Checks every frame of the file, and compares it with what any of the stores and candidates holds of it.
///
/// # Errors
/// When the file is damaged.
pub fn verify(context: &Context<'_>) -> Result<Findings> {
    let manifest = context.payload.manifest()?;
    context.payload.launcher(&manifest)?;
    let choice = libc_choice::decide(&manifest.libc, &context.host).ok();
    let stores = context.open_stores();
    let caches = open_all(&context.candidates, context.uid);
    let roots: Vec<&Root> = stores.iter().chain(&caches).collect();
    let mut findings = Findings::default();
    let mut found = Vec::new();
    for layer in &manifest.layers {
        verify_layer(context.payload, layer, &roots, &mut found, &mut findings)?;
    }
    let is_private = manifest.layers.iter().any(|layer| layer.private);
    for root in roots.iter().filter(|root| !(is_private && root.is_foreign)) {
        verify_app(context, &manifest, choice, (&stores, root), &found, &mut findings)?;
    }
    Ok(findings)
}

fn open_all(candidates: &[Candidate], uid: u32) -> Vec<Root> {
    let open = |candidate| Root::open(candidate, uid).ok();
    candidates.iter().filter_map(open).collect()
}

fn verify_layer<'a>(
    payload: &Payload,
    layer: &'a Layer,
    roots: &[&Root],
    found: &mut LayerPaths<'a>,
    findings: &mut Findings,
) -> Result<()> {
    let readable = roots.iter().filter(|root| !(layer.private && root.is_foreign));
    let directories = readable.map(|root| root.layer(layer));
    let directories: Vec<PathBuf> = directories
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    if directories.is_empty() {
        // There is nothing to compare with, but the frames are checked all the same.
        feed(payload, layer, &Check::default())?;
    }
    for directory in directories {
        let sink = Compare::new(&directory, Part::Layer);
        feed(payload, layer, &sink)?;
        findings.add(&sink.differences());
        found.push((&layer.name, directory));
    }
    Ok(())
}

fn verify_app(
    context: &Context<'_>,
    manifest: &Manifest,
    choice: Option<Choice>,
    (stores, root): (&[Root], &Root),
    found: &LayerPaths<'_>,
    findings: &mut Findings,
) -> Result<()> {
    let key = app_key(&context.payload.trailer, root, &context.host);
    let directory = root.app(&key);
    if directory.symlink_metadata().is_err() {
        return Ok(());
    }
    // On a system that can't start the interpreter no layer is needed.
    let Some(choice) = choice else {
        findings.compared += 1;
        return Ok(());
    };
    let recorded = warm::in_directory(&directory, Look::Record).map(|ready| ready.record.layers);
    let needed: Vec<&Layer> = needed_layers(manifest, choice).collect();
    let layers = used(&needed, found, &recorded.unwrap_or_default());
    for layer in &needed {
        if !layers.iter().any(|(name, _)| *name == layer.name) {
            findings.missing(&root.layer(layer));
        }
    }
    if layers.len() != needed.len() {
        findings.compared += 1;
        return Ok(());
    }
    let install = Install::new(context, manifest, choice, stores, root);
    if let Ok(plan) = install.plan(&directory, &layers) {
        let sink = Compare::new(&directory, Part::App);
        plan.feed(&sink)?;
        findings.add(&sink.differences());
    }
    Ok(())
}

/// The directories of the layers that an app's record names; for a layer that it doesn't name, the first one found.
fn used<'a>(needed: &[&'a Layer], found: &LayerPaths<'_>, recorded: &[Vec<u8>]) -> LayerPaths<'a> {
    let path = |layer: &&'a Layer| {
        let of_layer = || found.iter().filter(|(name, _)| *name == layer.name);
        let is_recorded = |path: &Path| recorded.iter().any(|one| one == path.as_os_str().as_bytes());
        let (_, path) = of_layer()
            .find(|(_, path)| is_recorded(path))
            .or_else(|| of_layer().next())?;
        Some((layer.name.as_str(), path.clone()))
    };
    needed.iter().filter_map(path).collect()
}

/// Restores what any of the candidates holds of the file, as far as `scope` says; stores are left alone. Returns what
/// differed before.
///
/// # Errors
/// When the file is damaged, or a cache can't be written to.
pub fn repair(context: &Context<'_>, scope: Scope) -> Result<Findings> {
    let manifest = context.payload.manifest()?;
    context.payload.launcher(&manifest)?;
    let choice = libc_choice::decide(&manifest.libc, &context.host)?;
    let stores = context.open_stores();
    let mut findings = Findings::default();
    for candidate in &context.candidates {
        let is_used = Root::open(candidate, context.uid).is_ok_and(|root| root.is_used());
        if !is_used && candidate.origin != Origin::Explicit {
            continue;
        }
        let root = Root::prepare(candidate, context.uid)
            .map_err(|reason| Error::path(Kind::Storage, "repair the cache", &candidate.path, reason))?;
        let install = Install::new(context, &manifest, choice, &stores, &root);
        repair_in(&install, scope, &mut findings)?;
    }
    Ok(findings)
}

fn repair_in(install: &Install<'_>, scope: Scope, findings: &mut Findings) -> Result<()> {
    let _all = install.lock_out_prune()?;
    tmp::sweep(install.root);
    let key = install.key();
    let directory = install.root.app(&key);
    let has_app = directory.symlink_metadata().is_ok();
    repair_layers(install, scope, findings)?;
    if !has_app {
        return Ok(());
    }
    let missing: Vec<PathBuf> = install
        .needed()
        .map(|layer| install.root.layer(layer))
        .filter(|path| path.symlink_metadata().is_err())
        .collect();
    let layers = layers::provide(install)?;
    for path in missing.iter().filter(|path| path.is_dir()) {
        findings.missing(path);
    }
    let _lock = install.lock(&key)?;
    let plan = install.plan(&directory, &layers)?;
    let place = Place {
        tmp: &install.root.tmp(),
        directory: &directory,
        part: Part::App,
    };
    place.repair(&|sink| plan.feed(sink), scope, findings)
}

fn repair_layers(install: &Install<'_>, scope: Scope, findings: &mut Findings) -> Result<()> {
    let layers = in_lock_order(install.manifest.layers.iter().collect(), |layer| layer);
    let _locks: Vec<Lock> = layers
        .iter()
        .map(|layer| install.lock(layer.directory()))
        .collect::<Result<_>>()?;
    for layer in layers {
        let directory = install.root.layer(layer);
        if directory.symlink_metadata().is_ok() {
            let place = Place {
                tmp: &install.root.tmp(),
                directory: &directory,
                part: Part::Layer,
            };
            let feed = |sink: &dyn Sink| feed(install.context.payload, layer, sink);
            place.repair(&feed, scope, findings)?;
        }
    }
    Ok(())
}

/// A directory that is repaired.
struct Place<'a> {
    tmp: &'a Path,
    directory: &'a Path,
    part: Part,
}

impl Place<'_> {
    /// Repairs the directory so that it holds what `feed` passes to a sink. Something else in its place is removed.
    fn repair(
        &self,
        feed: &dyn Fn(&dyn Sink) -> Result<()>,
        scope: Scope,
        findings: &mut Findings,
    ) -> Result<()> {
        let Self { tmp, directory, part } = *self;
        if !is_directory(directory) {
            findings
                .damaged
                .push(format!("`{}` is not a directory", directory.display()));
            return tmp::discard(tmp, directory);
        }
        for pass in 0..PASSES {
            let spare = TmpDir::create(tmp, "repair")?;
            let sink = Compare::restoring(directory, part, &spare.path, scope);
            feed(&sink)?;
            let differences = sink.differences();
            let added = differences.added();
            let is_done = differences.damaged().is_empty()
                && (scope == Scope::Damaged || differences.changed().is_empty() && added.is_empty());
            if pass == 0 {
                findings.add(&differences);
            }
            if is_done {
                return Ok(());
            }
            restore(&differences, &spare.path, scope)?;
            if scope == Scope::All {
                remove(&added)?;
            }
        }
        let cause = "its members are changed while it is repaired";
        Err(Error::path(Kind::Storage, "repair", directory, cause))
    }
}

/// Removes what was added.
fn remove(added: &[PathBuf]) -> Result<()> {
    for path in added {
        let removed = match path.symlink_metadata() {
            Ok(found) if found.is_dir() => remove_directory(path),
            _ => fs::remove_file(path),
        };
        match removed {
            // What it was in may have been replaced already.
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(Error::storage("remove", path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn feed(payload: &Payload, layer: &Layer, sink: &dyn Sink) -> Result<()> {
    unpack::run(payload, &[(layer, sink)], &Progress::default())
}
