//! Everything about ELF files: what they ask of the system, and how the runtime's own are made to lie anywhere.
//!
//! [`read`] looks at one file, [`survey`] at every file of every layer. [`system`] says what a Linux is
//! trusted to have, [`lookup`] finds the rest on the builder, [`closure`] adds it to the runtime layer, and
//! [`edit`] strips these files and makes them find each other through `$ORIGIN`. Files of wheels are only
//! ever read.

pub mod closure;
pub mod edit;
pub mod layer;
pub mod lookup;
pub mod prepare;
pub mod read;
#[cfg(test)]
pub(crate) mod samples;
mod scan;
mod search;
pub mod survey;
pub mod system;
pub mod versions;
