//! The packages' part of a pack: installed, or taken from the build cache.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::layers::Content;
use super::runtime::{self, Chosen};
use super::{app, target};
use crate::build_cache::BuildCache;
use crate::build_cache::entry::NewEntry;
use crate::build_cache::stamp::Inputs;
use crate::elf::LayerElf;
use crate::options::PackOptions;
use crate::packages::install::{self, Request};
use crate::packages::installer::Tool;
use crate::packages::metadata::{self, Distribution};
use crate::packages::pins;
use crate::startup::{self, PthFile};
use crate::tree::Tree;
use crate::ui::Ui;

/// How long an answer counts that may be another one tomorrow.
const FRESH: Duration = Duration::from_secs(86_400);

/// Where packages are installed, in the scratch directory.
pub(super) const INSTALLED: &str = "packages";

/// The deps layer.
pub(super) struct Deps {
    pub(super) content: Content,
    pub(super) facts: Facts,
}

/// What others must know of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) elf: LayerElf,
    pub(super) distributions: Vec<Distribution>,
    pub(super) pth: Vec<PthFile>,
    pub(super) sitecustomize: bool,
    /// Groups of the standard library that a package names.
    pub(super) mentioned: BTreeSet<String>,
    /// Whether the same request gets the same packages at any time.
    pinned: bool,
}

/// What is asked for besides options.
pub(super) struct Wanted<'a> {
    /// What the project says it needs.
    pub(super) dependencies: &'a [String],
    /// The machine.
    pub(super) target: &'a str,
    /// Where packages lie in the layer.
    pub(super) site_packages: &'a str,
}

/// Installs what is asked for, unless an earlier pack did.
pub(super) fn prepare(
    options: &PackOptions,
    wanted: &Wanted<'_>,
    chosen: &Chosen,
    scratch: &Path,
    cache: &BuildCache,
    ui: &Ui,
) -> Result<Deps> {
    let request = request(options, wanted.dependencies, chosen, wanted.target);
    let site_packages = wanted.site_packages;
    let tool = Tool::find();
    let began = SystemTime::now();
    let mut pins = pins::Pins::default();
    let mut key = None;
    if let Some(mut made) = cache.key("deps").filter(|_| !chosen.is_changing(began)) {
        chosen.identify(&mut made)?;
        made.field("compression", super::compression(options).to_string());
        made.field("site-packages", site_packages);
        pins = pins::read(&request, &tool, &chosen.environment, began, &mut made);
        key = Some(made.finish()).filter(|_| pins.may_be_kept());
    }
    let found = key
        .as_ref()
        .filter(|_| !options.refresh)
        .and_then(|key| cache.find::<Facts>(key));
    if let Some(found) = found {
        let fresh = found.age.is_some_and(|age| age < FRESH);
        if found.facts.pinned || fresh {
            if !found.facts.pinned {
                let age = found.age.unwrap_or_default();
                ui.note(&format!(
                    "packages: as they were chosen {} ago; --refresh chooses anew",
                    in_words(age)
                ));
            }
            return Ok(Deps {
                content: Content::Kept(found.packed),
                facts: found.facts,
            });
        }
    }

    let mut tree = install(&request, &tool, scratch, ui)?;
    let distributions = metadata::distributions(&tree, site_packages)?;
    let facts = Facts {
        elf: LayerElf::of(&tree)?,
        pth: startup::pth_files(&tree, site_packages)?,
        sitecustomize: app::has_sitecustomize(&tree, site_packages),
        mentioned: runtime::mentioned(&tree)?,
        pinned: pins.cover(distributions.iter().map(|one| one.name.as_str())),
        distributions,
    };
    tree.insert_bytes(
        format!("{site_packages}/{}", pyship_launcher::format::names::START_PTH),
        startup::pth(),
        false,
    );
    let keep = match key {
        Some(key) => Some(NewEntry {
            key,
            inputs: Inputs::default(),
            facts: serde_json::to_value(&facts)?,
        }),
        None => None,
    };
    Ok(Deps {
        content: Content::Made { tree, keep },
        facts,
    })
}

fn request(options: &PackOptions, dependencies: &[String], chosen: &Chosen, target: &str) -> Request {
    let authorities = options.with_ca.then(|| "certifi".to_owned());
    Request {
        python: chosen.builder.executable.clone(),
        requirements_files: options.requirements.clone(),
        requirements: dependencies
            .iter()
            .chain(&options.with)
            .cloned()
            .chain(authorities)
            .collect(),
        constraints: options.constraint.clone(),
        find_links: options.find_links.clone(),
        no_index: options.no_index,
        index_url: options.index_url.clone(),
        extra_index_url: options.extra_index_url.clone(),
        require_hashes: options.require_hashes,
        offline: false,
        target: target::install_target(target, chosen),
    }
}

fn install(request: &Request, tool: &Tool, scratch: &Path, ui: &Ui) -> Result<Tree> {
    let directory = scratch.join(INSTALLED);
    fs_err::create_dir(&directory)?;
    if request.is_empty()? {
        return Ok(Tree::new());
    }
    ui.step("installing packages");
    install::install(request, &directory, tool, &mut |line| ui.detail(line))
}

fn in_words(age: Duration) -> String {
    let minutes = age.as_secs() / 60;
    match minutes {
        0 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        2..120 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes / 60),
    }
}
