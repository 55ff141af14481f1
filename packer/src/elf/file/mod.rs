//! What one ELF file says about itself: its machine, what it needs, and where it looks for it.
//!
//! As the loader does, only the program headers and the dynamic segment are read, not the section headers. The bytes
//! may be hostile: every offset is checked, and nothing panics.

mod dynamic;

use anyhow::{Result, bail};
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader as _};
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::versions::Versions;
use dynamic::DynamicSegment;

/// An ELF file, as far as packing is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Elf {
    /// What it runs on.
    pub(crate) machine: Machine,
    /// Whether it is a program or a shared library, and not an object file or a core dump.
    pub(crate) is_loadable: bool,
    /// The loader it names (`PT_INTERP`).
    pub(crate) interpreter: Option<String>,
    /// The libraries it needs (`DT_NEEDED`), in order.
    pub(crate) needed: Vec<String>,
    /// The name by which others need it (`DT_SONAME`).
    pub(crate) soname: Option<String>,
    /// `DT_RPATH`, which the loader ignores when there is a [`Self::runpath`].
    pub(super) rpath: Option<String>,
    /// `DT_RUNPATH`.
    pub(super) runpath: Option<String>,
    /// Whether it asks for an executable stack.
    pub(super) executable_stack: bool,
    /// The versions of symbols it needs from other files.
    pub(super) versions: Versions,
}

impl Elf {
    /// The search path that the loader uses for what this file needs: `DT_RUNPATH`, else `DT_RPATH`.
    pub(super) fn search_path(&self) -> Option<&str> {
        self.runpath.as_deref().or(self.rpath.as_deref())
    }

    /// Whether it names directories where it looks for what it needs.
    pub(crate) fn has_search_path(&self) -> bool {
        self.search_path().is_some()
    }

    /// Whether both are the same but for their search paths.
    pub(super) fn is_but_for_search_path(&self, other: &Self) -> bool {
        let without = |elf: &Self| Self {
            rpath: None,
            runpath: None,
            ..elf.clone()
        };
        without(self) == without(other)
    }
}

/// Reads an ELF file; none when `bytes` are something else.
///
/// # Errors
/// When they begin like an ELF file but are damaged.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Option<Elf>> {
    let Some(machine) = Machine::of_header(bytes) else {
        return Ok(None);
    };
    let class = elf::FileClass(bytes[4]);
    match class {
        elf::ELFCLASS64 => inspect_class::<elf::FileHeader64<Endianness>>(bytes, machine).map(Some),
        elf::ELFCLASS32 => inspect_class::<elf::FileHeader32<Endianness>>(bytes, machine).map(Some),
        _ => bail!("unknown ELF class {}", class.0),
    }
}

fn inspect_class<H: FileHeader<Endian = Endianness>>(bytes: &[u8], machine: Machine) -> Result<Elf> {
    let header = H::parse(bytes)?;
    let endian = header.endian()?;
    let segments = header.program_headers(endian, bytes)?;
    let dynamic = DynamicSegment::read::<H>(bytes, endian, segments)?;
    let interpreter = segments
        .iter()
        .find(|segment| segment.p_type(endian) == elf::PT_INTERP);
    let interpreter = match interpreter {
        Some(segment) => segment.interpreter(endian, bytes)?,
        None => None,
    };
    let executable_stack = segments.iter().any(|segment| {
        segment.p_type(endian) == elf::PT_GNU_STACK && segment.p_flags(endian).contains(elf::PF_X)
    });
    Ok(Elf {
        machine,
        is_loadable: matches!(header.e_type(endian), elf::ET_EXEC | elf::ET_DYN),
        interpreter: interpreter.map(|path| String::from_utf8_lossy(path).into_owned()),
        needed: dynamic.strings_of(elf::DT_NEEDED)?,
        soname: dynamic.string(elf::DT_SONAME)?,
        rpath: dynamic.string(elf::DT_RPATH)?,
        runpath: dynamic.string(elf::DT_RUNPATH)?,
        executable_stack,
        versions: dynamic.versions()?,
    })
}

#[cfg(test)]
mod tests;
