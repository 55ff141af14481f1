//! Makes a runtime tree relocatable: adds the libraries that it needs, strips its files, and makes them find each other
//! through `$ORIGIN`. No file of the result names a directory of the builder.
//!
//! The search paths are `DT_RPATH`, so that no library in a caller's `LD_LIBRARY_PATH` (conda, MATLAB and environment
//! modules set it) replaces one that is carried. What is not carried is still found there. Files of packages inherit
//! the search path of the interpreter that loads them, unless they have a `DT_RUNPATH` of their own.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use rayon::prelude::*;

use super::closure::{Carried, LIB, closure, lib_path};
use super::edit::edit;
use super::file::Elf;
use super::library_search::LibrarySearch;
use super::scan::scan;
use crate::tree::{File, LayerPath, Node, Tree};

/// What [`prepare_runtime`] did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Prepared {
    /// Libraries of the builder that were added, with their sonames.
    pub(crate) carried: Vec<(String, Carried)>,
    /// Bytes of ELF files before and after.
    pub(crate) size: (u64, u64),
    /// Files that can't be edited and stay as they were, with the reason.
    pub(crate) unedited: Vec<(LayerPath, String)>,
    /// Files and directories of the builder that the result depends on.
    pub(crate) inputs: BTreeSet<PathBuf>,
}

/// Completes a runtime tree; see the module. `needed_elsewhere` are the sonames that files of other layers need.
///
/// # Errors
/// When a file can't be read. A missing library is no error here: [`super::survey()`] reports it.
pub(crate) fn prepare_runtime(
    tree: &mut Tree,
    libraries: &LibrarySearch,
    needed_elsewhere: &BTreeSet<String>,
) -> Result<Prepared> {
    drop_libpython(tree, needed_elsewhere)?;
    let found = closure(tree, libraries)?;
    for (soname, carried) in &found.carried {
        tree.insert_path(lib_path(soname), &carried.source, false);
    }
    let sources = found.carried.values().map(|carried| carried.source.clone());
    let inputs = libraries.watched().chain(sources).chain(found.searched).collect();
    let mut prepared = Prepared {
        inputs,
        carried: found.carried.into_iter().collect(),
        ..Prepared::default()
    };
    edit_all(tree, libraries, &mut prepared)?;
    Ok(prepared)
}

/// Edits every ELF file that runs on the target.
fn edit_all(tree: &mut Tree, libraries: &LibrarySearch, prepared: &mut Prepared) -> Result<()> {
    let mut edits = Vec::new();
    for scanned in scan(tree)? {
        let Ok(elf) = scanned.elf else { continue };
        if elf.is_loadable && elf.machine == libraries.machine() {
            let rpath = search_path_for(tree, scanned.path, &elf);
            edits.push((scanned.path.clone(), scanned.file.clone(), rpath));
        }
    }
    let edited: Vec<_> = edits
        .into_par_iter()
        .map(|(path, file, rpath)| {
            let bytes = file.content.read()?;
            let new = edit(&bytes, rpath.as_deref());
            Ok((path, file.mode, bytes.len() as u64, new))
        })
        .collect::<std::io::Result<_>>()
        .context("failed to read the runtime's files")?;
    for (path, mode, before, new) in edited {
        prepared.size.0 += before;
        match new {
            Ok(bytes) => {
                prepared.size.1 += bytes.len() as u64;
                tree.insert_bytes(path, bytes, mode);
            }
            Err(error) => {
                prepared.size.1 += before;
                prepared.unedited.push((path, format!("{error:#}")));
            }
        }
    }
    Ok(())
}

/// The search path that a file is to have: from its directory to [`LIB`]. None when it needs nothing there and has no
/// search path, which would name directories of the builder.
fn search_path_for(tree: &Tree, path: &LayerPath, elf: &Elf) -> Option<String> {
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

/// Removes every `lib/libpython*.so*` that no file needs: a second copy of the interpreter, for programs that embed it.
fn drop_libpython(tree: &mut Tree, needed_elsewhere: &BTreeSet<String>) -> Result<()> {
    let dependents: Vec<(LayerPath, Vec<String>)> = scan(tree)?
        .into_iter()
        .filter_map(|scanned| Some((scanned.path.clone(), scanned.elf.ok()?.needed)))
        .collect();
    // One of them may need another (libpython3.so does), so this is repeated until nothing changes.
    loop {
        let left = dependents.iter().filter(|(path, _)| tree.get(path).is_some());
        let sonames = left.flat_map(|(_, needed)| needed).chain(needed_elsewhere);
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
                Node::Directory(_) => {}
                Node::Symlink(target) if needed.contains(path) => {
                    needed.insert([LIB, b"/", target].concat());
                }
                Node::Symlink(_) | Node::File(File { .. }) => doomed.push(path.clone()),
            }
        }
        doomed.retain(|path| !needed.contains(path));
        if doomed.is_empty() {
            return Ok(());
        }
        for path in doomed {
            tree.remove(&path);
        }
    }
}

#[cfg(test)]
mod tests;
