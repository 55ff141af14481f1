//! The build machine's glibc as a layer: the loader, the C library and what wheels may assume beside it.
//!
//! Where the host has no glibc, or an older one than the packed files ask for, the launcher starts the
//! interpreter through this loader with `--library-path`. All of it comes from one place: the parts of a glibc
//! fit only each other. Locales, character sets (`gconv`) and the name services of other packages are absent
//! on purpose: Python has its own codecs, and C.UTF-8 goes with the runtime (`bare.rs`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use pyship_launcher::format::manifest::CarriedLibc;
use pyship_launcher::format::names::LIBC_LIB;
use pyship_launcher::target::HOST;

use crate::elf::edit::strip;
use crate::elf::lookup::Lookup;
use crate::elf::read::{Elf, Machine, inspect};
use crate::elf::system::is_loader;
use crate::tree::Tree;

/// Without these it is no C library.
const REQUIRED: &[&str] = &["libc.so.6", "libm.so.6"];
/// Since glibc 2.34 most of these are empty shells for programs of before; a build machine may lack some.
const OPTIONAL: &[&str] = &[
    "libanl.so.1",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
    "libutil.so.1",
];

/// Why no glibc can be carried. All but [`Self::Other`] say something about where it was looked for, which is
/// fine as long as the host's own will do.
#[derive(Debug, thiserror::Error)]
pub enum NoLibc {
    /// The interpreter is not made for glibc.
    #[error("the interpreter's loader `{}` is not that of glibc", .0.display())]
    NotGlibc(PathBuf),
    /// The builder has no glibc of another machine.
    #[error("give the target's root directory, or a copy of it, with --sysroot")]
    NoSysroot,
    /// The interpreter's loader is not there.
    #[error("there is no `{}`", .0.display())]
    NoLoader(PathBuf),
    /// A part of glibc is not there.
    #[error("there is no `{0}` beside the loader")]
    Missing(&'static str),
    /// The C library does not say which version it is.
    #[error("failed to find out the version of `{}`", .0.display())]
    NoVersion(PathBuf),
    /// A file can't be read or edited.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// What was carried, and what that depends on.
#[derive(Debug)]
pub struct Collected {
    /// The layer.
    pub tree: Tree,
    /// What the manifest says of it.
    pub libc: CarriedLibc,
    /// Files and directories of the builder whose change may change it.
    pub inputs: Vec<PathBuf>,
}

/// Collects the glibc to which `loader` (the interpreter's `PT_INTERP`) belongs, from the build machine or a
/// sysroot.
///
/// # Errors
/// See [`NoLibc`].
pub fn carried(loader: &Path, sysroot: Option<&Path>) -> Result<Collected, NoLibc> {
    let name = loader
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if !is_loader(name) {
        return Err(NoLibc::NotGlibc(loader.to_owned()));
    }
    // The machine is known once the loader is found; following links to it does not depend on that.
    let lookup = Lookup::new(Machine::of(HOST), sysroot);
    let no_loader = || NoLibc::NoLoader(lookup.on_builder(loader));
    let loader_file = lookup.resolve(loader).ok_or_else(no_loader)?;
    let (bytes, elf) = read(&loader_file)?;
    let lookup = Lookup::new(elf.machine, sysroot);
    let beside: Vec<PathBuf> = lookup
        .on_target(&loader_file)
        .parent()
        .map(Path::to_owned)
        .into_iter()
        .collect();

    let mut inputs: Vec<PathBuf> = lookup.watched().chain([loader_file.clone()]).collect();
    let mut tree = Tree::new();
    let loader_path = format!("{LIBC_LIB}/{name}");
    tree.insert_bytes(loader_path.as_bytes(), stripped(&loader_file, &bytes)?, true);
    let mut version = None;
    for &soname in REQUIRED.iter().chain(OPTIONAL) {
        let Some(file) = lookup.find(soname, &beside) else {
            if REQUIRED.contains(&soname) {
                return Err(NoLibc::Missing(soname));
            }
            continue;
        };
        let (bytes, _) = read(&file)?;
        inputs.push(file.clone());
        if soname == "libc.so.6" {
            let found = release(&bytes).or_else(|| newest_symbol(&bytes));
            version = Some(found.ok_or_else(|| NoLibc::NoVersion(file.clone()))?);
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

/// The version in `GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.`
fn release(bytes: &[u8]) -> Option<(u32, u32)> {
    const BANNER: &[u8] = b"GNU C Library";
    const BEFORE: &[u8] = b"release version ";
    let banner = find(bytes, BANNER)?;
    let line = &bytes[banner..bytes.len().min(banner + 200)];
    let rest = &line[find(line, BEFORE)? + BEFORE.len()..];
    version_at(rest)
}

/// The newest `GLIBC_x.y` that is named anywhere.
fn newest_symbol(bytes: &[u8]) -> Option<(u32, u32)> {
    const PREFIX: &[u8] = b"GLIBC_";
    let mut newest = None;
    let mut rest = bytes;
    while let Some(at) = find(rest, PREFIX) {
        rest = &rest[at + PREFIX.len()..];
        newest = newest.max(version_at(rest));
    }
    newest
}

fn version_at(text: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = text.splitn(3, |byte| !byte.is_ascii_digit());
    let mut number = || std::str::from_utf8(numbers.next()?).ok()?.parse().ok();
    Some((number()?, number()?))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests;
