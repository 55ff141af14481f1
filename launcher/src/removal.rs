//! Removes directories without leaving the mount that they are on.
//!
//! A program may have something mounted below its directory, or an administrator may. What is mounted there is not the
//! cache's: it is found before anything is removed, and is an error that names it.

use std::ffi::{CStr, CString};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, statat, unlinkat,
};
use rustix::io::Errno;

/// Removes a directory and what it contains, as [`std::fs::remove_dir_all`].
///
/// # Errors
/// When something is mounted in it, or on it: then nothing is removed. When it can't be read or removed.
pub fn remove_directory(path: &Path) -> io::Result<()> {
    check(path)?;
    let (parent, name) = open_parent(path)?;
    clear(parent.as_fd(), &name, &mut path.to_owned())
}

/// Checks that nothing is mounted in a directory, or on it.
///
/// # Errors
/// When something is, or a directory can't be read.
pub fn check(path: &Path) -> io::Result<()> {
    let (parent, name) = open_parent(path)?;
    look(parent.as_fd(), &name, &mut path.to_owned())
}

fn open_parent(path: &Path) -> io::Result<(OwnedFd, CString)> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let parent = openat(CWD, parent, flags, Mode::empty())?;
    Ok((parent, CString::new(name.as_bytes())?))
}

/// Opens a directory on the mount of its parent.
fn enter(parent: BorrowedFd<'_>, name: &CStr, path: &Path) -> io::Result<OwnedFd> {
    let mounted = || {
        let message = format!("`{}` is a mount point: unmount it first", path.display());
        io::Error::new(ErrorKind::ResourceBusy, message)
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat2(parent, name, flags, Mode::empty(), ResolveFlags::NO_XDEV) {
        Err(Errno::XDEV) => Err(mounted()),
        // A kernel before 5.6, or a sandbox that does not know the call. Another mount of the same file system isn't seen.
        Err(Errno::NOSYS | Errno::PERM) => {
            let directory = openat(parent, name, flags, Mode::empty())?;
            match fstat(&directory)?.st_dev == fstat(parent)?.st_dev {
                true => Ok(directory),
                false => Err(mounted()),
            }
        }
        opened => Ok(opened?),
    }
}

fn look(parent: BorrowedFd<'_>, name: &CStr, path: &mut PathBuf) -> io::Result<()> {
    let directory = enter(parent, name, path)?;
    each(
        &directory,
        path,
        &mut |name, is_directory, path| match is_directory {
            true => gone_is_fine(look(directory.as_fd(), name, path)),
            false => Ok(()),
        },
    )
}

fn clear(parent: BorrowedFd<'_>, name: &CStr, path: &mut PathBuf) -> io::Result<()> {
    let directory = enter(parent, name, path)?;
    each(&directory, path, &mut |name, is_directory, path| {
        gone_is_fine(match is_directory {
            true => clear(directory.as_fd(), name, path),
            false => unlinkat(&directory, name, AtFlags::empty()).map_err(Into::into),
        })
    })?;
    Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

/// What is done with an entry: its name, whether it is a directory, and its path.
type Take<'a> = &'a mut dyn FnMut(&CStr, bool, &mut PathBuf) -> io::Result<()>;

fn each(directory: &OwnedFd, path: &mut PathBuf, take: Take<'_>) -> io::Result<()> {
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if [c".", c".."].contains(&name) {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) => FileType::from_raw_mode(found.st_mode),
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(errno.into()),
            },
            kind => kind,
        };
        path.push(std::ffi::OsStr::from_bytes(name.to_bytes()));
        take(name, kind == FileType::Directory, path)?;
        path.pop();
    }
    Ok(())
}

/// Others may remove the same.
fn gone_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_tree_goes_and_what_its_links_lead_to_stays() {
        let place = std::env::temp_dir().join(format!("pyship-removal-{}", std::process::id()));
        let tree = place.join("tree");
        fs::create_dir_all(tree.join("a/b/c")).unwrap();
        fs::create_dir_all(place.join("other")).unwrap();
        for file in ["tree/a/f", "tree/a/b/c/g", "other/h"] {
            fs::write(place.join(file), "").unwrap();
        }
        symlink("../../other", tree.join("a/link")).unwrap();
        symlink("../other", tree.join("link")).unwrap();
        check(&tree).unwrap();
        remove_directory(&tree).unwrap();
        assert!(!tree.exists() && place.join("other/h").exists());
        let error = remove_directory(&tree).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        // A link is no directory, and neither is a file.
        symlink("other", place.join("link")).unwrap();
        assert!(remove_directory(&place.join("link")).is_err());
        assert!(remove_directory(&place.join("other/h")).is_err());
        assert!(place.join("other/h").exists());
        fs::remove_dir_all(place).unwrap();
    }

    #[test]
    fn mount_points_are_not_entered() {
        let error = check(Path::new("/proc")).unwrap_err();
        assert_eq!(error.to_string(), "`/proc` is a mount point: unmount it first");
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
    }
}
