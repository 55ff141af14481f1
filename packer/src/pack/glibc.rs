//! The C library's part of a pack: what every ELF file of every layer asks for, and the glibc that goes along.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use pyship_launcher::format::manifest::{CarriedLibc, Libc, LibcPolicy};
use pyship_launcher::format::names::LIBC_LIB;

use super::layers::Content;
use super::runtime::{Chosen, machine_of};
use super::target;
use crate::build_cache::BuildCache;
use crate::build_cache::entry::NewEntry;
use crate::build_cache::stamp::Inputs;
use crate::elf::{LayerElf, Survey, inspect, survey};
use crate::glibc;
use crate::options::{LibcOption, PackOptions};
use crate::tree::Tree;

/// The C++ library.
const CXX: &str = "libstdc++.so.6";
/// How many things of a kind a warning names.
const NAMED: usize = 3;

/// The C library's part of the manifest, and of the report.
pub(super) struct LibcPart {
    pub(super) manifest: Libc,
    pub(super) content: Content,
    pub(super) because: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) unresolved: usize,
}

/// Decides by what is known of every ELF file, and collects the glibc that goes along.
pub(super) fn libc(
    options: &PackOptions,
    chosen: &Chosen,
    layers: [&LayerElf; 3],
    cache: &BuildCache,
) -> Result<LibcPart> {
    let machine = machine_of(&chosen.interpreter.executable)?;
    let found = survey(machine, &layers);
    let mut warnings = warnings(&found);
    let bytes = fs_err::read(&chosen.interpreter.executable)?;
    let loader = inspect(&bytes)?
        .and_then(|elf| elf.interpreter)
        .with_context(|| {
            format!(
                "failed to find the loader of `{}`",
                chosen.interpreter.executable.display()
            )
        })?;
    let policy = match options.libc.unwrap_or(LibcOption::Auto) {
        LibcOption::Auto => LibcPolicy::Auto,
        LibcOption::Host => LibcPolicy::Host,
        LibcOption::Bundled => LibcPolicy::Bundled,
    };
    // A third of what a glibc adds to the file, and nothing loads it unless a packed file asks for it. libgcc_s
    // is another matter: glibc itself loads it when a thread is cancelled.
    let cxx = found.system.contains_key(CXX);
    let carried = || match (&options.sysroot, chosen.is_foreign()) {
        (None, true) => Err(glibc::NoLibc::NoSysroot),
        _ => carried(options, &loader, cxx, cache),
    };
    let carried = match policy {
        LibcPolicy::Host => None,
        LibcPolicy::Bundled => Some(carried().context("failed to find a glibc to carry")?),
        LibcPolicy::Auto => match carried() {
            Ok(carried) => Some(carried),
            Err(glibc::NoLibc::Other(error)) => return Err(error),
            Err(reason) => {
                warnings.push(format!(
                    "the file carries no glibc and runs only where the host's is new enough: {reason}"
                ));
                None
            }
        },
    };
    let (content, carried) = carried.unzip();
    let manifest = Libc {
        policy,
        floor: found.floor.as_ref().map_or((2, 17), |floor| floor.version),
        loader,
        system: found.system.clone().into_iter().collect::<BTreeMap<_, _>>(),
        carried,
    };
    Ok(LibcPart {
        manifest,
        content: content.unwrap_or_else(|| Content::of(Tree::new())),
        because: found.floor.as_ref().map(|floor| floor.by.to_string()),
        warnings,
        unresolved: found.unresolved.len(),
    })
}

/// The glibc that goes along, with the C++ library or without, unless an earlier pack has collected it.
fn carried(
    options: &PackOptions,
    loader: &str,
    cxx: bool,
    cache: &BuildCache,
) -> Result<(Content, CarriedLibc), glibc::NoLibc> {
    let began = SystemTime::now();
    let key = cache.key("libc").map(|mut key| {
        key.field("loader", loader)
            .field("sysroot", format!("{:?}", options.sysroot))
            .field("C++", [u8::from(cxx)])
            .field("compression", super::compression(options).to_string());
        key.finish()
    });
    if let Some(found) = key.as_ref().and_then(|key| cache.find(key)) {
        return Ok((Content::Kept(found.packed), found.facts));
    }
    let glibc::Collected {
        mut tree,
        libc,
        inputs,
    } = glibc::carried(Path::new(loader), options.sysroot.as_deref())?;
    if !cxx {
        tree.remove(format!("{LIBC_LIB}/{CXX}"));
    }
    let inputs = Inputs::of(inputs.iter().map(PathBuf::as_path));
    let keep = match key.filter(|_| !inputs.are_after(began)) {
        Some(key) => Some(NewEntry {
            key,
            inputs,
            facts: serde_json::to_value(&libc).map_err(anyhow::Error::from)?,
        }),
        None => None,
    };
    Ok((Content::Made { tree, keep }, libc))
}

fn warnings(found: &Survey) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for unresolved in &found.unresolved {
        missing
            .entry(&unresolved.soname)
            .or_default()
            .push(unresolved.file.to_string());
    }
    for (soname, files) in missing {
        warnings.push(format!(
            "nobody provides `{soname}`, needed by {}",
            some_of(&files)
        ));
    }
    let stacks: Vec<String> = found.executable_stacks.iter().map(ToString::to_string).collect();
    if !stacks.is_empty() {
        warnings.push(format!(
            "an executable stack is asked for by {}: newer systems refuse that",
            some_of(&stacks)
        ));
    }
    for (place, machine) in &found.foreign {
        warnings.push(format!(
            "`{place}` is for another machine ({})",
            target::machine_name(*machine)
        ));
    }
    for (place, reason) in &found.damaged {
        warnings.push(format!("`{place}` can't be read as an ELF file: {reason}"));
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
