//! The content-addressed cache: where it is, how it is read, filled, checked and pruned.
//!
//! [`candidates`] lists the directories that may be used, [`root`] opens one and knows the paths below it. [`warm`]
//! reads and writes nothing but a daily note of use. [`cold`] takes locks, unpacks, and publishes directories by
//! rename: each appears at once and complete. Afterwards only what decayed is restored, member by member: what a
//! program writes there is its own. The renames make this correct; locks only save work. [`repair`] compares a cache
//! with the file and restores it, [`list`] says what a cache holds, [`running`] what is in use, and [`prune`] removes
//! the rest.

mod app_dir;
pub mod candidates;
mod closed;
pub mod cold;
mod compare;
mod context;
mod differences;
mod exposure;
mod guard;
mod holder;
mod install;
mod key;
mod layers;
pub mod list;
mod lock;
mod place;
pub mod policy;
pub mod prune;
mod published;
mod ready;
pub mod repair;
mod restore;
mod room;
pub mod root;
pub mod running;
mod sentinels;
mod shape;
mod stores;
mod tmp;
pub mod warm;

pub use compare::Scope;
pub use context::{Context, Watch};
pub use ready::Ready;
