//! The runtime layer: a PYTHONHOME with nothing but CPython's own files, whatever distribution the interpreter is
//! from.
//!
//! ```text
//! bin/python3.12                  the executable
//! lib/libpython3.12.so.1.0        when the executable needs it
//! lib/python3.12/                 the standard library; lib-dynload/ with its extensions
//! lib64 -> lib                    when the interpreter was built to look there
//! lib/tcl8.6/ lib/tk8.6/          when tkinter is kept
//! share/terminfo/                 when the interpreter has its own
//! include/python3.12/             on request, with lib/pkgconfig/
//! ```
//!
//! Distributions split the standard library and add to it; their additions (site-packages, dist-packages,
//! sitecustomize, EXTERNALLY-MANAGED) are left out. The tree refers to files by their path on the builder; links
//! that leave their directory are followed.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::executable::needed;
use super::facts::Interpreter;
use super::fallbacks::terminfo;
use super::prune::{self, PruneReport, Pruning};
use super::tcltk;
use crate::tree::{Node, Tree};

/// Names in a standard library's directory that aren't part of it.
const FOREIGN: &[&str] = &[
    "site-packages",
    "dist-packages",
    "sitecustomize.py",
    "usercustomize.py",
    "EXTERNALLY-MANAGED",
];
/// Deeper than any standard library, shallower than a loop.
const MAX_DEPTH: usize = 32;

/// The files of `interpreter` for the runtime layer, and what was pruned.
///
/// # Errors
/// When a part is missing or can't be read.
pub(crate) fn collect(interpreter: &Interpreter, pruning: &Pruning) -> Result<(Tree, PruneReport)> {
    let facts = &interpreter.facts;
    let (stdlib, display) = (interpreter.layer_stdlib(), facts.stdlib.display());
    ensure!(
        facts.stdlib.join("os.py").is_file(),
        "failed to find the standard library: `{display}` has no os.py"
    );
    let mut tree = Tree::new();
    let own = |name: &str| !FOREIGN.contains(&name);
    take(&mut tree, &stdlib, &facts.stdlib, &own)?;
    if facts.platstdlib != facts.stdlib && facts.platstdlib.is_dir() {
        take(&mut tree, &stdlib, &facts.platstdlib, &own)?;
    }
    let dynload = format!("{stdlib}/lib-dynload");
    for directory in &facts.dynload {
        take(&mut tree, &dynload, directory, &|_| true)?;
    }
    // Without this directory the interpreter doesn't accept the prefix.
    tree.insert(dynload, Node::DIRECTORY);
    tree.insert_path(interpreter.layer_executable(), &interpreter.executable, true);
    take_libpython(&mut tree, interpreter)?;
    if facts.platlibdir != "lib" {
        tree.insert(facts.platlibdir.as_str(), Node::Symlink(b"lib".to_vec()));
    }
    for directory in tcltk::directories(interpreter) {
        let name = directory
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        take(&mut tree, &format!("lib/{name}"), &directory, &|_| true)?;
    }
    take_terminfo(&mut tree, &facts.prefix.join("share/terminfo"))?;
    if let Some(include) = facts
        .include
        .as_ref()
        .filter(|include| include.join("Python.h").is_file())
    {
        take(
            &mut tree,
            &format!("include/{}", interpreter.name()),
            include,
            &|_| true,
        )?;
    }
    take_pkg_config(&mut tree, &facts.prefix)?;
    let pruning = if tcltk::works(interpreter) {
        pruning.clone()
    } else {
        pruning.clone().prune("tk")?
    };
    prune::prune(&tree, &stdlib, &pruning)
}

fn take_libpython(tree: &mut Tree, interpreter: &Interpreter) -> Result<()> {
    let libraries = needed(&interpreter.executable);
    let Some(name) = libraries.into_iter().find(|name| name.starts_with("libpython")) else {
        return Ok(());
    };
    let facts = &interpreter.facts;
    let directories = [facts.prefix.join("lib"), facts.prefix.join("lib64")];
    let found = facts
        .libpython
        .clone()
        .or_else(|| {
            directories
                .iter()
                .map(|directory| directory.join(&name))
                .find(|path| path.is_file())
        })
        .with_context(|| {
            format!(
                "failed to find `{name}`, which `{}` needs",
                interpreter.executable.display()
            )
        })?;
    tree.insert_path(format!("lib/{name}"), fs_err::canonicalize(found)?, true);
    Ok(())
}

