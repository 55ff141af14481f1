//! The app's directory: a virtual environment whose `bin/python3` is the launcher itself.
//!
//! ```text
//! bin/python3                          the launcher: starts the interpreter as the launch record says
//! bin/python, bin/python3.12           links to it
//! bin/<command>                        a script for each function that the file can start, as pip writes it
//! bin/<script>                         the deps layer's Python scripts with this interpreter; links to the others
//! pyvenv.cfg                           home = <runtime layer>/bin
//! lib/python3.12/site-packages/...     links into the deps layer, see `packages`
//! lib, share, etc, ...                 links into the deps layer, see `prefix`
//! .programs/...                        links to the programs in whose places the launcher stands, see `programs`
//! pip.conf                             see `dist_info`
//! app                                  link to the app layer
//! .base/bin, .base/lib                 the launcher again, and a link to the runtime layer's `lib`: the Python that
//!                                      virtual environments are made from
//! launch                               the launch record
//! .pyship-members                      the index of all this
//! ```
//!
//! Everything that is no link is the app's own. What is installed at run time is written here, and no other app sees it.

mod dist_info;
mod packages;
mod plan;
mod prefix;
mod programs;
mod record;
mod scripts;

use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) use self::plan::Plan;
use self::plan::entries;
use self::record::without_links;
use crate::error::{Error, Result};
use crate::format::manifest::{Manifest, Python};
use crate::format::names::{
    APP_BASE, APP_LINK, APP_PYTHON, APP_RECORD, LAYER_APP, LAYER_DEPS, LAYER_RUNTIME, PYVENV_CFG,
};
use crate::libc_choice::Choice;

/// What an app's directory is made from.
pub(super) struct Parts<'a> {
    /// The file's manifest.
    pub(super) manifest: &'a Manifest,
    /// The host's or the carried C library.
    pub(super) choice: Choice,
    /// The directory's final path, which some of its files contain.
    pub(super) directory: &'a Path,
    /// The launcher's ELF file.
    pub(super) launcher: Vec<u8>,
    /// The path of a layer, by its name.
    pub(super) layers: &'a dyn Fn(&str) -> Option<PathBuf>,
}

impl Plan {
    /// Reads the layers and decides; writes nothing.
    ///
    /// # Errors
    /// When a layer can't be read.
    pub(super) fn new(parts: Parts<'_>) -> Result<Self> {
        let directory = parts.directory;
        decide(parts).map_err(|error| Error::storage("plan the app's directory", directory, &error))
    }
}

fn decide(mut parts: Parts<'_>) -> io::Result<Plan> {
    let launcher: Arc<[u8]> = std::mem::take(&mut parts.launcher).into();
    let Parts {
        manifest,
        directory,
        layers,
        ..
    } = &parts;
    let runtime = layers(LAYER_RUNTIME).ok_or_else(|| missing(LAYER_RUNTIME))?;
    let app = layers(LAYER_APP).ok_or_else(|| missing(LAYER_APP))?;
    let python = directory.join(APP_PYTHON);
    let mut plan = Plan::default();
    plan.directory(Path::new("bin"));
    plan.file(Path::new(APP_PYTHON), Arc::clone(&launcher), true);
    add_names(&mut plan, Path::new("bin"), &manifest.python, "python3");
    add_base(&mut plan, &manifest.python, &launcher, &runtime);
    let config = pyvenv_cfg(&runtime, &manifest.python.version);
    plan.file(Path::new(PYVENV_CFG), config, false);
    plan.link(Path::new(APP_LINK), without_links(app));
    plan.link(Path::new("lib64"), "lib");
    scripts::add_commands(&mut plan, manifest, &python);
    let site_packages = Path::new(&manifest.python.site_packages);
    add_directories(&mut plan, site_packages);
    if let Some(deps) = layers(LAYER_DEPS) {
        let mut pins = dist_info::Pins::default();
        prefix::merge(&mut plan, &deps, Path::new(""), &mut |plan, source, path| {
            if path == site_packages {
                pins = packages::add(plan, source, path)?;
            } else if path == Path::new("bin") {
                scripts::add(plan, source, &python)?;
            } else {
                return Ok(false);
            }
            Ok(true)
        })?;
        dist_info::add_configuration(&mut plan, directory, pins);
    }
    link_tcl(&mut plan, &runtime.join("lib"))?;
    let record = record::record(&parts, &plan)?.encode();
    plan.file(Path::new(APP_RECORD), record, false);
    match (parts.choice, layers(LAYER_DEPS)) {
        (Choice::Carried, Some(deps)) => programs::add(plan.finish(), &deps, &launcher),
        _ => Ok(plan.finish()),
    }
}

/// Links to an interpreter in `bin`, by the names that it usually has.
fn add_names(plan: &mut Plan, bin: &Path, python: &Python, target: &str) {
    for name in [
        Path::new(&python.executable),
        Path::new("python3"),
        Path::new("python"),
    ] {
        plan.link(&bin.join(name.file_name().unwrap_or_default()), target);
    }
}

/// An installation of Python without packages, whose interpreter is the launcher: what a virtual environment that is
/// made from the app links to or copies. So the environment works with every C library, and on `sys.path` has nothing
/// of the app.
///
/// Its interpreter is a file and no link, because interpreters find their prefix by the path without links.
fn add_base(plan: &mut Plan, python: &Python, launcher: &Arc<[u8]>, runtime: &Path) {
    let base = Path::new(APP_BASE);
    let executable = Path::new(&python.executable);
    add_directories(plan, &base.join("bin"));
    plan.file(&base.join(executable), Arc::clone(launcher), true);
    let name = executable.file_name().unwrap_or_default().to_string_lossy();
    add_names(plan, &base.join("bin"), python, &name);
    for name in ["lib", "lib64", "include"] {
        let directory = runtime.join(name);
        if directory.exists() {
            plan.link(&base.join(name), directory);
        }
    }
}

/// A directory and its parents.
fn add_directories(plan: &mut Plan, path: &Path) {
    let parents = path.ancestors().filter(|parent| *parent != Path::new(""));
    parents.for_each(|parent| plan.directory(parent));
}

fn pyvenv_cfg(runtime: &Path, version: &str) -> Vec<u8> {
    let home = runtime.join("bin");
    let lines = format!("\ninclude-system-site-packages = false\nversion = {version}\n");
    [
        b"home = ".as_slice(),
        home.as_os_str().as_bytes(),
        lines.as_bytes(),
    ]
    .concat()
}

/// Links to the script libraries of Tcl and Tk, which they look for beside `sys.executable`.
fn link_tcl(plan: &mut Plan, runtime: &Path) -> io::Result<()> {
    for entry in entries(runtime)? {
        let is_tcl = entry.bytes().starts_with(b"tcl") || entry.bytes().starts_with(b"tk");
        if is_tcl && entry.is_directory {
            plan.link(&Path::new("lib").join(&entry.name), entry.source);
        }
    }
    Ok(())
}

fn missing(layer: &str) -> io::Error {
    io::Error::new(ErrorKind::NotFound, format!("layer {layer} is missing"))
}
