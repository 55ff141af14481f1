//! What an archive may hold: decided on paths alone, before anything is written.
//!
//! Paths stay below the root; no member lies behind a link or a file; none comes twice; a symbolic link,
//! followed through all others, stays below the root as well.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use tar::EntryType;

/// Links that lead to links that lead to links; the kernel's own limit.
const MAX_HOPS: usize = 40;

/// The members so far. Paths are relative, without `.` and `..`.
#[derive(Debug, Default)]
pub(super) struct Members {
    known: BTreeMap<Vec<u8>, Kind>,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Directory,
    File,
    Symlink(Vec<u8>),
}

impl Members {
    /// Notes a member and returns its path as it is to be written; `None` for those that aren't wanted.
    pub(super) fn add(&mut self, path: &[u8], kind: Kind) -> Result<Option<Vec<u8>>> {
        let shown = String::from_utf8_lossy(path).into_owned();
        ensure!(
            !path.starts_with(b"/"),
            "its member `{shown}` has an absolute path"
        );
        ensure!(!path.contains(&0), "its member `{shown}` has a NUL in its path");
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in path.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => bail!("its member `{shown}` leads out of the archive"),
                part => parts.push(part),
            }
        }
        let Some(root) = parts.first() else {
            return Ok(None);
        };
        ensure!(
            *root == b"python",
            "its member `{shown}` isn't below `python/`, where an interpreter's archive has everything"
        );
        for end in 1..parts.len() {
            let parent = self
                .known
                .entry(parts[..end].join(&b'/'))
                .or_insert(Kind::Directory);
            ensure!(
                *parent == Kind::Directory,
                "its member `{shown}` lies behind a link or a file"
            );
        }
        let path = parts.join(&b'/');
        let first = self.known.insert(path.clone(), kind.clone());
        let again = first.is_some_and(|first| (first, kind) != (Kind::Directory, Kind::Directory));
        ensure!(!again, "its member `{shown}` comes twice");
        Ok(Some(path).filter(|path| !is_build(path)))
    }

    /// The regular file that a hard link names, when it is wanted.
    pub(super) fn hard_link(&self, path: &[u8], target: &[u8]) -> Result<Option<Vec<u8>>> {
        let shown = String::from_utf8_lossy(path);
        let target: Vec<&[u8]> = target
            .split(|&byte| byte == b'/')
            .filter(|part| *part != b".")
            .collect();
        let target = target.join(&b'/');
        let earlier = target != path && self.known.get(&target) == Some(&Kind::File);
        ensure!(earlier, "its member `{shown}` is a hard link to no earlier file");
        ensure!(
            !is_build(&target),
            "its member `{shown}` is a hard link into `python/build`"
        );
        Ok(Some(target))
    }

    /// Whether the member is a directory.
    pub(super) fn is_directory(&self, path: &[u8]) -> bool {
        self.known.get(path) == Some(&Kind::Directory)
    }

    /// Every wanted symbolic link with its target, after a look at where each one leads.
    pub(super) fn links(&self) -> Result<Vec<(&[u8], &[u8])>> {
        let mut links = Vec::new();
        for (path, kind) in &self.known {
            let Kind::Symlink(target) = kind else { continue };
            ensure!(
                self.stays_inside(path),
                "its member `{}` is a link that leads out of the archive, to `{}`",
                String::from_utf8_lossy(path),
                String::from_utf8_lossy(target)
            );
            if !is_build(path) {
                links.push((path.as_slice(), target.as_slice()));
            }
        }
        Ok(links)
    }

    /// Follows a link as the kernel would, through every link on the way. One that dangles or goes round in
    /// circles inside leads nowhere and does no harm.
    fn stays_inside(&self, link: &[u8]) -> bool {
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
                    // One level up from `python/` is the directory that we made: already outside.
                    if at.pop().is_none() || at.is_empty() {
                        return false;
                    }
                    continue;
                }
                _ => at.push(part),
            }
            if let Some(Kind::Symlink(target)) = self.known.get(&at.join(&b'/')) {
                hops += 1;
                if target.starts_with(b"/") || target.contains(&0) || target.is_empty() {
                    return false;
                }
                if hops > MAX_HOPS {
                    return true;
                }
                at.pop();
                todo.extend(target.split(|&byte| byte == b'/').rev().map(<[u8]>::to_vec));
            }
        }
        true
    }

    /// A few of the members, for the message that says that they aren't an interpreter's.
    pub(super) fn summary(&self) -> String {
        let files: Vec<String> = self
            .known
            .iter()
            .filter(|(_, kind)| **kind != Kind::Directory)
            .take(3)
            .map(|(path, _)| format!("`{}`", String::from_utf8_lossy(path)))
            .collect();
        if files.is_empty() {
            "no file at all".to_owned()
        } else {
            format!("{} …", files.join(", "))
        }
    }
}

/// Objects and logs of a full archive, several times as large as the installation.
fn is_build(path: &[u8]) -> bool {
    path.starts_with(b"python/build/")
}

/// What a member is that has no place in such an archive.
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
        // Each is harmless to look at alone; the second, through the first, leaves.
        let chain = [
            ("python/a/b/c", Kind::Directory),
            ("python/short", to("a/b/c")),
            ("python/a/out", to("../short/../../../../x")),
        ];
        assert!(
            links(&chain)
                .unwrap_err()
                .to_string()
                .contains("`python/a/out` is a link that leads out")
        );
        let chain = [("python/a/b/up", to("../..")), ("python/a/out", to("b/up/../x"))];
        assert!(links(&chain).is_err());
    }
}
