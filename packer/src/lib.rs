//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.
//!
//! A pack is a row of functions from trees to trees ([`tree`]), then [`layer`] compresses and [`assemble`]
//! writes the file.

pub mod app;
pub mod assemble;
pub mod build_cache;
pub(crate) mod bytecode;
pub(crate) mod child;
pub mod cli;
pub mod elf;
pub(crate) mod environment;
pub mod glibc;
#[cfg(test)]
mod golden;
pub(crate) mod hint;
pub mod interpreter;
pub mod layer;
pub mod options;
pub mod output;
pub mod pack;
pub(crate) mod packages;
pub mod provenance;
pub mod redact;
pub mod sbom;
pub mod sign;
pub mod size;
pub(crate) mod startup;
pub mod target;
pub mod tree;
pub mod ui;
pub(crate) mod url;