/// Takes the interpreter's files for pkg-config; directories such as `/usr/lib/pkgconfig` have others too.
fn take_pkg_config(tree: &mut Tree, prefix: &Path) -> Result<()> {
    let directory = prefix.join("lib/pkgconfig");
    if directory.is_dir() {
        take(tree, "lib/pkgconfig", &directory, &|name| {
            name.starts_with("python") && name.ends_with(".pc")
        })?;
    }
    Ok(())
}

fn take_terminfo(tree: &mut Tree, directory: &Path) -> Result<()> {
    if !directory.is_dir() {
        return Ok(());
    }
    let mut all = Tree::new();
    take(&mut all, "share/terminfo", directory, &|_| true)?;
    for (path, node) in all.iter() {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        if !matches!(node, Node::Directory(_)) && terminfo::is_wanted(&String::from_utf8_lossy(name)) {
            tree.insert(path.clone(), node.clone());
        }
    }
    Ok(())
}

/// Adds the files of `source` to the tree, at `path`. Of the names at its top, those are taken that `own` accepts.
fn take(tree: &mut Tree, path: &str, source: &Path, own: &dyn Fn(&str) -> bool) -> Result<()> {
    let root = fs_err::canonicalize(source)?;
    walk(tree, &root, path.as_bytes(), &root, MAX_DEPTH, own)
}

fn walk(
    tree: &mut Tree,
    root: &Path,
    layer_path: &[u8],
    directory: &Path,
    depth: usize,
    own: &dyn Fn(&str) -> bool,
) -> Result<()> {
    ensure!(
        depth > 0,
        "failed to read `{}`: its directories are nested too deep",
        root.display()
    );
    let entries = fs_err::read_dir(directory)?.collect::<std::io::Result<Vec<_>>>()?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs_err::DirEntry::path).collect();
    paths.sort();
    tree.insert(layer_path, Node::DIRECTORY);
    for path in paths {
        let name = path.file_name().unwrap_or_default();
        if name == "__pycache__" || !own(&name.to_string_lossy()) {
            continue;
        }
        let here = [layer_path, b"/", name.as_bytes()].concat();
        // A dangling link or a file that was just removed: an import can't find it either.
        let Ok(data) = fs_err::metadata(&path) else {
            continue;
        };
        if let Some(target) = link_within(root, &path)? {
            tree.insert(here, Node::Symlink(target));
        } else if data.is_dir() {
            walk(tree, root, &here, &path, depth - 1, &|_| true)?;
        } else if data.is_file() {
            let executable = data.permissions().mode() & 0o111 != 0;
            tree.insert_path(here, path, executable);
        }
    }
    Ok(())
}

/// The target of a link that can stay one: relative, to something else below `root`.
fn link_within(root: &Path, path: &Path) -> Result<Option<Vec<u8>>> {
    if !fs_err::symlink_metadata(path)?.is_symlink() {
        return Ok(None);
    }
    let target = fs_err::read_link(path)?;
    let directory = fs_err::canonicalize(path.parent().unwrap_or(root))?;
    let mut at = directory;
    let mut down = false;
    for part in target.components() {
        match part {
            std::path::Component::Normal(name) => {
                at.push(name);
                down = true;
            }
            // A layer's links go up first, and then only down.
            std::path::Component::ParentDir if down => return Ok(None),
            std::path::Component::ParentDir => {
                at.pop();
            }
            std::path::Component::CurDir => {}
            _ => return Ok(None),
        }
        if !at.starts_with(root) {
            return Ok(None);
        }
    }
    Ok(Some(target.as_os_str().as_bytes().to_vec()))
}

#[cfg(test)]
mod tests;
