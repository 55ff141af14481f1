//! The deps layer: packages that are installed now, or taken from the build cache.

use std::collections::BTreeSet;
use std::io;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use pyship_launcher::format::names::START_PTH;
use pyship_launcher::target::HOST;
use serde::{Deserialize, Serialize};

use super::Pack;
use super::layers::{self, Content};
use super::project::{self, Project};
use crate::build_cache::stamp::Inputs;
use crate::elf::LayerElf;
use crate::interpreter::mentions::mentioned;
use crate::packages::declared::{Declared, Dependencies};
use crate::packages::lock::{self, Lock};
use crate::packages::metadata::{self, Distribution};
use crate::packages::pins::{self, Pins};
use crate::packages::request::{Request, Target};
use crate::packages::tool::Tool;
use crate::packages::{ignored, install, modules};
use crate::startup;
use crate::tree::Tree;

/// How long an unpinned resolution is reused.
const FRESH: Duration = Duration::from_secs(86_400);
/// The newest glibc that wheels for another machine may need: that of RHEL 8, the oldest system in wide use.
const NEWEST_GLIBC: (u32, u32) = (2, 28);
/// Directory of the installed packages in the scratch directory.
const INSTALLED: &str = "packages";

/// The deps layer.
pub(super) struct Packages {
    pub(super) content: Content,
    pub(super) facts: Facts,
    /// What the user should know, a sentence each.
    pub(super) notes: Vec<String>,
}

/// What later steps must know of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Facts {
    pub(super) elf: LayerElf,
    pub(super) distributions: Vec<Distribution>,
    /// Whether `site` has something to do.
    pub(super) site: bool,
    /// Groups of the standard library that a package names.
    pub(super) mentioned: BTreeSet<String>,
    /// The names of the modules that they have.
    pub(super) modules: BTreeSet<String>,
    /// Whether the same request gives the same packages at any time.
    pub(super) pinned: bool,
    /// The lock that was installed.
    #[serde(skip)]
    pub(super) lock: Option<LockFile>,
}

/// A lock that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LockFile {
    /// The name of the file.
    pub(crate) name: String,
    /// Its SHA-256.
    pub(crate) sha256: String,
}

impl LockFile {
    fn of(lock: &Lock) -> Result<Self> {
        Ok(Self {
            name: lock.name(),
            sha256: lock.sha256()?,
        })
    }
}

impl Facts {
    /// Whether the package `name`, in lower case, is among them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.distributions
            .iter()
            .any(|one| metadata::normalized(&one.name) == name)
    }
}

impl Facts {
    /// The version of the package `name`, normalized.
    pub(super) fn version(&self, name: &str) -> Option<String> {
        let mut distributions = self.distributions.iter();
        let found = distributions.find(|one| metadata::normalized(&one.name) == name)?;
        Some(found.version.clone())
    }
}

/// Installs what the options and the `project` ask for, unless the build cache has it.
pub(super) fn prepare(pack: &Pack<'_>, project: Project, tool: &Tool) -> Result<Packages> {
    let mut request = request(pack, project.declared);
    take_lock(&mut request)?;
    let lock = request.declared.locked().map(LockFile::of).transpose()?;
    let began = SystemTime::now();
    let (key, pins) = key(pack, &request, tool, began)?;
    let key = key.filter(|_| project.installed.is_none());
    if let Some(key) = &key
        && let Some(mut found) = find(pack, key)
    {
        found.facts.lock = lock;
        return Ok(found);
    }
    let mut tree = install(pack, &request, tool)?;
    let site_packages = pack.site_packages();
    if let Dependencies::Wheel { name, .. } = &request.declared.dependencies {
        metadata::remove(&mut tree, &site_packages, name)?;
    }
    for (path, node) in project.installed.iter().flat_map(Tree::iter) {
        tree.insert(path.clone(), node.clone());
    }
    tree.hold(0)?;
    let distributions = metadata::distributions(&tree, &site_packages)?;
    let facts = Facts {
        elf: LayerElf::of(&tree)?,
        site: startup::has_site_files(&tree, &site_packages)
            || startup::has_sitecustomize(&tree, &site_packages),
        mentioned: mentioned(&tree)?,
        pinned: pins.cover(distributions.iter().map(|one| one.name.as_str())),
        distributions,
        lock,
        modules: modules::top_level(&tree, &site_packages),
    };
    tree.insert_bytes(format!("{site_packages}/{START_PTH}"), startup::pth(), false);
    Ok(Packages {
        content: Content::keyed(tree, key, Inputs::default(), &facts)?,
        facts,
        notes: Vec::new(),
    })
}

