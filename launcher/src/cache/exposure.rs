//! Whether someone else could put another directory in a cache root's place.
//!
//! The root itself is ours and closed to others ([`super::roots`] sees to that), but whoever may rename what
//! lies in one of the directories above it can swap it between our look and the interpreter's. In a directory
//! with the sticky bit (`/tmp`) only the owner of an entry can; in one that others may write to without it
//! (an `emptyDir` volume, `chmod 777`) anyone can, and the owner of a directory always can.
//!
//! Such a place is not refused: in a container with a read-only root it may be the only one there is. It is
//! taken last. Only cold starts look: a root in such a place is there only if nothing else could be used.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::roots::{Candidate, Standing};

const STICKY: u32 = 0o1000;
const WRITABLE_BY_ANYONE: u32 = 0o002;
const WRITABLE_BY_GROUP: u32 = 0o020;

/// Whether others than this user and root could replace the candidate's directory.
///
/// What the user named himself (`$PYSHIP_CACHE_DIR`, `$PYSHIP_STORE`) is his own decision.
#[must_use]
pub fn is_exposed(candidate: &Candidate, uid: u32) -> bool {
    let others = match candidate.standing {
        Standing::Explicit | Standing::Store => return false,
        // A group of one's own that may write to one's home is how many systems are set up.
        Standing::Private => WRITABLE_BY_ANYONE,
        Standing::Shared => WRITABLE_BY_ANYONE | WRITABLE_BY_GROUP,
    };
    // In a user namespace root may have no number of its own; whoever owns `/` can do anything here.
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
        let exposed = |standing, path: &Path| {
            let path = path.to_owned();
            is_exposed(&Candidate { path, standing }, uid)
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
            assert_eq!(exposed(Standing::Private, &target), private, "{mode:o}");
            assert_eq!(exposed(Standing::Shared, &target), shared, "{mode:o}");
            assert!(!exposed(Standing::Explicit, &target), "{mode:o}");
        }
        set(0o777);
        let hidden = std::env::temp_dir().join(format!("pyship-exposure-link-{}", std::process::id()));
        symlink(&below, &hidden).unwrap();
        assert!(exposed(Standing::Private, &hidden.join("pyship")));
        fs::remove_file(hidden).unwrap();
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_home_of_someone_else_exposes() {
        let mine = std::env::temp_dir().join(format!("pyship-exposure-owner-{}", std::process::id()));
        fs::create_dir_all(&mine).unwrap();
        // Only root can give it away; anyone else is asked about himself and a neighbour.
        chown(&mine, Some(4242), None).unwrap_or_default();
        let owner = fs::metadata(&mine).unwrap().uid();
        let below = Candidate {
            path: mine.join("pyship"),
            standing: Standing::Private,
        };
        assert!(!is_exposed(&below, owner));
        assert!(is_exposed(&below, owner + 1));
        fs::remove_dir_all(mine).unwrap();
    }
}
