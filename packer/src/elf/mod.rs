//! ELF files: what they need from the system, and edits that make the runtime's own files relocatable.
//!
//! [`mod@file`] reads one file, [`mod@survey`] every file of every layer. [`system`] lists the libraries that a Linux system
//! is expected to have, [`library_search`] finds the others on the builder, [`closure`] adds them to the runtime
//! layer, and [`edit`] strips the runtime's files and makes them find each other through `$ORIGIN`. The files of
//! wheels are read and never edited.

mod closure;
pub(crate) mod edit;
mod file;
mod layer;
mod library_search;
mod machine;
mod origin;
mod prepare;
#[cfg(test)]
pub(crate) mod samples;
mod scan;
mod survey;
mod sysroot;
mod system;
mod versions;

pub(crate) use closure::{Brought, Wanted, bring};
pub(crate) use file::{Elf, inspect};
pub(crate) use layer::LayerElf;
pub(crate) use library_search::LibrarySearch;
pub(crate) use machine::{MAGIC, Machine};
pub(crate) use prepare::prepare_runtime;
pub(crate) use survey::{Survey, survey};
pub(crate) use sysroot::Sysroot;
pub(crate) use system::{is_loader, is_provided};
