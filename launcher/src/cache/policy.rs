//! Which apps and layers a prune removes: decisions only.

use std::time::{Duration, SystemTime};

use super::list::{App, Layer, Listing};
use crate::sort::{key_of, order};

/// What to remove.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// What was not used for this long.
    pub older: Option<Duration>,
    /// The least recently used, until the cache has at most this many bytes.
    pub size: Option<u64>,
    /// Only apps of these names; all of them when there is neither an age nor a size.
    pub names: Vec<Vec<u8>>,
}

impl Policy {
    /// Whether everything that isn't running is to be removed.
    fn is_everything(&self) -> bool {
        self.older.is_none() && self.size.is_none() && self.names.is_empty()
    }

    fn is_old(&self, used: SystemTime, now: SystemTime) -> bool {
        // A time in the future comes from a wrong clock: the age is unknown, and counts as zero.
        let age = now.duration_since(used).unwrap_or(Duration::ZERO);
        self.older.is_some_and(|older| age >= older)
    }
}

/// The apps that a policy removes, as indices, least recently used first, without those that are `held`.
pub(super) fn choose_apps(
    listing: &Listing,
    policy: &Policy,
    now: SystemTime,
    held: &mut dyn FnMut(&App) -> bool,
) -> Vec<usize> {
    let named = |app: &App| policy.names.is_empty() || policy.names.iter().any(|name| name == app.name());
    let mut chosen: Vec<usize> = Vec::new();
    let mut total = policy.size.map_or(0, |_| disk(listing));
    if policy.size.is_some() {
        let loose = listing.layers.iter().filter(|layer| layer.users.is_empty());
        total = total.saturating_sub(loose.map(Layer::disk).sum());
    }
    for at in by_last_use(listing.apps.iter().map(|app| app.used)) {
        let app = &listing.apps[at];
        let by_name = policy.older.is_none() && policy.size.is_none();
        let wanted = by_name || policy.is_old(app.used, now) || policy.size.is_some_and(|most| total > most);
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

/// The layers that are removed once the apps `removed` are gone, least recently used first.
///
/// None while an app is left whose layers are unknown. `old` is the listing that the indices refer to, `fresh` one that was made after the apps were removed.
pub(super) fn choose_layers(
    old: &Listing,
    fresh: Listing,
    removed: &[usize],
    policy: &Policy,
    now: SystemTime,
) -> Vec<Layer> {
    let is_removed_app = |app: &App| removed.iter().any(|&at| old.apps[at].key == app.key);
    if fresh
        .apps
        .iter()
        .any(|app| app.may_use_any_layer() && !is_removed_app(app))
    {
        return Vec::new();
    }
    let mut total = policy.size.map_or(0, |_| disk(&fresh));
    let is_removed = |user: &String| removed.iter().any(|&at| old.apps[at].key == *user);
    let is_unused = |layer: &Layer| layer.users.iter().all(is_removed);
    let is_orphaned = |layer: &Layer| {
        removed
            .iter()
            .any(|&at| old.apps[at].layers.contains(&layer.digest))
    };
    let mut unused: Vec<Option<Layer>> = fresh.layers.into_iter().filter(is_unused).map(Some).collect();
    let order = by_last_use(unused.iter().flatten().map(|layer| layer.used));
    let in_order = order.into_iter().filter_map(|at| unused[at].take());
    in_order
        .filter(|layer| {
            let is_wanted = is_orphaned(layer)
                || policy.is_old(layer.used, now)
                || policy.size.is_some_and(|most| total > most);
            if is_wanted && policy.size.is_some() {
                total = total.saturating_sub(layer.disk());
            }
            is_wanted || policy.is_everything()
        })
        .collect()
}

fn by_last_use(times: impl Iterator<Item = SystemTime>) -> Vec<usize> {
    let times: Vec<[u8; 16]> = times.map(key_of).collect();
    let keys: Vec<&[u8]> = times.iter().map(<[u8; 16]>::as_slice).collect();
    order(&keys)
}

/// Bytes on disk of everything that a cache holds.
#[must_use]
pub fn disk(listing: &Listing) -> u64 {
    let apps: u64 = listing.apps.iter().map(App::disk).sum();
    apps + listing.layers.iter().map(Layer::disk).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

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
        choose_apps(&listing, policy, now, &mut |app| app.key == running)
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
