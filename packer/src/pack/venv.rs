//! The deps layer from an environment that is there already, and what is said of one that is not used.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Result, anyhow, ensure};
use pyship_launcher::format::names::START_PTH;
use pyship_launcher::target::HOST;

use super::Pack;
use super::app::Source;
use super::layers::{self, Content};
use super::packages::{Facts, Packages};
use crate::app::input::Input;
use crate::build_cache::stamp::Inputs;
use crate::elf::LayerElf;
use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::interpreter::mentions::mentioned;
use crate::options::PackOptions;
use crate::packages::{metadata, modules};
use crate::startup;
use crate::tree::Tree;
use crate::venv::collect::{self, Collected};
use crate::venv::{self, Venv, find};

/// The value of `--keep` for pip, which no program needs.
pub(super) const PIP: &str = "pip";
/// How many packages a sentence names.
const NAMED: usize = 4;

/// The environment that the options name.
///
/// # Errors
/// When there is none, and when the options ask for more packages.
pub(super) fn find(options: &PackOptions, environment: &Environment) -> Result<Option<Venv>> {
    let found = find::named(options.venv.as_ref(), environment)?;
    let Some(found) = found else { return Ok(None) };
    if !options.requirements.is_empty() || !options.with.is_empty() {
        return Err(anyhow!(
            "failed to add packages to {}: with --venv nothing is installed",
            found.shown()
        ))
        .hint("install them in the environment, or leave out --venv");
    }
    ensure!(
        options
            .target
            .as_deref()
            .is_none_or(|target| target == HOST.triple),
        "failed to pack {} for another target: its packages are for this machine",
        found.shown()
    );
    Ok(Some(found))
}

/// The packages of the pack's environment; none when it has none.
pub(super) fn prepare(pack: &Pack<'_>, source: &Source) -> Result<Option<Packages>> {
    let Some(venv) = &pack.venv else { return Ok(None) };
    ensure!(
        !matches!(source.input, Input::Zipapp(..)),
        "failed to use {}: a zipapp brings its packages itself",
        venv.shown()
    );
    let began = SystemTime::now();
    pack.ui.step("reading the packages of the environment");
    let collected = collect::collect(&collect::Request {
        venv,
        python: &pack.interpreters.packed,
        layer_site: &pack.site_packages(),
        keep_pip: pack.options.keep.iter().any(|group| group == PIP),
        code: &source.code(),
        output: &pack.output.path,
        environment: &pack.interpreters.environment,
    })?;
    let key = key(pack, &collected.tree, began)?;
    let found = key.as_deref().and_then(|key| layers::find::<Facts>(pack, key));
    let Collected { tree, notes, below } = collected;
    let mut packages = match found {
        Some(found) => Packages {
            content: found.content,
            facts: found.facts,
            notes: Vec::new(),
        },
        None => fresh(pack, tree, key)?,
    };
    ensure!(
        !pack.options.with_ca || packages.facts.has("certifi"),
        "failed to include certificates: {} has no package certifi",
        venv.shown()
    );
    say(pack, venv, &packages.facts, &below);
    packages.notes = notes;
    packages
        .notes
        .extend(unmet(source.dependencies(), &packages.facts, venv));
    Ok(Some(packages))
}

fn key(pack: &Pack<'_>, tree: &Tree, began: SystemTime) -> Result<Option<String>> {
    let interpreters = &pack.interpreters;
    let key = pack.cache.key("venv");
    let Some(mut key) = key.filter(|_| !interpreters.is_changing(began)) else {
        return Ok(None);
    };
    interpreters.identify(&mut key)?;
    key.field("compression", pack.options.compression().to_string());
    let is_known = venv::identify(tree, &mut key, began);
    Ok(is_known.then(|| key.finish()))
}

fn fresh(pack: &Pack<'_>, mut tree: Tree, key: Option<String>) -> Result<Packages> {
    // Whoever runs the environment may change it.
    tree.hold(0)?;
    let site_packages = pack.site_packages();
    let facts = Facts {
        elf: LayerElf::of(&tree)?,
        site: startup::has_site_files(&tree, &site_packages)
            || startup::has_sitecustomize(&tree, &site_packages),
        mentioned: mentioned(&tree)?,
        pinned: true,
        lock: None,
        modules: modules::top_level(&tree, &site_packages),
        distributions: metadata::distributions(&tree, &site_packages)?,
    };
    tree.insert_bytes(format!("{site_packages}/{START_PTH}"), startup::pth(), false);
    Ok(Packages {
        content: Content::keyed(tree, key, Inputs::default(), &facts)?,
        facts,
        notes: Vec::new(),
    })
}

fn say(pack: &Pack<'_>, venv: &Venv, facts: &Facts, below: &[PathBuf]) {
    let count = facts.distributions.len();
    let (shown, plural) = (venv.shown(), if count == 1 { "" } else { "s" });
    let mut line = format!("packages: {count} package{plural} of {shown}");
    if !below.is_empty() {
        let below: Vec<String> = below.iter().map(|path| format!("`{}`", path.display())).collect();
        line += &format!(", which sees those of its base too ({})", below.join(", "));
    }
    pack.ui.note(&line);
}

/// A sentence for each of the project's `dependencies` that the environment does not have.
fn unmet(dependencies: &[String], facts: &Facts, venv: &Venv) -> Vec<String> {
    let name = |text: &str| {
        let is_part = |c: &char| c.is_alphanumeric() || "-_.".contains(*c);
        metadata::normalized(&text.trim().chars().take_while(is_part).collect::<String>())
    };
    let missing = dependencies
        .iter()
        .filter(|text| !text.contains(';') && !facts.has(&name(text)));
    missing
        .map(|text| {
            format!(
                "the project depends on `{text}`, which is not in {}",
                venv.shown()
            )
        })
        .collect()
}

/// What an environment has that the user may have meant, when nothing says where packages come from.
pub(super) fn not_taken(pack: &Pack<'_>, source: &Source) -> Option<String> {
    let options = pack.options;
    let says = options.venv.is_some() || !options.requirements.is_empty() || !options.with.is_empty();
    let app = options
        .app
        .as_ref()
        .filter(|_| !says && source.dependencies().is_empty())?;
    let (venv, option) = find::near(app, &pack.interpreters.environment)?;
    let names = venv.own_packages();
    let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!names.is_empty()).then(|| {
        format!(
            "the packages of {} are not taken ({shown}{more}); `{option}` takes them",
            venv.shown()
        )
    })
}
