//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.
//!
//! A pack is a row of functions from trees to trees ([`tree`]), then [`layer`] compresses and [`assemble`]
//! writes the file.

pub mod bytecode;
pub mod interpreter;
pub mod tree;
