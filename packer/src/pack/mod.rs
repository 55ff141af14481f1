//! `pyship pack`: [`run`] reads as the steps. Each step is a file; they share a [`Pack`].

mod app;
pub(crate) mod arguments;
mod compile;
mod destination;
mod download;
mod glibc;
mod includes;
mod interpreter;
mod layers;
mod libraries;
mod packages;
mod plan;
mod problems;
mod project;
mod report;
mod requirements;
mod runtime;
mod settings;
mod trial;
mod venv;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::FORMAT;
use pyship_launcher::format::manifest::{Launcher, Libc, Manifest, Python};
use serde_json::Value;

use self::app::App;
use self::destination::Destination;
use self::glibc::Glibc;
use self::interpreter::Interpreters;
use self::layers::{Content, Layers};
use self::packages::Packages;
use self::plan::Asked;
pub(crate) use self::plan::Plan;
use self::report::Parts;
pub(crate) use self::report::Report;
use self::runtime::Runtime;
use crate::app::python_version::PythonWish;
use crate::assemble::Assembled;
use crate::build_cache::BuildCache;
use crate::environment::Environment;
use crate::layer::Packed;
use crate::options::PackOptions;
use crate::packages::pins;
use crate::packages::tool::Tool;
use crate::provenance::{self, Ingredients};
use crate::target::{self, HOST, Target};
use crate::ui::Ui;
use crate::venv::Venv;
use crate::{assemble, build_cache, include, output, startup, temporary};

/// What every step works with.
struct Pack<'a> {
    /// The command line over `[tool.pyship]`.
    options: &'a PackOptions,
    target: &'static Target,
    /// The launcher for that target.
    launcher: &'static [u8],
    /// OUT.
    output: Destination,
    interpreters: Interpreters,
    /// The environment whose packages are packed.
    venv: Option<Venv>,
    cache: BuildCache,
    /// Removed when the pack ends.
    scratch: temporary::Directory,
    ui: &'a Ui,
}

/// Makes the file that the command line and `[tool.pyship]` ask for.
///
/// # Errors
/// When an input is missing or wrong; nothing is left behind then.
pub(crate) fn run(options: &PackOptions, ui: &Ui) -> Result<Report> {
    let began = Instant::now();
    prepare(options, ui, |pack, prepared| make(pack, prepared, began))
}

/// Says what [`run`] would make, and makes nothing.
///
/// # Errors
/// Those of [`run`], as far as they show before the file is written.
pub(crate) fn plan(options: &PackOptions, ui: &Ui) -> Result<Plan> {
    let began = Instant::now();
    prepare(options, ui, |pack, prepared| plan::make(pack, &prepared, began))
}

/// What goes into the file, before it is compiled and compressed.
struct Prepared {
    glibc: Glibc,
    runtime: Runtime,
    packages: Packages,
    app: App,
    /// Which requirement asks for which package, for a plan.
    asked: Vec<Asked>,
    /// What the user may have meant to take.
    not_taken: Option<String>,
}

