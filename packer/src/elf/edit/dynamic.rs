//! The dynamic segment of an [`Image`] and its string table. An entry and a string can be added.

use anyhow::{Context as _, Result, anyhow};
use object::LittleEndian as LE;
use object::elf::{self, Dyn64, DynamicTag, Sym64};
use object::pod;

use super::image::Image;

/// The entries and the string table of an [`Image`].
pub(super) struct Dynamic {
    /// The entries before the terminating null entry.
    pub(super) entries: Vec<Dyn64<LE>>,
    /// Room for entries, the terminating one included.
    room: usize,
    /// Offset of the entries in the file.
    offset: usize,
    /// Index of the `PT_DYNAMIC` header.
    segment: usize,
    /// Offset, address and size of the string table.
    strings: (usize, u64, usize),
}

impl Dynamic {
    /// Finds them.
    pub(super) fn read(image: &Image) -> Result<Self> {
        let segment = image
            .segments
            .iter()
            .position(|segment| segment.p_type.get(LE) == elf::PT_DYNAMIC);
        let segment = segment.context("no dynamic segment")?;
        let header = &image.segments[segment];
        let offset = usize::try_from(header.p_offset.get(LE))?;
        let room = usize::try_from(header.p_filesz.get(LE))? / size_of::<Dyn64<LE>>();
        let (all, _) = image
            .mapped
            .get(offset..)
            .and_then(|bytes| pod::slice_from_bytes::<Dyn64<LE>>(bytes, room).ok())
            .context("the dynamic segment lies outside the file")?;
        let entries: Vec<_> = all
            .iter()
            .take_while(|entry| entry.d_tag.get(LE) != elf::DT_NULL)
            .copied()
            .collect();
        let value = |tag| {
            entries
                .iter()
                .find(|entry| entry.d_tag.get(LE) == tag)
                .map(|entry| entry.d_val.get(LE))
        };
        let address = value(elf::DT_STRTAB).context("no dynamic string table")?;
        let size = value(elf::DT_STRSZ).context("no size of the dynamic string table")?;
        let strings = (image.offset_of(address, size)?, address, usize::try_from(size)?);
        Ok(Self {
            entries,
            room,
            offset,
            segment,
            strings,
        })
    }

    /// The string table.
    pub(super) fn strings<'image>(&self, image: &'image Image) -> &'image [u8] {
        &image.mapped[self.strings.0..self.strings.0 + self.strings.2]
    }

    /// Overwrites a string with one that is not longer, and zeros.
    pub(super) fn overwrite(&self, image: &mut Image, at: usize, old: usize, new: &[u8]) {
        let start = self.strings.0 + at;
        image.mapped[start..start + old].fill(0);
        image.mapped[start..start + new.len()].copy_from_slice(new);
    }

    /// Moves the string table to the end of the last segment, longer by one string: gives the string's offset.
    pub(super) fn add_string(&mut self, image: &mut Image, new: &[u8]) -> Result<u64> {
        let (offset, address, size) = self.strings;
        let longer = size + new.len() + 1;
        let (there, new_address) = image.grow(longer)?;
        image.mapped.copy_within(offset..offset + size, there);
        image.mapped[there + size..there + size + new.len()].copy_from_slice(new);
        image.mapped[offset..offset + size].fill(0);
        if let Some(section) = image.section_at(address, elf::SHT_STRTAB) {
            section.header.sh_addr.set(LE, new_address);
            section.header.sh_offset.set(LE, there as u64);
            section.header.sh_size.set(LE, longer as u64);
        }
        self.set(elf::DT_STRTAB, new_address);
        self.set(elf::DT_STRSZ, longer as u64);
        self.strings = (there, new_address, longer);
        Ok(size as u64)
    }

    fn set(&mut self, tag: DynamicTag, value: u64) {
        for entry in self.entries.iter_mut().filter(|entry| entry.d_tag.get(LE) == tag) {
            entry.d_val.set(LE, value);
        }
    }

    /// Writes the entries back: at their old offset if they fit there, else at the end of the last segment.
    pub(super) fn write(mut self, image: &mut Image) -> Result<()> {
        let needed = self.entries.len() + 1;
        if needed > self.room {
            let old_address = image.segments[self.segment].p_vaddr.get(LE);
            let size = needed * size_of::<Dyn64<LE>>();
            let (offset, address) = image.grow(size)?;
            let header = &mut image.segments[self.segment];
            header.p_offset.set(LE, offset as u64);
            header.p_vaddr.set(LE, address);
            header.p_paddr.set(LE, address);
            header.p_filesz.set(LE, size as u64);
            header.p_memsz.set(LE, size as u64);
            if let Some(section) = image.section_at(old_address, elf::SHT_DYNAMIC) {
                section.header.sh_addr.set(LE, address);
                section.header.sh_offset.set(LE, offset as u64);
                section.header.sh_size.set(LE, size as u64);
            }
            (self.offset, self.room) = (offset, needed);
        }
        let bytes = pod::bytes_of_slice(&self.entries);
        let end = self.offset + self.room * size_of::<Dyn64<LE>>();
        image.mapped[self.offset..end].fill(0);
        image.mapped[self.offset..self.offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    /// Uses up the spare entries, like a linker that leaves none.
    #[cfg(test)]
    pub(super) fn fill(&mut self) {
        let last = *self.entries.last().expect("an entry");
        self.entries.resize(self.room - 1, last);
    }

    /// Whether the string bytes `start..end` are part of no name but a search path.
    ///
    /// Linkers let one string be the tail of another. Without section headers the answer is no.
    pub(super) fn is_exclusive(&self, image: &Image, start: usize, end: usize) -> Result<bool> {
        let strings = self.strings(image);
        if start > 0 && strings[start - 1] != 0 {
            return Ok(false);
        }
        let inside = |offset: u64| usize::try_from(offset).is_ok_and(|offset| (start..end).contains(&offset));
        let in_entries = self.entries.iter().any(|entry| {
            let tag = entry.d_tag.get(LE);
            matches!(
                tag,
                elf::DT_NEEDED | elf::DT_SONAME | elf::DT_AUXILIARY | elf::DT_FILTER
            ) && inside(entry.d_val.get(LE))
        });
        let mut symbols_seen = false;
        let mut in_tables = false;
        for section in &image.sections {
            let kind = section.header.sh_type.get(LE);
            if !matches!(kind, elf::SHT_DYNSYM | elf::SHT_GNU_VERNEED | elf::SHT_GNU_VERDEF) {
                continue;
            }
            let (address, size) = (section.header.sh_addr.get(LE), section.header.sh_size.get(LE));
            let bytes = &image.mapped[image.offset_of(address, size)?..][..usize::try_from(size)?];
            if kind == elf::SHT_DYNSYM {
                symbols_seen = true;
                let count = bytes.len() / size_of::<Sym64<LE>>();
                let (symbols, _) = pod::slice_from_bytes::<Sym64<LE>>(bytes, count)
                    .map_err(|()| anyhow!("the dynamic symbols lie outside the file"))?;
                in_tables |= symbols.iter().any(|symbol| inside(symbol.st_name.get(LE).into()));
            } else {
                // Every field of these records is taken for a name: at worst, a string is not overwritten that could be.
                in_tables |= bytes.chunks_exact(4).any(|word| {
                    let word = [word[0], word[1], word[2], word[3]];
                    inside(u32::from_le_bytes(word).into())
                });
            }
        }
        Ok(symbols_seen && !in_entries && !in_tables)
    }
}
