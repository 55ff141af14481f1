//! Edits of ELF files: a new search path, and nothing that only debuggers read.
//!
//! What the loader maps stays where it is, byte for byte, in every edit: no symbol is sorted anew, no hash table
//! rebuilt, no address moved. `object` gives the structures; its own `Builder` would rewrite all of that, and
//! `object-rewrite` on top of it does not read files with packed relative relocations (every distribution
//! since glibc 2.36) and leaves `PT_DYNAMIC` at odds with `.dynamic`.
//! Only 64-bit little-endian files are edited: these are the interpreter's own and the libraries it carries.

mod dynamic;
mod image;
mod runpath;
mod strip;

pub use runpath::set_runpath;
pub use strip::strip;

pub(super) use strip::is_debug_section;

#[cfg(test)]
mod tests;
