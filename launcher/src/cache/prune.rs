//! Removal of what nobody uses any more; never of what runs.
//!
//! An app's last use is the time of its record, which a start notes once a day; a layer's is that of the apps
//! that use it. Cold starts are kept away by the lock `all`. Warm starts take no lock, so an app goes in steps:
//!
//! 1. its record is renamed out of sight: who comes now starts cold, and waits;
//! 2. whoever has read the record still has it open, until his `execve`: that is waited for;
//! 3. whoever has started by now is seen to run: then the record is put back, and nothing has happened;
//! 4. the directory is renamed into `tmp/` and removed, and after all apps the layers that are left without one.
//!
//! Killed in between, it leaves a record out of sight, which the app's next cold start puts back, or a directory
//! in `tmp/`, which any cold start sweeps.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::list::{App, Layer, Listing, list};
use super::lock::{self, Lock};
use super::running::Running;
use super::tmp;
use crate::error::{Error, Kind, Result, cause};
use crate::format::names::{
    APP_RECORD, APP_RECORD_HIDDEN, CACHE_LOCK_ALL, CACHE_LOCKS, CACHE_PRUNED, CACHE_TMP, CACHE_VERSION,
};
use crate::sort::{key_of, order, sorted};
use crate::sys;

/// What a start removes by itself, and what `prune` does without options: unused for this long.
pub const UNUSED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often starts look for something to remove.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
/// A start that takes longer than this from its record to its `execve` keeps the app.
const STARTING_MAX: Duration = Duration::from_secs(3);
/// Where open files can't be asked for, this is how long a start may take.
const STARTING: Duration = Duration::from_millis(300);
const STEP: Duration = Duration::from_millis(2);

/// What is to go.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Whatever was not used for this long.
    pub older: Option<Duration>,
    /// The least recently used, until the cache has at most this many bytes.
    pub size: Option<u64>,
    /// Only apps of these names; all of them when there is neither an age nor a size.
    pub names: Vec<Vec<u8>>,
}

/// Whether it is done or only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    /// Removes.
    Really,
    /// Tells what would be removed.
    DryRun,
}

/// What was removed.
#[derive(Debug, Default)]
pub struct Removed {
    /// Apps.
    pub apps: Vec<App>,
    /// Layers.
    pub layers: Vec<Layer>,
    /// Keys of apps that would have gone, but run.
    pub running: Vec<String>,
    /// Bytes on disk.
    pub disk: u64,
}

/// Removes what a policy says from the cache at `root`; waits for cold starts to end.
///
/// # Errors
/// When the cache can't be read or written to.
pub fn prune(root: &Path, policy: &Policy, hand: Hand) -> Result<Removed> {
    let version = root.join(CACHE_VERSION);
    if !version.is_dir() {
        return Ok(Removed::default());
    }
    let _lock = match hand {
        Hand::DryRun => Lock::Unsupported,
        Hand::Really => lock::take(&version.join(CACHE_LOCKS).join(CACHE_LOCK_ALL), &mut || {})?,
    };
    run(root, policy, hand).map_err(|error| Error::path(Kind::Storage, "prune", root, cause(&error)))
}

/// What a cold start does, once a day: removes what is long unused. A cache that can't be pruned now is no
/// reason not to start.
pub fn automatically(root: &Path) {
    let version = root.join(CACHE_VERSION);
    let mark = version.join(CACHE_PRUNED);
    let done = fs::symlink_metadata(&mark).and_then(|found| found.modified());
    let recent = |done: SystemTime| done.elapsed().unwrap_or_else(|ahead| ahead.duration()) < EVERY;
    if done.is_ok_and(recent) {
        return;
    }
    // A cold start that works now goes first; the next one asks again.
    let Ok(all) = File::open(version.join(CACHE_LOCKS).join(CACHE_LOCK_ALL)) else {
        return;
    };
    if lock::try_take(&all).is_ok_and(|taken| taken) && fs::write(&mark, b"").is_ok() {
        let policy = Policy {
            older: Some(UNUSED),
            ..Policy::default()
        };
        run(root, &policy, Hand::Really).map_or_else(drop, drop);
    }
}

