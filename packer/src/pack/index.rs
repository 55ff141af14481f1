//! The index of modules of each layer that has import directories.

use anyhow::Result;
use pyship_launcher::format::manifest::Python;
use pyship_launcher::format::names::{APP_CODE, APP_START, MODULE_INDEX};

use super::runtime::Chosen;
use crate::startup::module_index::{self, Naming};
use crate::tree::{LayerPath, Tree};

/// Directory of extension modules below the standard library, on `sys.path` by itself.
const DYNLOAD: &str = "lib-dynload";

/// Adds it to the trees of the runtime, the packages and the app; to those that are new.
pub(super) fn add(
    [runtime, deps, app]: [Option<&mut Tree>; 3],
    python: &Python,
    directories: &[LayerPath],
    chosen: &Chosen,
) -> Result<()> {
    let naming = Naming::of(&chosen.interpreter);
    let code: Vec<&str> = directories
        .iter()
        .filter_map(|directory| std::str::from_utf8(directory).ok())
        .collect();
    let (stdlib, site_packages) = (python.stdlib.as_str(), python.site_packages.as_str());
    for (tree, base, roots, place) in [
        (runtime, stdlib, &["", DYNLOAD][..], stdlib),
        (deps, site_packages, &[""], site_packages),
        (app, APP_CODE, &code, APP_START),
    ] {
        if let Some(tree) = tree {
            let index = module_index::encode(tree, base, roots, &naming)?;
            tree.insert_bytes(format!("{place}/{MODULE_INDEX}"), index, false);
        }
    }
    Ok(())
}
