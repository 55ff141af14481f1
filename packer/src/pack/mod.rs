//! `pyship pack`: [`run`] reads as the steps.

mod app;
mod glibc;
mod index;
mod layers;
mod packages;
pub mod report;
mod runtime;
mod settings;
mod target;
mod trial;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::FORMAT;
use pyship_launcher::format::manifest::{Entry, Launcher, Manifest, Python};
use pyship_launcher::format::names::{LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME};

use crate::build_cache::{self, BuildCache};
use crate::elf::LayerElf;
use crate::environment::Environment;
use crate::layer::Compression;
use crate::options::PackOptions;
use crate::packages::metadata::Distribution;
use crate::provenance::Ingredients;
use crate::ui::{self, Ui, Volume};
use crate::{assemble, provenance, startup, target as targets};
use report::{LayerLine, LibcLine, PackageLine, PruneLine, PythonLine, Report};

/// A level that is worth its time: 9 is a hundredth smaller for half as much again, 3 a fifteenth larger in less
/// than half.
const DEFAULT_LEVEL: i32 = 6;

/// Packs, and reports.
///
/// # Errors
/// See [`run`].
pub fn command(options: &PackOptions) -> Result<()> {
    let volume = match (options.quiet, options.verbose) {
        (true, _) => Volume::Quiet,
        (_, true) => Volume::Verbose,
        _ => Volume::Normal,
    };
    let ui = Ui::new(volume);
    let report = run(options, &ui);
    ui.finish();
    let report = report?;
    for warning in &report.warnings {
        ui.warn(warning);
    }
    ui.note(&report.table(options.verbose));
    if options.json {
        ui::data(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    }
    Ok(())
}

/// Makes the file that `options` ask for.
///
/// # Errors
/// When anything that goes in is missing or wrong; nothing is left behind then.
pub fn run(options: &PackOptions, ui: &Ui) -> Result<Report> {
    let began = Instant::now();
    check_output(&options.output)?;
    ui.step("reading the app");
    let source = app::read(options)?;
    let options = &settings::merge(options, source.settings.as_ref());
    let target = options.target.as_deref().unwrap_or(targets::HOST);
    let stub = targets::for_target(target)?;
    target::check_sysroot(options.sysroot.as_deref())?;
    let cache = build_cache(options, ui)?;
    let scratch = tempfile::Builder::new()
        .prefix("pyship-")
        .tempdir()
        .context("failed to make a scratch directory")?;

    ui.step("looking for the interpreter");
    let chosen = runtime::choose(options, target, scratch.path(), ui)?;
    ui.note(&format!(
        "python: {} {} ({})",
        chosen.interpreter.version,
        chosen.interpreter.executable.display(),
        chosen.why
    ));
    let name = chosen.interpreter.name();
    let python = Python {
        version: chosen.interpreter.version.to_string(),
        executable: chosen.interpreter.layer_executable(),
        stdlib: chosen.interpreter.layer_stdlib(),
        site_packages: format!("lib/{name}/site-packages"),
    };

    let wanted = packages::Wanted {
        dependencies: source.dependencies(),
        target,
        site_packages: &python.site_packages,
    };
    let mut deps = packages::prepare(options, &wanted, &chosen, scratch.path(), &cache, ui)?;
    let distributions = std::mem::take(&mut deps.facts.distributions);
    let entry = app::entry(options, &source, &distributions)?;
    let name = app::name(options)?;
    let version = options
        .app_version
        .clone()
        .or_else(|| source.version().map(str::to_owned));
    let mut app = app::tree(options, &source)?;
    let app_digest = provenance::tree_digest(&app)?;

    ui.step("collecting the interpreter");
    let sitecustomize = deps.facts.sitecustomize || app::app_has_sitecustomize(&app, &source);
    let directories = app::directories(&source);
    let config = startup::StartConfig {
        name: &name,
        version: version.as_deref(),
        python: &python,
        entry: &entry,
        directories: &directories,
        pth: &deps.facts.pth,
        sitecustomize,
        index_imports: !options.no_index_imports,
    };
    let sources = startup::sources(&config);
    let app_elf = LayerElf::of(&app)?;
    let mut mentioned = runtime::mentioned(&app)?;
    mentioned.extend(std::mem::take(&mut deps.facts.mentioned));
    let others = runtime::Others {
        elf: [&deps.facts.elf, &app_elf],
        // An environment that behaves like python is asked for anything.
        mentioned: Some(&mentioned).filter(|_| entry != Entry::Interpreter),
    };
    let mut runtime = runtime::prepare(options, &chosen, &others, &cache, ui)?;
    let new = runtime.content.made().into_iter().chain(deps.content.made());
    runtime::compile(&chosen, &mut new.collect::<Vec<_>>(), ui)?;
    let (compiled, started) = rayon::join(
        || runtime::compile(&chosen, &mut [&mut app], ui),
        || runtime::compile_start(&chosen, &sources),
    );
    compiled?;
    for (path, bytes) in started? {
        app.insert_bytes(path, bytes, false);
    }
    index::add(
        [runtime.content.made(), deps.content.made(), Some(&mut app)],
        &python,
        &directories,
        &chosen,
    )?;

    let elf = [&runtime.facts.elf, &deps.facts.elf, &app_elf];
    let libc = glibc::libc(options, &chosen, elf, &cache)?;
    let mut warnings = runtime.facts.warnings;
    warnings.extend(
        source
            .app
            .iter()
            .flat_map(|app| &app.notes)
            .map(ToString::to_string),
    );
    warnings.extend(libc.warnings);
    ensure!(
        !options.strict || libc.unresolved == 0,
        "failed to provide every library: {}",
        warnings.join("; ")
    );

    let layers = vec![
        (LAYER_LIBC, libc.content),
        (LAYER_RUNTIME, runtime.content),
        (LAYER_DEPS, deps.content),
        (LAYER_APP, layers::Content::of(app)),
    ];
    let kept = layers::kept(&layers);
    let layers = layers::compress(layers, compression(options), &cache, scratch.path(), ui)?;
    // The installed packages are not needed any more, and thousands of files take a while to remove.
    let installed = scratch.path().join(packages::INSTALLED);
    let removing = std::thread::spawn(move || std::fs::remove_dir_all(installed).ok());

    let manifest = Manifest {
        format: FORMAT,
        pyship: env!("CARGO_PKG_VERSION").to_owned(),
        name,
        version,
        target: target.to_owned(),
        launcher: Launcher {
            size: 0,
            sha256: String::new(),
        },
        python,
        entry,
        options: settings::interpreter_options(&options.option)?,
        environment: settings::environment(&options.set_env)?,
        libc: libc.manifest,
        layers: Vec::new(),
    };
    let provenance = provenance::predicate(&Ingredients {
        options,
        dependencies: source.dependencies(),
        manifest: &manifest,
        build: &chosen.interpreter.version_text,
        stub,
        distributions: &distributions,
        app: &app_digest,
        layers: &layers,
    })?;
    ui.step("writing the file");
    let file = assemble::write(
        &options.output,
        stub,
        startup::zip_main(),
        manifest,
        &layers,
        &provenance,
    )?;
    let checked = !options.no_check && target == targets::HOST;
    if checked {
        ui.step("trying out what starts");
        trial::check(file.path(), &file.manifest, scratch.path(), &cache)?;
    } else if !options.no_check {
        ui.note(&format!(
            "what starts was not tried out: that takes a machine of `{target}`"
        ));
    }
    let size = file.size;
    let manifest = file.publish()?;
    cache.finish();
    removing.join().ok();

    let raw = |name: &str| {
        layers
            .iter()
            .find(|packed| packed.layer.name == name)
            .map_or(0, |packed| packed.raw)
    };
    Ok(Report {
        output: options.output.display().to_string(),
        size,
        name: manifest.name.clone(),
        target: manifest.target.clone(),
        python: PythonLine {
            version: manifest.python.version.clone(),
            executable: chosen.interpreter.executable.display().to_string(),
            why: chosen.why.clone(),
        },
        entry: manifest.entry.clone(),
        launcher: manifest.launcher.size,
        layers: manifest
            .layers
            .iter()
            .map(|layer| LayerLine {
                name: layer.name.clone(),
                digest: layer.digest.clone(),
                size: layer.size,
                unpacked: raw(&layer.name),
                entries: layer.entries,
                cached: kept.contains(&layer.name.as_str()),
            })
            .collect(),
        packages: packages_by_size(&distributions),
        pruned: runtime.pruned,
        libc: LibcLine {
            needs: format!("{}.{}", manifest.libc.floor.0, manifest.libc.floor.1),
            because: libc.because,
            carries: manifest
                .libc
                .carried
                .as_ref()
                .map(|libc| format!("{}.{}", libc.version.0, libc.version.1)),
        },
        checked,
        warnings,
        seconds: report::seconds(began.elapsed()),
    })
}

/// What can be known of OUT before any work is done.
fn check_output(out: &Path) -> Result<()> {
    let failed = || format!("failed to write `{}`", out.display());
    let directory = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    ensure!(
        !out.is_dir(),
        "failed to write `{}`: it is a directory",
        out.display()
    );
    ensure!(
        directory.is_dir(),
        "{}: the directory `{}` is not there",
        failed(),
        directory.display()
    );
    let writable = rustix::fs::access(directory, rustix::fs::Access::WRITE_OK);
    writable.with_context(|| {
        format!(
            "{}: the directory `{}` can't be written to",
            failed(),
            directory.display()
        )
    })
}

/// The build cache that `options` and the environment name.
fn build_cache(options: &PackOptions, ui: &Ui) -> Result<BuildCache> {
    let environment = Environment::current().context("failed to find the working directory")?;
    let root = build_cache::root(options.build_cache.as_deref(), &environment);
    let Some(root) = root.filter(|_| !options.no_build_cache) else {
        return Ok(BuildCache::none());
    };
    Ok(BuildCache::open(&root, &environment).unwrap_or_else(|reason| {
        ui.note(&format!(
            "the build cache `{}` is not used: {reason}",
            root.display()
        ));
        BuildCache::none()
    }))
}

/// A level that was asked for counts for more than `release`: the two can only meet in `[tool.pyship]`.
fn compression(options: &PackOptions) -> Compression {
    match options.level {
        Some(level) => Compression::Level(level),
        None if options.release => Compression::Smallest,
        None => Compression::Level(DEFAULT_LEVEL),
    }
}

fn packages_by_size(distributions: &[Distribution]) -> Vec<PackageLine> {
    let mut lines: Vec<PackageLine> = distributions
        .iter()
        .map(|distribution| PackageLine {
            name: distribution.name.clone(),
            version: distribution.version.clone(),
            size: distribution.size,
        })
        .collect();
    lines.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    lines
}

/// A prune group as the report shows it.
fn prune_line(group: &str, files: usize, size: u64) -> PruneLine {
    PruneLine {
        group: group.to_owned(),
        files,
        size,
    }
}
