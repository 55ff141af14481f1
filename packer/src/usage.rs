//! Wrong usage that the command line's parser can't see: exit code 2, as for what it does see.

/// A command line that makes no sense, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

/// Whether the cause of an error is wrong usage.
pub(crate) fn is_wrong(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<WrongUsage>())
}
