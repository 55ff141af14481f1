//! The interpreter's part of a pack: chosen, collected, completed with its libraries, compiled; and the C
//! library that goes with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pyship_launcher::manifest::{Libc, LibcPolicy};
use pyship_launcher::names::{APP_START, LAYER_APP, LAYER_DEPS, LAYER_RUNTIME, LIBC_LIB};
use rayon::prelude::*;

use super::report::PruneLine;
use super::{prune_line, target};
use crate::bytecode::Compiler;
use crate::cli::ui::{Ui, size};
use crate::cli::{LibcOption, PackOptions};
use crate::elf::lookup::Lookup;
use crate::elf::prepare::prepare_runtime;
use crate::elf::read::{Machine, inspect};
use crate::elf::survey::{Survey, survey};
use crate::interpreter::archive::{self, Unpacked};
use crate::interpreter::discover::{self, Source};
use crate::interpreter::environment::Environment;
use crate::interpreter::prune::{self, Keep};
use crate::interpreter::{Interpreter, download, read, runtime};
use crate::start::SHOWN_AS;
use crate::tree::{Content, LayerPath, Tree};
use crate::{bare, libc as glibc};

/// The C++ library.
const CXX: &str = "libstdc++.so.6";
/// How many things of a kind a warning names.
const NAMED: usize = 3;

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
    _unpacked: Option<Unpacked>,
}

