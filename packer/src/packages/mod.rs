//! Third-party packages: what `-r` and `--with` ask for, as the deps layer's tree.
//!
//! Resolving and installing is left to `uv` or `pip` ([`installer`]); this module calls them so that nothing of the
//! caller's shell disturbs ([`environment`], [`child`]), and turns what they wrote into a tree that is the same
//! wherever it was made ([`layout`], [`scripts`], [`record`]):
//!
//! ```text
//! lib/python3.12/site-packages/   what `import` finds, with every dist-info
//! bin/                            scripts; Python ones begin with the line `#!pyship-python`
//! share/ etc/ include/ …          what wheels put beside them
//! ```

pub mod child;
pub mod digest;
mod editable;
mod entry_points;
mod environment;
pub mod install;
pub mod installer;
mod layout;
pub mod metadata;
pub mod pins;
mod pip;
mod record;
mod scripts;
mod uv;

#[cfg(test)]
mod tests;
