//! Requirements and constraints files, as pip describes them
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>).
//!
//! pyship doesn't resolve them; it has to know what they ask for. No library reads this format but those of
//! installers themselves. A line that isn't understood is [`Line::Other`], never an error: the installer reports it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// More files than these don't include each other.
const FILES_MAX: usize = 1000;

/// The files that were looked at: files may include each other more than once, and in circles.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeSet<PathBuf>);

impl Seen {
    /// Whether `file` was not looked at before. After [`FILES_MAX`] files none is looked at any more.
    pub(crate) fn is_new(&mut self, file: &Path) -> bool {
        let file = fs_err::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        self.0.len() < FILES_MAX && self.0.insert(file)
    }
}

/// A line that isn't blank or a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A requirement, without its hashes and other options: `six==1.17 ; python_version > "3"`, a path, a URL.
    Requirement(String),
    /// `-c FILE`, in the same way.
    Constraint(String),
    /// `-r FILE`: relative to the directory of the file that names it.
    File(String),
    /// `--find-links LOCATION`
    FindLinks(String),
    /// An option about indexes, hashes or kinds of files, without a path.
    Option,
    /// `-e DIRECTORY`
    Editable(String),
    /// An unknown option.
    Other,
}

/// The lines of a file. Lines that end with a backslash are joined with the next one.
pub(crate) fn parse(bytes: &[u8]) -> Vec<Line> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let joined = joined_lines(&text);
    joined
        .iter()
        .map(|line| without_comment(line).trim())
        .filter(|line| !line.is_empty())
        .map(line)
        .collect()
}

/// As pip does it: a comment ends a continued line, even when it ends with a backslash itself.
fn joined_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut continued: Option<String> = None;
    for line in text.lines() {
        let mut joined = continued.take().unwrap_or_default();
        let is_comment = line.trim_start().starts_with('#');
        match line.strip_suffix('\\').filter(|_| !is_comment) {
            Some(part) => {
                joined.push_str(part);
                continued = Some(joined);
            }
            None => {
                if is_comment {
                    joined.push(' ');
                }
                joined.push_str(line);
                lines.push(joined);
            }
        }
    }
    lines.extend(continued);
    lines
}

/// A comment begins at the beginning of a line or after white space.
fn without_comment(line: &str) -> &str {
    let mut starts = line.match_indices('#').map(|(at, _)| at);
    let start = starts.find(|&at| line[..at].chars().next_back().is_none_or(char::is_whitespace));
    &line[..start.unwrap_or(line.len())]
}

fn line(text: &str) -> Line {
    let value = |names: &[&str]| {
        names.iter().find_map(|name| {
            let rest = text.strip_prefix(name)?;
            let value = rest.trim_start_matches(['=', ' ', '\t']);
            rest.starts_with(['=', ' ', '\t']).then(|| value.to_owned())
        })
    };
    if let Some(file) = value(&["-r", "--requirement"]) {
        Line::File(file)
    } else if let Some(directory) = value(&["-e", "--editable"]) {
        Line::Editable(directory)
    } else if let Some(file) = value(&["-c", "--constraint"]) {
        Line::Constraint(file)
    } else if let Some(location) = value(&["-f", "--find-links"]) {
        Line::FindLinks(location)
    } else if matches!(text, "--no-index" | "--require-hashes")
        || value(&["-i", "--index-url", "--extra-index-url"]).is_some()
        || value(&["--only-binary", "--no-binary"]).is_some()
    {
        Line::Option
    } else if text.starts_with('-') {
        Line::Other
    } else {
        let end = text.find(" --").or_else(|| text.find("\t--"));
        Line::Requirement(text[..end.unwrap_or(text.len())].trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line() {
        let text = "\u{feff}# all\r\n\n-r base.txt\n--constraint=pins.txt\n-f ../wheels\n\
                    --index-url https://h/simple\n--no-index\n-e ./lib\n--pre\n\
                    six>=1  # a comment\nhttps://h/x.whl#sha256=abc\n\
                    idna==3.7 \\\r\n    --hash=sha256:abc \\\n    --hash=sha256:def\n  ./lib\t# here\n";
        let requirement = |text: &str| Line::Requirement(text.to_owned());
        assert_eq!(
            parse(text.as_bytes()),
            [
                Line::File("base.txt".to_owned()),
                Line::Constraint("pins.txt".to_owned()),
                Line::FindLinks("../wheels".to_owned()),
                Line::Option,
                Line::Option,
                Line::Editable("./lib".to_owned()),
                Line::Other,
                requirement("six>=1"),
                requirement("https://h/x.whl#sha256=abc"),
                requirement("idna==3.7"),
                requirement("./lib"),
            ]
        );
    }

    #[test]
    fn comments_end_a_continued_line() {
        let lines = parse(b"# not continued \\\nsix\nidna \\\n# pinned \\\nattrs\\");
        let names = ["six", "idna", "attrs"].map(|name| Line::Requirement(name.to_owned()));
        assert_eq!(lines, names);
    }
}
