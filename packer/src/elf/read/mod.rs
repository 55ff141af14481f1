//! What one ELF file says about itself: its machine, what it needs, and where it looks for it.
//!
//! Only the program headers and the dynamic segment are believed, as by the loader; section headers just
//! tell whether there is something to strip. Bytes may be hostile: every offset is checked, nothing panics.

use anyhow::{Context as _, Result, bail};
use object::Endianness;
use object::elf;
use object::pod;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _, SectionHeader as _};
use pyship_launcher::target::{TARGETS, Target};
use serde::{Deserialize, Serialize};

use super::edit::is_debug_section;
use super::versions::Versions;

/// The first bytes of every ELF file.
pub const MAGIC: &[u8] = b"\x7fELF";

/// An ELF file, as far as packing is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elf {
    /// What it runs on.
    pub machine: Machine,
    /// What it is.
    pub kind: Kind,
    /// The loader it names (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// The libraries it needs (`DT_NEEDED`), in order.
    pub needed: Vec<String>,
    /// The name by which others need it (`DT_SONAME`).
    pub soname: Option<String>,
    /// `DT_RPATH`, which the loader ignores when there is a [`Self::runpath`].
    pub rpath: Option<String>,
    /// `DT_RUNPATH`.
    pub runpath: Option<String>,
    /// Whether it asks for an executable stack.
    pub executable_stack: bool,
    /// The versions of symbols it asks others for.
    pub versions: Versions,
    /// Whether it has a symbol table besides the dynamic one.
    pub symtab: bool,
    /// Whether it has debug sections.
    pub debug: bool,
}

/// What an ELF file runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Machine {
    /// `e_machine`.
    pub code: u16,
    /// Whether it is of class 64.
    pub wide: bool,
    /// Whether it is little-endian.
    pub little: bool,
}

/// What an ELF file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A program, at a fixed place or position-independent.
    Executable,
    /// A shared library or an extension module.
    Shared,
    /// An object file, a core dump …
    Other,
}

impl std::fmt::Display for Machine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.target() {
            Some(target) => out.write_str(target.cpu),
            None => write!(out, "ELF machine {}", self.code),
        }
    }
}

impl Machine {
    /// The machine of a target.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        Self {
            code: target.elf_machine,
            wide: true,
            little: true,
        }
    }

    /// The target whose programs run on it.
    #[must_use]
    pub fn target(self) -> Option<&'static Target> {
        let is_it = |target: &&Target| target.elf_machine == self.code && self.wide && self.little;
        TARGETS.iter().find(is_it)
    }

    /// The machine that the first 20 bytes of a file name; none when it is no ELF file.
    #[must_use]
    pub fn of_header(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..20).filter(|header| header.starts_with(MAGIC))?;
        let (wide, little) = (header[4] == elf::ELFCLASS64.0, header[5] == elf::ELFDATA2LSB.0);
        let code = [header[18], header[19]];
        let code = if little {
            u16::from_le_bytes(code)
        } else {
            u16::from_be_bytes(code)
        };
        Some(Self { code, wide, little })
    }
}

impl Elf {
    /// The search path that the loader uses for what this file needs: `DT_RUNPATH`, else `DT_RPATH`.
    #[must_use]
    pub fn search_path(&self) -> Option<&str> {
        self.runpath.as_deref().or(self.rpath.as_deref())
    }

    /// Whether the loader starts or loads it: it has a dynamic segment's worth of wishes or is a program.
    #[must_use]
    pub fn is_loadable(&self) -> bool {
        self.kind != Kind::Other
    }
}

/// Reads an ELF file; none when `bytes` are something else.
///
/// # Errors
/// When they begin like an ELF file but are damaged.
pub fn inspect(bytes: &[u8]) -> Result<Option<Elf>> {
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
    let dynamic = Dynamic::read::<H>(bytes, endian, segments)?;

    let interpreter = segments
        .iter()
        .find(|segment| segment.p_type(endian) == elf::PT_INTERP);
    let interpreter = match interpreter {
        Some(segment) => segment.interpreter(endian, bytes)?.map(lossy),
        None => None,
    };
    let executable_stack = segments.iter().any(|segment| {
        segment.p_type(endian) == elf::PT_GNU_STACK && segment.p_flags(endian).contains(elf::PF_X)
    });
    let soname = dynamic.string(elf::DT_SONAME)?;
    let kind = match header.e_type(endian) {
        elf::ET_EXEC => Kind::Executable,
        // A library may name a loader too (libc.so.6 does), but it has a soname then.
        elf::ET_DYN if dynamic.is_pie() || (interpreter.is_some() && soname.is_none()) => Kind::Executable,
        elf::ET_DYN => Kind::Shared,
        _ => Kind::Other,
    };
    let (symtab, debug) = stripable::<H>(header, endian, bytes);
    Ok(Elf {
        machine,
        kind,
        interpreter,
        needed: dynamic.strings_of(elf::DT_NEEDED)?,
        soname,
        rpath: dynamic.string(elf::DT_RPATH)?,
        runpath: dynamic.string(elf::DT_RUNPATH)?,
        executable_stack,
        versions: dynamic.versions()?,
        symtab,
        debug,
    })
}

/// The dynamic segment, with the means to follow its addresses.
struct Dynamic<'data> {
    endian: Endianness,
    /// Address and size of each `PT_LOAD`, and the file from its first byte on. A table may go on in the next
    /// segment, as patchelf lays it out.
    loads: Vec<(u64, u64, &'data [u8])>,
    entries: Vec<(elf::DynamicTag, u64)>,
    strings: &'data [u8],
}

