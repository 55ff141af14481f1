//! `pyship cache`: what packed files have unpacked on this machine, and its removal.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use pyship_launcher::cache::candidates::{Candidate, Origin, candidates};
use pyship_launcher::cache::list::{App, Layer, Listing, list};
use pyship_launcher::cache::policy::{Policy, disk};
use pyship_launcher::cache::prune::{self, Mode, Removed, UNUSED};
use pyship_launcher::cache::root::Root;
use pyship_launcher::cache::running::Running;
use pyship_launcher::environment::Environment;
use serde_json::{Value, json};

use crate::{size, ui};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const ABOUT: &str = "\
A packed file unpacks itself once, into a cache directory: $PYSHIP_CACHE_DIR, /var/cache/pyship for root, \
$XDG_CACHE_HOME/pyship or ~/.cache/pyship; where none of them can be used, a directory below /var/tmp, $TMPDIR, /tmp or /dev/shm. Files with the \
same Python or the same packages share them there. Everything in it can be removed at any time: the next start unpacks \
it again.

Entries unused for 30 days are pruned automatically, once a day.";

/// `pyship cache`
#[derive(Debug, Args)]
#[command(long_about = ABOUT)]
pub(super) struct CacheOptions {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the cache directory
    Dir(Place),
    /// List apps and layers: size, last use (recorded once a day), whether they run
    List {
        #[command(flatten)]
        place: Place,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove unused entries; apps that run are kept
    #[command(after_help = EXAMPLES)]
    Prune(Prune),
    /// Remove all entries; apps that run are kept
    Clear {
        #[command(flatten)]
        place: Place,
        /// Show what would be removed, remove nothing
        #[arg(long)]
        dry_run: bool,
    },
}

const EXAMPLES: &str = "\
Examples:
  pyship cache prune                     entries unused for 30 days
  pyship cache prune --older 7 --dry-run show entries unused for a week
  pyship cache prune --max-size 2G       the least recently used entries, until 2 GB are left
  pyship cache prune --name mytool       all versions of one app";

#[derive(Debug, Args)]
struct Place {
    /// Cache directory [default: each one that packed files would use]
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Prune {
    #[command(flatten)]
    place: Place,
    /// Remove entries unused for DAYS [default: 30, without --max-size and --name]
    #[arg(long, value_name = "DAYS")]
    older: Option<u32>,
    /// Remove the least recently used entries until the cache has at most SIZE: 500M, 2G
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    max_size: Option<u64>,
    /// Remove only apps of this name (repeatable)
    #[arg(long)]
    name: Vec<String>,
    /// Show what would be removed, remove nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs one of them.
pub(super) fn command(options: &CacheOptions) -> Result<()> {
    match &options.what {
        What::Dir(place) => directory(place),
        What::List { place, json } => show(place, *json),
        What::Prune(options) => {
            let Prune {
                place,
                older,
                max_size,
                name,
                dry_run,
            } = options;
            let usual = (max_size.is_none() && name.is_empty()).then_some(UNUSED);
            let policy = Policy {
                older: older.map(|days| DAY * days).or(usual),
                size: *max_size,
                names: name.iter().map(|name| name.clone().into_bytes()).collect(),
            };
            remove(place, &policy, *dry_run)
        }
        What::Clear { place, dry_run } => remove(place, &Policy::default(), *dry_run),
    }
}

fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn candidates_of(place: &Place) -> Vec<Candidate> {
    match &place.root {
        Some(root) => vec![Candidate {
            path: std::path::absolute(root).unwrap_or_else(|_| root.clone()),
            origin: Origin::Explicit,
        }],
        None => candidates(&Environment::of_process(), uid(), false),
    }
}

/// The caches that are there, and where their paths come from.
fn existing(place: &Place) -> Result<Vec<(Root, Origin)>> {
    let mut found = Vec::new();
    for candidate in candidates_of(place) {
        match Root::open(&candidate, uid()) {
            Ok(root) => found.push((root, candidate.origin)),
            Err(_) if place.root.is_none() => {}
            Err(reason) => bail!(
                "failed to open the cache `{}`: {reason}",
                candidate.path.display()
            ),
        }
    }
    Ok(found)
}

fn directory(place: &Place) -> Result<()> {
    let mut places: Vec<PathBuf> = existing(place)?.into_iter().map(|(root, _)| root.path).collect();
    if places.is_empty() {
        places.extend(candidates_of(place).into_iter().next().map(|first| first.path));
    }
    places.iter().try_for_each(|path| ui::path(path))
}

fn listing_of(root: &Root) -> Result<Listing> {
    use anyhow::Context;
    list(root).with_context(|| format!("failed to list the cache `{}`", root.path.display()))
}

fn show(place: &Place, as_json: bool) -> Result<()> {
    let running = Running::look();
    let listings = existing(place)?
        .iter()
        .map(|(root, _)| listing_of(root))
        .collect::<Result<Vec<_>>>()?;
    if as_json {
        let caches: Vec<Value> = listings.iter().map(|listing| object(listing, &running)).collect();
        return crate::json::print(&json!({ "caches": caches }));
    }
    let mut text = String::new();
    for listing in &listings {
        text.push_str(&table(listing, &running));
    }
    if listings.is_empty() {
        text.push_str("no cache directory exists yet\n");
    }
    ui::data(&text)
}

fn title(app: &App) -> String {
    let name = String::from_utf8_lossy(app.name()).into_owned();
    let version = app.record.as_ref().map_or_else(String::new, |record| {
        String::from_utf8_lossy(&record.version).into_owned()
    });
    match (name.is_empty(), version.is_empty()) {
        (true, _) => format!("(damaged) {}", app.key),
        (false, true) => name,
        (false, false) => format!("{name} {version}"),
    }
}

/// Bytes that removing the app would free: its own directory, and the layers that no other app uses.
fn own_disk(listing: &Listing, app: &App) -> u64 {
    let alone = |layer: &&Layer| layer.users.len() == 1 && layer.users[0] == app.key;
    app.disk() + listing.layers.iter().filter(alone).map(Layer::disk).sum::<u64>()
}

fn object(listing: &Listing, running: &Running) -> Value {
    let apps: Vec<Value> = listing
        .apps
        .iter()
        .map(|app| {
            let record = app.record.as_ref();
            json!({
                "key": app.key,
                "name": record.map(|record| String::from_utf8_lossy(&record.name)),
                "version": record
                    .filter(|record| !record.version.is_empty())
                    .map(|record| String::from_utf8_lossy(&record.version)),
                "directory": app.directory.display().to_string(),
                "last_used": seconds(app.used),
                "running": running.holds(listing, app),
                "disk": app.disk(),
                "own_disk": own_disk(listing, app),
                "layers": app.layers,
            })
        })
        .collect();
    let layers: Vec<Value> = listing
        .layers
        .iter()
        .map(|layer| {
            json!({
                "digest": layer.digest,
                "directory": layer.directory.display().to_string(),
                "last_used": seconds(layer.used),
                "disk": layer.disk(),
                "users": layer.users,
            })
        })
        .collect();
    json!({
        "root": listing.root.display().to_string(),
        "disk": disk(listing),
        "apps": apps,
        "layers": layers,
    })
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn table(listing: &Listing, running: &Running) -> String {
    let mut text = format!("{}: {}\n", listing.root.display(), size::display(disk(listing)));
    for app in &listing.apps {
        let runs = if running.holds(listing, app) { ", runs" } else { "" };
        text.push_str(&format!(
            "  app    {:>10}  {:<14} {}{runs}\n",
            size::display(own_disk(listing, app)),
            ago(app.used),
            title(app),
        ));
    }
    for layer in &listing.layers {
        let mut users: Vec<String> = listing
            .apps
            .iter()
            .filter(|app| layer.users.contains(&app.key))
            .map(title)
            .collect();
        users.sort();
        let users = if users.is_empty() {
            "unused".to_owned()
        } else {
            format!("used by {}", users.join(", "))
        };
        text.push_str(&format!(
            "  layer  {:>10}  {:<14} {} {users}\n",
            size::display(layer.disk()),
            ago(layer.used),
            layer.digest,
        ));
    }
    text
}

fn ago(time: SystemTime) -> String {
    let age = SystemTime::now().duration_since(time).unwrap_or(Duration::ZERO);
    match age.as_secs() / DAY.as_secs() {
        0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

fn remove(place: &Place, policy: &Policy, dry_run: bool) -> Result<()> {
    let mode = if dry_run { Mode::DryRun } else { Mode::Apply };
    let mut text = String::new();
    for (root, origin) in existing(place)? {
        if prune::is_spared(&root, origin, policy) {
            let path = root.path.display();
            text.push_str(&format!(
                "{path}: kept: other users may read it; name it with --root, or its apps with --name\n"
            ));
            continue;
        }
        let removed = prune::prune(&root, policy, mode)?;
        text.push_str(&report(&root.path, &removed, dry_run));
    }
    if text.is_empty() {
        text.push_str("no cache directory exists yet\n");
    }
    ui::data(&text)
}

fn report(root: &Path, removed: &Removed, dry_run: bool) -> String {
    let mut text = String::new();
    for app in &removed.apps {
        text.push_str(&format!("  app    {:<14} {}\n", ago(app.used), title(app)));
    }
    for layer in &removed.layers {
        text.push_str(&format!("  layer  {:<14} {}\n", ago(layer.used), layer.digest));
    }
    let verb = if dry_run { "would free" } else { "freed" };
    let running = match removed.running.len() {
        0 => String::new(),
        count => format!("; {count} kept: running"),
    };
    format!(
        "{}: {verb} {} ({} apps, {} layers){running}\n{text}",
        root.display(),
        size::display(removed.disk),
        removed.apps.len(),
        removed.layers.len()
    )
}
