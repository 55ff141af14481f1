//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.

pub mod elf;
pub mod libc;
pub mod tree;
