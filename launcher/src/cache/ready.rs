//! An app that is ready to start.

use std::fs::File;

use crate::format::record::Record;

/// An app that is ready to start.
#[derive(Debug)]
pub struct Ready {
    /// Its directory: `<root>/v1/apps/<key>`.
    pub directory: Vec<u8>,
    /// How it is started.
    pub record: Record,
    /// The open launch record. `execve` closes it: until then `prune` can see that a start is under way.
    pub file: Option<File>,
}
