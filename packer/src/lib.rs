//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.
//!
//! A pack is a row of functions from trees to trees ([`tree`]), then [`layer`] compresses and [`assemble`]
//! writes the file.

pub mod app;
pub mod assemble;
pub mod bare;
pub mod build_cache;
pub mod bytecode;
pub mod cli;
pub mod elf;
#[cfg(test)]
mod golden;
pub mod interpreter;
pub mod layer;
pub mod libc;
pub mod module_index;
pub mod pack;
pub mod packages;
pub mod provenance;
pub mod sbom;
pub mod sign;
pub mod start;
pub mod stub;
pub mod tree;