impl Chosen {
    /// Whether the interpreter is for another machine than this one.
    fn is_foreign(&self) -> bool {
        self.interpreter.facts.machine != self.builder.facts.machine
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
    let unpacked = match &chosen.source {
        Source::Executable(_) => None,
        Source::Archive(path) => Some(unpack(path)?),
        Source::Url { url, sha256 } => {
            ui.step(format!("downloading {url}"));
            let cache = download_cache(&environment)?;
            let archive = download::fetch(url, sha256, &cache, &environment, &mut |_| {})?;
            Some(unpack(&archive)?)
        }
    };
    let interpreter = match (&chosen.source, &unpacked) {
        (Source::Executable(path), _) => read::interpreter(path, &environment)?,
        (_, Some(unpacked)) => read::installation(&unpacked.prefix, &environment)?,
        (_, None) => anyhow::bail!("failed to unpack the interpreter"),
    };
    target::check_machine(target, machine_of(&interpreter.executable)?, &chosen.why)?;
    let builder = target::builder_for(target, &interpreter, &environment)?;
    Ok(Chosen {
        interpreter,
        why: chosen.why,
        builder,
        environment,
        _unpacked: unpacked,
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
    pub(super) tree: Tree,
    pub(super) pruned: Vec<PruneLine>,
    pub(super) warnings: Vec<String>,
}

/// Collects the runtime and completes it with the libraries that it needs.
pub(super) fn collect(
    options: &PackOptions,
    chosen: &Chosen,
    on_demand: bool,
    trees: &[&Tree],
    ui: &Ui,
) -> Result<Runtime> {
    let mut keep = if options.no_prune {
        Keep::everything()
    } else {
        Keep::default()
    };
    if on_demand && !options.no_prune {
        for (group, words) in prune::ON_DEMAND {
            if !mentions(trees, words)? {
                keep = keep.prune(group)?;
            }
        }
    }
    for group in &options.keep {
        keep = keep.keep(group)?;
    }
    for group in &options.prune {
        keep = keep.prune(group)?;
    }
    let (mut tree, pruned) = runtime::collect(&chosen.interpreter, &keep)?;
    let machine = machine_of(&chosen.interpreter.executable)?;
    let layers: Vec<(&str, &Tree)> = trees.iter().map(|tree| (LAYER_DEPS, *tree)).collect();
    let needed: BTreeSet<String> = survey(machine, &layers)?.needed;
    let lookup = Lookup::new(machine, options.sysroot.as_deref());
    bare::complete(
        &mut tree,
        &chosen.interpreter.layer_stdlib(),
        root(options, chosen),
    )?;
    let closed = prepare_runtime(&mut tree, &lookup, &needed)?;
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
        tree.insert(name.as_bytes(), crate::tree::Node::Symlink(target));
    }
    let pruned = pruned
        .groups
        .iter()
        .map(|(group, loss)| prune_line(group.name(), usize::try_from(loss.files).unwrap_or(0), loss.bytes))
        .collect();
    Ok(Runtime {
        tree,
        pruned,
        warnings,
    })
}

/// Whether a source holds one of `words`.
fn mentions(trees: &[&Tree], words: &[&str]) -> Result<bool> {
    let finders: Vec<_> = words.iter().map(memchr::memmem::Finder::new).collect();
    let sources: Vec<&Content> = trees
        .iter()
        .flat_map(|tree| tree.files())
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

/// The C library's part of the manifest, and of the report.
pub(super) struct LibcPart {
    pub(super) manifest: Libc,
    pub(super) tree: Option<Tree>,
    pub(super) because: Option<String>,
    pub(super) warnings: Vec<String>,
    pub(super) unresolved: usize,
}

/// Looks at every ELF file, and collects the glibc that goes along.
pub(super) fn libc(
    options: &PackOptions,
    chosen: &Chosen,
    runtime: &Tree,
    deps: &Tree,
    app: &Tree,
) -> Result<LibcPart> {
    let machine = machine_of(&chosen.interpreter.executable)?;
    let found = survey(
        machine,
        &[(LAYER_RUNTIME, runtime), (LAYER_DEPS, deps), (LAYER_APP, app)],
    )?;
    let mut warnings = warnings(&found);
    let bytes = fs_err::read(&chosen.interpreter.executable)?;
    let loader = inspect(&bytes)?
        .and_then(|elf| elf.interpreter)
        .with_context(|| {
            format!(
                "failed to find the loader of `{}`",
                chosen.interpreter.executable.display()
            )
        })?;
    let policy = match options.libc.unwrap_or(LibcOption::Auto) {
        LibcOption::Auto => LibcPolicy::Auto,
        LibcOption::Host => LibcPolicy::Host,
        LibcOption::Bundled => LibcPolicy::Bundled,
    };
    let carried = || match (&options.sysroot, chosen.is_foreign()) {
        (None, true) => Err(glibc::NoLibc::NoSysroot),
        (sysroot, _) => glibc::carried(Path::new(&loader), sysroot.as_deref()),
    };
    let carried = match policy {
        LibcPolicy::Host => None,
        LibcPolicy::Bundled => Some(carried().context("failed to find a glibc to carry")?),
        LibcPolicy::Auto => match carried() {
            Ok(carried) => Some(carried),
            Err(glibc::NoLibc::Other(error)) => return Err(error),
            Err(reason) => {
                warnings.push(format!(
                    "the file carries no glibc and runs only where the host's is new enough: {reason}"
                ));
                None
            }
        },
    };
    let (mut tree, carried) = carried.unzip();
    // A third of what a glibc adds to the file, and nothing loads it unless a packed file asks for it. libgcc_s
    // is another matter: glibc itself loads it when a thread is cancelled.
    if let Some(tree) = tree.as_mut().filter(|_| !found.system.contains_key(CXX)) {
        tree.remove(format!("{LIBC_LIB}/{CXX}"));
    }
    let manifest = Libc {
        policy,
        floor: found.floor.as_ref().map_or((2, 17), |floor| floor.version),
        loader,
        system: found.system.clone().into_iter().collect::<BTreeMap<_, _>>(),
        carried,
    };
    Ok(LibcPart {
        manifest,
        tree,
        because: found.floor.as_ref().map(|floor| floor.by.to_string()),
        warnings,
        unresolved: found.unresolved.len(),
    })
}

fn warnings(found: &Survey) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for unresolved in &found.unresolved {
        missing
            .entry(&unresolved.soname)
            .or_default()
            .push(unresolved.file.to_string());
    }
    for (soname, files) in missing {
        warnings.push(format!(
            "nobody provides `{soname}`, needed by {}",
            some_of(&files)
        ));
    }
    let stacks: Vec<String> = found.executable_stacks.iter().map(ToString::to_string).collect();
    if !stacks.is_empty() {
        warnings.push(format!(
            "an executable stack is asked for by {}: newer systems refuse that",
            some_of(&stacks)
        ));
    }
    for (place, machine) in &found.foreign {
        warnings.push(format!(
            "`{place}` is for another machine ({})",
            target::machine_name(*machine)
        ));
    }
    for (place, reason) in &found.damaged {
        warnings.push(format!("`{place}` can't be read as an ELF file: {reason}"));
    }
    warnings
}

fn some_of(names: &[String]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(NAMED);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", named.join(", "))
}

fn machine_of(executable: &Path) -> Result<Machine> {
    let bytes = fs_err::read(executable)?;
    let elf = inspect(&bytes)?
        .with_context(|| format!("failed to read `{}`: not an ELF file", executable.display()))?;
    Ok(elf.machine)
}

/// A tree's path, for messages.
fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
