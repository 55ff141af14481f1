//! Bytecode for fresh layers, the start-up code of the app layer, and the indexes of modules.

use anyhow::Result;
use pyship_launcher::format::manifest::Python;
use pyship_launcher::format::names::{APP_CODE, APP_START, MODULE_INDEX};

use super::Pack;
use super::app::App;
use super::layers::Content;
use super::packages::Packages;
use crate::bytecode::Compiler;
use crate::startup::module_index::{self, Naming};
use crate::startup::{self, SHOWN_AS, StartConfig};
use crate::tree::{self, LayerPath, Tree};

/// Directory of extension modules below the standard library; it is on `sys.path` too.
const DYNLOAD: &str = "lib-dynload";

/// Compiles what is fresh and adds the start-up code and the indexes.
pub(super) fn compile(
    pack: &Pack<'_>,
    runtime: &mut Content,
    packages: &mut Packages,
    app: &mut App,
) -> Result<()> {
    pack.ui.step("compiling");
    let python = pack.python();
    let sources = startup::sources(&StartConfig {
        name: &app.facts.name,
        version: app.facts.version.as_deref(),
        data: app.facts.data.as_deref(),
        python: &python,
        entry: &app.facts.entry,
        directories: &app.facts.directories,
        packages: !packages.facts.distributions.is_empty(),
        site: packages.facts.site || app.facts.sitecustomize,
        shadows: app.facts.shadows,
        index_imports: !pack.options.no_index_imports,
    });
    for content in [&mut *runtime, &mut packages.content] {
        if let Some(tree) = content.fresh() {
            compile_tree(pack, tree)?;
        }
    }
    let (compiled, started) = rayon::join(
        || compile_tree(pack, &mut app.tree),
        || compile_start(pack, &sources),
    );
    compiled?;
    for (path, bytes) in started? {
        app.tree.insert_bytes(path, bytes, false);
    }
    let trees = [runtime.fresh(), packages.content.fresh(), Some(&mut app.tree)];
    add_indexes(pack, trees, &python, &app.facts.directories)
}

fn compiler(pack: &Pack<'_>) -> Result<Compiler> {
    let interpreters = &pack.interpreters;
    Compiler::new(
        &interpreters.builder,
        &interpreters.packed,
        &interpreters.environment,
    )
}

/// Adds bytecode to a tree.
fn compile_tree(pack: &Pack<'_>, tree: &mut Tree) -> Result<()> {
    for (path, reason) in compiler(pack)?.compile(tree)? {
        let path = tree::display(&path);
        pack.ui.detail(&format!("not compiled: {path}: {reason}"));
    }
    Ok(())
}

/// Compiles the start-up code to the `.pyc` files of the app layer's `start/`.
fn compile_start(pack: &Pack<'_>, sources: &[(LayerPath, Vec<u8>)]) -> Result<Vec<(LayerPath, Vec<u8>)>> {
    let renamed: Vec<(LayerPath, Vec<u8>)> = sources
        .iter()
        .map(|(_, source)| (SHOWN_AS.as_bytes().to_vec(), source.clone()))
        .collect();
    let compiled = compiler(pack)?.compile_start(&renamed)?;
    let names = sources
        .iter()
        .map(|(name, _)| [APP_START.as_bytes(), b"/", name, b".pyc"].concat());
    Ok(names.zip(compiled.into_iter().map(|(_, bytes)| bytes)).collect())
}

/// Adds the index of modules to each fresh tree of the runtime, the packages and the app.
fn add_indexes(
    pack: &Pack<'_>,
    [runtime, packages, app]: [Option<&mut Tree>; 3],
    python: &Python,
    directories: &[LayerPath],
) -> Result<()> {
    let naming = Naming::of(&pack.interpreters.packed);
    let code: Vec<&str> = directories
        .iter()
        .filter_map(|directory| std::str::from_utf8(directory).ok())
        .collect();
    let (stdlib, site_packages) = (python.stdlib.as_str(), python.site_packages.as_str());
    for (tree, base, roots, location) in [
        (runtime, stdlib, &["", DYNLOAD][..], stdlib),
        (packages, site_packages, &[""], site_packages),
        (app, APP_CODE, &code, APP_START),
    ] {
        if let Some(tree) = tree {
            let index = module_index::encode(tree, base, roots, &naming)?;
            tree.insert_bytes(format!("{location}/{MODULE_INDEX}"), index, false);
        }
    }
    Ok(())
}
