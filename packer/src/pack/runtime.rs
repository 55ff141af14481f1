//! The interpreter's part of a pack: chosen, collected, completed with its libraries, compiled; and the C
//! library that goes with it.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use pyship_launcher::format::names::APP_START;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::layers::Content;
use super::report::PruneLine;
use super::{prune_line, target};
use crate::build_cache::BuildCache;
use crate::build_cache::entry::NewEntry;
use crate::build_cache::key::Key;
use crate::build_cache::stamp::{Inputs, Stamp};
use crate::bytecode::Compiler;
use crate::elf::{LayerElf, LibrarySearch, Machine, inspect, prepare_runtime, survey};
use crate::environment::Environment;
use crate::interpreter::archive::{self, Unpacked};
use crate::interpreter::discover::{self, Source};
use crate::interpreter::fallbacks;
use crate::interpreter::prune;
use crate::interpreter::{Interpreter, download, read, runtime};
use crate::options::PackOptions;
use crate::startup::SHOWN_AS;
use crate::tree::{self, LayerPath, Node, Tree};
use crate::ui::{Ui, size};

/// The interpreter that goes in.
pub(super) struct Chosen {
    pub(super) interpreter: Interpreter,
    /// Why this one.
    pub(super) why: String,
    /// The interpreter that compiles and installs here: the same one, unless it is for another machine.
    pub(super) builder: Interpreter,
    /// What PATH, HOME and so on were.
    pub(super) environment: Environment,
    /// Keeps an archive's files.
    unpacked: Option<Unpacked>,
    /// The archive that it came from.
    archive: Option<PathBuf>,
}

impl Chosen {
    /// Whether the interpreter is for another machine than this one.
    pub(super) fn is_foreign(&self) -> bool {
        self.interpreter.facts.machine != self.builder.facts.machine
    }

    /// Whether its file is so new that it may be another one in an instant.
    pub(super) fn is_changing(&self, began: SystemTime) -> bool {
        let recent = |interpreter: &Interpreter| {
            Stamp::of(&interpreter.executable).is_none_or(|stamp| stamp.is_after(began))
        };
        (self.unpacked.is_none() && recent(&self.interpreter)) || (self.is_foreign() && recent(&self.builder))
    }

    /// Puts into `key` which interpreter this is, and which one works for it. Where an archive was unpacked to
    /// doesn't count.
    ///
    /// # Errors
    /// When the archive can't be read.
    pub(super) fn identify(&self, key: &mut Key) -> Result<()> {
        match &self.archive {
            Some(archive) => {
                key.field("archive", Sha256::digest(fs_err::read(archive)?));
            }
            None => self.identify_one(&self.interpreter, key),
        }
        if self.is_foreign() {
            self.identify_one(&self.builder, key);
        }
        Ok(())
    }

    fn identify_one(&self, interpreter: &Interpreter, key: &mut Key) {
        let Interpreter {
            executable,
            version,
            version_text,
            facts,
        } = interpreter;
        let stamp = |path: &Path| Stamp::of(path).map_or_else(Vec::new, |stamp| stamp.bytes());
        key.field("executable", executable.as_os_str().as_bytes())
            .field("stamp", stamp(executable))
            .field("version", format!("{version} {version_text}"))
            .field("facts", format!("{facts:?}"))
            // Where its pip lies.
            .field("packages", stamp(&facts.stdlib.join("site-packages")));
    }
}

/// Chooses, fetches, unpacks and probes.
pub(super) fn choose(options: &PackOptions, target: &str, scratch: &Path, ui: &Ui) -> Result<Chosen> {
    let environment = Environment::current().context("failed to find the working directory")?;
    let chosen = discover::choose(options.python.as_deref(), &environment)?;
    let unpack = |path: &Path| {
        ui.measured_step(
            "unpacking the interpreter",
            fs_err::metadata(path).map_or(0, |found| found.len()),
        );
        let mut before = 0;
        archive::unpack(path, scratch, &mut |bytes| {
            ui.advance(bytes.saturating_sub(before));
            before = bytes;
        })
    };
    let mut archive = None;
    let unpacked = match &chosen.source {
        Source::Executable(_) => None,
        Source::Archive(path) => {
            archive = Some(path.clone());
            Some(unpack(path)?)
        }
        Source::Url { url, sha256 } => {
            ui.step(format!("downloading {url}"));
            let cache = download_cache(&environment)?;
            let fetched = download::fetch(url, sha256, &cache, &environment, &mut |_| {})?;
            archive = Some(fetched.clone());
            Some(unpack(&fetched)?)
        }
    };
    let interpreter = match (chosen.interpreter, &chosen.source, &unpacked) {
        (Some(known), _, _) => known,
        (None, Source::Executable(path), _) => read::interpreter(path, &environment)?,
        (None, _, Some(unpacked)) => read::installation(&unpacked.prefix, &environment)?,
        (None, _, None) => anyhow::bail!("failed to unpack the interpreter"),
    };
    target::check_machine(target, machine_of(&interpreter.executable)?, &chosen.why)?;
    let builder = target::builder_for(target, &interpreter, &environment)?;
    Ok(Chosen {
        interpreter,
        why: chosen.why,
        builder,
        environment,
        unpacked,
        archive,
    })
}

