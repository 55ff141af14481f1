//! From what an installer wrote to a tree that is the same wherever it was written.
//!
//! Left out: what the virtual environment had before, bytecode, and what only means something on the builder
//! (paths of source directories, the installer's notes). Changed: scripts lose the interpreter's path, and each
//! `RECORD` lists the files that are in the tree.

mod environment;
mod origin;
pub(crate) mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pyship_launcher::format::names::CACHE_INDEX;
use walkdir::WalkDir;

pub(crate) use origin::Origin;

use self::records::Records;
use super::{editable, scripts};
use crate::tree::{LayerPath, Tree};

/// Files of a dist-info that mean nothing in a packed file: uv's notes about its cache, and the mark of packages
/// that were requested by name, which pip needs to uninstall and uv gives to every package.
const INSTALLER_NOTES: &[&str] = &["REQUESTED", "uv_build.json", "uv_cache.json"];

/// Makes the tree of what was installed.
pub(crate) fn collect(origin: &Origin<'_>) -> Result<Tree> {
    let Draft {
        mut tree, records, ..
    } = Draft::of(origin)?;
    records::write(&mut tree, origin.layer_site(), &records, origin)?;
    Ok(tree)
}

/// Installed files at their places in the layer, before the `RECORD`s are written.
pub(crate) struct Draft {
    /// The files. The `RECORD`s are those of the installer.
    pub(crate) tree: Tree,
    /// What these list.
    pub(crate) records: Records,
    /// Links that lead nowhere; they are not among the files.
    pub(crate) broken: Vec<PathBuf>,
}

impl Draft {
    /// Collects the files.
    ///
    /// # Errors
    /// When a file or `RECORD` can't be read.
    pub(crate) fn of(origin: &Origin<'_>) -> Result<Self> {
        let records = records::read(origin)?;
        let (candidates, broken) = match origin {
            Origin::Venv { root, .. } | Origin::Target { root, .. } => (files(root)?, Vec::new()),
            Origin::Environment { root, site, .. } => environment::files(root, site, &records)?,
        };
        Ok(Self {
            tree: collect_files(origin, &records, candidates)?,
            records,
            broken,
        })
    }

    /// Writes the `RECORD`s that are in `tree`, with the files that are there too.
    ///
    /// # Errors
    /// When a path isn't UTF-8.
    pub(crate) fn write_records(&self, tree: &mut Tree, origin: &Origin<'_>) -> Result<()> {
        records::write(tree, origin.layer_site(), &self.records, origin)
    }
}

fn collect_files(origin: &Origin<'_>, records: &Records, candidates: BTreeSet<LayerPath>) -> Result<Tree> {
    let root = origin.root();
    let recorded: BTreeSet<LayerPath> = records
        .values()
        .flat_map(BTreeMap::keys)
        .map(|path| origin.layer_path(path.as_bytes()))
        .collect();

    let mut tree = Tree::new();
    for path in candidates {
        let source = root.join(OsStr::from_bytes(&path));
        let is_package_file = match origin {
            Origin::Venv { before, site, .. } => {
                // Outside site-packages only files of a RECORD: the others are the environment's own.
                path.starts_with(format!("{site}/").as_bytes()) && !before.contains(&path)
                    || recorded.contains(&origin.layer_path(&path))
            }
            Origin::Target { .. } => path.as_slice() != b".lock",
            Origin::Environment { .. } => true,
        };
        if !is_package_file || is_left_out(&path, &source)? {
            continue;
        }
        let layer_path = origin.layer_path(&path);
        // The launcher writes a file of this name itself, where no program needs another one.
        if layer_path == CACHE_INDEX.as_bytes() {
            continue;
        }
        let executable = fs_err::metadata(&source)?.permissions().mode() & 0o100 != 0;
        if layer_path.starts_with(b"bin/") && begins_with_shebang(&source)? {
            let bytes = fs_err::read(&source)?;
            if let Some(script) = scripts::portable(&bytes, |python| origin.is_interpreter(python)) {
                tree.insert_bytes(layer_path, script, true);
                continue;
            }
        }
        tree.insert_path(layer_path, source, executable);
    }
    Ok(tree)
}

/// Every file below `root`, relative to it. Links to directories are skipped: the virtual environment has some
/// (`lib64`), wheels have none.
pub(super) fn files(root: &Path) -> Result<BTreeSet<LayerPath>> {
    let mut files = BTreeSet::new();
    for entry in WalkDir::new(root) {
        let entry = entry.with_context(|| format!("failed to list `{}`", root.display()))?;
        if !entry.file_type().is_dir() && !entry.path().is_dir() {
            let relative = entry.path().strip_prefix(root).context("failed to walk")?;
            files.insert(relative.as_os_str().as_bytes().to_vec());
        }
    }
    Ok(files)
}

fn is_left_out(path: &[u8], source: &Path) -> Result<bool> {
    if path
        .split(|&byte| byte == b'/')
        .any(|part| part == b"__pycache__")
    {
        return Ok(true);
    }
    if source
        .parent()
        .is_none_or(|parent| parent.extension() != Some("dist-info".as_ref()))
    {
        return Ok(false);
    }
    let name = source.file_name().unwrap_or_default();
    if name == "direct_url.json" {
        return Ok(!editable::is_portable(&fs_err::read(source)?));
    }
    Ok(INSTALLER_NOTES.iter().any(|note| name == *note))
}

/// Whether a file is a script; programs in `bin/` can be large and aren't read.
fn begins_with_shebang(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    fs_err::File::open(path)?.take(2).read_to_end(&mut start)?;
    Ok(start == b"#!")
}

#[cfg(test)]
mod tests;
