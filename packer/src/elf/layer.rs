//! What is known of a layer's ELF files without their bytes: it is kept in the build cache with the layer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::file::Elf;
use super::origin::{expand, normalize};
use super::scan::scan;
use crate::tree::{LayerPath, Tree, display, layer_path};

/// Every ELF file of a layer, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerElf(pub(super) Vec<LayerFile>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LayerFile {
    pub(super) path: LayerPath,
    /// Or why it is damaged.
    pub(super) elf: Result<Elf, String>,
    /// Those of the libraries it needs that its own search path finds in the same layer.
    pub(super) in_layer: BTreeSet<String>,
}

impl LayerElf {
    /// Reads them.
    ///
    /// # Errors
    /// When a file can't be read. A damaged ELF file is in the result.
    pub(crate) fn of(tree: &Tree) -> Result<Self> {
        let files = scan(tree)?.into_iter().map(|scanned| {
            let elf = scanned.elf.map_err(|error| format!("{error:#}"));
            let in_layer = elf.iter().flat_map(|elf| {
                let needed = elf.needed.iter();
                needed.filter(|soname| lies_on_path(tree, scanned.path, elf, soname))
            });
            let in_layer = in_layer.cloned().collect();
            LayerFile {
                path: scanned.path.clone(),
                elf,
                in_layer,
            }
        });
        Ok(Self(files.collect()))
    }
}

impl LayerElf {
    /// The names of the shared libraries directly in the layer's `lib`, by file and by soname.
    pub(crate) fn shared(&self) -> impl Iterator<Item = String> {
        let in_lib = |file: &&LayerFile| {
            let name = file.path.strip_prefix(b"lib/");
            name.is_some_and(|name| !name.contains(&b'/')) && file.elf.is_ok()
        };
        self.0.iter().filter(in_lib).flat_map(|file| {
            let name = display(&file.path[b"lib/".len()..]);
            let soname = file.elf.as_ref().ok().and_then(|elf| elf.soname.clone());
            [Some(name), soname].into_iter().flatten()
        })
    }

    /// The paths of the programs that the system starts through a loader, unlike static ones.
    pub(crate) fn programs(&self) -> impl Iterator<Item = String> {
        let is_program = |elf: &Elf| elf.interpreter.is_some() && elf.soname.is_none();
        let programs = self
            .0
            .iter()
            .filter(move |file| file.elf.as_ref().is_ok_and(is_program));
        programs.map(|file| display(&file.path))
    }
}

fn lies_on_path(tree: &Tree, path: &[u8], elf: &Elf, soname: &str) -> bool {
    let file = PathBuf::from(String::from_utf8_lossy(path).into_owned());
    let origin = file.parent().unwrap_or(Path::new(""));
    let inside = |directory: PathBuf| normalize(&directory.join(soname));
    elf.search_path().is_some_and(|search_path| {
        expand(search_path, origin)
            .into_iter()
            .filter_map(inside)
            .any(|path| tree.get(layer_path(&path)).is_some())
    })
}
