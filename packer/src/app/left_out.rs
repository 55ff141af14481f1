//! What was left out of an app, and why, for the report.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::exclude::Reason;

const EXCLUDE: &str = "exclude";
const GITIGNORE: &str = "gitignore";
const PYSHIPIGNORE: &str = "pyshipignore";
const SECRET: &str = "secret";
const MADE: &str = "made-by-pyship";

/// A file or directory that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LeftOut {
    /// Its path, relative to the app.
    pub(crate) path: String,
    /// Why it was left out: a word.
    pub(crate) reason: &'static str,
    /// The glob or line that did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<String>,
}

impl LeftOut {
    /// `rules` are the globs of `--exclude`.
    pub(super) fn new(path: &Path, reason: Reason, rules: &[&str]) -> Self {
        let (reason, line) = match reason {
            Reason::Rule(number) => (EXCLUDE, rules.get(number).map(|&rule| rule.to_owned())),
            Reason::Made => (MADE, None),
            Reason::Secret => (SECRET, None),
            Reason::Needless(why) => (why, None),
            Reason::Git(line) => (GITIGNORE, Some(line)),
            Reason::Pyship(line) => (PYSHIPIGNORE, Some(line)),
        };
        Self {
            path: path.display().to_string(),
            reason,
            line,
        }
    }

    /// The same for a file of `directory`, whose path it has.
    pub(crate) fn below(self, directory: &Path) -> Self {
        let path = directory.join(self.path).display().to_string();
        Self { path, ..self }
    }

    /// Whether it was left out by default: the user has not asked for it, and no warning names it.
    fn is_by_default(&self) -> bool {
        self.line.is_none() && self.reason != SECRET
    }
}

/// How many names a line has.
const SHOWN: usize = 12;

/// The report's lines: what was left out by default, and by `.gitignore`. Each name once, with the number of its places;
/// all paths when `verbose`.
pub(crate) fn lines(left_out: &[LeftOut], verbose: bool) -> Vec<String> {
    let usual = |one: &&LeftOut| verbose || !one.path.ends_with("__pycache__");
    let by_default = left_out.iter().filter(|one| one.is_by_default()).filter(usual);
    let by_git = left_out.iter().filter(|one| one.reason == GITIGNORE);
    let paths = |found: Vec<&LeftOut>| names(found.into_iter().map(|one| one.path.as_str()), verbose);
    let by_default = paths(by_default.collect())
        .map(|names| format!("left out of the app: {names}; --include packs them"));
    let by_git = paths(by_git.collect()).map(|names| {
        format!(
            "left out of the app by .gitignore: {names}; --include or a line `!NAME` in .pyshipignore packs them"
        )
    });
    by_default.into_iter().chain(by_git).collect()
}

fn names<'a>(paths: impl Iterator<Item = &'a str>, verbose: bool) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths {
        let name = path.rsplit('/').next().filter(|_| !verbose).unwrap_or(path);
        *counts.entry(name).or_default() += 1;
    }
    let shown = if verbose { usize::MAX } else { SHOWN };
    let mut words: Vec<String> = counts
        .iter()
        .take(shown)
        .map(|(name, count)| match count {
            1 => format!("`{name}`"),
            count => format!("`{name}` ({count})"),
        })
        .collect();
    let more = counts.len().saturating_sub(shown);
    if more > 0 {
        words.push(format!("{more} more"));
    }
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_name_what_was_left_out_without_being_asked_for() {
        let one = |path: &str, reason: Reason| LeftOut::new(Path::new(path), reason, &["*.csv"]);
        let git = |path: &str| one(path, Reason::Git("x".into()));
        let mut all = vec![
            one("web/node_modules", Reason::Needless("node-modules")),
            one("more/node_modules", Reason::Needless("node-modules")),
            one(".env", Reason::Secret),
            one("a.csv", Reason::Rule(0)),
            one("__pycache__", Reason::Needless("cache")),
            git("_version.py"),
        ];
        assert_eq!(
            lines(&all, false),
            [
                "left out of the app: `node_modules` (2); --include packs them",
                "left out of the app by .gitignore: `_version.py`; --include or a line `!NAME` in .pyshipignore \
                 packs them"
            ]
        );
        assert!(lines(&all, true)[0].contains("`__pycache__`, `more/node_modules`, `web/node_modules`"));
        all.extend((10..30).map(|number| git(&format!("{number}.log"))));
        assert!(
            lines(&all, false)[1].contains("`21.log`, 9 more; "),
            "{:?}",
            lines(&all, false)
        );
        assert_eq!(
            serde_json::to_string(&[&all[0], &all[3]]).unwrap(),
            r#"[{"path":"web/node_modules","reason":"node-modules"},{"path":"a.csv","reason":"exclude","line":"*.csv"}]"#
        );
    }
}
