//! Removal of what has not been used for long; never of what is running.
//!
//! An app's last use is the modification time of its launch record, which a start notes once a day; a layer's is that
//! of the apps that use it. The lock `all` keeps cold starts away. Warm starts take no lock, so an app is removed in
//! steps, a few apps at a time:
//!
//! 1. Wait for the starts that have its record open to reach `execve`, and keep later ones waiting (see [`super::guard`]).
//! 2. If the app is running now, let them go on, and the app stays.
//! 3. Rename the directory into `tmp/` and remove it there; after all apps, the layers that are left unused.
//!
//! A kill in between leaves a directory in `tmp/`, which any cold start sweeps, or a record that was hidden, which the
//! app's next cold start renames back.
//!
//! Who uses a cache that others can read is not known: a start by another user can't note it. So such a cache is never
//! pruned by a start, and otherwise only when it, or the app, is named (see [`Root::is_shared`]).

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::candidates::Origin;
use super::guard::{Guard, wait_for_starts};
use super::list::{App, Layer, Listing, list};
use super::lock::{self, Lock};
use super::policy::{Policy, choose_apps, choose_layers};
use super::root::Root;
use super::running::Running;
use super::tmp;
use crate::error::{Error, Kind, Result, cause};
use crate::format::names::CACHE_LOCK_ALL;

/// What has not been used for this long is removed automatically.
pub const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often starts prune.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// An app stays when a start takes longer than this from its record to its `execve`.
const STARTING_MAX: Duration = Duration::from_secs(3);
/// So many apps are decided about at once: what is started of them waits meanwhile.
const AT_ONCE: usize = 16;

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
    if let Mode::Apply = mode {
        tmp::sweep(root);
    }
    run(root, policy, mode).map_err(|error| Error::path(Kind::Storage, "prune", &root.path, cause(&error)))
}

/// What a cold start does, once a day. Failures are ignored: a cache that can't be pruned can still be used.
pub(super) fn automatically(root: &Root) {
    if root.is_shared() {
        return;
    }
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

/// Whether a cache is left alone: others may read it, and neither it nor one of its apps is named.
#[must_use]
pub fn is_spared(root: &Root, origin: Origin, policy: &Policy) -> bool {
    root.is_shared() && origin != Origin::Explicit && policy.names.is_empty()
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
    let sizes: Vec<(usize, u64)> = apps.iter().map(|&at| (at, listing.apps[at].disk())).collect();
    if mode == Mode::Apply {
        apps = remove_apps(root, &listing, &apps, &mut removed.running)?;
    }
    let gone = sizes.iter().filter(|(at, _)| apps.contains(at));
    removed.disk = gone.map(|(_, disk)| disk).sum();
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
    let until = Instant::now() + STARTING_MAX;
    let mut removed = Vec::new();
    for some in chosen.chunks(AT_ONCE) {
        // Before the first guard is taken: nobody waits for a start of another app.
        for &at in some {
            wait_for_starts(&listing.apps[at].directory, until);
        }
        remove_some(root, listing, some, running, &mut removed)?;
    }
    Ok(removed)
}

fn remove_some(
    root: &Root,
    listing: &Listing,
    chosen: &[usize],
    running: &mut Vec<String>,
    removed: &mut Vec<usize>,
) -> io::Result<()> {
    let mut guards = Vec::new();
    for &at in chosen {
        guards.push(Guard::take(&listing.apps[at].directory)?);
    }
    Guard::settle(guards.iter().flatten());
    let seen = Running::look();
    let mut unused = Vec::new();
    for (&at, guard) in chosen.iter().zip(guards) {
        let app = &listing.apps[at];
        match guard.filter(|_| !app.was_used() && !seen.holds(listing, app)) {
            Some(guard) => unused.push((at, guard)),
            None => running.push(app.key.clone()),
        }
    }
    for (at, guard) in unused {
        let app = &listing.apps[at];
        if guard.holds() {
            discard(root, &app.directory)?;
            removed.push(at);
        } else {
            running.push(app.key.clone());
        }
    }
    Ok(())
}

fn discard(root: &Root, directory: &Path) -> io::Result<()> {
    tmp::discard(&root.tmp(), directory).map_err(|error| io::Error::other(error.message))
}
