//! `--exclude`. A glob has the meaning of a line of a `.gitignore`:
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

use std::path::Path;

use anyhow::{Context, Result, bail};
use globset::{GlobBuilder, GlobMatcher};

/// The globs, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    text: String,
    matcher: GlobMatcher,
    directories_only: bool,
}

impl Rules {
    /// Reads the globs.
    ///
    /// # Errors
    /// When one can't be read.
    pub(super) fn parse<S: AsRef<str>>(globs: &[S]) -> Result<Self> {
        let rules = globs.iter().map(|glob| Rule::parse(glob.as_ref()));
        Ok(Self(rules.collect::<Result<_>>()?))
    }

    /// The globs as they were given.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|rule| rule.text.as_str())
    }

    /// The number of the first one that matches a path in the app.
    pub(super) fn matching(&self, relative: &Path, is_directory: bool) -> Option<usize> {
        let matches =
            |rule: &Rule| (is_directory || !rule.directories_only) && rule.matcher.is_match(relative);
        self.0.iter().position(matches)
    }
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
        let rules = Rules::parse(&[glob]).unwrap();
        rules.matching(Path::new(path), is_directory) == Some(0)
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
        let rules = Rules::parse(&["*.log"]).unwrap();
        let path = Path::new(std::ffi::OsStr::from_bytes(b"sub/\xff.log"));
        assert_eq!(rules.matching(path, false), Some(0));
    }

    #[test]
    fn bad_globs_are_named() {
        let refused = |glob: &str| format!("{:#}", Rules::parse(&[glob]).unwrap_err());
        assert!(refused("a[").starts_with("failed to read the glob `a[`: unclosed character class"));
        assert!(refused("!keep").contains("--include"));
        assert_eq!(refused("/"), "failed to read the glob `/`: it matches nothing");
    }
}
