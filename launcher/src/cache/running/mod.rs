//! Which apps of a cache are running, as far as that can be known.
//!
//! A process belongs to a cache when it names a directory of it (see [`process`]). Its arguments name a script in the
//! app's directory or in its layer; where they don't (a module runs, or the program has overwritten them), the process
//! counts for every app that has one of its layers.
//!
//! Some processes can't be seen (those of other pid namespaces from inside a container, all without `/proc`), and some
//! can't be looked into. But the kernel tells whether a file is in use anywhere on this machine (see [`kernel`]). So an
//! app also counts as running when its interpreter, or an executable file of its own layers, is in use and the
//! processes that are known don't explain that. One that can't be looked into explains nothing, unless its arguments
//! name the app; the size of its text shows what it does not execute. What runs on another host that shares the cache
//! can't be known: there only the daily note of use keeps an app.

mod kernel;
mod process;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use self::process::{Named, Process, Text};
use super::list::{App, Layer, Listing, digest_in};
use super::shape;
use super::warm::{self, Look};
use crate::bytes::as_path;
use crate::format::record::Record;

/// Inode of the pid namespace that the system was booted with (`PROC_PID_INIT_INO` of the kernel).
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// The visible processes that use caches, and whether there may be others.
#[derive(Debug)]
pub struct Running {
    processes: Vec<Process>,
    /// Those that could not be looked into and that name nothing.
    unknown: Vec<Text>,
    sees_all: bool,
}

impl Running {
    /// Looks at every process but this one.
    #[must_use]
    pub fn look() -> Self {
        let namespace = fs::metadata("/proc/self/ns/pid").map(|found| found.ino());
        let own = std::process::id().to_string();
        let mut running = Self {
            processes: Vec::new(),
            unknown: Vec::new(),
            // With the option `hidepid` of `/proc` even the first process is missing.
            sees_all: namespace.is_ok_and(|inode| inode == FIRST_PID_NAMESPACE)
                && Path::new("/proc/1").exists(),
        };
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !name.as_bytes().iter().all(u8::is_ascii_digit) || name == *own {
                continue;
            }
            if let Some(process) = Process::look(&entry.path()) {
                match process.hidden {
                    Some(text) if process.is_unknown() => running.unknown.push(text),
                    _ if process.is_unknown() => {}
                    _ => running.processes.push(process),
                }
            }
        }
        running
    }

    /// Whether an app is running.
    #[must_use]
    pub fn holds(&self, listing: &Listing, app: &App) -> bool {
        if self.processes.iter().any(|process| process.may_be(listing, app)) {
            return true;
        }
        let Some(record) = &app.record else { return false };
        let executed = executed(listing, record);
        let files = own_executables(listing, app, record);
        let mut files = std::iter::once(&executed).chain(&files);
        files.any(|file| self.is_used(listing, file, &executed))
    }

    /// Digests of the layers that running processes use; `None` when one of the processes may use any layer.
    pub(super) fn layers_in_use(&self, listing: &Listing) -> Option<Vec<String>> {
        let mut used = Vec::new();
        for process in &self.processes {
            let before = used.len();
            for app in &listing.apps {
                if process.is(app) || process.runs_script_of(listing, app) == Some(true) {
                    if app.may_use_any_layer() {
                        return None;
                    }
                    used.extend(app.layers.iter().cloned());
                }
            }
            // Apps of other caches that have layers of this one.
            let record = |named: &Named| warm::in_directory(&named.path, Look::Record);
            for ready in process.apps.iter().filter_map(record) {
                let layers = ready.record.layers.iter();
                let here = layers.filter_map(|path| process.layer_at(listing, path));
                used.extend(here.map(|layer| layer.digest.clone()));
            }
            let is_known = used.len() > before;
            used.extend(process.layers_here(listing).map(|layer| layer.digest.clone()));
            if used.len() > before && !is_known {
                return None;
            }
        }
        let is_unexplained = |layer: &Layer| {
            let mut files = executables_of(layer).into_iter();
            files.any(|file| self.is_used(listing, &file, &file))
        };
        (!listing.layers.iter().any(is_unexplained)).then_some(used)
    }

    /// Whether a file of a layer may be in use by a process that is not known. `executed` is the program of which a
    /// process has it mapped.
    fn is_used(&self, listing: &Listing, file: &Path, executed: &Path) -> bool {
        let is_used = kernel::is_used(file);
        if is_used == Some(false) {
            return false;
        }
        let may_use = |text: &Text| match text {
            Text::Unknown => true,
            Text::Known(size) => [file, executed]
                .iter()
                .any(|program| kernel::text_size(program) == Some(*size)),
        };
        if !self.sees_all || self.unknown.iter().any(may_use) {
            return true;
        }
        let digest = digest_in(file.as_os_str().as_bytes());
        let explains = |process: &Process| {
            let mut layers = process.layers_here(listing);
            layers.any(|layer| Some(&layer.digest) == digest.as_ref())
        };
        is_used == Some(true) && !self.processes.iter().any(explains)
    }
}

