//! Which members an archive may have: decided by paths and kinds alone, before anything is written.
//!
//! Every path is below the root. No member's path leads through a link or a file, and none occurs twice. A
//! symbolic link, followed through all others, ends below the root as well. Lengths and depths are bounded, and so
//! are the memory for the names and the time for following the links.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::{Result, bail, ensure};
use tar::EntryType;

/// Symbolic links that are followed for one path; the kernel's own limit.
const MAX_HOPS: usize = 40;
/// The longest path and link target, in bytes; real archives stay below 200.
const MAX_PATH: usize = 1024;
/// The deepest path; real archives stay below 20.
const MAX_DEPTH: usize = 64;
/// Bytes of all names, with those of the directories above them.
const MAX_NAMES: usize = 64 << 20;
/// Bytes of all paths that are looked up, and of all targets that are read, while links are followed.
const MAX_LOOKED_UP: usize = 32 << 20;

/// The members so far. Paths are relative, without `.` and `..`.
#[derive(Debug, Default)]
pub(super) struct Members {
    known: BTreeMap<Vec<u8>, Kind>,
    names: usize,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Symlink(Vec<u8>),
}

impl Members {
    /// Notes a member and returns the path to write it to; `None` for those that aren't wanted.
    pub(super) fn add(&mut self, path: &[u8], kind: Kind) -> Result<Option<Vec<u8>>> {
        let display = display(path);
        ensure!(
            path.len() <= MAX_PATH,
            "its member `{display}` has a path of more than {MAX_PATH} bytes"
        );
        if let Kind::Symlink(target) = &kind {
            ensure!(
                target.len() <= MAX_PATH,
                "its member `{display}` is a link to a path of more than {MAX_PATH} bytes"
            );
            self.names += target.len();
        }
        ensure!(
            !path.starts_with(b"/"),
            "its member `{display}` has an absolute path"
        );
        ensure!(!path.contains(&0), "its member `{display}` has a NUL in its path");
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in path.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => bail!("its member `{display}` is outside of the archive"),
                part => parts.push(part),
            }
        }
        let Some(root) = parts.first() else {
            return Ok(None);
        };
        ensure!(
            *root == b"python",
            "its member `{display}` isn't below `python/`, where an interpreter's archive has everything"
        );
        ensure!(
            parts.len() <= MAX_DEPTH,
            "its member `{display}` is nested more than {MAX_DEPTH} directories deep"
        );
        for end in 1..parts.len() {
            let parent = match self.known.entry(parts[..end].join(&b'/')) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    self.names += entry.key().len();
                    entry.insert(Kind::Directory)
                }
            };
            ensure!(
                *parent == Kind::Directory,
                "its member `{display}` is below a link or a file"
            );
        }
        let path = parts.join(&b'/');
        self.names += path.len();
        ensure!(
            self.names <= MAX_NAMES,
            "the names of its members take more than {} MiB",
            MAX_NAMES >> 20
        );
        let first = self.known.insert(path.clone(), kind.clone());
        let again = first.is_some_and(|first| (first, kind) != (Kind::Directory, Kind::Directory));
        ensure!(!again, "its member `{display}` comes twice");
        Ok(Some(path).filter(|path| !is_build(path)))
    }

    /// The regular file that a hard link names, when it is wanted.
    pub(super) fn hard_link(&self, path: &[u8], target: &[u8]) -> Result<Option<Vec<u8>>> {
        let display = display(path);
        let target: Vec<&[u8]> = target
            .split(|&byte| byte == b'/')
            .filter(|part| *part != b".")
            .collect();
        let target = target.join(&b'/');
        let earlier = target != path && self.known.get(&target) == Some(&Kind::File);
        ensure!(
            earlier,
            "its member `{display}` is a hard link to no earlier file"
        );
        ensure!(
            !is_build(&target),
            "its member `{display}` is a hard link into `python/build`"
        );
        Ok(Some(target))
    }

    /// Whether the member is a directory.
    pub(super) fn is_directory(&self, path: &[u8]) -> bool {
        self.known.get(path) == Some(&Kind::Directory)
    }

    /// Every wanted symbolic link with its target.
    ///
    /// # Errors
    /// When one leaves the root.
    pub(super) fn links(&self) -> Result<Vec<(&[u8], &[u8])>> {
        let mut links = Vec::new();
        let mut budget = MAX_LOOKED_UP;
        for (path, kind) in &self.known {
            let Kind::Symlink(target) = kind else { continue };
            ensure!(
                self.stays_inside(path, &mut budget),
                "its member `{}` is a link out of the archive, to `{}`",
                display(path),
                display(target)
            );
            ensure!(
                budget > 0,
                "its links lead through too many others: `{}` and more",
                display(path)
            );
            if !is_build(path) {
                links.push((path.as_slice(), target.as_slice()));
            }
        }
        Ok(links)
    }

    /// Whether a link, followed as the kernel does, stays below the root. Dangling and circular links are
    /// harmless. The bytes that are looked up are subtracted from `budget`; when that becomes zero, the answer
    /// means nothing.
    fn stays_inside(&self, link: &[u8], budget: &mut usize) -> bool {
        let mut at: Vec<Vec<u8>> = Vec::new();
        let mut todo: Vec<Vec<u8>> = link
            .split(|&byte| byte == b'/')
            .rev()
            .map(<[u8]>::to_vec)
            .collect();
        let mut hops = 0;
        while let Some(part) = todo.pop() {
            match part.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    // The parent of `python/` is already outside.
                    if at.pop().is_none() || at.is_empty() {
                        return false;
                    }
                    continue;
                }
                _ => at.push(part),
            }
            let here = at.join(&b'/');
            *budget = budget.saturating_sub(here.len() + 1);
            if *budget == 0 {
                return true;
            }
            if let Some(Kind::Symlink(target)) = self.known.get(&here) {
                hops += 1;
                if target.starts_with(b"/") || target.contains(&0) || target.is_empty() {
                    return false;
                }
                if hops > MAX_HOPS {
                    return true;
                }
                *budget = budget.saturating_sub(target.len());
                at.pop();
                todo.extend(target.split(|&byte| byte == b'/').rev().map(<[u8]>::to_vec));
            }
        }
        true
    }

    /// A few of the members, for a message.
    pub(super) fn summary(&self) -> String {
        let files: Vec<String> = self
            .known
            .iter()
            .filter(|(_, kind)| **kind != Kind::Directory)
            .take(3)
            .map(|(path, _)| format!("`{}`", display(path)))
            .collect();
        if files.is_empty() {
            "no file at all".to_owned()
        } else {
            format!("{} …", files.join(", "))
        }
    }
}

