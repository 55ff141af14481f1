//! The interpreter that goes into the file: which one ([`discover`]), what it is ([`probe`]), and which of
//! its files the runtime layer holds ([`runtime`], [`prune`]).
//!
//! ```text
//! --python SPEC ── discover ──┬─ executable ───────────────────────┐
//!                             ├─ archive ── archive::unpack ───────┼─ probe ── runtime::collect ── Tree
//!                             └─ URL ── download ── archive::unpack┘
//! ```
//!
//! Whatever is run on the way is run with the caller's environment less every `PYTHON*` variable.

pub mod archive;
pub mod discover;
pub mod download;
pub mod facts;
pub mod fallbacks;
mod lookup;
pub mod probe;
pub mod prune;
pub mod read;
pub mod runtime;
mod tcltk;

pub use facts::{Interpreter, Version};

#[cfg(test)]
pub(crate) mod testing;
