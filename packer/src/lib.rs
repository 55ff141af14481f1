//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.
//!
//! A pack is a row of functions from trees to trees ([`tree`]), then [`layer`] compresses and [`assemble`]
//! writes the file.

mod app;
mod assemble;
mod build_cache;
pub mod bytecode;
pub mod child;
pub mod cli;
mod elf;
pub mod environment;
mod glibc;
pub mod interpreter;
mod layer;
mod names;
pub mod options;
mod output;
pub mod pack;
pub mod packages;
mod provenance;
mod sbom;
mod sign;
pub mod startup;
pub mod target;
mod tree;
pub mod ui;
