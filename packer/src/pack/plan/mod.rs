//! `pyship pack --plan`: what would go in and why, what starts, and what would be left out. The steps are those of a pack
//! up to the bytecode, not an estimate of them; nothing is written but what uv, pip and downloads keep in their caches.

mod asked;
mod groups;
mod imports;
mod reasons;
mod text;

use std::time::Instant;

use anyhow::Result;
use pyship_launcher::format::manifest::{Entry, LibcPolicy};
use pyship_launcher::format::names::{LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME};
use serde::Serialize;

pub(super) use self::asked::{Asked, asked};
use self::reasons::Reason;
use super::layers::{Content, Length};
use super::packages::LockFile;
use super::report::{LibcLine, PruneLine, PythonLine, prune_lines, seconds};
use super::{Pack, Prepared, app, manifest, packages, problems, provenance};
use crate::app::left_out::LeftOut;
use crate::packages::metadata::Distribution;

/// What a pack would make. Sizes are bytes of files before compression, and without what a pack adds to them: bytecode,
/// indexes of modules and start-up code.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Plan {
    /// The file.
    output: String,
    /// Name of the app.
    name: String,
    /// Its version.
    version: Option<String>,
    /// The machine that it is for.
    target: String,
    /// Which interpreter, and why this one.
    python: PythonLine,
    /// What starts, in words.
    starts: String,
    /// What starts, as in the manifest.
    entry: Entry,
    /// The lock that the packages come from.
    lock: Option<LockFile>,
    /// The layers, in order.
    layers: Vec<LayerPlan>,
    /// The packages, largest first.
    packages: Vec<PackagePlan>,
    /// What is left out of the standard library.
    pruned: Vec<PruneLine>,
    /// What is left out of the app, relative to it, and of what `--include` names.
    left_out: Vec<LeftOut>,
    /// Which C library it needs and carries.
    libc: LibcLine,
    /// Whether the imports of the app were followed, as far as that can be done without the file.
    checked: bool,
    /// What a person should know, a sentence each.
    pub(crate) warnings: Vec<String>,
    /// How long it took.
    seconds: f64,
}

/// A layer.
#[derive(Debug, Clone, Serialize)]
struct LayerPlan {
    name: &'static str,
    /// Why it is there.
    why: String,
    /// See [`Plan`].
    size: u64,
    /// Files, directories and links.
    entries: u64,
    /// Whether the build cache has it.
    cached: bool,
}

/// A package.
#[derive(Debug, Clone, Serialize)]
struct PackagePlan {
    name: String,
    version: String,
    /// See [`Plan`].
    size: u64,
    /// Who asks for it.
    why: Vec<Reason>,
}

/// The plan of what was prepared.
pub(super) fn make(pack: &Pack<'_>, prepared: &Prepared, began: Instant) -> Result<Plan> {
    let Prepared {
        glibc,
        runtime,
        packages,
        app,
        asked,
        not_taken,
    } = prepared;
    let facts = &packages.facts;
    // What a pack checks when it writes the file.
    let manifest = manifest(pack, &app.facts, glibc.manifest.clone())?;
    provenance(pack, &app.facts, facts, &manifest, &[])?;
    let found = imports::check(pack, app, facts, &runtime.modules)?;
    let problems = found.as_deref().unwrap_or_default();
    problems::refuse(problems, pack.options.app.as_deref())?;
    Ok(Plan {
        output: pack.output.path.display().to_string(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        target: manifest.target.clone(),
        python: PythonLine::of(pack),
        starts: app.facts.starts.clone(),
        entry: manifest.entry.clone(),
        lock: facts.lock.clone(),
        layers: layers(pack, prepared)?,
        packages: package_plans(pack, facts, asked, &app.facts)?,
        pruned: prune_lines(&runtime.pruned),
        left_out: app.facts.left_out.clone(),
        libc: LibcLine::of(&manifest.libc, glibc.because.clone(), glibc.libraries.clone()),
        checked: found.is_some(),
        warnings: [
            runtime.facts.warnings.clone(),
            packages.notes.clone(),
            not_taken.iter().cloned().collect(),
            app.facts.notes.clone(),
            glibc.warnings.clone(),
            problems::warnings(problems, pack.options.app.as_deref()),
        ]
        .concat(),
        seconds: seconds(began.elapsed()),
    })
}

fn layers(pack: &Pack<'_>, prepared: &Prepared) -> Result<Vec<LayerPlan>> {
    let Prepared {
        glibc,
        runtime,
        packages,
        app,
        ..
    } = prepared;
    let line = |name: &'static str, why: String, length: Length, cached: bool| LayerPlan {
        name,
        why,
        size: length.bytes,
        entries: length.entries,
        cached,
    };
    let of = |name: &'static str, content: &Content, why: String| -> Result<LayerPlan> {
        Ok(line(name, why, content.length()?, content.is_cached()))
    };
    let mut layers = Vec::new();
    if let Some(carried) = &glibc.manifest.carried {
        let (major, minor) = carried.version;
        let when = match glibc.manifest.policy {
            LibcPolicy::Bundled => "used on every system",
            _ => "for systems that have none or an older one",
        };
        layers.push(of(
            LAYER_LIBC,
            &glibc.content,
            format!("glibc {major}.{minor}, {when}"),
        )?);
    }
    let version = &pack.interpreters.packed.version;
    let python = format!("CPython {version}: {}", pack.interpreters.why);
    layers.push(of(LAYER_RUNTIME, &runtime.content, python)?);
    let deps = why_packages(pack, &packages.facts);
    layers.push(of(LAYER_DEPS, &packages.content, deps)?);
    let why = match &pack.options.app {
        Some(app) if prepared.app.facts.is_built => format!("what the project `{}` installs", app.display()),
        Some(app) => format!("the files of `{}`", app.display()),
        None => "start-up code alone".to_owned(),
    };
    layers.push(line(LAYER_APP, why, Length::of(&app.tree)?, false));
    Ok(layers)
}

/// Where the packages come from.
fn why_packages(pack: &Pack<'_>, facts: &packages::Facts) -> String {
    match (&pack.venv, &facts.lock) {
        (Some(venv), _) => format!("the packages of {}", venv.shown()),
        (None, Some(lock)) => format!("as locked in {}", lock.name),
        (None, None) if facts.distributions.is_empty() => "no packages".to_owned(),
        (None, None) => "what is asked for and what that needs".to_owned(),
    }
}

/// Packages by size, the largest first.
fn package_plans(
    pack: &Pack<'_>,
    facts: &packages::Facts,
    asked: &[Asked],
    app: &app::Facts,
) -> Result<Vec<PackagePlan>> {
    let reasons = reasons::reasons(pack, facts, asked, app)?;
    let plan = |(distribution, why): (&Distribution, Vec<Reason>)| PackagePlan {
        name: distribution.name.clone(),
        version: distribution.version.clone(),
        size: distribution.size,
        why,
    };
    let mut plans: Vec<PackagePlan> = facts.distributions.iter().zip(reasons).map(plan).collect();
    plans.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    Ok(plans)
}
