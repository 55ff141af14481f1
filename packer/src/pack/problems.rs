//! What the trial run found: what the app's modules import that is not in the file (`imports.py`), and databases beside the
//! code (`databases.py`).

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use serde::Deserialize;

use crate::hint::WithHint;
use crate::packages::metadata::normalized;
use crate::packages::requirements_file::{self, Line};

/// How many problems are named; the rest is counted.
const SHOWN: usize = 8;

/// An import of a module that is missing, a module that can't be compiled, or a database that will be lost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Problem {
    severity: Severity,
    /// Relative to the app's code.
    file: String,
    /// 0 when it is not known.
    line: u64,
    /// The module that is missing.
    name: Option<String>,
    /// Why the file itself can't be compiled.
    why: Option<String>,
    /// The database that is kept beside the code.
    database: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    /// The app can't start with it.
    Error,
    /// It may matter or not.
    Warning,
}

/// The problems that a trial run printed.
pub(super) fn parse(output: &str) -> Vec<Problem> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("problem "));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Problem {
    fn place(&self) -> String {
        match self.line {
            0 => format!("`{}`", self.file),
            line => format!("`{}:{line}`", self.file),
        }
    }

    fn sentence(&self) -> String {
        let place = self.place();
        match (&self.name, &self.why) {
            _ if self.database.is_some() => format!(
                "{place} keeps the database `{}` beside the code, where it is lost when the app is packed again: use the \
                 directory of --data-dir, `_pyship.data`",
                self.database.as_deref().unwrap_or_default()
            ),
            (Some(name), _) => format!("{place} imports `{name}`, which is not in the file"),
            (None, why) => format!(
                "{place} can't be compiled: {}",
                why.as_deref().unwrap_or_default()
            ),
        }
    }
}

/// Refuses an app that can't start.
///
/// # Errors
/// When a problem is one that the entry point always runs into; the hint says how to add what is missing.
pub(super) fn refuse(problems: &[Problem], app: Option<&Path>) -> Result<()> {
    let errors: Vec<&Problem> = problems
        .iter()
        .filter(|one| one.severity == Severity::Error)
        .collect();
    let Some(first) = errors.first() else {
        return Ok(());
    };
    let mut message = format!("the app can't start: {}", first.sentence());
    for error in errors.iter().skip(1).take(SHOWN) {
        message += &format!("; {}", error.sentence());
    }
    if errors.len() > SHOWN + 1 {
        message += &format!("; and {} more", errors.len() - SHOWN - 1);
    }
    let ways = first
        .name
        .as_deref()
        .map(|name| advice(name, app.unwrap_or(Path::new(""))));
    let hint = match ways {
        Some(way) => format!("{way}, or pass --no-check to pack it nevertheless"),
        None => "pass --no-check to pack it nevertheless".to_owned(),
    };
    Err(anyhow!(message)).hint(hint)
}

/// A warning for each of the other problems.
pub(super) fn warnings(problems: &[Problem], app: Option<&Path>) -> Vec<String> {
    let app = app.unwrap_or(Path::new(""));
    let others = problems.iter().filter(|one| one.severity == Severity::Warning);
    let warning = |problem: &Problem| match &problem.name {
        Some(name) if !name.contains('.') => format!("{}: {}", problem.sentence(), advice(name, app)),
        _ => problem.sentence(),
    };
    let mut warnings: Vec<String> = others.clone().take(SHOWN).map(warning).collect();
    let more = others.count().saturating_sub(SHOWN);
    if more > 0 {
        warnings.push(format!("{more} more imports of modules that are not in the file"));
    }
    warnings
}

/// Modules of the standard library, and the group of `--keep` that has them.
const GROUPED: &[(&str, &str)] = &[
    ("tkinter", "tk"),
    ("_tkinter", "tk"),
    ("turtle", "tk"),
    ("nis", "nis"),
    ("idlelib", "idle"),
    ("turtledemo", "turtledemo"),
];

