//! Groups of the standard library that are packed only when a source names them: a search for words, no import tracing.

use std::collections::BTreeSet;

use anyhow::Result;
use rayon::prelude::*;

use super::prune;
use crate::tree::{self, Tree};

/// The groups of the standard library that are kept on demand and that a source of this tree names.
pub(crate) fn mentioned(tree: &Tree) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for (group, words) in prune::ON_DEMAND {
        if mentions(tree, words)? {
            found.insert((*group).to_owned());
        }
    }
    Ok(found)
}

/// Whether a source contains one of `words`.
fn mentions(tree: &Tree, words: &[&str]) -> Result<bool> {
    let finders: Vec<_> = words.iter().map(memchr::memmem::Finder::new).collect();
    let sources: Vec<&tree::Content> = tree
        .files()
        .filter(|(path, _)| path.ends_with(b".py") || path.starts_with(b"bin/"))
        .map(|(_, file)| &file.content)
        .collect();
    let found: Vec<bool> = sources
        .par_iter()
        .map(|content| {
            content
                .read()
                .map(|bytes| finders.iter().any(|finder| finder.find(&bytes).is_some()))
        })
        .collect::<std::io::Result<_>>()?;
    Ok(found.contains(&true))
}
