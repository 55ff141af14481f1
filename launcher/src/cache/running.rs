//! Which apps of a cache are running, as far as that can be known.
//!
//! A process belongs to a cache when its executable is a file of one of the cache's layers: the interpreter, the
//! carried loader, or a program of a package. Its arguments name a script in the app's directory or in its layer, its
//! environment the app's directory. Where neither does (a module runs, or the program has overwritten both), the process
//! counts for every app that has the layer.
//!
//! Inside a container, processes of other pid namespaces are invisible; without `/proc` all are. But the kernel tells
//! whether a file is in use anywhere on this machine: it grants a write lease only on a file that nobody else has
//! open, and refuses to open a running program for writing. So where not every process is visible, each app whose
//! executable is in use counts as running. What runs on another host that shares the cache can't be known: there
//! only the daily note of use keeps an app.

use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::key::name_length;
use super::list::{App, Listing, digest_in, named, split};
use super::warm::{self, Look};
use crate::bytes::as_path;
use crate::format::names::{CACHE_APPS, CACHE_LAYERS};
use crate::format::record::Record;
use crate::sys;

/// Inode of the pid namespace that the system was booted with (`PROC_PID_INIT_INO` of the kernel).
const FIRST_PID_NAMESPACE: u64 = 0xEFFF_FFFC;

/// The visible processes that run from layers, and whether there may be others.
#[derive(Debug)]
pub struct Running {
    processes: Vec<Process>,
    sees_all: bool,
}

#[derive(Debug)]
struct Process {
    /// The target of `/proc/<pid>/exe`, and the device and inode behind it.
    path: Vec<u8>,
    file: (u64, u64),
    /// App directories that its arguments and environment name.
    apps: Vec<PathBuf>,
    /// Digests of the layers that its arguments name before those of a module.
    layers: Vec<String>,
}

impl Running {
    /// Looks at every process.
    #[must_use]
    pub fn look() -> Self {
        let namespace = fs::metadata("/proc/self/ns/pid").map(|found| found.ino());
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        Self {
            processes: entries.filter_map(|entry| process(&entry.path())).collect(),
            sees_all: namespace.is_ok_and(|inode| inode == FIRST_PID_NAMESPACE),
        }
    }

    /// Whether an app is running.
    #[must_use]
    pub fn holds(&self, listing: &Listing, app: &App) -> bool {
        let mut seen = false;
        for process in &self.processes {
            if process.apps.iter().any(|path| path.ends_with(&app.key)) {
                return true;
            }
            let layer = process.layer_in(listing);
            let ours = layer.is_some_and(|layer| app.layers.iter().any(|digest| digest == layer));
            if ours && process.apps.is_empty() && process.may_be(app) {
                return true;
            }
            seen |= ours;
        }
        match &app.record {
            // An invisible process may use its executable.
            Some(record) => !(self.sees_all && seen) && is_executed(&executed(listing, record)),
            None => false,
        }
    }

    /// Digests of the layers that running processes use; `None` when one of the processes may use any layer.
    pub(super) fn layers_in_use(&self, listing: &Listing) -> Option<Vec<String>> {
        let mut layers = Vec::new();
        for process in &self.processes {
            let Some(layer) = process.layer_in(listing) else {
                continue;
            };
            layers.push(layer.to_owned());
            let record = |path: &PathBuf| warm::in_directory(path, Look::Record);
            if let Some(ready) = process.apps.iter().find_map(record) {
                layers.extend(ready.record.layers.iter().filter_map(|path| digest_in(path)));
                continue;
            }
            let before = layers.len();
            for app in listing.apps.iter().filter(|app| process.names(app) == Some(true)) {
                layers.extend(app.layers.iter().cloned());
            }
            if layers.len() == before {
                return None;
            }
        }
        Some(layers)
    }
}

impl Process {
    /// Whether its script is in a layer of the app; `None` when no argument names a script.
    fn names(&self, app: &App) -> Option<bool> {
        // The carried loader is told of the interpreter, which many apps share.
        let record = app.record.as_ref();
        let loader = record.and_then(|record| record.loader.as_ref());
        let shared = [
            record.and_then(|record| digest_in(&record.executable)),
            loader.and_then(|loader| digest_in(&loader.path)),
        ];
        let mut scripts = self
            .layers
            .iter()
            .filter(|&digest| !shared.iter().flatten().any(|one| one == digest))
            .peekable();
        scripts.peek()?;
        Some(scripts.any(|digest| app.layers.contains(digest)))
    }

    fn may_be(&self, app: &App) -> bool {
        self.names(app).unwrap_or(true)
    }

    /// The layer of the cache whose file it executes.
    fn layer_in<'a>(&self, listing: &'a Listing) -> Option<&'a str> {
        let (digest, rest) = split(&self.path)?;
        let layer = listing
            .layers
            .iter()
            .find(|layer| layer.digest.as_bytes() == digest)?;
        let file = layer.directory.join(as_path(rest));
        (inode(&file)? == self.file).then_some(layer.digest.as_str())
    }
}

fn process(directory: &Path) -> Option<Process> {
    let name = directory.file_name()?.as_bytes();
    if !name.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exe = directory.join("exe");
    let path = fs::read_link(&exe).ok()?;
    if named(path.as_os_str().as_bytes(), CACHE_LAYERS).is_empty() {
        return None;
    }
    let mut apps = Vec::new();
    for part in ["cmdline", "environ"] {
        let bytes = fs::read(directory.join(part)).unwrap_or_default();
        for word in bytes.split(|&byte| byte == 0) {
            for start in named(word, CACHE_APPS) {
                let end = start + name_length(&word[start..]).unwrap_or(0);
                // A variable's name may stand before the path.
                let begin = word.iter().position(|&byte| byte == b'/').unwrap_or(0);
                apps.push(as_path(&word[begin..end]).to_owned());
            }
        }
    }
    let arguments = fs::read(directory.join("cmdline")).unwrap_or_default();
    let layers = arguments
        .split(|&byte| byte == 0)
        .take_while(|&word| word != b"-m")
        .filter_map(digest_in)
        .collect();
    Some(Process {
        path: path.as_os_str().as_bytes().to_vec(),
        file: inode(&exe)?,
        apps,
        layers,
    })
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// The file that `execve` is given to start an app.
fn executed(listing: &Listing, record: &Record) -> PathBuf {
    let loader = record.loader.as_ref().map(|loader| &loader.path);
    listing.here(loader.unwrap_or(&record.executable))
}

/// Whether anyone on this machine executes a file, as far as the kernel tells.
fn is_executed(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    match sys::is_open_elsewhere(file.as_fd()) {
        Ok(open) => open,
        // No leases here. A start at this very instant fails with ETXTBSY, and tries again.
        Err(_) => OpenOptions::new()
            .write(true)
            .open(path)
            .is_err_and(|error| error.kind() == ErrorKind::ExecutableFileBusy),
    }
}
