//! The build machine's glibc as a layer: the loader, the C library, and the other libraries that wheels may assume.
//!
//! Where the host has no glibc, or one that is older than the packed files need, the launcher starts the interpreter
//! through this loader with `--library-path`. All files come from one directory, because the parts of a glibc work only
//! with each other. Locales and name services of other packages are left out on purpose: the runtime layer has C.UTF-8
//! ([`crate::interpreter::fallbacks`]). Character sets ([`mod@gconv`]) go along on request: Python has its own codecs.

mod gconv;
mod version;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use pyship_launcher::format::manifest::CarriedLibc;
use pyship_launcher::format::names::LIBC_LIB;

use crate::elf::edit::strip;
use crate::elf::{Elf, LibrarySearch, Sysroot, inspect, is_loader};
use crate::tree::Tree;

/// Files that every glibc has.
const REQUIRED: &[&str] = &["libc.so.6", "libm.so.6"];
/// Files that a build machine may lack. Since glibc 2.34 most of them are empty, and there for older programs.
const OPTIONAL: &[&str] = &[
    "libanl.so.1",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
];
/// Files that go along when something needs them: they are a third of all, and nothing of them is loaded unasked.
pub(crate) const ON_DEMAND: &[&str] = &[
    "libBrokenLocale.so.1",
    "libmvec.so.1",
    "libnsl.so.1",
    "libnss_compat.so.2",
    "libstdc++.so.6",
    "libthread_db.so.1",
];

/// Why no glibc can be carried. With all but [`Self::Other`] a file can be packed that uses the host's glibc.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoLibc {
    /// The interpreter is not built for glibc.
    #[error("the interpreter's loader `{}` is not that of glibc", .0.display())]
    NotGlibc(PathBuf),
    /// The target is another machine, and no sysroot of it is given.
    #[error("give the target's root directory, or a copy of it, with --sysroot")]
    NoSysroot,
    /// The interpreter's loader is missing.
    #[error("there is no `{}`", .0.display())]
    NoLoader(PathBuf),
    /// A part of glibc is missing.
    #[error("there is no `{0}` beside the loader")]
    Missing(&'static str),
    /// The C library does not say which version it is.
    #[error("failed to read the version of `{}`", .0.display())]
    NoVersion(PathBuf),
    /// A file can't be read or edited.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// A collected glibc.
#[derive(Debug)]
pub(crate) struct Collected {
    /// The layer.
    pub(crate) tree: Tree,
    /// Its entry in the manifest.
    pub(crate) libc: CarriedLibc,
    /// Files and directories of the builder that it depends on.
    pub(crate) inputs: Vec<PathBuf>,
}

/// Collects the glibc to which `loader` (the interpreter's `PT_INTERP`) belongs, from the build machine or a
/// sysroot, with those of [`ON_DEMAND`] that are `needed`, and with its character sets if `with_gconv`.
///
/// # Errors
/// See [`NoLibc`].
pub(crate) fn carried(
    loader: &Path,
    sysroot: Option<&Path>,
    needed: &BTreeSet<String>,
    with_gconv: bool,
) -> Result<Collected, NoLibc> {
    let name = loader
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if !is_loader(name) {
        return Err(NoLibc::NotGlibc(loader.to_owned()));
    }
    let root = Sysroot::new(sysroot);
    let no_loader = || NoLibc::NoLoader(root.on_builder(loader));
    let loader_file = root.resolve(loader).ok_or_else(no_loader)?;
    let (bytes, elf) = read(&loader_file)?;
    let libraries = LibrarySearch::new(elf.machine, sysroot);
    let loader_directory: Vec<PathBuf> = root
        .on_target(&loader_file)
        .parent()
        .map(Path::to_owned)
        .into_iter()
        .collect();

    let mut inputs: Vec<PathBuf> = libraries.watched().chain([loader_file.clone()]).collect();
    let mut tree = Tree::new();
    let loader_path = format!("{LIBC_LIB}/{name}");
    tree.insert_bytes(loader_path.as_bytes(), stripped(&loader_file, &bytes)?, true);
    let mut version = None;
    let on_demand = ON_DEMAND.iter().filter(|soname| needed.contains(**soname));
    for &soname in REQUIRED.iter().chain(OPTIONAL).chain(on_demand) {
        let Some(file) = libraries.find(soname, &loader_directory) else {
            if REQUIRED.contains(&soname) {
                return Err(NoLibc::Missing(soname));
            }
            continue;
        };
        let (bytes, _) = read(&file)?;
        inputs.push(file.clone());
        if soname == "libc.so.6" {
            version = Some(version::of(&bytes).ok_or_else(|| NoLibc::NoVersion(file.clone()))?);
            if with_gconv {
                inputs.extend(gconv::add_to(&mut tree, &file, &root)?);
            }
        }
        tree.insert_bytes(
            format!("{LIBC_LIB}/{soname}"),
            stripped(&file, &bytes)?,
            soname == "libc.so.6",
        );
    }
    let version = version.ok_or(NoLibc::Missing("libc.so.6"))?;
    Ok(Collected {
        tree,
        libc: CarriedLibc {
            version,
            loader: loader_path,
        },
        inputs,
    })
}

fn read(file: &Path) -> anyhow::Result<(Vec<u8>, Elf)> {
    let bytes = fs_err::read(file)?;
    let elf = inspect(&bytes).with_context(|| format!("failed to read `{}`", file.display()))?;
    let elf = elf.with_context(|| format!("failed to read `{}`: not an ELF file", file.display()))?;
    Ok((bytes, elf))
}

fn stripped(file: &Path, bytes: &[u8]) -> anyhow::Result<Arc<[u8]>> {
    let stripped = strip(bytes).with_context(|| format!("failed to strip `{}`", file.display()))?;
    Ok(stripped.into())
}

#[cfg(test)]
mod tests;
