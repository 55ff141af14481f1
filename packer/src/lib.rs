//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.
//!
//! A pack is a sequence of functions from trees to trees (`tree`); `layer` compresses them and `assemble` writes the
//! file. ARCHITECTURE.md describes the modules.

mod app;
mod assemble;
mod build_cache;
mod bytecode;
mod child;
pub mod cli;
mod elf;
mod environment;
mod file_state;
#[doc(hidden)]
pub mod fuzzing;
mod glibc;
#[cfg(test)]
mod golden;
mod hint;
mod include;
pub mod interpreter;
mod interrupt;
mod json;
mod layer;
mod names;
mod options;
mod output;
mod pack;
mod packages;
mod provenance;
mod redact;
mod regular_file;
mod sbom;
mod sign;
mod size;
mod startup;
mod target;
mod temporary;
mod text_file;
mod threads;
mod tree;
mod ui;
mod url;
mod usage;
mod venv;
mod zipapp;