fn run(root: &Path, policy: &Policy, hand: Hand) -> io::Result<Removed> {
    let listing = list(root)?;
    let now = SystemTime::now();
    let mut removed = Removed::default();
    let mut gone = choose(&listing, policy, now, &mut |_| false);
    if !gone.is_empty() {
        let running = Running::look();
        gone = choose(&listing, policy, now, &mut |app| {
            let holds = running.holds(&listing, app);
            if holds {
                removed.running.push(app.key.clone());
            }
            holds
        });
    }
    removed.disk = gone.iter().map(|&at| listing.apps[at].disk()).sum();
    if hand == Hand::Really {
        gone = take_apps(root, &listing, &gone, &mut removed.running)?;
    }
    // Listed anew: where there are no locks, someone may have come meanwhile.
    let fresh = list(root)?;
    let is_gone = |user: &String| gone.iter().any(|&at| listing.apps[at].key == *user);
    let loose = |layer: &Layer| layer.users.iter().all(is_gone);
    let orphaned = |layer: &Layer| {
        gone.iter()
            .any(|&at| listing.apps[at].layers.contains(&layer.digest))
    };
    let mut total = policy.size.map_or(0, |_| disk(&fresh));
    let layers: Vec<Layer> = fresh.layers.into_iter().filter(loose).collect();
    let times: Vec<[u8; 16]> = layers.iter().map(|layer| key_of(layer.used)).collect();
    let keys: Vec<&[u8]> = times.iter().map(<[u8; 16]>::as_slice).collect();
    let mut layers = sorted(layers, &keys);
    layers.retain(|layer| {
        let wanted = orphaned(layer)
            || is_old(layer.used, policy, now)
            || policy.size.is_some_and(|most| total > most);
        if wanted && policy.size.is_some() {
            total = total.saturating_sub(layer.disk());
        }
        wanted || policy.is_everything()
    });
    if !layers.is_empty() {
        match Running::look().layers_of_others(&listing) {
            Some(others) => layers.retain(|layer| !others.contains(&layer.digest)),
            None => layers.clear(),
        }
    }
    removed.disk += layers.iter().map(Layer::disk).sum::<u64>();
    if hand == Hand::Really {
        for layer in &layers {
            discard(root, &layer.directory)?;
        }
    }
    removed.layers = layers;
    let apps = listing.apps.into_iter().enumerate();
    removed.apps = apps
        .filter(|(at, _)| gone.contains(at))
        .map(|(_, app)| app)
        .collect();
    Ok(removed)
}

impl Policy {
    /// Whether nothing is said: all that doesn't run.
    fn is_everything(&self) -> bool {
        self.older.is_none() && self.size.is_none() && self.names.is_empty()
    }
}

fn is_old(used: SystemTime, policy: &Policy, now: SystemTime) -> bool {
    // A time in the future is a wrong clock's: nobody knows its age, so it has none.
    let age = now.duration_since(used).unwrap_or(Duration::ZERO);
    policy.older.is_some_and(|older| age >= older)
}

/// The apps that a policy removes, as indices, least recently used first; `held` is asked of each that would go.
fn choose(
    listing: &Listing,
    policy: &Policy,
    now: SystemTime,
    held: &mut dyn FnMut(&App) -> bool,
) -> Vec<usize> {
    let times: Vec<[u8; 16]> = listing.apps.iter().map(|app| key_of(app.used)).collect();
    let keys: Vec<&[u8]> = times.iter().map(<[u8; 16]>::as_slice).collect();
    let named = |app: &App| policy.names.is_empty() || policy.names.iter().any(|name| name == app.name());
    let mut chosen: Vec<usize> = Vec::new();
    let mut total = policy.size.map_or(0, |_| disk(listing));
    if policy.size.is_some() {
        let loose = listing.layers.iter().filter(|layer| layer.users.is_empty());
        total = total.saturating_sub(loose.map(Layer::disk).sum());
    }
    for at in order(&keys) {
        let app = &listing.apps[at];
        let by_name = policy.older.is_none() && policy.size.is_none();
        let wanted = by_name || is_old(app.used, policy, now) || policy.size.is_some_and(|most| total > most);
        if !(named(app) && wanted) || held(app) {
            continue;
        }
        chosen.push(at);
        if policy.size.is_some() {
            let left = |layer: &&Layer| {
                layer.users.contains(&app.key)
                    && layer
                        .users
                        .iter()
                        .all(|user| chosen.iter().any(|&at| listing.apps[at].key == *user))
            };
            let freed: u64 = listing.layers.iter().filter(left).map(Layer::disk).sum();
            total = total.saturating_sub(freed + app.disk());
        }
    }
    chosen
}

/// Bytes on disk of all that a cache holds.
#[must_use]
pub fn disk(listing: &Listing) -> u64 {
    let apps: u64 = listing.apps.iter().map(App::disk).sum();
    apps + listing.layers.iter().map(Layer::disk).sum::<u64>()
}

