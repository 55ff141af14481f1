//! An ELF file as two parts, what the loader maps and what only tools read; they are read, changed and written again.
//!
//! ```text
//! [file header, program headers, segments' bytes][other sections' bytes][section names][section headers]
//!  `mapped`: at unchanged offsets                 each with its alignment
//! ```

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64, Sym64};
use object::pod;
use object::read::elf::{FileHeader as _, SectionHeader as _};

/// See the module.
pub(super) struct Image {
    /// Everything up to the end of the last segment in the file.
    pub(super) mapped: Vec<u8>,
    /// The program headers; [`Self::write`] puts them back.
    pub(super) segments: Vec<ProgramHeader64<LE>>,
    /// The sections with the null section at the front; empty when the file has none.
    pub(super) sections: Vec<Section>,
    /// Index of the section that holds the sections' names.
    pub(super) names: usize,
}

/// A section of an [`Image`].
pub(super) struct Section {
    pub(super) name: Vec<u8>,
    pub(super) header: SectionHeader64<LE>,
    /// Its bytes when they lie outside [`Image::mapped`].
    bytes: Option<Vec<u8>>,
    /// Whether [`Image::write`] leaves it out.
    pub(super) removed: bool,
}

impl Image {
    /// Reads a file.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let header = FileHeader64::<LE>::parse(bytes).context("not a 64-bit ELF file")?;
        ensure!(
            header.e_ident.data == elf::ELFDATA2LSB,
            "not a little-endian ELF file"
        );
        let segments = header.program_headers(LE, bytes)?.to_vec();
        ensure!(!segments.is_empty(), "no program headers");
        let mut end = header.e_phoff.get(LE) + size_of_val(segments.as_slice()) as u64;
        for segment in &segments {
            let last = segment.p_offset.get(LE).checked_add(segment.p_filesz.get(LE));
            end = end.max(last.context("a segment overflows")?);
        }
        let mapped = usize::try_from(end).ok().and_then(|end| bytes.get(..end));
        let mapped = mapped.context("a segment lies outside the file")?.to_vec();