/// Where downloads are kept.
fn download_cache(environment: &Environment) -> Result<PathBuf> {
    let base = environment
        .path("XDG_CACHE_HOME")
        .or_else(|| environment.path("HOME").map(|home| home.join(".cache")));
    let base = base.context("failed to find a place for downloads: HOME is not set")?;
    Ok(base.join("pyship").join("downloads"))
}

/// The runtime layer, and what to say about it.
pub(super) struct Runtime {
    pub(super) content: Content,
    pub(super) facts: Facts,
    pub(super) pruned: Vec<PruneLine>,
}

/// What others must know of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) elf: LayerElf,
    pub(super) warnings: Vec<String>,
}

/// What of the other layers has a say in the runtime's content.
pub(super) struct Others<'a> {
    /// The packages' ELF files, and the app's.
    pub(super) elf: [&'a LayerElf; 2],
    /// Groups of the standard library that the packages or the app name; none when all stay.
    pub(super) mentioned: Option<&'a BTreeSet<String>>,
}

/// Collects the runtime and completes it with the libraries that it needs, unless an earlier pack did.
pub(super) fn prepare(
    options: &PackOptions,
    chosen: &Chosen,
    others: &Others<'_>,
    cache: &BuildCache,
    ui: &Ui,
) -> Result<Runtime> {
    let began = SystemTime::now();
    let mut groups = if options.no_prune {
        prune::Keep::everything()
    } else {
        prune::Keep::default()
    };
    if let Some(mentioned) = others.mentioned.filter(|_| !options.no_prune) {
        for (group, _) in prune::ON_DEMAND {
            if !mentioned.contains(*group) {
                groups = groups.prune(group)?;
            }
        }
    }
    for group in &options.keep {
        groups = groups.keep(group)?;
    }
    for group in &options.prune {
        groups = groups.prune(group)?;
    }
    let (tree, pruned) = runtime::collect(&chosen.interpreter, &groups)?;
    let pruned = pruned
        .groups
        .iter()
        .map(|(group, loss)| prune_line(group.name(), usize::try_from(loss.files).unwrap_or(0), loss.bytes))
        .collect();
    let machine = machine_of(&chosen.interpreter.executable)?;
    // Of what the others need only libpython matters: whether a second copy of it stays.
    let mut needed = survey(machine, &others.elf).needed;
    needed.retain(|soname| soname.starts_with("libpython"));
    let key = match cache.key("runtime") {
        Some(key) => key_of(key, options, chosen, &tree, &needed, began)?,
        None => None,
    };
    if let Some(found) = key.as_ref().and_then(|key| cache.find(key)) {
        return Ok(Runtime {
            content: Content::Kept(found.packed),
            facts: found.facts,
            pruned,
        });
    }
    let (tree, facts, inputs) = complete(options, chosen, tree, machine, &needed, ui)?;
    let keep = match key.filter(|_| !inputs.are_after(began)) {
        Some(key) => Some(NewEntry {
            key,
            inputs,
            facts: serde_json::to_value(&facts)?,
        }),
        None => None,
    };
    Ok(Runtime {
        content: Content::Made { tree, keep },
        facts,
        pruned,
    })
}

