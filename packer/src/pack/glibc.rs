//! The libc layer, and what the manifest says of the C library: decided from the ELF files of all layers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use pyship_launcher::format::manifest::{CarriedLibc, Libc, LibcPolicy};

use super::Pack;
use super::interpreter::machine_of;
use super::layers::{self, Content};
use super::libraries::{self, Libraries, LibraryLine};
use super::trial::Tried;
use crate::build_cache::stamp::Inputs;
use crate::elf::{LayerElf, Survey, Wanted, inspect, survey};
use crate::glibc::{self, NoLibc, ON_DEMAND};
use crate::tree::Tree;

/// The library that glibc loads when a thread is cancelled or ends early, as daemon threads do at the exit of Python.
/// Where it is missing, that aborts the process. So it always goes along, and a host without it is not used.
const THREADS: &str = "libgcc_s.so.1";
/// The oldest glibc that anything needs, when no packed file says.
const OLDEST: (u32, u32) = (2, 17);
/// How many files a warning names.
const NAMED: usize = 3;

/// The C library's part of the file.
pub(super) struct Glibc {
    pub(super) manifest: Libc,
    pub(super) content: Content,
    /// The file that needs the newest glibc.
    pub(super) because: Option<String>,
    /// The libraries of the builder beside it.
    pub(super) libraries: Vec<LibraryLine>,
    pub(super) warnings: Vec<String>,
}

/// Decides from the ELF files of the runtime, the packages and the app, and collects the glibc that goes along, with the
/// libraries that these files need and lack, and those that are wanted `besides`.
///
/// # Errors
/// With `--strict`, when a shared library is missing.
pub(super) fn prepare(pack: &Pack<'_>, layers: [&LayerElf; 3], besides: &[Wanted]) -> Result<Glibc> {
    let executable = &pack.interpreters.packed.executable;
    let machine = machine_of(executable)?;
    let mut found = survey(machine, &layers);
    let loader = inspect(&fs_err::read(executable)?)?
        .and_then(|elf| elf.interpreter)
        .with_context(|| format!("failed to find the loader of `{}`", executable.display()))?;
    let policy = LibcPolicy::from(pack.options.libc.unwrap_or_default());
    let [runtime, _, app] = layers;
    let named = [libraries::named(pack, machine)?, besides.to_vec()].concat();
    let libraries = libraries::find(pack, machine, &found, &named, &runtime.shared().collect())?;
    let mut warnings = Vec::new();
    ensure!(
        !pack.options.gconv || policy != LibcPolicy::Host,
        "failed to carry character sets (--gconv): with `--libc host` the file carries no glibc that would use them"
    );
    let (content, carried) =
        carried(pack, policy, &loader, &found.needed, &libraries, &mut warnings)?.unzip();
    let libraries = match (&carried, named.first()) {
        (Some(_), _) => libraries,
        (None, None) => Libraries::default(),
        (None, Some(one)) => bail!(
            "failed to carry `{}`: the file carries no glibc to use it with",
            one.soname
        ),
    };
    found
        .unresolved
        .retain(|one| !libraries.asked.contains(&one.soname));
    warnings.extend(self::warnings(&found));
    ensure!(
        !pack.options.strict || found.unresolved.is_empty(),
        "failed to find every shared library: {}",
        warnings.join("; ")
    );
    let programs: Vec<String> = app.programs().collect();
    if carried.is_some() && !programs.is_empty() {
        warnings.push(format!(
            "native programs of the app run only where the host has glibc: {}; those in packages run everywhere",
            some_of(&programs)
        ));
    }
    // What the host must have, or it is not used.
    let mut system = std::mem::take(&mut found.system);
    if carried.is_some() {
        let parts = ON_DEMAND.iter().map(|soname| (*soname).to_owned());
        system.extend(parts.filter(|soname| found.needed.contains(soname)));
        system.extend(libraries.asked);
        system.insert(THREADS.to_owned());
    }
    let system = system.into_iter().map(|soname| {
        let versions = found.versions_of(&soname);
        (soname, versions)
    });
    let system: BTreeMap<String, String> = system.collect();
    Ok(Glibc {
        manifest: Libc {
            policy,
            floor: found.floor.as_ref().map_or(OLDEST, |floor| floor.version),
            loader,
            system,
            carried,
        },
        content: content.unwrap_or_else(|| Content::new(Tree::new())),
        because: found.floor.map(|floor| floor.by),
        libraries: libraries.lines,
        warnings,
    })
}

