//! Third-party packages: the requirements of `-r` and `--with`, as the deps layer's tree.
//!
//! Resolving and installing is left to `uv` or `pip` ([`installer`]), run in an environment from which the
//! settings of the user's shell that would disturb are removed ([`crate::environment`]). What they write is turned
//! into a tree that is the same wherever it was made ([`layout`], [`scripts`], [`record`]):
//!
//! ```text
//! lib/python3.12/site-packages/   importable modules, with every dist-info
//! bin/                            scripts; Python ones begin with the line `#!pyship-python`
//! share/ etc/ include/ …          other data of wheels
//! ```

pub(crate) mod declared;
pub(crate) mod digest;
pub(crate) mod directories;
pub(crate) mod editable;
mod entry_points;
pub(crate) mod ignored;
pub(crate) mod install;
mod installer;
pub(crate) mod layout;
mod leftovers;
pub(crate) mod lock;
pub(crate) mod metadata;
pub(crate) mod modules;
pub(crate) mod pins;
mod pip;
pub(crate) mod record;
pub(crate) mod request;
pub(crate) mod requirement;
pub(crate) mod requirements_file;
mod scripts;
mod stale;
pub(crate) mod tool;
mod uv;

#[cfg(test)]
mod tests;