        let table = header.sections(LE, bytes)?;
        let mut sections = Vec::with_capacity(table.len());
        for section in table.iter() {
            let name = if sections.is_empty() {
                &[][..]
            } else {
                table.section_name(LE, section)?
            };
            sections.push(Section {
                name: name.to_vec(),
                header: *section,
                bytes: bytes_outside(section, bytes, end)?,
                removed: false,
            });
        }
        let names = if sections.is_empty() {
            0
        } else {
            header.shstrndx(LE, bytes)? as usize
        };
        Ok(Self {
            mapped,
            segments,
            sections,
            names,
        })
    }

    /// The offset in [`Self::mapped`] of `size` bytes at an address. They may continue in the next segment, as
    /// patchelf lays out what it moves.
    pub(super) fn offset_of(&self, address: u64, size: u64) -> Result<usize> {
        let found = self.loads().find_map(|load| {
            let inner = address.checked_sub(load.p_vaddr.get(LE))?;
            let inside = inner < load.p_filesz.get(LE) || (size == 0 && inner == load.p_filesz.get(LE));
            let offset = inner.checked_add(load.p_offset.get(LE))?;
            (inside && offset.checked_add(size)? <= self.mapped.len() as u64).then_some(offset)
        });
        Ok(usize::try_from(
            found.context("an address lies outside the file")?,
        )?)
    }

    /// The section whose bytes begin at an address.
    pub(super) fn section_at(&mut self, address: u64, kind: elf::SectionType) -> Option<&mut Section> {
        self.sections
            .iter_mut()
            .find(|section| section.header.sh_type(LE) == kind && section.header.sh_addr.get(LE) == address)
    }

    fn loads(&self) -> impl Iterator<Item = &ProgramHeader64<LE>> {
        self.segments
            .iter()
            .filter(|segment| segment.p_type.get(LE) == elf::PT_LOAD)
    }

    /// Lengthens the last segment by `size` zero bytes at a multiple of 8. Returns their offset and address.
    ///
    /// There is no room for another program header. The segment's zero-initialised end becomes zeros in the file,
    /// since the new bytes after it must be in the file.
    pub(super) fn grow(&mut self, size: usize) -> Result<(usize, u64)> {
        const ZEROS_MAX: u64 = 16 << 20;
        let last = self
            .segments
            .iter_mut()
            .filter(|segment| segment.p_type.get(LE) == elf::PT_LOAD)
            .max_by_key(|segment| segment.p_vaddr.get(LE))
            .context("nothing is loaded")?;
        ensure!(
            last.p_flags.get(LE).contains(elf::PF_W),
            "the last segment is not writable"
        );
        let (offset, address) = (last.p_offset.get(LE), last.p_vaddr.get(LE));
        let (filled, whole) = (last.p_filesz.get(LE), last.p_memsz.get(LE));
        ensure!(
            offset.checked_add(filled) == Some(self.mapped.len() as u64),
            "the last segment is not the last in the file"
        );
        ensure!(
            whole >= filled && whole - filled <= ZEROS_MAX,
            "too much zero-initialised data"
        );
        ensure!(address < u64::MAX / 2, "an address overflows");

        let start = (address + whole).next_multiple_of(8) - address;
        let end = start + size as u64;
        self.mapped.resize(usize::try_from(offset + end)?, 0);
        last.p_filesz.set(LE, end);
        last.p_memsz.set(LE, end);
        for section in &mut self.sections {
            let header = &mut section.header;
            let flags = header.sh_flags.get(LE);
            let zeros = header.sh_type.get(LE) == elf::SHT_NOBITS
                && flags.contains(elf::SHF_ALLOC)
                && !flags.contains(elf::SHF_TLS);
            let inner = header.sh_addr.get(LE).wrapping_sub(address);
            if zeros && inner <= whole {
                header.sh_type.set(LE, elf::SHT_PROGBITS);
                header.sh_offset.set(LE, offset + inner);
            }
        }
        Ok((usize::try_from(offset + start)?, address + start))
    }

    /// The bytes of the file, without the removed sections.
    pub(super) fn write(mut self) -> Result<Vec<u8>> {
        let header = *pod::from_bytes::<FileHeader64<LE>>(&self.mapped)
            .map_err(|()| anyhow!("no file header"))?
            .0;
        let phoff = usize::try_from(header.e_phoff.get(LE))?;
        let headers = pod::bytes_of_slice(&self.segments);
        self.mapped[phoff..phoff + headers.len()].copy_from_slice(headers);
        if self.sections.is_empty() {
            return Ok(self.mapped);
        }

        let numbers = self.renumber()?;
        self.rename();
        let mut kept: Vec<Section> = self
            .sections
            .into_iter()
            .filter(|section| !section.removed)
            .collect();
        let mut out = self.mapped;
        for section in &mut kept {
            let header = &mut section.header;
            if let Some(bytes) = &section.bytes {
                let align = usize::try_from(header.sh_addralign.get(LE))?.clamp(1, 4096);
                out.resize(out.len().next_multiple_of(align), 0);
                header.sh_offset.set(LE, out.len() as u64);
                header.sh_size.set(LE, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
            header
                .sh_link
                .set(LE, renumbered(&numbers, header.sh_link.get(LE)));
            if header.has_info_link(LE) {
                header
                    .sh_info
                    .set(LE, renumbered(&numbers, header.sh_info.get(LE)));
            }
        }
        out.resize(out.len().next_multiple_of(8), 0);
        let shoff = out.len() as u64;
        for section in &kept {
            out.extend_from_slice(pod::bytes_of(&section.header));
        }

        let (header, _) =
            pod::from_bytes_mut::<FileHeader64<LE>>(&mut out).map_err(|()| anyhow!("no file header"))?;
        header.e_shoff.set(LE, shoff);
        header.e_shnum.set(LE, u16::try_from(kept.len())?);
        let names = u16::try_from(renumbered(&numbers, u32::try_from(self.names)?))?;
        header.e_shstrndx.set(LE, elf::SymbolSection(names));
        Ok(out)
    }

    /// Each section's new number, 0 when it is removed. Adapts the dynamic symbols, which name sections by number.
    fn renumber(&mut self) -> Result<Vec<u32>> {
        let mut next = 0_u32;
        let mut numbers = Vec::with_capacity(self.sections.len());
        for section in &self.sections {
            numbers.push(if section.removed { 0 } else { next });
            next += u32::from(!section.removed);
        }
        ensure!(next < u32::from(elf::SHN_LORESERVE), "too many sections");
        ensure!(
            !self.sections[self.names].removed,
            "the sections' names can't be removed"
        );
        for section in &self.sections {
            if section.header.sh_type.get(LE) != elf::SHT_DYNSYM || section.removed {
                continue;
            }
            let start = self.offset_of(section.header.sh_addr.get(LE), section.header.sh_size.get(LE))?;
            let count = usize::try_from(section.header.sh_size.get(LE))? / size_of::<Sym64<LE>>();
            let (symbols, _) = pod::slice_from_bytes_mut::<Sym64<LE>>(&mut self.mapped[start..], count)
                .map_err(|()| anyhow!("the dynamic symbols lie outside the file"))?;
            for symbol in symbols {
                let old = symbol.st_shndx.get(LE).0;
                // 0 would make a defined symbol an undefined one.
                match numbers.get(usize::from(old)) {
                    Some(&new) if old != 0 && new != 0 => {
                        symbol.st_shndx.set(LE, elf::SymbolSection(u16::try_from(new)?))
                    }
                    _ => {}
                }
            }
        }
        Ok(numbers)
    }

    /// Rebuilds the table of section names if sections are removed.
    fn rename(&mut self) {
        if self.sections.iter().all(|section| !section.removed) || self.sections[self.names].bytes.is_none() {
            return;
        }
        let mut table = vec![0];
        for section in self
            .sections
            .iter_mut()
            .filter(|section| !section.removed && !section.name.is_empty())
        {
            section.header.sh_name.set(LE, table.len() as u32);
            table.extend_from_slice(&section.name);
            table.push(0);
        }
        self.sections[self.names].bytes = Some(table);
    }
}

fn renumbered(numbers: &[u32], old: u32) -> u32 {
    numbers.get(old as usize).copied().unwrap_or(0)
}

fn bytes_outside(section: &SectionHeader64<LE>, file: &[u8], mapped_end: u64) -> Result<Option<Vec<u8>>> {
    let Some((offset, size)) = section.file_range(LE) else {
        return Ok(None);
    };
    let end = offset.checked_add(size).context("a section overflows")?;
    let loaded = section.sh_flags.get(LE).contains(elf::SHF_ALLOC);
    if end <= mapped_end || section.sh_type.get(LE) == elf::SHT_NULL || (loaded && size == 0) {
        return Ok(None);
    }
    if loaded {
        bail!("a loaded section lies outside every segment");
    }
    Ok(Some(section.data(LE, file)?.to_vec()))
}