impl Process {
    /// Whether it names the app's directory.
    fn is(&self, app: &App) -> bool {
        self.apps.iter().any(|named| named.is(&app.key, &app.directory))
    }

    /// The layers of the cache that it names.
    fn layers_here<'a>(&self, listing: &'a Listing) -> impl Iterator<Item = &'a Layer> {
        let is_here = |named: &Named| {
            let layer = listing.layer(&named.name)?;
            named.is(&layer.digest, &layer.directory).then_some(layer)
        };
        self.layers.iter().filter_map(is_here)
    }

    /// The layer of the cache that a path of its leads to. Where that can't be known, the name is enough.
    fn layer_at<'a>(&self, listing: &'a Listing, path: &[u8]) -> Option<&'a Layer> {
        let layer = listing.layer(&digest_in(path)?)?;
        let found = self.inode(path);
        let is_here = found.is_none() || found == process::inode(&layer.directory);
        is_here.then_some(layer)
    }

    /// Whether its script is in a layer of the app; `None` when no argument names a script.
    fn runs_script_of(&self, listing: &Listing, app: &App) -> Option<bool> {
        // The carried loader is told of the interpreter, which many apps share.
        let shared = shared_layers(app.record.as_ref()?);
        let mut scripts = self
            .scripts
            .iter()
            .filter(|&digest| !shared.contains(digest))
            .peekable();
        scripts.peek()?;
        let is_here = |digest: &String| {
            app.layers.contains(digest) && self.layers_here(listing).any(|layer| layer.digest == *digest)
        };
        Some(scripts.any(is_here))
    }

    /// Whether it may be one of the app.
    fn may_be(&self, listing: &Listing, app: &App) -> bool {
        if self.is(app) {
            return true;
        }
        let mut ours = self.layers_here(listing);
        match self.runs_script_of(listing, app) {
            Some(runs) => runs,
            None => !self.says_app && ours.any(|layer| app.layers.contains(&layer.digest)),
        }
    }
}

/// Digests of the layers of the interpreter and of the carried loader.
fn shared_layers(record: &Record) -> Vec<String> {
    let loader = record.loader.as_ref().map(|loader| &loader.path);
    let paths = loader.into_iter().chain([&record.executable]);
    paths.filter_map(|path| digest_in(path)).collect()
}

/// The file that `execve` is given to start an app.
fn executed(listing: &Listing, record: &Record) -> PathBuf {
    let loader = record.loader.as_ref().map(|loader| &loader.path);
    listing.here(loader.unwrap_or(&record.executable))
}

/// The executable files of the app's layers, other than those of the interpreter.
fn own_executables(listing: &Listing, app: &App, record: &Record) -> Vec<PathBuf> {
    let shared = shared_layers(record);
    let own = app.layers.iter().filter(|digest| !shared.contains(digest));
    own.filter_map(|digest| listing.layer(digest))
        .flat_map(executables_of)
        .collect()
}

fn executables_of(layer: &Layer) -> Vec<PathBuf> {
    let paths = shape::executables(&layer.directory);
    paths
        .iter()
        .map(|path| layer.directory.join(as_path(path)))
        .collect()
}
