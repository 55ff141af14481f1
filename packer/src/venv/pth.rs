//! `.pth` files of a directory of packages: lines that are paths, which are added to `sys.path`, and lines of code
//! (<https://docs.python.org/3/library/site.html>).

use std::path::{Path, PathBuf};

use anyhow::Result;

/// What a line of a `.pth` file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Stays as it is: code, or a directory below the packages, by its relative path.
    Kept(String),
    /// Code that installs the import hook of this module, which lies beside the file.
    Hook(String),
    /// A directory or archive elsewhere.
    Outside(PathBuf),
}

/// A `.pth` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PthFile {
    /// Its name.
    pub(super) name: String,
    /// Its lines, without comments and without paths that do not exist.
    pub(super) lines: Vec<Line>,
    /// Whether the lines that stay are all of it.
    pub(super) is_unchanged: bool,
}

/// Reads the `.pth` files of `site` in the order in which Python does. Hidden ones are skipped, as Python does too.
///
/// # Errors
/// When one can't be read.
pub(super) fn read(site: &Path) -> Result<Vec<PthFile>> {
    let mut names: Vec<String> = fs_err::read_dir(site)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".pth") && !name.starts_with('.'))
        .collect();
    names.sort();
    let real = fs_err::canonicalize(site)?;
    let mut files = Vec::new();
    for name in names {
        let path = site.join(&name);
        if !path.is_file() {
            continue;
        }
        let bytes = fs_err::read(&path)?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}');
        let lines: Vec<Option<Line>> = text.lines().map(|text| line(text, &real)).collect();
        let is_same = |(text, line): (&str, &Option<Line>)| match line {
            Some(Line::Kept(kept)) => kept == text.trim_end(),
            Some(_) => false,
            None => text.trim().is_empty() || text.starts_with('#'),
        };
        files.push(PthFile {
            name,
            is_unchanged: text.lines().zip(&lines).all(is_same),
            lines: lines.into_iter().flatten().collect(),
        });
    }
    Ok(files)
}

fn line(text: &str, site: &Path) -> Option<Line> {
    let text = text.trim_end();
    if text.trim().is_empty() || text.starts_with('#') {
        return None;
    }
    if text.starts_with("import ") || text.starts_with("import\t") {
        return Some(match hook(text) {
            Some(module) => Line::Hook(module),
            None => Line::Kept(text.to_owned()),
        });
    }
    let path = fs_err::canonicalize(site.join(text.trim())).ok()?;
    match path.strip_prefix(site) {
        Ok(inside) if inside.as_os_str().is_empty() => None,
        Ok(inside) => Some(Line::Kept(inside.to_str()?.to_owned())),
        Err(_) => Some(Line::Outside(path)),
    }
}

/// The module that the line imports, when it has the name of an editable install's import hook: setuptools'
/// `__editable___demo_1_0_finder`, the `_editable_impl_demo` of hatchling and pdm, scikit-build-core's `_demo_editable`.
fn hook(code: &str) -> Option<String> {
    let module: String = code
        .trim_start_matches("import")
        .trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        .collect();
    module.contains("editable").then_some(module)
}

/// The text of what stays; none when nothing does.
pub(super) fn text(file: &PthFile) -> Option<String> {
    let kept = file.lines.iter().filter_map(|line| match line {
        Line::Kept(text) => Some(text.as_str()),
        Line::Hook(_) | Line::Outside(_) => None,
    });
    let kept: Vec<&str> = kept.collect();
    (!kept.is_empty()).then(|| kept.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let place = tempfile::tempdir().unwrap();
        let root = fs_err::canonicalize(place.path()).unwrap();
        let site = root.join("site");
        for directory in ["site/win32", "src"] {
            fs_err::create_dir_all(root.join(directory)).unwrap();
        }
        let absolute = site.join("win32");
        let text_of = format!(
            "# a comment\n../src\nwin32\n{}\n\nimport os; x = 1\n/nowhere/at/all\n\
             import __editable___demo_1_0_finder; __editable___demo_1_0_finder.install()\n",
            absolute.display()
        );
        fs_err::write(site.join("a.pth"), text_of).unwrap();
        fs_err::write(site.join("b.pth"), "win32\n").unwrap();
        let files = read(&site).unwrap();
        assert_eq!(
            files[0].lines,
            [
                Line::Outside(root.join("src")),
                Line::Kept("win32".into()),
                Line::Kept("win32".into()),
                Line::Kept("import os; x = 1".into()),
                Line::Hook("__editable___demo_1_0_finder".into()),
            ]
        );
        assert_eq!(text(&files[0]).unwrap(), "win32\nwin32\nimport os; x = 1\n");
        assert!(!files[0].is_unchanged && files[1].is_unchanged);
    }
}
