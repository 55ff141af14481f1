//! The launcher's one error: what failed, why, and what the user can do.
//!
//! It is typed only as far as someone reacts: a [`Kind::Storage`] failure sends a cold start down the
//! ladder of cache roots, everything else ends the start.

use std::fmt::{self, Display};
use std::path::Path;

/// What kind of failure, for those who react to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The packed file's bytes are not what they should be.
    Damaged,
    /// A cache root can't be used; another one may do.
    Storage,
    /// Anything else.
    Other,
}

/// A failure, as one line and perhaps a hint.
#[derive(Debug)]
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

    /// An error with its whole line.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
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

/// The cause of an operating system's refusal, without Rust's `(os error 2)`.
#[must_use]
pub fn cause(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_ascii_lowercase(),
        None => text,
    }
}
