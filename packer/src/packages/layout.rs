//! From what an installer wrote to a tree that is the same wherever it was written.
//!
//! Left out: what the virtual environment had before, byte code, and what only means something on the builder
//! (paths of source directories, uv's notes about its cache). Changed: scripts lose the interpreter's path,
//! and each `RECORD` says what is now there.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use super::record::{self, Entry};
use super::{editable, scripts};
use crate::tree::{Content, LayerPath, Node, Tree};

/// Where an installer wrote.
pub(super) enum Origin<'a> {
    /// A virtual environment, laid out as the layer will be.
    Venv {
        /// Its directory.
        root: &'a Path,
        /// Its site-packages, relative.
        site: &'a str,
        /// Its files before anything was installed.
        before: &'a BTreeSet<LayerPath>,
    },
    /// A `--target` directory: packages at the top, `bin`, `share` and so on among them.
    Target {
        /// The directory.
        root: &'a Path,
        /// Where packages lie in the layer.
        site: &'a str,
    },
}

/// Directories of a `--target` that are a prefix's, unless they are packages.
const PREFIX_DIRECTORIES: &[&str] = &["bin", "etc", "include", "man", "sbin", "share"];

/// Files of a dist-info that uv writes for itself.
const UV_NOTES: &[&str] = &["uv_build.json", "uv_cache.json"];

/// Makes the tree.
pub(super) fn collect(origin: &Origin<'_>) -> Result<Tree> {
    let (Origin::Venv { root, site, .. } | Origin::Target { root, site }) = *origin;
    let records = records(origin)?;
    let recorded: BTreeSet<&str> = records
        .values()
        .flat_map(BTreeMap::keys)
        .map(String::as_str)
        .collect();

    let mut tree = Tree::new();
    for path in files(root)? {
        let source = root.join(OsStr::from_bytes(&path));
        let is_package_file = match origin {
            Origin::Venv { before, .. } => {
                // Outside site-packages only what a distribution claims: the rest is the environment's own.
                path.starts_with(format!("{site}/").as_bytes()) && !before.contains(&path)
                    || std::str::from_utf8(&path).is_ok_and(|path| recorded.contains(path))
            }
            Origin::Target { .. } => path.as_slice() != b".lock",
        };
        if !is_package_file || is_left_out(&path, &source)? {
            continue;
        }
        let place = place(origin, &path);
        let executable = fs_err::metadata(&source)?.permissions().mode() & 0o100 != 0;
        if place.starts_with(b"bin/") && begins_with_shebang(&source)? {
            let bytes = fs_err::read(&source)?;
            if let Some(script) = scripts::portable(&bytes, |python| is_installers(origin, python)) {
                tree.insert_bytes(place, script, true);
                continue;
            }
        }
        tree.insert_path(place, source, executable);
    }
    write_records(&mut tree, site, &records, origin)?;
    Ok(tree)
}

/// Every file below `root`, relative. Links to directories are those of the virtual environment itself
/// (`lib64`): wheels have none.
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

/// Of each `RECORD` (by its path below the root) the lines, by the path of the file below the root.
type Records = BTreeMap<String, BTreeMap<String, Entry>>;

fn records(origin: &Origin<'_>) -> Result<Records> {
    let (root, site) = match *origin {
        Origin::Venv { root, site, .. } => (root, site),
        Origin::Target { root, .. } => (root, ""),
    };
    let mut records = Records::new();
    for entry in fs_err::read_dir(root.join(site))? {
        let path = entry?.path().join("RECORD");
        if !path.is_file()
            || path
                .parent()
                .is_none_or(|info| info.extension() != Some("dist-info".as_ref()))
        {
            continue;
        }
        let mut lines = BTreeMap::new();
        let parsed = record::parse(&fs_err::read(&path)?);
        for line in parsed.with_context(|| format!("failed to read `{}`", path.display()))? {
            let full = match origin {
                Origin::Venv { .. } => record::resolve(site, &line.path),
                // pip's lines were written for a site-packages two directories down, uv's for this one.
                Origin::Target { .. } => record::resolve("", line.path.trim_start_matches("../")),
            };
            let Some(full) = full else {
                bail!(
                    "failed to read `{}`: it names `{}`, which lies outside",
                    path.display(),
                    line.path
                );
            };
            lines.insert(full, line);
        }
        records.insert(relative(&path, root)?, lines);
    }
    Ok(records)
}

fn relative(path: &Path, root: &Path) -> Result<String> {
    let relative = path.strip_prefix(root).context("failed to walk")?;
    relative
        .to_str()
        .map(str::to_owned)
        .with_context(|| format!("failed to read `{}`: its name is not UTF-8", path.display()))
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
        return Ok(!editable::may_travel(&fs_err::read(source)?));
    }
    Ok(UV_NOTES.iter().any(|note| name == *note))
}

/// Programs in `bin/` can be large; only scripts are read.
fn begins_with_shebang(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    fs_err::File::open(path)?.take(2).read_to_end(&mut start)?;
    Ok(start == b"#!")
}

/// Where a file below the root belongs in the layer.
fn place(origin: &Origin<'_>, path: &[u8]) -> LayerPath {
    match origin {
        Origin::Venv { .. } => path.to_vec(),
        Origin::Target { root, site } => {
            let top = path.split(|&byte| byte == b'/').next().unwrap_or_default();
            let is_prefix = top.len() < path.len()
                && PREFIX_DIRECTORIES.iter().any(|name| name.as_bytes() == top)
                && !root.join(OsStr::from_bytes(top)).join("__init__.py").exists();
            if is_prefix {
                path.to_vec()
            } else {
                [site.as_bytes(), b"/", path].concat()
            }
        }
    }
}

/// Whether an installer wrote this interpreter into a script.
fn is_installers(origin: &Origin<'_>, python: &Path) -> bool {
    match origin {
        Origin::Venv { root, .. } => python.starts_with(root.join("bin")),
        // There it is the builder's interpreter, by one of its names.
        Origin::Target { .. } => {
            python.is_absolute()
                && python
                    .file_name()
                    .is_some_and(|name| name.as_bytes().starts_with(b"python"))
        }
    }
}

fn write_records(tree: &mut Tree, site: &str, records: &Records, origin: &Origin<'_>) -> Result<()> {
    for (record_path, lines) in records {
        let record_place = place(origin, record_path.as_bytes());
        let mut entries = Vec::new();
        for (path, line) in lines {
            let place = place(origin, path.as_bytes());
            let Some(Node::File(file)) = tree.get(&place) else {
                continue;
            };
            let name = record::relative_to(site, &String::from_utf8(place.clone())?);
            entries.push(match &file.content {
                _ if place == record_place => Entry {
                    path: name,
                    hash: String::new(),
                    size: String::new(),
                },
                Content::Bytes(bytes) => Entry::of(name, bytes),
                Content::Path(_) => Entry {
                    path: name,
                    ..line.clone()
                },
            });
        }
        tree.insert_bytes(record_place, record::encode(entries)?, false);
    }
    Ok(())
}
