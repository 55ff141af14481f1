//! Which files of an app are left out: the defaults, the output file itself, and those that match `--exclude`.
//!
//! A glob has the meaning of a line of a `.gitignore`:
//!
//! ```text
//! *.log          a name, at any depth
//! data/raw       has a slash: relative to the app
//! /notes.txt     in the app's own directory only
//! build/         directories only
//! docs/**/*.png  `**` is any number of directories, `*` stays within one
//! ```
//!
//! A directory is left out with everything in it.
//!
//! The matching is that of `globset`, which the `ignore` crate uses too. Rules are kept one by one, because the user is
//! told of each `--exclude` that matches nothing: with `ignore`, the last rule that matches hides those before it, and a
//! glob that can't be read or that begins with `#` or `./` is no error.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use globset::{GlobBuilder, GlobMatcher};

/// The help of `--exclude` lists these.
///
/// Files and directories of version control, caches and editors: no program needs them to run.
const DEFAULTS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".idea",
    ".vscode",
    ".DS_Store",
];

/// What npm installs beside a frontend's sources. A Python package may have it among its data.
const NODE_MODULES: &str = "node_modules";

/// Files that commonly hold passwords.
const SECRETS: &[&str] = &[".env", ".envrc", ".netrc", ".pypirc"];

/// The rules by which files are left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Excludes {
    rules: Vec<Rule>,
    output: Option<PathBuf>,
}

#[derive(Debug, Clone)]
struct Rule {
    text: String,
    matcher: GlobMatcher,
    directories_only: bool,
}

/// Why a file is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// No program needs it.
    Default,
    /// It may hold passwords.
    Secret,
    /// It matches the `--exclude` with this number.
    Rule(usize),
}

impl Excludes {
    /// The defaults, `globs`, and `output`, the file that is being made: it may be inside the app.
    ///
    /// # Errors
    /// When a glob can't be read.
    pub(crate) fn new<S: AsRef<str>>(globs: &[S], output: Option<&Path>) -> Result<Self> {
        let rules = globs
            .iter()
            .map(|glob| Rule::parse(glob.as_ref()))
            .collect::<Result<_>>()?;
        // The file need not exist yet, but its directory does.
        let output = output.and_then(|output| {
            let directory = output.parent().filter(|parent| !parent.as_os_str().is_empty());
            let directory = fs_err::canonicalize(directory.unwrap_or(Path::new("."))).ok()?;
            Some(directory.join(output.file_name()?))
        });
        Ok(Self { rules, output })
    }

    /// The globs, by [`Reason::Rule`]'s number.
    pub(super) fn rule_texts(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.text.as_str())
    }

    /// Why a file is left out, if it is: `relative` is its path in the app, `real` the one on the builder.
    pub(super) fn reason(&self, relative: &Path, real: &Path, is_directory: bool) -> Option<Reason> {
        let matches =
            |rule: &Rule| (is_directory || !rule.directories_only) && rule.matcher.is_match(relative);
        if let Some(number) = self.rules.iter().position(matches) {
            return Some(Reason::Rule(number));
        }
        let name = relative.file_name()?;
        if SECRETS.iter().any(|secret| name == *secret) && !is_directory {
            return Some(Reason::Secret);
        }
        let is_default = DEFAULTS.iter().any(|default| name == *default)
            || name == NODE_MODULES && !is_in_package(relative, real)
            || self.output.as_deref() == Some(real)
            || is_directory && real.join("pyvenv.cfg").is_file()
            // Bytecode without its source beside it is a module.
            || !is_directory && real.extension() == Some("pyc".as_ref()) && real.with_extension("py").is_file();
        is_default.then_some(Reason::Default)
    }
}

/// Whether a directory above `relative` in the app is a Python package.
fn is_in_package(relative: &Path, real: &Path) -> bool {
    let above = real.ancestors().skip(1).take(relative.components().count());
    above
        .into_iter()
        .any(|directory| directory.join("__init__.py").is_file())
}

impl Rule {
    fn parse(text: &str) -> Result<Self> {
        if text.starts_with('!') {
            bail!("failed to read the glob `{text}`: it can't begin with `!`; use --include to pack a file");
        }
        let directories_only = text.ends_with('/');
        let body = text.trim_end_matches('/');
        let glob = match body.strip_prefix('/') {
            Some(anchored) => anchored.to_owned(),
            None if body.contains('/') => body.strip_prefix("./").unwrap_or(body).to_owned(),
            None => format!("**/{body}"),
        };
        if body.is_empty() || glob.is_empty() {
            bail!("failed to read the glob `{text}`: it matches nothing");
        }
        let matcher = GlobBuilder::new(&glob)
            .literal_separator(true)
            .backslash_escape(true)
            .build()
            .map_err(|error| anyhow::anyhow!("{}", error.kind()))
            .with_context(|| format!("failed to read the glob `{text}`"))?
            .compile_matcher();
        Ok(Self {
            text: text.to_owned(),
            matcher,
            directories_only,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_out(glob: &str, path: &str, is_directory: bool) -> bool {
        let excludes = Excludes::new(&[glob], None).unwrap();
        excludes.reason(Path::new(path), &Path::new("/none").join(path), is_directory)
            == Some(Reason::Rule(0))
    }

    #[test]
    fn globs_mean_what_they_mean_in_a_gitignore() {
        for (glob, path) in [
            ("*.log", "a.log"),
            ("*.log", "deep/er/a.log"),
            ("data/raw", "data/raw"),
            ("/notes.txt", "notes.txt"),
            ("docs/**/*.png", "docs/a/b/c.png"),
            ("docs/**/*.png", "docs/c.png"),
            ("./x/y", "x/y"),
            ("{a,b}.txt", "sub/b.txt"),
        ] {
            assert!(is_out(glob, path, false), "{glob} {path}");
        }
        for (glob, path) in [
            ("data/raw", "more/data/raw"),
            ("/notes.txt", "sub/notes.txt"),
            ("data/*", "data/a/b"),
            ("build/", "build"),
            ("*.log", "a.logs"),
        ] {
            assert!(!is_out(glob, path, false), "{glob} {path}");
        }
        assert!(is_out("build/", "sub/build", true));
    }

    #[test]
    fn names_are_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let excludes = Excludes::new(&["*.log"], None).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(b"sub/\xff.log"));
        assert_eq!(excludes.reason(path, path, false), Some(Reason::Rule(0)));
    }

    #[test]
    fn defaults_and_secrets() {
        let excludes = Excludes::default();
        let reason =
            |path: &str, is_directory| excludes.reason(Path::new(path), Path::new("/none"), is_directory);
        assert_eq!(reason("a/__pycache__", true), Some(Reason::Default));
        assert_eq!(reason("web/node_modules", true), Some(Reason::Default));
        assert_eq!(reason("deploy/.env", false), Some(Reason::Secret));
        assert_eq!(reason(".env.example", false), None);
        assert_eq!(reason("git", true), None);
    }

    #[test]
    fn bad_globs_are_named() {
        let refused = |glob: &str| format!("{:#}", Excludes::new(&[glob], None).unwrap_err());
        assert!(refused("a[").starts_with("failed to read the glob `a[`: unclosed character class"));
        assert!(refused("!keep").contains("--include"));
        assert_eq!(refused("/"), "failed to read the glob `/`: it matches nothing");
    }
}
