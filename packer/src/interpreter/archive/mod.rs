//! Unpacks an interpreter's archive, laid out as python-build-standalone's, from any source.
//!
//! ```text
//! python/bin/python3 …            install_only archives
//! python/install/bin/python3 …    full archives; python/build/ is skipped
//! ```
//!
//! Archives are not trusted: [`members`] decides for each member, by its path and kind alone, whether it is
//! accepted. Regular files are written while the archive is read, symbolic links when all members are known, so
//! that nothing is ever written through one. On failure the directory is removed with its [`TempDir`].

mod compression;
mod extension;
mod members;

use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use tar::EntryType;
use tempfile::TempDir;

use compression::Compression;
use extension::Extension;
use fs_err::os::unix::fs::OpenOptionsExt;
use members::{Kind, Members};

/// No interpreter is larger, unpacked: a full archive of a debug build has 1 GiB.
const MAX_BYTES: u64 = 4 << 30;
/// No interpreter has more members: a full archive has 15,000.
const MAX_MEMBERS: usize = 100_000;
/// Zeros that may follow the last member: tar programs pad to a multiple of 10 KiB, or of more on request.
const MAX_PADDING: u64 = 16 << 20;

/// An unpacked archive; dropping it removes the files.
#[derive(Debug)]
pub struct Unpacked {
    /// The directory that it was unpacked to.
    pub directory: TempDir,
    /// The installation: the directory that holds `bin/python3`.
    pub prefix: PathBuf,
}

/// Whether a file begins as an archive that [`unpack`] can read.
///
/// # Errors
/// When it can't be read.
pub(crate) fn is_archive(file: &Path) -> Result<bool> {
    let mut head = Vec::new();
    fs_err::File::open(file)?.take(512).read_to_end(&mut head)?;
    Ok(Compression::of(&head).is_some())
}

/// Unpacks `archive` into a new directory in `parent`. `progress` gets the number of bytes of the archive that
/// have been read.
///
/// # Errors
/// ``failed to unpack `x.tar.gz`: …`` when it can't be read, is damaged or hostile, or isn't an interpreter's.
pub fn unpack(archive: &Path, parent: &Path, progress: &mut dyn FnMut(u64)) -> Result<Unpacked> {
    let directory = tempfile::Builder::new().prefix("python-").tempdir_in(parent)?;
    // The libraries' messages may contain bytes of the archive.
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
    // The decoder checks its sums at the end, after the last member.
    let padding = std::io::copy(&mut limited.take(MAX_PADDING + 1), &mut std::io::sink())?;
    ensure!(
        padding <= MAX_PADDING,
        "it has more than {} MiB after its last member",
        MAX_PADDING >> 20
    );
    for (path, target) in members.links()? {
        std::os::unix::fs::symlink(bytes_path(target), directory.join(bytes_path(path)))?;
    }
    ["python/install", "python"]
        .into_iter()
        .map(|prefix| directory.join(prefix))
        .find(|prefix| super::prefix::python_in(prefix).is_some())
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
        let member = Member { path, link };
        member.write(&mut entry, directory, members)?;
    }
    ensure!(count > 0, "it is empty");
    Ok(())
}

/// A member by its full path and link target.
struct Member {
    path: Vec<u8>,
    link: Vec<u8>,
}

impl Member {
    /// Notes the member and, unless it is a symbolic link, writes it below `directory`.
    fn write(
        &self,
        entry: &mut tar::Entry<'_, impl Read>,
        directory: &Path,
        members: &mut Members,
    ) -> Result<()> {
        let entry_type = entry.header().entry_type();
        let Some(path) = members.add(&self.path, self.kind(entry_type)?)? else {
            return Ok(());
        };
        let target = directory.join(bytes_path(&path));
        match entry_type {
            EntryType::Symlink => Ok(()),
            EntryType::Link => match members.hard_link(&path, &self.link)? {
                None => Ok(()),
                Some(original) => {
                    make_parent(&target)?;
                    Ok(fs_err::hard_link(directory.join(bytes_path(&original)), &target)?)
                }
            },
            _ if members.is_directory(&path) => Ok(fs_err::create_dir_all(&target)?),
            _ => self.write_file(entry, &target),
        }
    }

    fn kind(&self, entry_type: EntryType) -> Result<Kind> {
        Ok(match entry_type {
            EntryType::Directory => Kind::Directory,
            EntryType::Regular | EntryType::Continuous if self.path.ends_with(b"/") => Kind::Directory,
            EntryType::Regular | EntryType::Continuous | EntryType::Link => Kind::File,
            EntryType::Symlink => Kind::Symlink(self.link.clone()),
            other => bail!(
                "its member `{}` is {}",
                members::display(&self.path),
                members::describe(other)
            ),
        })
    }

    fn write_file(&self, entry: &mut tar::Entry<'_, impl Read>, target: &Path) -> Result<()> {
        let executable = entry.header().mode()? & 0o111 != 0;
        make_parent(target)?;
        let mut file = fs_err::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if executable { 0o755 } else { 0o644 })
            .open(target)?;
        let written = std::io::copy(entry, &mut file)?;
        ensure!(
            written == entry.size(),
            "it is cut off within `{}`",
            members::display(&self.path)
        );
        Ok(file.flush()?)
    }
}

fn make_parent(file: &Path) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), fs_err::create_dir_all)
}

fn bytes_path(bytes: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests;
