//! Makes a runtime tree one that lies anywhere: with every library it needs, stripped, finding each other
//! through `$ORIGIN`. Afterwards no file of it names a directory of the builder.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use rayon::prelude::*;

use super::closure::{Carried, LIB, Missing, closure, lib_path};
use super::edit::{set_runpath, strip};
use super::lookup::Lookup;
use super::read::Elf;
use super::scan::scan;
use crate::tree::{File, LayerPath, Node, Tree};

/// What [`prepare_runtime`] did.
#[derive(Debug, Clone, Default)]
pub struct ClosureReport {
    /// Libraries of the builder that were added, with their sonames.
    pub carried: Vec<(String, Carried)>,
    /// Libraries that the builder does not have.
    pub missing: Vec<Missing>,
    /// Copies of libpython that no file needs, and links to them; they are gone.
    pub dropped: Vec<LayerPath>,
    /// Bytes of ELF files before and after.
    pub size: (u64, u64),
    /// Files that stay as they were, with the reason.
    pub unedited: Vec<(LayerPath, String)>,
    /// Files and directories of the builder whose change may change what is carried.
    pub inputs: BTreeSet<PathBuf>,
}

/// Completes a runtime tree; see the module. `needed_elsewhere` are the sonames that other layers' files need.
///
/// # Errors
/// When a file can't be read. A library that is missing and a file that can't be edited are in the report.
pub fn prepare_runtime(
    tree: &mut Tree,
    lookup: &Lookup,
    needed_elsewhere: &BTreeSet<String>,
) -> Result<ClosureReport> {
    let dropped = drop_libpython(tree, needed_elsewhere)?;
    let found = closure(tree, lookup)?;
    for (soname, carried) in &found.carried {
        tree.insert_path(lib_path(soname), &carried.source, false);
    }
    let sources = found.carried.values().map(|carried| carried.source.clone());
    let inputs = lookup.watched().chain(sources).chain(found.searched).collect();
    let mut report = ClosureReport {
        inputs,
        carried: found.carried.into_iter().collect(),
        missing: found.missing.into_iter().collect(),
        dropped,
        ..ClosureReport::default()
    };

    let mut edits = Vec::new();
    for scanned in scan(tree)? {
        let Ok(elf) = scanned.elf else { continue };
        if elf.is_loadable() && elf.machine == lookup.machine() {
            let runpath = runpath_for(tree, scanned.path, &elf);
            edits.push((scanned.path.clone(), scanned.file.clone(), runpath));
        }
    }
    let edited: Vec<_> = edits
        .into_par_iter()
        .map(|(path, file, runpath)| {
            let bytes = file.content.read()?;
            let new = edit(&bytes, runpath.as_deref());
            Ok((path, file.executable, bytes.len() as u64, new))
        })
        .collect::<std::io::Result<_>>()
        .context("failed to read the runtime's files")?;
    for (path, executable, before, new) in edited {
        report.size.0 += before;
        match new {
            Ok(bytes) => {
                report.size.1 += bytes.len() as u64;
                tree.insert_bytes(path, bytes, executable);
            }
            Err(error) => {
                report.size.1 += before;
                report.unedited.push((path, format!("{error:#}")));
            }
        }
    }
    Ok(report)
}

fn edit(bytes: &[u8], runpath: Option<&str>) -> Result<Vec<u8>> {
    let stripped = strip(bytes)?;
    match runpath {
        Some(runpath) => set_runpath(&stripped, runpath),
        None => Ok(stripped),
    }
}

/// The search path that a file should have: the way from its directory to [`LIB`] when it needs something
/// there, or when it has a path now, which is one of the builder's.
fn runpath_for(tree: &Tree, path: &LayerPath, elf: &Elf) -> Option<String> {
    let needs = elf
        .needed
        .iter()
        .any(|soname| tree.get(lib_path(soname)).is_some());
    if !needs && elf.rpath.is_none() && elf.runpath.is_none() {
        return None;
    }
    let mut directory: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    directory.pop();
    if directory.first() == Some(&LIB) {
        return Some(["$ORIGIN".to_owned(), "/..".repeat(directory.len() - 1)].concat());
    }
    Some(
        [
            "$ORIGIN".to_owned(),
            "/..".repeat(directory.len()),
            "/lib".to_owned(),
        ]
        .concat(),
    )
}

/// Removes `lib/libpython*.so*` that nothing needs: a second copy for programs that embed Python.
fn drop_libpython(tree: &mut Tree, needed_elsewhere: &BTreeSet<String>) -> Result<Vec<LayerPath>> {
    let asking: Vec<(LayerPath, Vec<String>)> = scan(tree)?
        .into_iter()
        .filter_map(|scanned| Some((scanned.path.clone(), scanned.elf.ok()?.needed)))
        .collect();
    let mut dropped = Vec::new();
    // One of them may need another (libpython3.so does), so this goes on until nothing changes.
    loop {
        let alive = asking.iter().filter(|(path, _)| !dropped.contains(path));
        let sonames = alive.flat_map(|(_, needed)| needed).chain(needed_elsewhere);
        let mut needed: BTreeSet<LayerPath> = sonames.map(|soname| lib_path(soname)).collect();
        let prefix = lib_path("libpython");
        let copies = tree.iter().filter(|(path, _)| {
            path.starts_with(&prefix)
                && path.windows(3).any(|part| part == b".so")
                && !path[4..].contains(&b'/')
        });
        let mut doomed = Vec::new();
        for (path, node) in copies {
            match node {
                Node::Directory => {}
                Node::Symlink(target) if needed.contains(path) => {
                    needed.insert([LIB, b"/", target].concat());
                }
                Node::Symlink(_) | Node::File(File { .. }) => doomed.push(path.clone()),
            }
        }
        doomed.retain(|path| !needed.contains(path));
        if doomed.is_empty() {
            return Ok(dropped);
        }
        for path in doomed {
            tree.remove(&path);
            dropped.push(path);
        }
    }
}

#[cfg(test)]
mod tests;
