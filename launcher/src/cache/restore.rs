//! Restoring members in their places, one by one.
//!
//! Each replacement is written whole elsewhere and takes its place by a rename. So a kill at any moment leaves a
//! member as it was or restored, a program that runs from the directory keeps the files that it has open or mapped,
//! and everything else in the directory stays, whoever made it.
//!
//! The index stays too if it is right: the time of the publication must not change, or what the program has changed
//! before would count as decay. Therefore what is restored must not decay later: it is synced before the renames.
//!
//! Where nothing can be renamed from one directory to another, a replacement is copied to a name beside its place first.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens, syncfs};

use super::compare::Scope;
use super::differences::{Difference, Differences, Expected, Names, entries};
use super::published::{Published, Time, is_programs, modified};
use crate::error::{Error, Result};
use crate::format::index;
use crate::format::names::CACHE_INDEX;
use crate::removal::remove_directory;
use crate::unpack::UNPACKED_TIME;

/// So many files are synced one by one.
const FEW: usize = 16;

/// Gives what differs its place. The replacements are in `spare`. Only to be called when all frames have been checked.
///
/// # Errors
/// When the directory can't be written to.
pub(super) fn restore(differences: &Differences, spare: &Path, scope: Scope) -> Result<()> {
    let Differences {
        root,
        list,
        has_index,
        ..
    } = differences;
    let is_wanted = |one: &&Difference| scope == Scope::All || !one.is_changed;
    let index = spare.join("index");
    if !has_index {
        write_index(differences, &index, scope).map_err(|error| Error::storage("write", &index, &error))?;
    } else if !list.iter().any(|one| is_wanted(&one)) {
        return Ok(());
    }
    sync(differences, spare);
    for one in list.iter().filter(is_wanted) {
        let path = root.join(&one.path);
        one.restore(differences, spare, scope)
            .map_err(|error| Error::storage("restore", &path, &error))?;
    }
    if !has_index {
        let at = root.join(CACHE_INDEX);
        clear(&at)
            .and_then(|()| put(&index, &at))
            .map_err(|error| Error::storage("restore", &at, &error))?;
    }
    set_times(differences, scope);
    Ok(())
}

/// Syncs what was written to `spare`. Not every file system can; what is lost then has to be restored by `repair`.
fn sync(differences: &Differences, spare: &Path) {
    let new = differences.list.iter().filter_map(|one| match &one.expected {
        Expected::File(new) if !new.as_os_str().is_empty() => Some(new),
        _ => None,
    });
    if new.clone().count() > FEW {
        File::open(spare).map_or(Ok(()), syncfs).unwrap_or_default();
        return;
    }
    // What others have written to the file system need not be waited for.
    for new in new {
        File::open(new)
            .and_then(|file| file.sync_data())
            .unwrap_or_default();
    }
}

/// Writes an index whose time is that of the publication, or before everything that was changed since and is kept.
fn write_index(differences: &Differences, path: &Path, scope: Scope) -> io::Result<()> {
    let Differences {
        root,
        published,
        list,
        index,
        ..
    } = differences;
    fs::write(path, index)?;
    let file = File::open(path)?;
    let written = modified(&file.metadata()?);
    let mut time = published.map_or(written, |Published { time, .. }| time.min(written));
    for one in list
        .iter()
        .filter(|one| one.is_changed && scope == Scope::Damaged)
    {
        if let Ok(kept) = root.join(&one.path).symlink_metadata() {
            time = time.min(before(modified(&kept)));
        }
    }
    if time != written {
        futimens(&file, &times(time))?;
    }
    Ok(())
}

const fn before((seconds, nanoseconds): Time) -> Time {
    if nanoseconds > 0 {
        (seconds, nanoseconds - 1)
    } else {
        (seconds - 1, 999_999_999)
    }
}