/// The C library's part again, with the libraries that a trial run has loaded and the file lacks, if there are any.
///
/// # Errors
/// Those of [`prepare`].
pub(super) fn with_loaded(
    pack: &Pack<'_>,
    tried: Option<&Tried>,
    elf: [&LayerElf; 3],
    glibc: &Glibc,
) -> Result<Option<Glibc>> {
    let Some(tried) = tried.filter(|_| glibc.manifest.carried.is_some()) else {
        return Ok(None);
    };
    let [runtime, ..] = elf;
    let carried = glibc.libraries.iter().map(|line| line.name.clone());
    let loaded = libraries::loaded(pack, &tried.mapped, &runtime.shared().chain(carried).collect())?;
    match loaded.is_empty() {
        true => Ok(None),
        false => prepare(pack, elf, &loaded).map(Some),
    }
}

/// The glibc that `policy` asks for. With `auto`, one that can't be had is a warning.
fn carried(
    pack: &Pack<'_>,
    policy: LibcPolicy,
    loader: &str,
    needed: &BTreeSet<String>,
    libraries: &Libraries,
    warnings: &mut Vec<String>,
) -> Result<Option<(Content, CarriedLibc)>> {
    let collect = || match (&pack.options.sysroot, pack.interpreters.is_foreign()) {
        (None, true) => Err(NoLibc::NoSysroot),
        _ => collect(pack, loader, needed, libraries),
    };
    match policy {
        LibcPolicy::Host => Ok(None),
        LibcPolicy::Bundled => Ok(Some(collect().context("failed to find a glibc to carry")?)),
        LibcPolicy::Auto => match collect() {
            Ok(carried) => Ok(Some(carried)),
            Err(NoLibc::Other(error)) => Err(error),
            Err(reason) if pack.options.gconv => Err(reason).context(
                "failed to carry character sets (--gconv): the file carries no glibc that would use them",
            ),
            Err(reason) => {
                warnings.push(format!(
                    "the file carries no glibc and runs only where the host's is new enough: {reason}"
                ));
                Ok(None)
            }
        },
    }
}

/// Collects a glibc, with those of [`ON_DEMAND`] that are `needed` and with `libraries`, unless the build cache has it.
fn collect(
    pack: &Pack<'_>,
    loader: &str,
    needed: &BTreeSet<String>,
    libraries: &Libraries,
) -> Result<(Content, CarriedLibc), NoLibc> {
    let options = pack.options;
    let is_on_demand = |soname: &&String| ON_DEMAND.contains(&soname.as_str());
    let parts = needed.iter().chain(&libraries.provided).filter(is_on_demand);
    let parts: BTreeSet<String> = parts.cloned().collect();
    let began = SystemTime::now();
    let key = pack.cache.key("libc").map(|mut key| {
        key.field("loader", loader)
            .field("sysroot", format!("{:?}", options.sysroot))
            .field("parts", format!("{parts:?}"))
            .field("libraries", format!("{:?}", libraries.lines))
            .field("gconv", options.gconv.to_string())
            .field("compression", options.compression().to_string());
        key.finish()
    });
    if let Some(found) = key.as_ref().and_then(|key| layers::find(pack, key)) {
        return Ok((found.content, found.facts));
    }
    let glibc::Collected {
        mut tree,
        libc,
        inputs,
    } = glibc::carried(
        Path::new(loader),
        options.sysroot.as_deref(),
        &parts,
        options.gconv,
    )?;
    libraries.add_to(&mut tree)?;
    let brought = libraries.lines.iter().map(|line| &line.source);
    let inputs = Inputs::of(inputs.iter().chain(brought).map(PathBuf::as_path));
    let key = key.filter(|_| !inputs.are_after(began));
    Ok((Content::keyed(tree, key, inputs, &libc)?, libc))
}

fn warnings(found: &Survey) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for unresolved in &found.unresolved {
        missing
            .entry(&unresolved.soname)
            .or_default()
            .push(unresolved.file.clone());
    }
    for (soname, files) in missing {
        warnings.push(format!(
            "missing shared library `{soname}`, needed by {}",
            some_of(&files)
        ));
    }
    if !found.executable_stacks.is_empty() {
        warnings.push(format!(
            "an executable stack is required by {}: newer systems refuse to load that",
            some_of(&found.executable_stacks)
        ));
    }
    for (path, machine) in &found.foreign {
        warnings.push(format!("`{path}` is for another machine ({machine})"));
    }
    for (path, reason) in &found.damaged {
        warnings.push(format!("`{path}` can't be read as an ELF file: {reason}"));
    }
    warnings
}

fn some_of(names: &[String]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(NAMED);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", named.join(", "))
}
