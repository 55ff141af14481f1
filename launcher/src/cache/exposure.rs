//! Whether another user could replace a cache root.
//!
//! The root itself belongs to this user and is closed to others ([`super::root`] checks that), but a user who may
//! rename entries of a directory above it can replace the root between the launcher's check and the interpreter's
//! start. In a directory with the sticky bit (`/tmp`) only the owner of an entry can do that. Without it, every user
//! with write permission can (an `emptyDir` volume, `chmod 777`). The owner of a directory always can.
//!
//! Such a candidate is not refused: in a container with a read-only root it may be the only one. It is tried last.
//! Only cold starts check: a cache exists in such a directory only if no other candidate could be used.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::candidates::{Candidate, Origin};

const STICKY: u32 = 0o1000;
const WRITABLE_BY_ANYONE: u32 = 0o002;
const WRITABLE_BY_GROUP: u32 = 0o020;

/// Whether users other than `uid` and root could replace the candidate's directory. False for what the user chose
/// explicitly (`$PYSHIP_CACHE_DIR`, `$PYSHIP_STORE`).
pub(super) fn is_exposed(candidate: &Candidate, uid: u32) -> bool {
    let others = match candidate.origin {
        Origin::Explicit | Origin::Store => return false,
        // Many systems give every user a group of their own, and that group write permission to the home.
        Origin::Private => WRITABLE_BY_ANYONE,
        Origin::Shared | Origin::System => WRITABLE_BY_ANYONE | WRITABLE_BY_GROUP,
    };
    // In a user namespace root may be unmapped; the owner of `/` is as powerful here.
    let root = fs::metadata("/").map_or(0, |root| root.uid());
    let open = |directory: &Path| {
        fs::metadata(directory).is_ok_and(|found| {
            let mode = found.mode();
            ![0, root, uid].contains(&found.uid()) || (mode & others != 0 && mode & STICKY == 0)
        })
    };
    let parents = |path: &Path| path.ancestors().skip(1).any(&open);
    let links_followed = candidate
        .path
        .ancestors()
        .skip(1)
        .find_map(|parent| fs::canonicalize(parent).ok())
        .is_some_and(|real| real.ancestors().any(&open));
    parents(&candidate.path) || links_followed
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn a_parent_that_others_may_write_to_exposes_unless_it_is_sticky() {
        let base = std::env::temp_dir().join(format!("pyship-exposure-{}", std::process::id()));
        let below = base.join("a");
        fs::create_dir_all(&below).unwrap();
        let uid = fs::metadata(&base).unwrap().uid();
        let exposed = |origin, path: &Path| {
            let path = path.to_owned();
            is_exposed(&Candidate { path, origin }, uid)
        };
        let set = |mode| fs::set_permissions(&base, fs::Permissions::from_mode(mode)).unwrap();
        let target = below.join("pyship-1");
        for (mode, private, shared) in [
            (0o755, false, false),
            (0o1777, false, false),
            (0o777, true, true),
            (0o775, false, true),
        ] {
            set(mode);
            assert_eq!(exposed(Origin::Private, &target), private, "{mode:o}");
            assert_eq!(exposed(Origin::Shared, &target), shared, "{mode:o}");
            assert!(!exposed(Origin::Explicit, &target), "{mode:o}");
        }
        set(0o777);
        let hidden = std::env::temp_dir().join(format!("pyship-exposure-link-{}", std::process::id()));
        symlink(&below, &hidden).unwrap();
        assert!(exposed(Origin::Private, &hidden.join("pyship")));
        fs::remove_file(hidden).unwrap();
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_home_of_someone_else_exposes() {
        let mine = std::env::temp_dir().join(format!("pyship-exposure-owner-{}", std::process::id()));
        fs::create_dir_all(&mine).unwrap();
        // Only root can change the owner; for others the test compares this user with another one.
        chown(&mine, Some(4242), None).unwrap_or_default();
        let owner = fs::metadata(&mine).unwrap().uid();
        let below = Candidate {
            path: mine.join("pyship"),
            origin: Origin::Private,
        };
        assert!(!is_exposed(&below, owner));
        assert!(is_exposed(&below, owner + 1));
        fs::remove_dir_all(mine).unwrap();
    }
}
