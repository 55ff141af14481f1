//! Removes what only debuggers and linkers read, as `strip --strip-unneeded` does for shared libraries.

use anyhow::Result;
use object::LittleEndian as LE;
use object::elf;
use object::read::elf::SectionHeader as _;

use super::image::Image;

/// Sections that no running program reads, besides those whose names begin with one of [`PREFIXES`].
const NAMES: &[&[u8]] = &[
    b".gdb_index",
    b".gnu_debugaltlink",
    b".gnu_debugdata",
    b".gnu_debuglink",
    b".line",
];
/// See [`NAMES`].
const PREFIXES: &[&[u8]] = &[
    b".debug",
    b".zdebug",
    b".stab",
    b".gnu.lto_",
    b".gnu.build.attributes",
];

/// Whether a section of this name holds debug information.
fn is_debug_section(name: &[u8]) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Removes debug information, the symbol table (not the dynamic one) and relocations that the linker kept.
///
/// # Errors
/// When `bytes` are not a well-formed 64-bit little-endian ELF file.
pub(crate) fn strip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut image = Image::read(bytes)?;
    remove_unneeded(&mut image);
    if image.sections.iter().any(|section| section.removed) {
        image.write()
    } else {
        Ok(bytes.to_vec())
    }
}

fn remove_unneeded(image: &mut Image) {
    let names = image.names;
    let sections = &mut image.sections;
    let mut orphans = Vec::new();
    for section in sections.iter_mut().skip(1) {
        let kind = section.header.sh_type.get(LE);
        if section.header.sh_flags.get(LE).contains(elf::SHF_ALLOC) {
            continue;
        }
        let linked = matches!(
            kind,
            elf::SHT_RELA | elf::SHT_REL | elf::SHT_SYMTAB_SHNDX | elf::SHT_GROUP
        );
        section.removed = linked || kind == elf::SHT_SYMTAB || is_debug_section(&section.name);
        if kind == elf::SHT_SYMTAB {
            orphans.push(section.header.link(LE).0);
        }
    }
    for orphan in orphans {
        // Some linkers keep the symbols' and the sections' names in one table.
        let shared = orphan == names || orphan >= sections.len();
        if !shared
            && sections
                .iter()
                .all(|other| other.removed || other.header.link(LE).0 != orphan)
        {
            sections[orphan].removed = true;
        }
    }
}