/// The key of a runtime that is made of these files; none when one of them may be changing right now.
fn key_of(
    mut key: Key,
    options: &PackOptions,
    chosen: &Chosen,
    tree: &Tree,
    needed: &BTreeSet<String>,
    began: SystemTime,
) -> Result<Option<String>> {
    if chosen.is_changing(began) {
        return Ok(None);
    }
    chosen.identify(&mut key)?;
    key.field("compression", super::compression(options).to_string())
        .field("sysroot", format!("{:?}", options.sysroot))
        .field("needed", format!("{needed:?}"));
    let nodes: Vec<(&LayerPath, &Node)> = tree.iter().collect();
    // An archive's files were just unpacked; its digest stands for them.
    let stamp = |node: &Node| match node {
        Node::File(tree::File {
            content: tree::Content::Path(path),
            ..
        }) if chosen.unpacked.is_none() => Some((path.clone(), Stamp::of(path))),
        _ => None,
    };
    let stamps: Vec<_> = nodes.par_iter().map(|(_, node)| stamp(node)).collect();
    for ((path, node), stamp) in nodes.into_iter().zip(stamps) {
        key.field("path", path);
        match node {
            Node::Directory => key.field("directory", ""),
            Node::Symlink(target) => key.field("link", target),
            Node::File(file) => key.field("executable", [u8::from(file.executable)]),
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

fn complete(
    options: &PackOptions,
    chosen: &Chosen,
    mut tree: Tree,
    machine: Machine,
    needed: &BTreeSet<String>,
    ui: &Ui,
) -> Result<(Tree, Facts, Inputs)> {
    let libraries = LibrarySearch::new(machine, options.sysroot.as_deref());
    let root = root(options, chosen);
    fallbacks::complete(&mut tree, &chosen.interpreter.layer_stdlib(), root)?;
    let closed = prepare_runtime(&mut tree, &libraries, needed)?;
    // What is missing is said when all layers have been looked at: see [`libc`].
    let mut warnings = Vec::new();
    for (path, reason) in &closed.unedited {
        warnings.push(format!("`{}` stays as it is: {reason}", shown(path)));
    }
    for (soname, library) in &closed.carried {
        ui.detail(&format!(
            "carries {soname} from {} for {}",
            library.source.display(),
            shown(&library.needed_by)
        ));
    }
    ui.detail(&format!(
        "stripped the interpreter from {} to {}",
        size(closed.size.0),
        size(closed.size.1)
    ));
    // A virtual environment made by the packed interpreter looks for its base by this name.
    for name in ["bin/python3", "bin/python"] {
        let target = chosen.interpreter.name().into_bytes();
        tree.insert(name.as_bytes(), Node::Symlink(target));
    }
    // Libraries that lie in an unpacked archive are the archive's.
    let own = chosen.unpacked.as_ref().map(|unpacked| unpacked.directory.path());
    let watched: Vec<PathBuf> = closed
        .inputs
        .into_iter()
        .chain(fallbacks::inputs(root))
        .filter(|path| own.is_none_or(|own| !path.starts_with(own)))
        .collect();
    let facts = Facts {
        elf: LayerElf::of(&tree)?,
        warnings,
    };
    let inputs = Inputs::of(watched.iter().map(PathBuf::as_path));
    Ok((tree, facts, inputs))
}

/// The groups of the standard library that are left out unless a source of this tree names them, and it does.
pub(super) fn mentioned(tree: &Tree) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for (group, words) in prune::ON_DEMAND {
        if mentions(tree, words)? {
            found.insert((*group).to_owned());
        }
    }
    Ok(found)
}

/// Whether a source holds one of `words`.
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

/// Below which the interpreter's system lies.
fn root<'a>(options: &'a PackOptions, chosen: &Chosen) -> &'a Path {
    // Descriptions of terminals, and locales, are the same on every machine of one byte order: the builder's do for
    // a foreign target too.
    options
        .sysroot
        .as_deref()
        .filter(|_| chosen.is_foreign())
        .unwrap_or(Path::new("/"))
}

/// Adds bytecode to the trees.
pub(super) fn compile(chosen: &Chosen, trees: &mut [&mut Tree], ui: &Ui) -> Result<()> {
    ui.step("compiling");
    let compiler = Compiler::new(&chosen.builder, &chosen.interpreter, &chosen.environment)?;
    for tree in trees {
        for (path, reason) in compiler.compile(tree)?.skipped {
            ui.detail(&format!("not compiled: {}: {reason}", shown(&path)));
        }
    }
    Ok(())
}

/// Compiles the start-up code: the `.pyc` files of the app layer's `start/`.
pub(super) fn compile_start(
    chosen: &Chosen,
    sources: &[(LayerPath, Vec<u8>)],
) -> Result<Vec<(LayerPath, Vec<u8>)>> {
    let compiler = Compiler::new(&chosen.builder, &chosen.interpreter, &chosen.environment)?;
    // One name for all of it: by that the start-up code knows its own frames.
    let shown: Vec<(LayerPath, Vec<u8>)> = sources
        .iter()
        .map(|(_, source)| (SHOWN_AS.as_bytes().to_vec(), source.clone()))
        .collect();
    let compiled = compiler.compile_start(&shown)?;
    let names = sources
        .iter()
        .map(|(name, _)| [APP_START.as_bytes(), b"/", name, b".pyc"].concat());
    Ok(names.zip(compiled.into_iter().map(|(_, bytes)| bytes)).collect())
}

/// What an ELF file runs on.
pub(super) fn machine_of(executable: &Path) -> Result<Machine> {
    let bytes = fs_err::read(executable)?;
    let elf = inspect(&bytes)?
        .with_context(|| format!("failed to read `{}`: not an ELF file", executable.display()))?;
    Ok(elf.machine)
}

/// A tree's path, for messages.
fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
