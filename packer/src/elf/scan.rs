//! Reads every ELF file of a tree, in parallel. Of other files it reads four bytes.

use std::io::Read as _;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use rayon::prelude::*;

use super::file::{Elf, inspect};
use super::machine::MAGIC;
use crate::tree::{Content, File, LayerPath, Tree};

/// An ELF file of a tree.
pub(super) struct Scanned<'tree> {
    pub(super) path: &'tree LayerPath,
    pub(super) file: &'tree File,
    /// What it says about itself, or why it is damaged.
    pub(super) elf: Result<Elf>,
}

/// Every ELF file of a tree, sorted by path.
pub(super) fn scan(tree: &Tree) -> Result<Vec<Scanned<'_>>> {
    let files: Vec<(&LayerPath, &File)> = tree.files().collect();
    let scanned: Vec<Option<Scanned<'_>>> = files
        .into_par_iter()
        .map(|(path, file)| {
            let bytes = elf_bytes(&file.content)
                .with_context(|| format!("failed to read `{}`", String::from_utf8_lossy(path)))?;
            let elf = bytes.and_then(|bytes| inspect(&bytes).transpose());
            Ok(elf.map(|elf| Scanned { path, file, elf }))
        })
        .collect::<Result<_>>()?;
    Ok(scanned.into_iter().flatten().collect())
}

/// The whole file if it is an ELF file.
fn elf_bytes(content: &Content) -> std::io::Result<Option<Arc<[u8]>>> {
    if let Some(path) = content.source() {
        let mut head = Vec::with_capacity(MAGIC.len());
        fs_err::File::open(path)?
            .take(MAGIC.len() as u64)
            .read_to_end(&mut head)?;
        if head != MAGIC {
            return Ok(None);
        }
    }
    let bytes = content.read()?;
    Ok(bytes.starts_with(MAGIC).then_some(bytes))
}
