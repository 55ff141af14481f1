//! The `.pth` files of site-packages, read at pack time so that a start needn't list the directory.

use anyhow::{Context as _, Result};
use pyship_launcher::format::names;
use serde::{Deserialize, Serialize};

use crate::tree::Tree;

/// A `.pth` file without the lines that `site` skips.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PthFile {
    /// Its name in site-packages.
    pub(crate) name: Vec<u8>,
    /// The other lines, each with its number, counted from one.
    pub(crate) lines: Vec<(usize, Vec<u8>)>,
}

impl PthFile {
    /// Reads a `.pth` file as Python 3.13 does: a byte order mark, comments and blank lines are skipped.
    pub(crate) fn parse(name: &[u8], content: &[u8]) -> Self {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let lines = content
            .split(|&byte| byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .enumerate()
            .filter(|(_, line)| !line.starts_with(b"#") && !line.trim_ascii().is_empty())
            .map(|(index, line)| (index + 1, line.to_vec()))
            .collect();
        Self {
            name: name.to_vec(),
            lines,
        }
    }
}

/// The `.pth` files in the directory `site_packages` of the deps layer, in the order in which `site` reads them;
/// hidden ones and pyship's own are left out.
///
/// # Errors
/// When one can't be read.
pub(crate) fn pth_files(deps: &Tree, site_packages: &str) -> Result<Vec<PthFile>> {
    let mut files = Vec::new();
    for (path, file) in deps.files() {
        let below = path
            .strip_prefix(site_packages.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"/"));
        let Some(name) = below.filter(|name| name.ends_with(b".pth") && !name.contains(&b'/')) else {
            continue;
        };
        if name.starts_with(b".") || name == names::START_PTH.as_bytes() {
            continue;
        }
        let content = file
            .content
            .read()
            .with_context(|| format!("failed to read `{}`", String::from_utf8_lossy(path)))?;
        files.push(PthFile::parse(name, &content));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        let file = PthFile::parse(
            b"a.pth",
            b"\xef\xbb\xbf# comment\r\n\n  \nimport x\r\n../y \nlast",
        );
        let expected: &[(usize, &[u8])] = &[(4, b"import x"), (5, b"../y "), (6, b"last")];
        let lines: Vec<(usize, &[u8])> = file.lines.iter().map(|(n, line)| (*n, line.as_slice())).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn only_the_files_that_site_would_take() -> Result<()> {
        let mut deps = Tree::new();
        for name in [
            "b.pth",
            "a.pth",
            ".hidden.pth",
            "__pyship__.pth",
            "package/c.pth",
            "d.txt",
        ] {
            deps.insert_bytes(
                format!("lib/python3.12/site-packages/{name}"),
                b"x\n".to_vec(),
                false,
            );
        }
        deps.insert_bytes(
            b"lib/python3.12/site-packages-not/e.pth".to_vec(),
            b"x\n".to_vec(),
            false,
        );
        let files = pth_files(&deps, "lib/python3.12/site-packages")?;
        let found: Vec<&[u8]> = files.iter().map(|file| file.name.as_slice()).collect();
        assert_eq!(found, [b"a.pth", b"b.pth"]);
        Ok(())
    }
}
