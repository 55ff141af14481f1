//! Whether another user could replace a cache root, or shows a file system of his own there.
//!
//! The root itself belongs to this user and is closed to others ([`super::root`] checks that), but a user who may
//! rename entries of a directory above it can replace the root between the launcher's check and the interpreter's
//! start. In a directory with the sticky bit (`/tmp`) only the owner of an entry can do that. Without it, every user
//! with write permission can (an `emptyDir` volume, `chmod 777`). The owner of a directory always can.
//!
//! Such a candidate is not refused: in a container with a read-only root it may be the only one. Warm and cold starts
//! try it last. A candidate is refused when a link on the way to it belongs to another user, or when another user
//! mounted its file system: with FUSE any user can show files that seem to belong to someone else.

use std::fs::{self, Metadata};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{fstatfs, major, minor};

use crate::bytes::fields;

const STICKY: u32 = 0o1000;
const WRITABLE_BY_ANYONE: u32 = 0o002;
const WRITABLE_BY_GROUP: u32 = 0o020;
/// How many links are followed on the way to a root.
const LINKS_MAX: u32 = 40;
/// `f_type` of FUSE.
const FUSE: i64 = 0x6573_5546;
const MOUNTS: &str = "/proc/self/mountinfo";

/// Whether users other than `uid` and root could replace what is found below the directory `path`: the directories on
/// the way to it, and those that links lead through. Ends at the first one that does not exist.
///
/// # Errors
/// The reason why nothing below it may be used: a link of another user.
pub(super) fn is_exposed(path: &Path, uid: u32) -> Result<bool, String> {
    let mut ahead = components(path);
    let mut at = PathBuf::from("/");
    let (mut links, mut is_exposed) = (0, false);
    while let Some(part) = ahead.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        at.push(part);
        let Ok(found) = at.symlink_metadata() else { break };
        if !found.is_symlink() {
            is_exposed |= is_open(&found, uid);
            continue;
        }
        links += 1;
        if !is_trusted(found.uid(), uid) || links > LINKS_MAX {
            let (link, owner) = (at.display(), found.uid());
            return Err(format!(
                "`{link}`, a link on the way to it, belongs to uid {owner}"
            ));
        }
        let Ok(target) = fs::read_link(&at) else { break };
        at.pop();
        if target.has_root() {
            at = PathBuf::from("/");
        }
        ahead.extend(components(&target));
    }
    Ok(is_exposed)
}

/// The names of a path, the last one first.
fn components(path: &Path) -> Vec<std::ffi::OsString> {
    let names = path.components().rev();
    let names = names.filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    names.map(|part| part.as_os_str().to_owned()).collect()
}

/// Whether others could replace what is in a directory.
fn is_open(directory: &Metadata, uid: u32) -> bool {
    may_others_write(directory, uid) && !(is_trusted(directory.uid(), uid) && directory.mode() & STICKY != 0)
}

/// Whether users other than `uid` and root may add something to a directory.
pub(super) fn may_others_write(directory: &Metadata, uid: u32) -> bool {
    // Many systems give every user a group of their own, with the user's number.
    let has_other_members = ![0, uid].contains(&directory.gid());
    let others = if has_other_members {
        WRITABLE_BY_ANYONE | WRITABLE_BY_GROUP
    } else {
        WRITABLE_BY_ANYONE
    };
    !is_trusted(directory.uid(), uid) || directory.mode() & others != 0
}

/// Whether a file of this owner is as good as one's own.
fn is_trusted(owner: u32, uid: u32) -> bool {
    // In a user namespace root may be unmapped; the owner of `/` is as powerful here.
    [0, uid].contains(&owner) || fs::metadata("/").is_ok_and(|root| root.uid() == owner)
}

/// Whether a user other than `uid` and root has mounted the file system of an open directory. Only FUSE lets users do
/// that; its device has no number of a driver.
pub(super) fn is_mounted_by_another(directory: impl AsFd, device: u64, uid: u32) -> bool {
    if major(device) != 0 || !fstatfs(directory).is_ok_and(|found| found.f_type == FUSE) {
        return false;
    }
    let Ok(mounts) = fs::read(MOUNTS) else { return true };
    let number = format!("{}:{}", major(device), minor(device));
    let trusted = ["user_id=0".to_owned(), format!("user_id={uid}")];
    let is_others = |option: &[u8]| {
        option.starts_with(b"user_id=") && !trusted.iter().any(|trusted| trusted.as_bytes() == option)
    };
    mounts.split(|&byte| byte == b'\n').any(|line| {
        let fields = fields(line);
        fields.get(2) == Some(&number.as_bytes())
            && fields
                .last()
                .is_some_and(|options| options.split(|&byte| byte == b',').any(is_others))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let base = std::env::temp_dir().join(format!("pyship-exposure-{name}-{}", std::process::id()));
        fs::create_dir_all(base.join("a")).unwrap();
        base
    }

    #[test]
    fn a_directory_that_others_may_write_to_exposes_unless_it_is_sticky() {
        let base = scratch("modes");
        let found = fs::metadata(&base).unwrap();
        let set = |mode| fs::set_permissions(&base, fs::Permissions::from_mode(mode)).unwrap();
        let below = base.join("a/none/yet");
        for (mode, want) in [(0o755, false), (0o1777, false), (0o777, true), (0o1770, false)] {
            set(mode);
            assert_eq!(is_exposed(&below, found.uid()), Ok(want), "{mode:o}");
        }
        // A group of the user's own, and one with others.
        set(0o775);
        let with_group = |uid, gid| chown(&base, None, Some(gid)).map(|()| is_exposed(&below, uid).unwrap());
        if found.uid() == 0 {
            assert!(!with_group(0, 0).unwrap() && with_group(0, 4242).unwrap());
        }
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_directory_of_someone_else_exposes() {
        let base = scratch("owner");
        // Only root can change the owner; for others the test compares this user with another one.
        chown(&base, Some(4242), None).unwrap_or_default();
        let owner = fs::metadata(&base).unwrap().uid();
        assert_eq!(is_exposed(&base, owner), Ok(false));
        assert_eq!(is_exposed(&base, owner + 1), Ok(true));
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn links_are_followed_unless_another_user_owns_them() {
        let base = scratch("links");
        let uid = fs::metadata(&base).unwrap().uid();
        fs::create_dir(base.join("open")).unwrap();
        fs::set_permissions(base.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
        for (name, target) in [
            ("safe", "a/../a"),
            ("open/in", "../a"),
            ("to", "open/in"),
            ("loop", "loop"),
        ] {
            symlink(target, base.join(name)).unwrap();
        }
        symlink(base.join("open"), base.join("absolute")).unwrap();
        let look = |name: &str| is_exposed(&base.join(name), uid);
        assert_eq!(look("safe"), Ok(false));
        assert_eq!([look("to"), look("absolute/x")], [Ok(true), Ok(true)]);
        assert!(look("loop/x").is_err());
        if std::os::unix::fs::lchown(base.join("safe"), Some(uid + 1), None).is_ok() {
            assert!(
                look("safe/x")
                    .unwrap_err()
                    .contains(&format!("belongs to uid {}", uid + 1))
            );
        }
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn what_root_has_mounted_is_believed() {
        for path in ["/", "/proc", "/dev"] {
            let device = fs::metadata(path).unwrap().dev();
            let directory = fs::File::open(path).unwrap();
            assert!(!is_mounted_by_another(&directory, device, 1), "{path}");
        }
    }
}
