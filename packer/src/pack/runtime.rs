//! The runtime layer: the interpreter's files, completed with the shared libraries that they need.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use pyship_launcher::format::manifest::Entry;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::app::App;
use super::interpreter::machine_of;
use super::layers::{self, Content};
use super::{Pack, packages, venv};
use crate::build_cache::stamp::{Inputs, Stamp};
use crate::elf::{LayerElf, LibrarySearch, Machine, prepare_runtime, survey};
use crate::interpreter::mentions::ZONES;
use crate::interpreter::prune::{self, PruneReport};
use crate::interpreter::{fallbacks, python_home, relocate};
use crate::packages::modules;
use crate::size;
use crate::tree::{self, LayerPath, Node, Tree};

/// Directory of extension modules below the standard library.
const DYNLOAD: &str = "lib-dynload";

/// The runtime layer.
pub(super) struct Runtime {
    pub(super) content: Content,
    pub(super) facts: Facts,
    pub(super) pruned: PruneReport,
    /// The names of the modules of the standard library, dotted ones too.
    pub(super) modules: BTreeSet<String>,
}

/// What later steps must know of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) elf: LayerElf,
    pub(super) warnings: Vec<String>,
}

/// Collects the runtime and completes it, unless the build cache has it.
pub(super) fn prepare(pack: &Pack<'_>, app: &App, packages: &packages::Facts) -> Result<Runtime> {
    let began = SystemTime::now();
    let groups = groups(pack, app, packages)?;
    let (mut tree, pruned) = python_home::collect(&pack.interpreters.packed, &groups)?;
    let stdlib = pack.interpreters.packed.layer_stdlib();
    let mut modules = modules::all(&tree, &stdlib);
    modules.extend(modules::top_level(&tree, &format!("{stdlib}/{DYNLOAD}")));
    let machine = machine_of(&pack.interpreters.packed.executable)?;
    // A second copy of libpython stays only when a package or the app needs it.
    let mut needed = survey(machine, &[&packages.elf, &app.facts.elf]).needed;
    needed.retain(|soname| soname.starts_with("libpython"));
    let zones = (app.facts.entry == Entry::Interpreter || is_mentioned(ZONES, app, packages))
        && !packages.has("tzdata");
    let key = key(pack, &tree, &needed, zones, began)?;
    if let Some(found) = key.as_ref().and_then(|key| layers::find(pack, key)) {
        return Ok(Runtime {
            content: found.content,
            facts: found.facts,
            pruned,
            modules,
        });
    }
    // An upgrade of the interpreter while it is packed must not be in the sources alone, or in their bytecode.
    tree.hold(0)?;
    let (mut tree, mut facts, inputs) = complete(pack, tree, machine, &needed)?;
    let lacks_zones = zones && !fallbacks::zones::add(&mut tree, system_root(pack))?;
    if lacks_zones && app.facts.entry != Entry::Interpreter {
        facts.warnings.push(
            "the program names `zoneinfo`, and this machine has no time zones to pack: \
             add `--with tzdata` for systems that have none either"
                .to_owned(),
        );
    }
    let key = key.filter(|_| !inputs.are_after(began));
    Ok(Runtime {
        content: Content::keyed(tree, key, inputs, &facts)?,
        facts,
        pruned,
        modules,
    })
}

/// The groups of the standard library that stay.
fn groups(pack: &Pack<'_>, app: &App, packages: &packages::Facts) -> Result<prune::Pruning> {
    let options = pack.options;
    let mut groups = match options.no_prune {
        true => prune::Pruning::none(),
        false => prune::Pruning::default(),
    };
    for (group, _) in prune::ON_DEMAND {
        if is_mentioned(group, app, packages) {
            groups = groups.keep(group)?;
        } else if !options.no_prune && app.facts.entry != Entry::Interpreter {
            // A file that behaves like python may be asked for anything.
            groups = groups.prune(group)?;
        }
    }
    let is_group = |name: &&String| pack.venv.is_none() || *name != venv::PIP;
    for group in options.keep.iter().filter(is_group) {
        groups = groups.keep(group)?;
    }
    for group in &options.prune {
        groups = groups.prune(group)?;
    }
    Ok(groups)
}

/// Whether a source of the app or of a package names something that is packed on demand.
fn is_mentioned(what: &str, app: &App, packages: &packages::Facts) -> bool {
    app.facts.mentioned.contains(what) || packages.mentioned.contains(what)
}