/// How the module `name` gets into the file.
fn advice(name: &str, app: &Path) -> String {
    if name.contains('.') {
        return "correct the import, or add the module".to_owned();
    }
    if let Some((_, group)) = GROUPED.iter().find(|(module, _)| *module == name) {
        return format!("pass `--keep {group}`: it is left out of the standard library otherwise");
    }
    let beside = app.with_file_name(name);
    let sources = [beside.with_extension("py"), beside];
    if let Some(source) = sources.iter().find(|source| app.is_file() && source.exists()) {
        return format!("add it with `--include {}`", source.display());
    }
    let Some(file) = requirements(app) else {
        return "add the package that has it, with `--with PACKAGE` or `-r FILE`".to_owned();
    };
    let shown = file.display();
    match names(&file, name) {
        true => format!("`{shown}` names it: pass `-r {shown}`"),
        false => format!(
            "add the package that has it to `{shown}` and pass `-r {shown}`, or name it with `--with PACKAGE`"
        ),
    }
}

/// The requirements file of the app.
fn requirements(app: &Path) -> Option<PathBuf> {
    let directory = if app.is_dir() { app } else { app.parent()? };
    Some(directory.join("requirements.txt")).filter(|file| file.is_file())
}

/// Whether a requirements file has a package that is called as the module `name`.
fn names(file: &Path, name: &str) -> bool {
    let lines = requirements_file::parse(&fs_err::read(file).unwrap_or_default());
    let package = |text: &str| {
        let end = text.find(|c: char| !c.is_alphanumeric() && !"-_.".contains(c));
        normalized(&text[..end.unwrap_or(text.len())])
    };
    lines
        .iter()
        .any(|line| matches!(line, Line::Requirement(text) if package(text) == normalized(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hint;

    fn problem(severity: &str, name: &str) -> String {
        format!(
            "problem {{\"severity\": \"{severity}\", \"file\": \"main.py\", \"line\": 3, \"name\": \"{name}\", \"why\": null}}\n"
        )
    }

    #[test]
    fn a_group_of_the_standard_library_is_kept_by_name() {
        let problems = parse(&problem("error", "idlelib"));
        let error = refuse(&problems, None).unwrap_err();
        let hint = hint::of(&error).unwrap_or_default();
        assert!(hint.starts_with("pass `--keep idle`: "), "{hint}");
    }

    #[test]
    fn what_always_fails_is_refused_with_the_way_out() {
        let place = tempfile::tempdir().unwrap();
        let app = Some(place.path());
        let output = format!(
            "noise\n{}{}",
            problem("warning", "rich"),
            problem("error", "flask")
        );
        let problems = parse(&output);
        let error = refuse(&problems, app).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the app can't start: `main.py:3` imports `flask`, which is not in the file"
        );
        let hint = |error: &anyhow::Error| hint::of(error).unwrap_or_default().to_owned();
        assert_eq!(
            hint(&error),
            "add the package that has it, with `--with PACKAGE` or `-r FILE`, or pass --no-check to pack it nevertheless"
        );
        let file = place.path().join("requirements.txt");
        fs_err::write(&file, "six\nFlask[async]>=3\n").unwrap();
        let shown = file.display();
        assert_eq!(
            hint(&refuse(&problems, app).unwrap_err()),
            format!("`{shown}` names it: pass `-r {shown}`, or pass --no-check to pack it nevertheless")
        );
        assert_eq!(
            warnings(&problems, app),
            [format!(
                "`main.py:3` imports `rich`, which is not in the file: add the package that has it to `{shown}` and pass `-r {shown}`, or name it with `--with PACKAGE`"
            )]
        );
        assert!(refuse(&parse(&problem("warning", "rich")), app).is_ok());
    }

    #[test]
    fn many_warnings_are_counted() {
        let output: String = (0..12)
            .map(|number| problem("warning", &format!("m{number}")))
            .collect();
        let all = warnings(&parse(&output), None);
        assert_eq!(all.len(), SHOWN + 1);
        assert_eq!(all[SHOWN], "4 more imports of modules that are not in the file");
    }
}
