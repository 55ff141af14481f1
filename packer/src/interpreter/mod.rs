//! The interpreter that is packed: which one ([`discover`]), what it is ([`describe`]), and which of its files
//! go into the runtime layer ([`python_home`], [`prune`], [`fallbacks`], [`relocate`]).
//!
//! ```text
//! --python SPEC ── discover ──┬─ executable ────────────────────────┐
//!                             ├─ archive ── archive::unpack ────────┼─ describe ── python_home::collect ── Tree
//!                             ├─ URL ── download ── archive::unpack ┤
//!                             └─ version ── standalone::install ────┘
//! ```
//!
//! Interpreters and version managers are run with the user's environment without every `PYTHON*` variable.

pub mod archive;
pub(crate) mod describe;
pub(crate) mod discover;
pub(crate) mod download;
mod executable;
mod facts;
pub(crate) mod fallbacks;
mod from_files;
mod installed;
pub(crate) mod list;
pub(crate) mod mentions;
mod prefix;
mod probe;
pub(crate) mod prune;
pub(crate) mod python_home;
pub(crate) mod relocate;
pub(crate) mod request;
pub(crate) mod standalone;
mod sysconfig;
mod tcltk;
mod version;

pub(crate) use facts::Interpreter;
pub(crate) use prefix::python_in;

#[cfg(test)]
pub(crate) mod testing;