/// The key of a runtime that is made of these files, unless one of them may be changing right now.
fn key(
    pack: &Pack<'_>,
    tree: &Tree,
    needed: &BTreeSet<String>,
    zones: bool,
    began: SystemTime,
) -> Result<Option<String>> {
    let interpreters = &pack.interpreters;
    let Some(mut key) = pack
        .cache
        .key("runtime")
        .filter(|_| !interpreters.is_changing(began))
    else {
        return Ok(None);
    };
    interpreters.identify(&mut key)?;
    key.field("compression", pack.options.compression().to_string())
        .field("sysroot", format!("{:?}", pack.options.sysroot))
        .field("needed", format!("{needed:?}"))
        .field("zones", [u8::from(zones)]);
    let nodes: Vec<(&LayerPath, &Node)> = tree.iter().collect();
    // An archive's files were just unpacked; its digest stands for them.
    let stamp = |node: &Node| match node {
        Node::File(tree::File {
            content: tree::Content::Path(path),
            ..
        }) if interpreters.unpacked.is_none() => Some((path.clone(), Stamp::of(path))),
        _ => None,
    };
    let stamps: Vec<_> = nodes.par_iter().map(|(_, node)| stamp(node)).collect();
    for ((path, node), stamp) in nodes.into_iter().zip(stamps) {
        key.field("path", path);
        match node {
            Node::Directory(_) => key.field("directory", ""),
            Node::Symlink(target) => key.field("link", target),
            Node::File(file) => key.field("mode", file.mode.bits().to_le_bytes()),
        };
        match stamp {
            Some((_, Some(stamp))) if stamp.is_after(began) => return Ok(None),
            Some((source, Some(stamp))) => {
                key.field("source", source.as_os_str().as_bytes())
                    .field("stamp", stamp.bytes());
            }
            Some((_, None)) => return Ok(None),
            None => {}
        }
    }
    Ok(Some(key.finish()))
}

/// Adds the fallbacks and the shared libraries, and removes the builder's paths; also gives the files of the system that were read.
fn complete(
    pack: &Pack<'_>,
    mut tree: Tree,
    machine: Machine,
    needed: &BTreeSet<String>,
) -> Result<(Tree, Facts, Inputs)> {
    let packed = &pack.interpreters.packed;
    let libraries = LibrarySearch::new(machine, pack.options.sysroot.as_deref());
    let root = system_root(pack);
    fallbacks::complete(&mut tree, &packed.layer_stdlib(), root)?;
    relocate::relocate(&mut tree, packed)?;
    let closed = prepare_runtime(&mut tree, &libraries, needed)?;
    for (soname, library) in &closed.carried {
        pack.ui.detail(&format!(
            "carries {soname} from {} for {}",
            library.source.display(),
            tree::display(&library.needed_by)
        ));
    }
    pack.ui.detail(&format!(
        "stripped the interpreter from {} to {}",
        size::display(closed.size.0),
        size::display(closed.size.1)
    ));
    // A virtual environment made by the packed interpreter looks for its base by this name.
    for name in ["bin/python3", "bin/python"] {
        tree.insert(name.as_bytes(), Node::Symlink(packed.name().into_bytes()));
    }
    // Libraries in an unpacked archive belong to the archive, whose digest is in the key.
    let unpacked = pack.interpreters.unpacked.as_ref();
    let unpacked = unpacked.map(|unpacked| unpacked.directory.path());
    let read: Vec<PathBuf> = closed
        .inputs
        .into_iter()
        .chain(fallbacks::inputs(root))
        .chain(fallbacks::zones::inputs(root))
        .filter(|path| unpacked.is_none_or(|unpacked| !path.starts_with(unpacked)))
        .collect();
    let facts = Facts {
        elf: LayerElf::of(&tree)?,
        warnings: closed
            .unedited
            .iter()
            .map(|(path, reason)| format!("`{}` is packed unchanged: {reason}", tree::display(path)))
            .collect(),
    };
    let inputs = Inputs::of(read.iter().map(PathBuf::as_path));
    Ok((tree, facts, inputs))
}

/// The root directory of the system that terminal descriptions and locales come from. They are the same on every
/// machine of one byte order: the builder's serve a foreign target too.
fn system_root<'a>(pack: &'a Pack<'_>) -> &'a Path {
    pack.options
        .sysroot
        .as_deref()
        .filter(|_| pack.interpreters.is_foreign())
        .unwrap_or(Path::new("/"))
}