/// Removes the chosen apps but for those that someone starts meanwhile; gives those that went.
fn take_apps(
    root: &Path,
    listing: &Listing,
    chosen: &[usize],
    running: &mut Vec<String>,
) -> io::Result<Vec<usize>> {
    let mut hidden = Vec::new();
    for &at in chosen {
        let app = &listing.apps[at];
        match fs::rename(record_of(app), hidden_of(app)) {
            Ok(()) => hidden.push(at),
            Err(error) if error.kind() == io::ErrorKind::NotFound => hidden.push(at),
            Err(error) => {
                put_back(listing, &hidden);
                return Err(error);
            }
        }
    }
    let until = Instant::now() + STARTING_MAX;
    let mut blind = false;
    let mut busy = Vec::new();
    for &at in &hidden {
        if !is_let_go(&hidden_of(&listing.apps[at]), until, &mut blind) {
            busy.push(at);
        }
    }
    let seen = Running::look();
    let mut gone = Vec::new();
    let mut failure = Ok(());
    for at in hidden {
        let app = &listing.apps[at];
        let noted = |path: PathBuf| fs::symlink_metadata(path).and_then(|found| found.modified());
        let used_since = app.record.is_some() && noted(hidden_of(app)).is_ok_and(|noted| noted != app.used);
        if busy.contains(&at) || used_since || seen.holds(listing, app) {
            running.push(app.key.clone());
            put_back(listing, &[at]);
        } else if record_of(app).exists() {
            // Someone has made it anew: it is his now.
            running.push(app.key.clone());
        } else {
            match discard(root, &app.directory) {
                Ok(()) => gone.push(at),
                Err(error) => {
                    put_back(listing, &[at]);
                    failure = Err(error);
                }
            }
        }
    }
    failure.map(|()| gone)
}

/// Waits until nobody has a record open, or `until`; where that can't be asked, just a while.
fn is_let_go(record: &Path, until: Instant, blind: &mut bool) -> bool {
    let Ok(file) = File::open(record) else {
        return true;
    };
    loop {
        match sys::is_open_elsewhere(file.as_fd()) {
            Ok(false) => return true,
            Ok(true) if Instant::now() < until => std::thread::sleep(STEP),
            Ok(true) => return false,
            Err(_) => {
                if !std::mem::replace(blind, true) {
                    std::thread::sleep(STARTING);
                }
                return true;
            }
        }
    }
}

fn put_back(listing: &Listing, hidden: &[usize]) {
    for &at in hidden {
        let app = &listing.apps[at];
        if !record_of(app).exists() {
            // When this fails the app's next start is a cold one.
            fs::rename(hidden_of(app), record_of(app)).unwrap_or_default();
        }
    }
}

fn record_of(app: &App) -> PathBuf {
    app.directory.join(APP_RECORD)
}

fn hidden_of(app: &App) -> PathBuf {
    app.directory.join(APP_RECORD_HIDDEN)
}

fn discard(root: &Path, directory: &Path) -> io::Result<()> {
    let tmp = root.join(CACHE_VERSION).join(CACHE_TMP);
    tmp::discard(&tmp, directory).map_err(|error| io::Error::other(error.message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::Record;

    fn app(key: &str, name: &str, days: u64, layers: &[&str]) -> App {
        let record = Record {
            name: name.as_bytes().to_vec(),
            ..Record::default()
        };
        App {
            key: key.to_owned(),
            directory: PathBuf::from("/nowhere"),
            record: Some(record),
            used: SystemTime::UNIX_EPOCH + Duration::from_secs((1000 - days) * 86_400),
            layers: layers.iter().map(|&layer| layer.to_owned()).collect(),
        }
    }

    fn chosen(policy: &Policy, running: &str) -> Vec<usize> {
        let listing = Listing {
            root: PathBuf::from("/nowhere"),
            apps: vec![
                app("k0", "young", 1, &["r"]),
                app("k1", "old", 40, &["r"]),
                app("k2", "old", 50, &["r", "d"]),
                app("k3", "future", 0, &["r"]),
            ],
            layers: vec![],
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(999 * 86_400 + 60);
        choose(&listing, policy, now, &mut |app| app.key == running)
    }

    #[test]
    fn the_least_recently_used_go_first_and_what_runs_stays() {
        let by_age = |days: u64| Policy {
            older: Some(Duration::from_secs(days * 86_400)),
            ..Policy::default()
        };
        assert_eq!(chosen(&by_age(30), ""), [2, 1]);
        assert_eq!(chosen(&by_age(30), "k2"), [1]);
        assert_eq!(chosen(&by_age(45), ""), [2]);
        assert_eq!(chosen(&by_age(0), ""), [2, 1, 0, 3]);
        assert_eq!(chosen(&Policy::default(), "k0"), [2, 1, 3], "everything");
        let by_name = Policy {
            names: vec![b"young".to_vec()],
            ..Policy::default()
        };
        assert_eq!(chosen(&by_name, ""), [0]);
        assert_eq!(
            chosen(
                &Policy {
                    names: vec![b"old".to_vec()],
                    ..by_age(45)
                },
                ""
            ),
            [2]
        );
    }
}
