//! Edits ELF files: sets their search path, and removes what only debuggers and linkers read.
//!
//! The edits are hand-written on the structures of the `object` crate, because no library makes them without changing
//! more. What the loader maps must stay at its address, byte for byte; `object`'s own `Builder` sorts symbols and
//! rebuilds hash tables, and `object-rewrite`, which is based on it, can't read files with packed relative relocations
//! (used by distributions since glibc 2.36) and lets `PT_DYNAMIC` and `.dynamic` disagree. The programs `patchelf` and
//! `strip` would have to be installed on every build machine.
//!
//! Only 64-bit little-endian files are edited: those of the interpreter and the libraries that it carries.

mod dynamic;
mod image;
mod rpath;
mod strip;

pub(crate) use rpath::set_rpath;
pub(crate) use strip::strip;

#[cfg(test)]
mod tests;
