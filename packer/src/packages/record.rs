//! A distribution's `RECORD`: the files that it installed, one CSV line each.
//!
//! `path,sha256=<urlsafe base64 without padding>,size`; paths are relative to site-packages and may begin with
//! `../` (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>).

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::tree::Content;

/// One line of a `RECORD`. Sorted by path first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// The file, relative to site-packages.
    pub(crate) path: String,
    /// `sha256=…`, or nothing.
    pub(crate) hash: String,
    /// Size in bytes, or nothing.
    pub(crate) size: String,
}

impl Entry {
    /// The line for a file with these bytes.
    pub(crate) fn of(path: String, bytes: &[u8]) -> Self {
        Self::with_digest(path, &Sha256::digest(bytes), bytes.len() as u64)
    }

    /// The line for a file with this content.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn of_content(path: String, content: &Content) -> Result<Self> {
        let mut hash = Sha256::new();
        let mut size = 0;
        content.pass_to(&mut |piece| {
            hash.update(piece);
            size += piece.len() as u64;
            Ok(())
        })?;
        Ok(Self::with_digest(path, &hash.finalize(), size))
    }

    fn with_digest(path: String, digest: &[u8], size: u64) -> Self {
        Self {
            path,
            hash: format!("sha256={}", URL_SAFE_NO_PAD.encode(digest)),
            size: size.to_string(),
        }
    }
}

/// Reads a `RECORD`.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Entry>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    reader
        .records()
        .map(|row| {
            let row = row?;
            let field = |at| row.get(at).unwrap_or_default().to_owned();
            Ok(Entry {
                path: field(0),
                hash: field(1),
                size: field(2),
            })
        })
        .collect()
}

/// Writes a `RECORD`, sorted.
pub(crate) fn encode(mut entries: Vec<Entry>) -> Result<Vec<u8>> {
    entries.sort();
    entries.dedup();
    let mut writer = csv::Writer::from_writer(Vec::new());
    for Entry { path, hash, size } in &entries {
        writer.write_record([path, hash, size])?;
    }
    writer.into_inner().context("failed to write a RECORD")
}

/// The path of a file that a `RECORD` in `site` names as `path`, both relative to the same prefix; `None` when it is
/// absolute or leaves the prefix.
pub(crate) fn resolve(site: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in site.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The inverse of [`resolve`]: `path`, relative to `site`.
pub(crate) fn relative_to(site: &str, path: &str) -> String {
    if let Some(inside) = path.strip_prefix(site).and_then(|rest| rest.strip_prefix('/')) {
        return inside.to_owned();
    }
    format!("{}{path}", "../".repeat(site.split('/').count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "lib/python3.12/site-packages";

    #[test]
    fn paths_resolve_and_come_back() {
        for (recorded, full) in [
            ("six.py", "lib/python3.12/site-packages/six.py"),
            ("../../../bin/uvicorn", "bin/uvicorn"),
            ("../../../share/man/man1/a.1", "share/man/man1/a.1"),
        ] {
            assert_eq!(resolve(SITE, recorded).as_deref(), Some(full));
            assert_eq!(relative_to(SITE, full), recorded);
        }
        assert_eq!(resolve(SITE, "../../../../etc/passwd"), None);
        assert_eq!(resolve(SITE, "/etc/passwd"), None);
    }

    #[test]
    fn quoted_paths_survive_and_the_result_is_sorted() {
        let entries = parse(b"z.py,sha256=abc,3\n\"a,b.py\",,\n").unwrap();
        assert_eq!(entries[1].path, "a,b.py");
        assert_eq!(encode(entries).unwrap(), b"\"a,b.py\",,\nz.py,sha256=abc,3\n");
    }

    #[test]
    fn a_hash_is_what_wheels_write() {
        // The line that every wheel with an empty REQUESTED has.
        let entry = Entry::of("x/REQUESTED".to_owned(), b"");
        assert_eq!(entry.hash, "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
        assert_eq!(entry.size, "0");
    }
}