/// The key of the layer, unless an input may be changing right now; and which versions are pinned.
fn key(pack: &Pack<'_>, request: &Request, tool: &Tool, began: SystemTime) -> Result<(Option<String>, Pins)> {
    let interpreters = &pack.interpreters;
    let Some(mut key) = pack
        .cache
        .key("deps")
        .filter(|_| !interpreters.is_changing(began))
    else {
        return Ok((None, Pins::default()));
    };
    interpreters.identify(&mut key)?;
    key.field("compression", pack.options.compression().to_string());
    key.field("site-packages", pack.site_packages());
    let pins = pins::read(request, tool, &interpreters.environment, began, &mut key);
    let key = Some(key.finish()).filter(|_| pins.may_be_kept());
    Ok((key, pins))
}

/// The layer of an earlier pack, unless it was resolved too long ago.
fn find(pack: &Pack<'_>, key: &str) -> Option<Packages> {
    let found = (!pack.options.refresh).then(|| layers::find::<Facts>(pack, key))??;
    if !found.facts.pinned {
        let age = found.age.filter(|age| *age < FRESH)?;
        pack.ui.note(&format!(
            "packages: resolved {} ago; --refresh re-resolves them",
            in_words(age)
        ));
    }
    Some(Packages {
        content: found.content,
        facts: found.facts,
        notes: Vec::new(),
    })
}

/// A `-r pylock.toml` is a lock, which is installed as it is.
fn take_lock(request: &mut Request) -> Result<()> {
    let is_lock = |path: &PathBuf| lock::is_pylock(path);
    let Some(at) = request.requirements_files.iter().position(is_lock) else {
        return Ok(());
    };
    let path = request.requirements_files.remove(at);
    let display = path.display();
    ensure!(
        request.declared.is_empty(),
        "failed to use the lock `{display}`: the app declares dependencies of its own"
    );
    let more = request.requirements_files.iter().find(|path| is_lock(path));
    if let Some(more) = more {
        bail!(
            "failed to use the lock `{display}`: there is another one, `{}`",
            more.display()
        );
    }
    let lock = lock::from_file(&path).with_context(|| format!("failed to read `{display}`"))?;
    request.declared.dependencies = Dependencies::Lock(Box::new(lock));
    Ok(())
}

/// What the options ask for, and what is `declared`.
pub(super) fn request(pack: &Pack<'_>, declared: Declared) -> Request {
    let Pack {
        options,
        interpreters,
        target,
        ..
    } = pack;
    let certificates = options.with_ca.then(|| "certifi".to_owned());
    let version = &interpreters.packed.version;
    Request {
        python: interpreters.builder.executable.clone(),
        requirements_files: options.requirements.clone(),
        requirements: options.with.iter().cloned().chain(certificates).collect(),
        declared,
        no_deps: false,
        constraints: options.constraint.clone(),
        find_links: options.find_links.clone(),
        no_index: options.no_index,
        index_url: options.index_url.clone(),
        extra_index_url: options.extra_index_url.clone(),
        require_hashes: options.require_hashes,
        target: (*target != HOST).then(|| Target {
            machine: target.cpu.to_owned(),
            glibc: NEWEST_GLIBC,
            python: format!("{}.{}", version.major, version.minor),
        }),
    }
}

fn install(pack: &Pack<'_>, request: &Request, tool: &Tool) -> Result<Tree> {
    let directory = pack.scratch.path().join(INSTALLED);
    fs_err::create_dir(&directory)?;
    if request.is_empty()? {
        return Ok(Tree::new());
    }
    ensure!(
        request.target.is_none() || !pack.interpreters.packed.is_free_threaded(),
        "failed to install packages for a free-threaded Python of another machine: uv and pip choose wheels of the usual build for it"
    );
    project::check_directories(request, &pack.interpreters.environment, tool)?;
    if let Some(sentence) = ignored::sentence(tool, &pack.interpreters.environment) {
        pack.ui.note(&sentence);
    }
    pack.ui.step("installing packages");
    install::install(
        request,
        &pack.interpreters.environment,
        &directory,
        tool,
        &mut |line| pack.ui.detail(line),
    )
}

/// Removes the installed packages beside the steps that follow: thousands of files take a while.
///
/// # Errors
/// When no thread can be started. The packages are removed with the rest of the scratch directory then.
pub(super) fn remove_installed(pack: &Pack<'_>) -> io::Result<JoinHandle<()>> {
    let installed = pack.scratch.path().join(INSTALLED);
    std::thread::Builder::new().spawn(move || fs_err::remove_dir_all(installed).unwrap_or_default())
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
