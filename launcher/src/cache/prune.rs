//! Removal of what has not been used for long; never of what is running.
//!
//! An app's last use is the modification time of its launch record, which a start notes once a day; a layer's is that
//! of the apps that use it. The lock `all` keeps cold starts away. Warm starts take no lock, so an app is removed in
//! steps:
//!
//! 1. Rename its record, so that later starts are cold ones, and wait.
//! 2. Wait for the starts that have the old record open to reach `execve`.
//! 3. If the app is running now, rename the record back, and the app stays.
//! 4. Rename the directory into `tmp/` and remove it there; after all apps, the layers that are left unused.
//!
//! A kill in between leaves a renamed record, which the app's next cold start renames back, or a directory in `tmp/`,
//! which any cold start sweeps.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::list::{App, Layer, Listing, list};
use super::lock::{self, Lock};
use super::policy::{Policy, choose_apps, choose_layers};
use super::root::Root;
use super::running::Running;
use super::tmp;
use crate::error::{Error, Kind, Result, cause};
use crate::format::names::{APP_RECORD, APP_RECORD_HIDDEN, CACHE_LOCK_ALL};
use crate::sys;

/// What has not been used for this long is removed automatically.
pub const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often starts prune.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// An app stays when a start takes longer than this from its record to its `execve`.
const STARTING_MAX: Duration = Duration::from_secs(3);
/// How long a start may take where the kernel doesn't tell whether a file is open.
const STARTING: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(2);

/// Whether anything is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Removes.
    Apply,
    /// Reports what would be removed.
    DryRun,
}

/// What was removed.
#[derive(Debug, Default)]
pub struct Removed {
    /// Apps.
    pub apps: Vec<App>,
    /// Layers.
    pub layers: Vec<Layer>,
    /// Keys of apps that the policy would remove, but that are running.
    pub running: Vec<String>,
    /// Bytes on disk.
    pub disk: u64,
}

/// Removes what a policy says from a cache; waits for cold starts to end.
///
/// # Errors
/// When the cache can't be read or written to.
pub fn prune(root: &Root, policy: &Policy, mode: Mode) -> Result<Removed> {
    if !root.is_used() {
        return Ok(Removed::default());
    }
    let _lock = match mode {
        Mode::DryRun => Lock::Unsupported,
        Mode::Apply => lock::exclusive(&root.lock(CACHE_LOCK_ALL), &mut || {})?,
    };
    run(root, policy, mode).map_err(|error| Error::path(Kind::Storage, "prune", &root.path, cause(&error)))
}

/// What a cold start does, once a day. Failures are ignored: a cache that can't be pruned can still be used.
pub(super) fn automatically(root: &Root) {
    let mark = root.pruned();
    let done = fs::symlink_metadata(&mark).and_then(|found| found.modified());
    let is_recent = |done: SystemTime| done.elapsed().unwrap_or_else(|ahead| ahead.duration()) < EVERY;
    if done.is_ok_and(is_recent) {
        return;
    }
    // While another cold start is at work this one leaves the pruning to the next.
    let Ok(all) = File::open(root.lock(CACHE_LOCK_ALL)) else {
        return;
    };
    if lock::try_exclusive(&all).is_ok_and(|taken| taken) && fs::write(&mark, b"").is_ok() {
        let policy = Policy {
            older: Some(UNUSED),
            ..Policy::default()
        };
        run(root, &policy, Mode::Apply).map_or_else(drop, drop);
    }
}

