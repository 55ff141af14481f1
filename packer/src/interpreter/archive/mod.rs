//! Unpacks an interpreter's archive in python-build-standalone's shape, which may come from anywhere.
//!
//! ```text
//! python/bin/python3 …            install_only archives
//! python/install/bin/python3 …    full archives; python/build/ is passed over
//! ```
//!
//! Nothing is trusted: [`members`] decides for each member, as values, whether it may be there; regular files
//! are written while the archive is read, symbolic links when all of it is known, so that nothing is ever
//! written through one. On failure the directory goes with its [`TempDir`].

mod compression;
mod members;

use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use tar::EntryType;
use tempfile::TempDir;

use compression::Compression;
use fs_err::os::unix::fs::OpenOptionsExt;
use members::{Kind, Members};

/// No interpreter is larger, unpacked: a full archive of a debug build has 1 GiB.
const MAX_BYTES: u64 = 4 << 30;
/// No interpreter has more members: a full archive has 15,000.
const MAX_MEMBERS: usize = 100_000;
/// Zeros that may follow the last member: tar programs fill up to a multiple of 10 KiB or, when told, of more.
const MAX_PADDING: u64 = 16 << 20;
/// No path is longer than that; the kernel's own limit is 4096.
const MAX_EXTENSION: u64 = 64 << 10;

/// An unpacked archive; dropping it removes the files.
#[derive(Debug)]
pub struct Unpacked {
    /// What was made, with everything in it.
    pub directory: TempDir,
    /// The installation: the directory that holds `bin/python3`.
    pub prefix: PathBuf,
}

/// Whether a file is an archive that [`unpack`] may read, judged by its first bytes.
///
/// # Errors
/// When it can't be read.
pub fn looks_like(file: &Path) -> Result<bool> {
    let mut head = Vec::new();
    fs_err::File::open(file)?.take(512).read_to_end(&mut head)?;
    Ok(Compression::of(&head).is_some())
}

/// Unpacks `archive` into a new directory inside `parent`. `progress` is told, now and then, how many bytes
/// of the archive have been read.
///
/// # Errors
/// ``failed to unpack `x.tar.gz`: …`` when it can't be read, is damaged, is hostile, or isn't an interpreter.
pub fn unpack(archive: &Path, parent: &Path, progress: &mut dyn FnMut(u64)) -> Result<Unpacked> {
    let directory = tempfile::Builder::new().prefix("python-").tempdir_in(parent)?;
    // The libraries' own words may hold bytes of the archive.
    let plain = |error: anyhow::Error| anyhow!(pyship_launcher::error::plain(format!("{error:#}")));
    let prefix = unpack_to(archive, directory.path(), progress)
        .map_err(plain)
        .with_context(|| format!("failed to unpack `{}`", archive.display()))?;
    Ok(Unpacked { directory, prefix })
}

fn unpack_to(archive: &Path, directory: &Path, progress: &mut dyn FnMut(u64)) -> Result<PathBuf> {
    let file = compression::Counted::new(fs_err::File::open(archive)?, progress);
    // A little more than the members alone may take: their headers.
    let mut limited = compression::open(file)?.take(MAX_BYTES + MAX_BYTES / 8);
    let mut members = Members::default();
    extract(&mut limited, directory, &mut members)?;
    ensure!(
        limited.limit() > 0,
        "it unpacks to more than {} GiB",
        MAX_BYTES >> 30
    );
    // The decoder checks its sums at the end, behind the last member.
    let behind = std::io::copy(&mut limited.take(MAX_PADDING + 1), &mut std::io::sink())?;
    ensure!(
        behind <= MAX_PADDING,
        "it goes on for more than {} MiB behind its last member",
        MAX_PADDING >> 20
    );
    for (path, target) in members.links()? {
        std::os::unix::fs::symlink(bytes_path(target), directory.join(bytes_path(path)))?;
    }
    ["python/install", "python"]
        .into_iter()
        .map(|prefix| directory.join(prefix))
        .find(|prefix| super::discover::python_in(prefix).is_some())
        .with_context(|| {
            let found = members.summary();
            format!("it has neither python/bin/python3 nor python/install/bin/python3, but {found}")
        })
}

