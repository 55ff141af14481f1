//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.
//!
//! A pack is a row of functions from trees to trees ([`tree`]), then [`layer`] compresses and [`assemble`]
//! writes the file.

pub(crate) mod app;
pub(crate) mod assemble;
pub(crate) mod build_cache;
pub(crate) mod bytecode;
pub(crate) mod child;
pub mod cli;
pub(crate) mod elf;
pub(crate) mod environment;
pub(crate) mod glibc;
#[cfg(test)]
mod golden;
pub(crate) mod hint;
pub mod interpreter;
pub(crate) mod layer;
pub(crate) mod names;
pub mod options;
pub(crate) mod output;
pub mod pack;
pub(crate) mod packages;
pub(crate) mod provenance;
pub mod redact;
pub(crate) mod sbom;
pub(crate) mod sign;
pub mod size;
pub(crate) mod startup;
pub mod target;
pub(crate) mod tree;
pub mod ui;
pub(crate) mod url;