/// A path for a message: on one line, of limited length, without control characters.
pub(super) fn display(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(&path[..path.len().min(200)]).into_owned();
    pyship_launcher::error::plain(text)
}

/// Objects and logs of a full archive, several times as large as the installation.
fn is_build(path: &[u8]) -> bool {
    path.starts_with(b"python/build/")
}

/// What kind of member this is, of those that aren't accepted.
pub(super) fn describe(entry_type: EntryType) -> &'static str {
    match entry_type {
        EntryType::Char | EntryType::Block => "a device",
        EntryType::Fifo => "a fifo",
        EntryType::GNUSparse => "a sparse file",
        _ => "neither file, directory nor link",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(members: &[(&str, Kind)]) -> Result<usize> {
        let mut all = Members::default();
        for (path, kind) in members {
            all.add(path.as_bytes(), kind.clone())?;
        }
        Ok(all.links()?.len())
    }

    fn to(target: &str) -> Kind {
        Kind::Symlink(target.as_bytes().to_vec())
    }

    #[test]
    fn links_may_lead_anywhere_inside() {
        let inside = [
            ("python/bin/python3", to("python3.12")),
            ("python/lib/a", to("../bin/./python3")),
            ("python/lib/loop", to("loop")),
            ("python/lib/dangling", to("nowhere/at/all")),
            ("python/build/x", to("../bin/python3")),
        ];
        assert_eq!(links(&inside).unwrap(), 4);
    }

    #[test]
    fn links_that_lead_out_are_refused() {
        for target in ["/etc/passwd", "../../x", "..", "../bin/../../x", "a/../../../x"] {
            assert!(links(&[("python/link", to(target))]).is_err(), "{target}");
        }
        // Each alone stays inside; the second, through the first, leaves.
        let chain = [
            ("python/a/b/c", Kind::Directory),
            ("python/short", to("a/b/c")),
            ("python/a/out", to("../short/../../../../x")),
        ];
        assert!(
            links(&chain)
                .unwrap_err()
                .to_string()
                .contains("`python/a/out` is a link out of the archive")
        );
        let chain = [("python/a/b/up", to("../..")), ("python/a/out", to("b/up/../x"))];
        assert!(links(&chain).is_err());
    }
}
