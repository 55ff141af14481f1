//! Errors with a hint: what the user can do about a failure, apart from what failed and why.
//!
//! [`crate::ui::error`] prints the hint on a line of its own, as the launcher does with its own errors.

use std::error::Error;
use std::{fmt, io};

use crate::child::ChildError;
use crate::threads;

/// An error, and what the user can do about it. It reads as the error that it wraps.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl fmt::Display for Hinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Hinted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Adds a hint to the error of a result.
pub(crate) trait WithHint<T> {
    /// The same error with `hint`: a sentence without a capital and without a period.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> WithHint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| {
            let (error, hint) = (error.into(), hint.into());
            anyhow::Error::new(Hinted { error, hint })
        })
    }
}

/// The outermost hint of `error`: one of [`WithHint`], or a launcher's; else that of a limit that was reached.
pub(crate) fn of(error: &anyhow::Error) -> Option<&str> {
    let of_launcher = || {
        error
            .downcast_ref::<pyship_launcher::error::Error>()?
            .hint
            .as_deref()
    };
    error
        .downcast_ref::<Hinted>()
        .map(|hinted| hinted.hint.as_str())
        .or_else(of_launcher)
        .or_else(|| is_refused(error).then_some(threads::HINT))
}

/// Whether the system refused a process or a thread. Nothing else that is printed would block.
fn is_refused(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let child = cause.downcast_ref::<ChildError>();
        child
            .and_then(ChildError::not_started_for)
            .or_else(|| cause.downcast_ref::<io::Error>())
            .is_some_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    })
}

/// The error below the outermost hint.
pub(crate) fn below(error: &anyhow::Error) -> Option<&anyhow::Error> {
    error.downcast_ref::<Hinted>().map(|hinted| &hinted.error)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result, anyhow};

    use super::*;

    #[test]
    fn a_hint_is_found_below_contexts_and_is_no_part_of_the_message() {
        let failed: Result<()> = Err(anyhow!("it is locked")).context("failed to open `a`");
        let error = failed
            .hint("unlock it")
            .context("failed to pack `b`")
            .unwrap_err();
        assert_eq!(of(&error), Some("unlock it"));
        assert_eq!(
            format!("{error:#}"),
            "failed to pack `b`: failed to open `a`: it is locked"
        );
        assert_eq!(of(&anyhow!("plain")), None);
    }
}
