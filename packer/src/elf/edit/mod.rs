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

use anyhow::{Context, Result, ensure};

pub(crate) use rpath::set_rpath;
pub(crate) use strip::strip;

use super::file::inspect;

/// Strips a file and gives it a search path, if there is one.
///
/// # Errors
/// When the file can't be edited, or says something else of itself afterwards: headers that overlap can make it so.
pub(crate) fn edit(bytes: &[u8], rpath: Option<&str>) -> Result<Vec<u8>> {
    let mut edited = strip(bytes)?;
    if let Some(rpath) = rpath {
        edited = set_rpath(&edited, rpath)?;
    }
    let lost = "its headers overlap";
    let before = inspect(bytes)?.context(lost)?;
    let after = inspect(&edited).ok().flatten().context(lost)?;
    let is_right = match rpath {
        Some(rpath) => after.search_path() == Some(rpath),
        None => after.search_path() == before.search_path(),
    };
    ensure!(is_right && after.is_but_for_search_path(&before), "{lost}");
    Ok(edited)
}

#[cfg(test)]
mod tests;
