//! Parts of the runtime that are packed only when a source names them: a search for words, no import tracing.

use std::collections::BTreeSet;

use anyhow::Result;
use memchr::memmem::Finder;
use rayon::prelude::*;

use super::prune;
use crate::tree::{self, Tree};

/// The name of the system's time zones among [`mentioned`].
pub(crate) const ZONES: &str = "zoneinfo";

/// What is packed on demand and named by a source of this tree: groups of the standard library, and [`ZONES`].
///
/// # Errors
/// When a source can't be read.
pub(crate) fn mentioned(tree: &Tree) -> Result<BTreeSet<String>> {
    let groups = prune::ON_DEMAND.iter().copied();
    let wanted: Vec<(&str, Vec<Finder<'_>>)> = groups
        .chain([(ZONES, &["zoneinfo"][..])])
        .map(|(name, words)| (name, words.iter().map(Finder::new).collect()))
        .collect();
    let sources: Vec<&tree::Content> = tree
        .files()
        .filter(|(path, _)| path.ends_with(b".py") || path.starts_with(b"bin/"))
        .map(|(_, file)| &file.content)
        .collect();
    let named = |bytes: &[u8]| -> BTreeSet<&str> {
        let is_named = |finders: &[Finder<'_>]| finders.iter().any(|finder| finder.find(bytes).is_some());
        let found = wanted.iter().filter(|(_, finders)| is_named(finders));
        found.map(|(name, _)| *name).collect()
    };
    let found: Vec<BTreeSet<&str>> = sources
        .par_iter()
        .map(|content| content.read().map(|bytes| named(&bytes)))
        .collect::<std::io::Result<_>>()?;
    Ok(found.into_iter().flatten().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_scripts_are_searched() -> Result<()> {
        let mut tree = Tree::new();
        tree.insert_bytes("code/a.py", *b"from zoneinfo import ZoneInfo\n", false);
        tree.insert_bytes("bin/tool", *b"import idlelib\n", true);
        tree.insert_bytes("code/notes.txt", *b"tkinter", false);
        let found: Vec<String> = mentioned(&tree)?.into_iter().collect();
        assert_eq!(found, ["idle", "zoneinfo"]);
        Ok(())
    }
}
