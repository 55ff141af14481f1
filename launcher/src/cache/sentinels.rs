//! The files by which a warm start notices that a layer is damaged.

use crate::format::manifest::{Entry, Manifest};
use crate::format::names::{
    APP_START, LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME, LIBC_LIB, START_ALONE, START_EARLY,
    START_PTH,
};

/// Files of a layer that every start checks for, relative to the layer.
///
/// Not everything that the interpreter needs, but in each layer what is read least often: cleaners of temporary
/// directories remove that first.
pub(super) fn sentinels(layer: &str, manifest: &Manifest) -> Vec<String> {
    let python = &manifest.python;
    match layer {
        LAYER_LIBC => manifest
            .libc
            .carried
            .iter()
            .flat_map(|carried| [carried.loader.clone(), format!("{LIBC_LIB}/libc.so.6")])
            .collect(),
        LAYER_RUNTIME => vec![python.executable.clone(), format!("{}/os.py", python.stdlib)],
        LAYER_DEPS => vec![format!("{}/{START_PTH}", python.site_packages)],
        LAYER_APP => {
            let files: &[&str] = match manifest.entry {
                Entry::Interpreter => &[START_ALONE],
                _ => &[START_ALONE, START_EARLY],
            };
            files.iter().map(|file| format!("{APP_START}/{file}")).collect()
        }
        _ => Vec::new(),
    }
}
