//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.

pub mod bytecode;
pub mod interpreter;
pub mod tree;