impl<'data> Dynamic<'data> {
    fn read<H: FileHeader<Endian = Endianness>>(
        bytes: &'data [u8],
        endian: Endianness,
        segments: &[H::ProgramHeader],
    ) -> Result<Self> {
        let mut found = Self {
            endian,
            loads: Vec::new(),
            entries: Vec::new(),
            strings: &[],
        };
        for segment in segments {
            if segment.p_type(endian) == elf::PT_LOAD {
                let (offset, size) = segment.file_range(endian);
                // A detached debug file has the headers but not the bytes.
                if let Some(rest) = usize::try_from(offset)
                    .ok()
                    .and_then(|offset| bytes.get(offset..))
                {
                    found.loads.push((segment.p_vaddr(endian).into(), size, rest));
                }
            }
            if segment.p_type(endian) == elf::PT_DYNAMIC {
                let Ok(data) = segment.data(endian, bytes) else {
                    bail!("the dynamic segment lies outside the file");
                };
                let count = data.len() / size_of::<H::Dyn>();
                let (entries, _) = pod::slice_from_bytes::<H::Dyn>(data, count)
                    .map_err(|()| anyhow::anyhow!("the dynamic segment is not readable"))?;
                found.entries = entries
                    .iter()
                    .map(|entry| (entry.tag(endian), entry.val(endian)))
                    .take_while(|(tag, _)| *tag != elf::DT_NULL)
                    .collect();
            }
        }
        if let (Some(address), Some(size)) = (found.value(elf::DT_STRTAB), found.value(elf::DT_STRSZ)) {
            let table = found
                .at(address)
                .context("the dynamic string table lies outside the file")?;
            found.strings = &table[..table.len().min(usize::try_from(size)?)];
        }
        Ok(found)
    }

    fn value(&self, tag: elf::DynamicTag) -> Option<u64> {
        self.entries
            .iter()
            .find(|entry| entry.0 == tag)
            .map(|entry| entry.1)
    }

    fn is_pie(&self) -> bool {
        self.value(elf::DT_FLAGS_1)
            .is_some_and(|flags| flags & elf::DF_1_PIE.0 != 0)
    }

    /// The file's bytes from an address on.
    fn at(&self, address: u64) -> Option<&'data [u8]> {
        self.loads.iter().find_map(|(start, size, rest)| {
            let offset = address.checked_sub(*start).filter(|offset| offset < size)?;
            rest.get(usize::try_from(offset).ok()?..)
        })
    }

    fn name(&self, offset: u64) -> Result<String> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| self.strings.get(offset..));
        let rest = rest.context("a name lies outside the dynamic string table")?;
        let end = rest
            .iter()
            .position(|&byte| byte == 0)
            .context("a name has no end")?;
        Ok(lossy(&rest[..end]))
    }

    fn strings_of(&self, tag: elf::DynamicTag) -> Result<Vec<String>> {
        self.entries
            .iter()
            .filter(|entry| entry.0 == tag)
            .map(|entry| self.name(entry.1))
            .collect()
    }

    fn string(&self, tag: elf::DynamicTag) -> Result<Option<String>> {
        self.value(tag).map(|offset| self.name(offset)).transpose()
    }

    /// Walks `DT_VERNEED`: a chain of libraries, each with a chain of versions.
    fn versions(&self) -> Result<Versions> {
        let mut versions = Versions::default();
        let Some(address) = self.value(elf::DT_VERNEED) else {
            return Ok(versions);
        };
        let mut rest = self
            .at(address)
            .context("the needed versions lie outside the file")?;
        // A file with this many is hostile, and its chains may overlap.
        let mut budget = 100_000_u32;
        loop {
            let need = record::<elf::Verneed<Endianness>>(rest)?;
            let mut inner = skip(rest, need.vn_aux.get(self.endian))?;
            for _ in 0..need.vn_cnt.get(self.endian) {
                budget = budget.checked_sub(1).context("too many needed versions")?;
                let version = record::<elf::Vernaux<Endianness>>(inner)?;
                if !version.vna_flags.get(self.endian).contains(elf::VER_FLG_WEAK) {
                    versions.note(&self.name(version.vna_name.get(self.endian).into())?);
                }
                match version.vna_next.get(self.endian) {
                    0 => break,
                    next => inner = skip(inner, next)?,
                }
            }
            budget = budget.checked_sub(1).context("too many needed versions")?;
            match need.vn_next.get(self.endian) {
                0 => return Ok(versions),
                next => rest = skip(rest, next)?,
            }
        }
    }
}

/// Whether there is a symbol table, and whether there are debug sections. Damaged section headers count as none.
fn stripable<H: FileHeader<Endian = Endianness>>(
    header: &H,
    endian: Endianness,
    bytes: &[u8],
) -> (bool, bool) {
    let Ok(sections) = header.sections(endian, bytes) else {
        return (false, false);
    };
    let symtab = sections
        .iter()
        .any(|section| section.sh_type(endian) == elf::SHT_SYMTAB);
    let debug = sections.iter().any(|section| {
        !section.sh_flags(endian).contains(elf::SHF_ALLOC)
            && sections.section_name(endian, section).is_ok_and(is_debug_section)
    });
    (symtab, debug)
}

fn record<T: pod::Pod>(bytes: &[u8]) -> Result<&T> {
    pod::from_bytes(bytes)
        .map(|(record, _)| record)
        .map_err(|()| anyhow::anyhow!("a version record is cut off"))
}

fn skip(bytes: &[u8], count: u32) -> Result<&[u8]> {
    bytes
        .get(count as usize..)
        .context("a version record lies outside the file")
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