fn times((seconds, nanoseconds): Time) -> Timestamps {
    let time = Timespec {
        tv_sec: seconds,
        tv_nsec: nanoseconds,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

impl Difference {
    /// Moves what is expected to its place, unless the program has changed what is there meanwhile.
    fn restore(&self, differences: &Differences, spare: &Path, scope: Scope) -> io::Result<()> {
        let Differences {
            root,
            part,
            published,
            ..
        } = differences;
        let is_kept = |path: &Path| {
            let is_ours = scope == Scope::All || part.is_ours(path);
            !is_ours && is_programs(root, path, u64::MAX, published.as_ref())
        };
        if is_kept(&self.path) {
            return Ok(());
        }
        let mut parent = PathBuf::new();
        for name in self.path.parent().into_iter().flatten() {
            parent.push(name);
            make_directory(&root.join(&parent))?;
        }
        let path = root.join(&self.path);
        match &self.expected {
            Expected::Directory => make_directory(&path),
            Expected::File(new) => {
                clear(&path)?;
                put(new, &path)
            }
            Expected::Link(target) => {
                let new = spare.join("link");
                symlink(target, &new)?;
                clear(&path)?;
                put(&new, &path)
            }
        }
    }
}

/// Moves a file or link to its place.
fn put(new: &Path, path: &Path) -> io::Result<()> {
    match fs::rename(new, path) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        renamed => return renamed,
    }
    let beside = path.with_file_name(format!(".pyship-{}", std::process::id()));
    let copied = match fs::read_link(new) {
        Ok(target) => symlink(target, &beside).and_then(|()| fs::remove_file(new)),
        Err(_) => copy(new, &beside),
    };
    copied
        .and_then(|()| fs::rename(&beside, path))
        .inspect_err(|_| fs::remove_file(&beside).unwrap_or_default())
}

/// Copies a file with its mode and times, and syncs the copy.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut from = File::open(from)?;
    let found = from.metadata()?;
    let mut to = File::options()
        .write(true)
        .create_new(true)
        .mode(found.mode() & 0o777)
        .open(to)?;
    copy_bytes(&mut from, &mut to)?;
    futimens(&to, &times(modified(&found)))?;
    // Not every file system can.
    to.sync_data().unwrap_or_default();
    Ok(())
}

/// Not `io::copy`: its special cases for Linux would add kilobytes to the launcher.
pub(super) fn copy_bytes(from: &mut dyn io::Read, to: &mut File) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => to.write_all(&buffer[..read])?,
        }
    }
}

/// Makes `path` a directory, whatever it is now.
fn make_directory(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match fs::create_dir(path) {
        // Another start restores it too.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Removes a directory in the place of something else; a rename replaces all other kinds.
fn clear(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        remove_directory(path)?;
    }
    Ok(())
}

/// Gives the directories of members that were restored the time of unpacked ones again, without which imports are
/// slower. Not those where something was changed or added: there the import has to look. Failures are ignored.
fn set_times(differences: &Differences, scope: Scope) {
    let Differences {
        root, list, index, ..
    } = differences;
    let members = index::decode(index).unwrap_or_default();
    let names = Names::new(&members);
    let is_pure = |directory: &Path| entries(root, directory).all(|(path, _)| names.has(&path));
    let is_kept = |one: &Difference| one.is_changed && scope == Scope::Damaged;
    let unpacked = times((UNPACKED_TIME, 0));
    let mut done = PathBuf::new();
    for one in list.iter().filter(|one| !is_kept(one)) {
        let parent = one.path.parent().unwrap_or(Path::new(""));
        let has_kept = || {
            list.iter()
                .any(|one| is_kept(one) && one.path.parent() == Some(parent))
        };
        if parent == done || parent == Path::new("") || has_kept() || !is_pure(parent) {
            continue;
        }
        parent.clone_into(&mut done);
        let Ok(directory) = File::open(root.join(parent)) else {
            continue;
        };
        futimens(&directory, &unpacked).unwrap_or_default();
        // What was added between the look and the call before must be seen.
        if !is_pure(parent) {
            futimens(&directory, &times((0, UTIME_NOW))).unwrap_or_default();
        }
    }
}