fn run(root: &Root, policy: &Policy, mode: Mode) -> io::Result<Removed> {
    let listing = list(root)?;
    let now = SystemTime::now();
    let mut removed = Removed::default();
    let mut apps = choose_apps(&listing, policy, now, &mut |_| false);
    if !apps.is_empty() {
        let running = Running::look();
        apps = choose_apps(&listing, policy, now, &mut |app| {
            let is_running = running.holds(&listing, app);
            if is_running {
                removed.running.push(app.key.clone());
            }
            is_running
        });
    }
    removed.disk = apps.iter().map(|&at| listing.apps[at].disk()).sum();
    if mode == Mode::Apply {
        apps = remove_apps(root, &listing, &apps, &mut removed.running)?;
    }
    // Listed again: without locks, a start may have added something meanwhile.
    let mut layers = choose_layers(&listing, list(root)?, &apps, policy, now);
    if !layers.is_empty() {
        match Running::look().layers_in_use(&listing) {
            Some(used) => layers.retain(|layer| !used.contains(&layer.digest)),
            None => layers.clear(),
        }
    }
    removed.disk += layers.iter().map(Layer::disk).sum::<u64>();
    if mode == Mode::Apply {
        for layer in &layers {
            discard(root, &layer.directory)?;
        }
    }
    removed.layers = layers;
    let listed = listing.apps.into_iter().enumerate();
    removed.apps = listed
        .filter(|(at, _)| apps.contains(at))
        .map(|(_, app)| app)
        .collect();
    Ok(removed)
}

/// Removes the chosen apps, except those that are started meanwhile; returns the ones that were removed.
fn remove_apps(
    root: &Root,
    listing: &Listing,
    chosen: &[usize],
    running: &mut Vec<String>,
) -> io::Result<Vec<usize>> {
    let mut hidden = Vec::new();
    for &at in chosen {
        let app = &listing.apps[at];
        match fs::rename(record_of(app), hidden_record_of(app)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                restore_records(listing, &hidden);
                return Err(error);
            }
            _ => hidden.push(at),
        }
    }
    let until = Instant::now() + STARTING_MAX;
    let mut is_blind = false;
    let mut starting = Vec::new();
    for &at in &hidden {
        if !wait_until_closed(&hidden_record_of(&listing.apps[at]), until, &mut is_blind) {
            starting.push(at);
        }
    }
    let seen = Running::look();
    let mut removed = Vec::new();
    let mut failure = Ok(());
    for at in hidden {
        let app = &listing.apps[at];
        let noted = fs::symlink_metadata(hidden_record_of(app)).and_then(|found| found.modified());
        let used_since = app.record.is_some() && noted.is_ok_and(|noted| noted != app.used);
        if starting.contains(&at) || used_since || seen.holds(listing, app) {
            running.push(app.key.clone());
            restore_records(listing, &[at]);
        } else if record_of(app).exists() {
            // A start has written the app again, and uses it.
            running.push(app.key.clone());
        } else {
            match discard(root, &app.directory) {
                Ok(()) => removed.push(at),
                Err(error) => {
                    restore_records(listing, &[at]);
                    failure = Err(error);
                }
            }
        }
    }
    failure.map(|()| removed)
}

/// Waits until no process has a record open; false when one still has at `until`. Where the kernel doesn't tell,
/// waits once for as long as a start takes.
fn wait_until_closed(record: &Path, until: Instant, is_blind: &mut bool) -> bool {
    let Ok(file) = File::open(record) else {
        return true;
    };
    loop {
        match sys::is_open_elsewhere(file.as_fd()) {
            Ok(false) => return true,
            Ok(true) if Instant::now() < until => std::thread::sleep(STEP),
            Ok(true) => return false,
            Err(_) => {
                if !std::mem::replace(is_blind, true) {
                    std::thread::sleep(STARTING);
                }
                return true;
            }
        }
    }
}

fn restore_records(listing: &Listing, hidden: &[usize]) {
    for &at in hidden {
        let app = &listing.apps[at];
        if !record_of(app).exists() {
            // If this fails, the app's next start is a cold one.
            fs::rename(hidden_record_of(app), record_of(app)).unwrap_or_default();
        }
    }
}

fn record_of(app: &App) -> PathBuf {
    app.directory.join(APP_RECORD)
}

fn hidden_record_of(app: &App) -> PathBuf {
    app.directory.join(APP_RECORD_HIDDEN)
}

fn discard(root: &Root, directory: &Path) -> io::Result<()> {
    tmp::discard(&root.tmp(), directory).map_err(|error| io::Error::other(error.message))
}
