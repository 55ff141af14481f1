//! Wrong usage that the command line's parser can't see: exit code 2, as for what it does see.

use crate::hint;

/// A command line that makes no sense, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

/// Whether an error is wrong usage, with contexts and hints or without.
pub(crate) fn is_wrong(error: &anyhow::Error) -> bool {
    error.is::<WrongUsage>() || hint::below(error).is_some_and(is_wrong)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, Result, anyhow};

    use super::*;
    use crate::hint::WithHint;

    #[test]
    fn wrong_usage_is_known_below_contexts_and_hints() {
        let wrong = || -> Result<()> { Err(WrongUsage("x".to_owned()).into()) };
        assert!(is_wrong(&wrong().unwrap_err()));
        let deep = wrong().context("a").hint("b").context("c").unwrap_err();
        assert!(is_wrong(&deep));
        assert!(!is_wrong(&anyhow!("x").context("y")));
    }
}
