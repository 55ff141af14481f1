//! The launcher's error type: what failed, why, and what the user can do.
//!
//! Its kind matters to cold starts: after [`Kind::Storage`] and [`Kind::Full`] they try the next cache directory, any
//! other error ends the start.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The packed file's bytes are not what they should be.
    Damaged,
    /// A cache directory can't be used; another one may be usable.
    Storage,
    /// A cache directory can't be used because it is full; the cold start adds how much space is needed.
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

    /// A cache could not be written to: [`Kind::Full`] when it has no space left, else [`Kind::Storage`].
    pub(crate) fn storage(verb: &str, path: &Path, error: &io::Error) -> Self {
        let kind = match error.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => Kind::Full,
            _ => Kind::Storage,
        };
        let made = Self::path(kind, verb, path, cause(error));
        match getrlimit(Resource::Fsize).current {
            // The limit holds for every cache directory: another one would not help.
            Some(limit) if error.raw_os_error() == Some(libc::EFBIG) => Self {
                kind: Kind::Other,
                ..made
            }
            .hint(format!(
                "the limit on file sizes is {limit} bytes: raise `ulimit -f`"
            )),
            _ => made,
        }
    }

    /// An error with this message. Names in it may come from a hostile file, so it is made [`plain`].
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

/// Whether a terminal would not show the character, but do something: control characters, those that end lines, and
/// those that set the direction of what follows (Unicode's `Bidi_Control`).
#[must_use]
pub fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes control characters as `\u{1b}`, so that a text is one line and can't control a terminal.
#[must_use]
pub fn plain(text: String) -> String {
    if !text.contains(steers) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if steers(character) {
            escaped.extend(character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Escapes the control characters that JSON allows in strings, as `\u009b`. Line ends between values stay.
#[must_use]
pub fn plain_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if steers(character) && character != '\n' {
            escaped.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// The text of an I/O error in lower case, without Rust's `(os error 2)`.
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
    fn control_characters_are_escaped() {
        let error = Error::damaged("a\x1b[31m\nb\u{9b}2J");
        assert_eq!(
            error.message,
            "failed to read the packed file: a\\u{1b}[31m\\u{a}b\\u{9b}2J"
        );
        assert_eq!(plain_json("{\"a\": \"\u{9b}\"}\n"), "{\"a\": \"\\u009b\"}\n");
    }
}
