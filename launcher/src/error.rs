//! The launcher's one error: what failed, why, and what the user can do.
//!
//! It is typed only as far as someone reacts: a [`Kind::Storage`] failure sends a cold start down the
//! ladder of cache roots, everything else ends the start.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

/// What kind of failure, for those who react to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The packed file's bytes are not what they should be.
    Damaged,
    /// A cache root can't be used; another one may do.
    Storage,
    /// The same, because it is full: whoever knows how much is needed says so.
    Full,
    /// Anything else.
    Other,
}

/// A failure, as one line and perhaps a hint.
#[derive(Debug, Clone)]
pub struct Error {
    /// See [`Kind`].
    pub kind: Kind,
    /// ``failed to <verb> `<thing>`: <cause>``
    pub message: String,
    /// What the user can do about it.
    pub hint: Option<String>,
}

/// The launcher's results.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// ``failed to <verb> `<path>`: <cause>``
    pub fn path(kind: Kind, verb: &str, path: &Path, cause: impl Display) -> Self {
        Self::new(kind, format!("failed to {verb} `{}`: {cause}", path.display()))
    }

    /// A cache could not be written to: [`Kind::Full`] where room is what lacks, else [`Kind::Storage`].
    #[must_use]
    pub fn storage(verb: &str, path: &Path, error: &io::Error) -> Self {
        let kind = match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => Kind::Full,
            _ => Kind::Storage,
        };
        let made = Self::path(kind, verb, path, cause(error));
        match getrlimit(Resource::Fsize).current {
            // The caller's limit holds everywhere: another place would not help.
            Some(limit) if error.raw_os_error() == Some(libc::EFBIG) => Self {
                kind: Kind::Other,
                ..made
            }
            .hint(format!(
                "files of this process may have {limit} bytes at most: raise `ulimit -f`"
            )),
            _ => made,
        }
    }

    /// An error with its whole line; names in it may come from a hostile file, so it is made [`plain`].
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: plain(message.into()),
            hint: None,
        }
    }

    /// The file's bytes are wrong.
    pub fn damaged(cause: impl Display) -> Self {
        Self::new(Kind::Damaged, format!("failed to read the packed file: {cause}"))
            .hint("the file is damaged or incomplete: copy it again")
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A text that a terminal shows and does not obey, in one line: control characters as `\u{1b}`.
#[must_use]
pub fn plain(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The same for JSON, which escapes only the older half of the control characters: in strings, where alone the
/// others can be, as `\u009b`. Line ends between values stay.
#[must_use]
pub fn plain_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_control() && character != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The cause of an operating system's refusal, without Rust's `(os error 2)`.
#[must_use]
pub fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_ascii_lowercase(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_not_steer_a_terminal() {
        let error = Error::damaged("a\x1b[31m\nb\u{9b}2J");
        assert_eq!(
            error.message,
            "failed to read the packed file: a\\u{1b}[31m\\u{a}b\\u{9b}2J"
        );
        assert_eq!(plain_json("{\"a\": \"\u{9b}\"}\n"), "{\"a\": \"\\u009b\"}\n");
    }
}