/// Reads, builds and installs everything, and gives it to `then`.
fn prepare<T>(
    options: &PackOptions,
    ui: &Ui,
    then: impl FnOnce(&Pack<'_>, Prepared) -> Result<T>,
) -> Result<T> {
    let options = &options.clone().with_extras_of_app();
    if let Some(path) = &options.output {
        destination::check_replaced(path)?;
    }
    let mut source = app::read(options, ui)?;
    let options = &source.over(options);
    let _made = source.output.prepare(&inputs(options))?;
    let scratch = scratch(&source.output.path)?;
    let options = &requirements::kept(options.clone(), scratch.path())?;
    let pack = Pack::new(options, &source, scratch, ui)?;
    let tool = Tool::find(&pack.interpreters.environment);
    let packages = match venv::prepare(&pack, &source)? {
        Some(packages) => packages,
        None => {
            let project = project::prepare(&pack, &mut source, &tool)?;
            packages::prepare(&pack, project, &tool)?
        }
    };
    let not_taken = venv::not_taken(&pack, &source);
    let asked = plan::asked(&pack, &source)?;
    let app = app::prepare(&pack, source, &packages.facts)?;
    let runtime = runtime::prepare(&pack, &app, &packages.facts)?;
    let glibc = glibc::prepare(
        &pack,
        [&runtime.facts.elf, &packages.facts.elf, &app.facts.elf],
        &[],
    )?;
    let prepared = Prepared {
        glibc,
        runtime,
        packages,
        app,
        asked,
        not_taken,
    };
    then(&pack, prepared)
}

/// Compiles, compresses and writes the file, and tries it out.
fn make(pack: &Pack<'_>, prepared: Prepared, began: Instant) -> Result<Report> {
    let Prepared {
        mut glibc,
        mut runtime,
        mut packages,
        mut app,
        not_taken,
        asked: _,
    } = prepared;
    compile::compile(pack, &mut runtime.content, &mut packages, &mut app)?;
    let contents = [
        std::mem::take(&mut glibc.content),
        runtime.content,
        packages.content,
        Content::new(app.tree),
    ];
    let mut layers = layers::compress(pack, contents)?;
    let mut file = write(pack, &app.facts, glibc.manifest.clone(), &packages.facts, &layers)?;
    let tried = trial::run(pack, &file)?;
    let found = tried.as_ref().map_or(&[][..], |tried| &tried.problems);
    problems::refuse(found, pack.options.app.as_deref())?;
    let elf = [&runtime.facts.elf, &packages.facts.elf, &app.facts.elf];
    if let Some(more) = glibc::with_loaded(pack, tried.as_ref(), elf, &glibc)? {
        glibc = more;
        layers::replace_libc(pack, &mut layers, std::mem::take(&mut glibc.content))?;
        file = write(pack, &app.facts, glibc.manifest.clone(), &packages.facts, &layers)?;
    }
    trial::check_in::run(pack, &file, tried.as_ref())?;
    let parts = Parts {
        layers: &layers,
        packages: &packages.facts,
        starts: &app.facts.starts,
        pruned: &runtime.pruned,
        left_out: &app.facts.left_out,
        because: glibc.because,
        libraries: glibc.libraries,
        checked: tried.is_some(),
        warnings: [
            runtime.facts.warnings,
            packages.notes,
            not_taken.into_iter().collect(),
            app.facts.notes,
            glibc.warnings,
            problems::warnings(found, pack.options.app.as_deref()),
        ]
        .concat(),
    };
    let report = Report::new(pack, &file, parts, began);
    file.publish()?;
    pack.cache.finish();
    Ok(report)
}

impl<'a> Pack<'a> {
    /// Finds all that a pack works with.
    fn new(
        options: &'a PackOptions,
        source: &app::Source,
        scratch: temporary::Directory,
        ui: &'a Ui,
    ) -> Result<Self> {
        let (wish, output) = (&PythonWish::of(&source.input), source.output.clone());
        let (target, launcher) = target::find(options.target.as_deref().unwrap_or(HOST.triple))?;
        trial::refuse(options, target)?;
        if let Some(sysroot) = &options.sysroot {
            let path = sysroot.display();
            ensure!(
                sysroot.is_dir(),
                "failed to use the sysroot `{path}`: it is not a directory"
            );
        }
        let cache = build_cache(options, ui)?;
        let environment = Environment::current().context("failed to find the working directory")?;
        let venv = venv::find(options, &environment)?;
        let interpreters = interpreter::choose(options, wish, target, venv.as_ref(), scratch.path(), ui)?;
        Ok(Self {
            options,
            target,
            launcher,
            output,
            interpreters,
            venv,
            cache,
            scratch,
            ui,
        })
    }

    /// The interpreter, as the manifest describes it.
    fn python(&self) -> Python {
        let packed = &self.interpreters.packed;
        Python {
            version: packed.version.to_string(),
            executable: packed.layer_executable(),
            stdlib: packed.layer_stdlib(),
            site_packages: self.site_packages(),
        }
    }

    /// The directory of packages in the deps layer.
    fn site_packages(&self) -> String {
        format!("{}/site-packages", self.interpreters.packed.layer_stdlib())
    }
}

/// A scratch directory, after those that killed packs have left are removed, and what they left beside OUT.
fn scratch(output: &Path) -> Result<temporary::Directory> {
    let parent = std::env::temp_dir();
    temporary::sweep_directories(&parent);
    temporary::sweep_files(output::directory_of(output));
    temporary::Directory::new_in(&parent)
        .with_context(|| format!("failed to make a scratch directory in `{}`", parent.display()))
}

/// The files that a pack reads and that OUT must not replace. `six` and `3.12` are names, although OUT may be called so.
fn inputs(options: &PackOptions) -> Vec<PathBuf> {
    let includes = options.include.iter().map(|text| include::split(text).0.into());
    let python = options
        .python
        .iter()
        .filter(|spec| is_path(spec))
        .map(PathBuf::from);
    let wheels = options.with.iter().filter_map(|text| pins::local_path(text));
    // A directory of wheels, but not a page of them.
    let links = options.find_links.iter().map(PathBuf::from);
    let script = options.app.iter().filter(|app| app.is_file());
    let lock = script.map(|app| {
        let mut lock = app.clone().into_os_string();
        lock.push(".lock");
        PathBuf::from(lock)
    });
    let inputs = options
        .app
        .iter()
        .chain(&options.requirements)
        .chain(&options.constraint)
        .chain(&options.sysroot);
    inputs
        .cloned()
        .chain(python)
        .chain(wheels.map(PathBuf::from))
        .chain(includes)
        .chain(links)
        .chain(lock.filter(|lock| lock.exists()))
        .chain(options.venv.iter().flatten().cloned())
        .collect()
}

/// Whether `--python` names a file: a version and a program on `PATH` have no slash, and no extension of an archive.
fn is_path(spec: &str) -> bool {
    spec.contains('/') || spec.contains(".tar.")
}

/// The build cache that the options and the environment name.
fn build_cache(options: &PackOptions, ui: &Ui) -> Result<BuildCache> {
    let environment = Environment::current().context("failed to find the working directory")?;
    let root = build_cache::root(options.build_cache.as_deref(), &environment);
    let Some(root) = root.filter(|_| !options.no_build_cache) else {
        return Ok(BuildCache::none());
    };
    Ok(BuildCache::open(&root, &environment).unwrap_or_else(|reason| {
        let root = root.display();
        ui.note(&format!("the build cache `{root}` is not used: {reason}"));
        BuildCache::none()
    }))
}

/// What the file says of itself, apart from its layers.
fn manifest(pack: &Pack<'_>, app: &app::Facts, libc: Libc) -> Result<Manifest> {
    let options = pack.options;
    Ok(Manifest {
        format: FORMAT,
        pyship: env!("CARGO_PKG_VERSION").to_owned(),
        name: app.name.clone(),
        version: app.version.clone(),
        target: pack.target.triple.to_owned(),
        launcher: Launcher::default(),
        python: pack.python(),
        entry: app.entry.clone(),
        options: settings::interpreter_options(&options.option)?,
        arguments: app.arguments.clone(),
        environment: settings::environment(&options.set_env)?,
        libc,
        layers: Vec::new(),
    })
}

/// What the file was made from.
fn provenance(
    pack: &Pack<'_>,
    app: &app::Facts,
    packages: &packages::Facts,
    manifest: &Manifest,
    layers: &[Packed],
) -> Result<Value> {
    provenance::predicate(&Ingredients {
        options: pack.options,
        dependencies: &app.dependencies,
        lock: packages
            .lock
            .as_ref()
            .map(|lock| (lock.name.as_str(), lock.sha256.as_str())),
        manifest,
        build: &pack.interpreters.packed.version_text,
        launcher: pack.launcher,
        distributions: &packages.distributions,
        app: &app.digest,
        layers,
    })
}

/// Writes the file beside OUT.
fn write(
    pack: &Pack<'_>,
    app: &app::Facts,
    libc: Libc,
    packages: &packages::Facts,
    layers: &Layers,
) -> Result<Assembled> {
    let removing = packages::remove_installed(pack);
    let manifest = manifest(pack, app, libc)?;
    let provenance = provenance(pack, app, packages, &manifest, &layers.packed)?;
    pack.ui.step("writing the file");
    let file = assemble::write(
        &pack.output.path,
        pack.launcher,
        startup::zip_main(),
        manifest,
        &layers.packed,
        &provenance,
    )?;
    if let Ok(thread) = removing {
        thread.join().unwrap_or_default();
    }
    Ok(file)
}
