//! What only conda environments have: shared libraries beside Python's packages, and packages that are not Python's.

use std::collections::VecDeque;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::elf::inspect;
use crate::tree::Tree;

/// How many packages a sentence names.
const NAMED: usize = 12;

/// A record of `conda-meta`.
#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    files: Vec<String>,
}

/// A sentence that names the conda packages without a file in `site-packages`; none when all are Python's.
///
/// # Errors
/// When a record can't be read.
pub(super) fn others(root: &Path) -> Result<Option<String>> {
    let mut names = Vec::new();
    for entry in fs_err::read_dir(root.join("conda-meta"))? {
        let path = entry?.path();
        if path.extension() != Some("json".as_ref()) {
            continue;
        }
        let package: Package = serde_json::from_slice(&fs_err::read(&path)?)
            .with_context(|| format!("failed to read `{}`", path.display()))?;
        let is_pythons = package.files.iter().any(|file| file.contains("/site-packages/"));
        if package.name != "python" && !is_pythons && !package.files.is_empty() {
            names.push(package.name);
        }
    }
    names.sort();
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let sentence = || {
        format!(
            "of conda packages that are not Python's only the shared libraries that Python or its packages need are \
             packed: {shown}{more}"
        )
    };
    Ok((!names.is_empty()).then(sentence))
}

/// Adds the libraries of the environment's `lib` that its packages need: their search paths lead there, in the layer too.
///
/// # Errors
/// When a library can't be read.
pub(super) fn add_libraries(tree: &mut Tree, root: &Path) -> Result<()> {
    let mut queue: VecDeque<String> = VecDeque::new();
    for (path, file) in tree.files() {
        let is_library = path.ends_with(b".so") || path.windows(4).any(|part| part == b".so.");
        if is_library && let Some(elf) = inspect(&file.content.read()?).ok().flatten() {
            queue.extend(elf.needed);
        }
    }
    while let Some(soname) = queue.pop_front() {
        let place = format!("lib/{soname}");
        let source = root.join(&place);
        if soname.contains('/') || tree.get(&place).is_some() || !source.is_file() {
            continue;
        }
        let real = fs_err::canonicalize(source)?;
        if let Some(elf) = inspect(&fs_err::read(&real)?).ok().flatten() {
            queue.extend(elf.needed);
            tree.insert_path(place, real, true);
        }
    }
    Ok(())
}