fn extract(reader: &mut dyn Read, directory: &Path, members: &mut Members) -> Result<()> {
    let mut archive = tar::Archive::new(reader);
    let mut total = 0u64;
    let mut count = 0usize;
    let mut long = Extension::default();
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry?;
        let size = entry.size();
        total = total.saturating_add(size);
        count += 1;
        ensure!(
            total <= MAX_BYTES,
            "it unpacks to more than {} GiB",
            MAX_BYTES >> 30
        );
        ensure!(count <= MAX_MEMBERS, "it has more than {MAX_MEMBERS} members");
        let entry_type = entry.header().entry_type();
        if long.take_from(entry_type, &mut entry)? {
            continue;
        }
        let Extension { path, link } = std::mem::take(&mut long);
        let path = path.unwrap_or_else(|| entry.path_bytes().into_owned());
        let link = link
            .or_else(|| entry.link_name_bytes().map(std::borrow::Cow::into_owned))
            .unwrap_or_default();
        let executable = entry.header().mode()? & 0o111 != 0;
        let kind = match entry_type {
            EntryType::Directory => Kind::Directory,
            EntryType::Regular | EntryType::Continuous if path.ends_with(b"/") => Kind::Directory,
            EntryType::Regular | EntryType::Continuous => Kind::File,
            EntryType::Symlink => Kind::Symlink(link.clone()),
            EntryType::Link => Kind::File,
            other => {
                bail!(
                    "its member `{}` is {}",
                    members::shown(&path),
                    members::describe(other)
                )
            }
        };
        let Some(path) = members.add(&path, kind)? else {
            continue;
        };
        let place = directory.join(bytes_path(&path));
        match entry_type {
            EntryType::Symlink => {}
            EntryType::Link => {
                let Some(original) = members.hard_link(&path, &link)? else {
                    continue;
                };
                make_parent(&place)?;
                fs_err::hard_link(directory.join(bytes_path(&original)), &place)?;
            }
            _ if members.is_directory(&path) => fs_err::create_dir_all(&place)?,
            _ => {
                make_parent(&place)?;
                let mode = if executable { 0o755 } else { 0o644 };
                let mut file = fs_err::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(mode)
                    .open(&place)?;
                let written = std::io::copy(&mut entry, &mut file)?;
                ensure!(
                    written == size,
                    "it is cut off within `{}`",
                    members::shown(&path)
                );
                file.flush()?;
            }
        }
    }
    ensure!(count > 0, "it is empty");
    Ok(())
}

/// A path or link target that was too long for its header and comes in a member of its own before it.
#[derive(Default)]
struct Extension {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
}

impl Extension {
    /// Takes what a GNU or pax extension member says; false when this is no such member.
    fn take_from(&mut self, entry_type: EntryType, entry: &mut tar::Entry<'_, impl Read>) -> Result<bool> {
        let known = matches!(
            entry_type,
            EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader | EntryType::XGlobalHeader
        );
        if !known {
            return Ok(false);
        }
        ensure!(
            entry.size() <= MAX_EXTENSION,
            "one of its headers is larger than {MAX_EXTENSION} bytes"
        );
        let mut data = Vec::new();
        entry.read_to_end(&mut data)?;
        ensure!(data.len() as u64 == entry.size(), "it is cut off within a header");
        match entry_type {
            EntryType::GNULongName => self.path = Some(until_nul(data)),
            EntryType::GNULongLink => self.link = Some(until_nul(data)),
            EntryType::XHeader => {
                for extension in tar::PaxExtensions::new(&data) {
                    let extension = extension?;
                    match extension.key_bytes() {
                        b"path" => self.path = Some(extension.value_bytes().to_vec()),
                        b"linkpath" => self.link = Some(extension.value_bytes().to_vec()),
                        b"size" => bail!("one of its members has its size in a pax header"),
                        key if key.starts_with(b"GNU.sparse") => bail!("one of its members is a sparse file"),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

fn make_parent(place: &Path) -> std::io::Result<()> {
    place.parent().map_or(Ok(()), fs_err::create_dir_all)
}

fn bytes_path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests;
