//! Fallbacks for what a minimal system lacks: names of hosts, services and users, certificates, terminal descriptions, a locale, time zones, and
//! the search for shared libraries.
//!
//! Environment variables could name them, but child processes would inherit those. So a few functions are appended
//! to eight modules of the packed standard library; where the system has what they look for they change nothing.
//! A start that doesn't import these modules takes no longer.

pub(super) mod terminfo;
pub(crate) mod zones;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::tree::{Node, Tree};

/// Module of the standard library, and what is appended to it.
const ADDITIONS: &[(&str, &str)] = &[
    ("ssl.py", include_str!("ssl.py")),
    ("socket.py", include_str!("socket.py")),
    ("getpass.py", include_str!("getpass.py")),
    ("locale.py", include_str!("locale.py")),
    ("ctypes/util.py", include_str!("ctypes_util.py")),
    ("curses/__init__.py", include_str!("curses.py")),
    ("zoneinfo/_common.py", include_str!("zoneinfo_common.py")),
    ("zoneinfo/_tzpath.py", include_str!("zoneinfo_tzpath.py")),
];

/// ncurses' directories of terminal descriptions.
const TERMINFO: &[&str] = &[
    "lib/terminfo",
    "usr/share/terminfo",
    "usr/lib/terminfo",
    "etc/terminfo",
];
/// Common terminals, each with the directory of its first letter.
const TERMINALS: &[&str] = &[
    "a/ansi",
    "d/dumb",
    "l/linux",
    "s/screen",
    "s/screen-256color",
    "t/tmux",
    "t/tmux-256color",
    "v/vt100",
    "v/vt220",
    "x/xterm",
    "x/xterm-color",
    "x/xterm-256color",
];

/// glibc's C.UTF-8 locale, by its two usual names.
const LOCALE: &[&str] = &["usr/lib/locale/C.utf8", "usr/lib/locale/C.UTF-8"];
/// The files of a locale.
const CATEGORIES: &[&str] = &[
    "LC_ADDRESS",
    "LC_COLLATE",
    "LC_CTYPE",
    "LC_IDENTIFICATION",
    "LC_MEASUREMENT",
    "LC_MESSAGES/SYS_LC_MESSAGES",
    "LC_MONETARY",
    "LC_NAME",
    "LC_NUMERIC",
    "LC_PAPER",
    "LC_TELEPHONE",
    "LC_TIME",
];

/// Adds the fallbacks to a runtime tree whose standard library is at `stdlib`; terminal descriptions and the
/// locale are taken from below `root`: `/`, or a sysroot of the target.
///
/// # Errors
/// When a file can't be read.
pub(crate) fn complete(tree: &mut Tree, stdlib: &str, root: &Path) -> Result<()> {
    for (module, addition) in ADDITIONS {
        let path = format!("{stdlib}/{module}");
        let Some(Node::File(file)) = tree.get(&path) else {
            continue;
        };
        let mut source = file.content.read()?.to_vec();
        source.extend_from_slice(addition.as_bytes());
        tree.insert_bytes(path, source, false);
    }
    for terminal in TERMINALS {
        let path = format!("share/terminfo/{terminal}");
        let found = TERMINFO
            .iter()
            .map(|directory| root.join(directory).join(terminal))
            .find(|path| path.is_file());
        if let Some(found) = found.filter(|_| tree.get(&path).is_none()) {
            tree.insert_bytes(path, fs_err::read(found)?, false);
        }
    }
    let locale = LOCALE
        .iter()
        .map(|directory| root.join(directory))
        .find(|path| path.is_dir());
    for category in CATEGORIES {
        // An older glibc has fewer of them.
        let found = locale.as_ref().map(|directory| directory.join(category));
        if let Some(found) = found.filter(|path| path.is_file()) {
            let path = format!("lib/locale/C.utf8/{category}");
            tree.insert_bytes(path, fs_err::read(found)?, false);
        }
    }
    Ok(())
}

/// The files that [`complete`] looks for below `root`, whether they exist or not.
pub(crate) fn inputs(root: &Path) -> impl Iterator<Item = PathBuf> {
    let below = |directories: &[&str], names: &[&str]| -> Vec<PathBuf> {
        let directories = directories.iter().map(|directory| root.join(directory));
        directories
            .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
            .collect()
    };
    below(TERMINFO, TERMINALS)
        .into_iter()
        .chain(below(LOCALE, CATEGORIES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn additions_go_to_the_end_of_their_modules() {
        let mut tree = Tree::new();
        tree.insert_bytes("lib/python3.12/ssl.py", *b"import os\n", false);
        complete(&mut tree, "lib/python3.12", Path::new("/")).unwrap();
        let Some(Node::File(file)) = tree.get("lib/python3.12/ssl.py") else {
            panic!("ssl.py is gone")
        };
        let source = file.content.read().unwrap();
        assert!(source.starts_with(b"import os\n\n\n# --- Added by pyship"));
        assert!(tree.get("lib/python3.12/socket.py").is_none());
    }
}
