//! The packer: `pyship` turns a Python program, its packages and its interpreter into one file.

pub mod app;
pub mod packages;
pub mod tree;
