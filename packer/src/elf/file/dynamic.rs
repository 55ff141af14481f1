//! The dynamic segment of a file: what the loader reads in it, for any class and byte order.

use anyhow::{Context as _, Result, anyhow, bail};
use object::Endianness;
use object::elf;
use object::pod;
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};

use crate::elf::versions::Versions;

/// More version records than this are in no real file; in a hostile one, their chains may overlap.
const VERSIONS_MAX: u32 = 100_000;

/// The entries of the dynamic segment, and the parts of the file that they point to.
pub(super) struct DynamicSegment<'data> {
    endian: Endianness,
    /// Address and size of each `PT_LOAD`, and the file from its first byte on. A table may continue in the next
    /// segment, as patchelf lays it out.
    loads: Vec<(u64, u64, &'data [u8])>,
    entries: Vec<(elf::DynamicTag, u64)>,
    strings: &'data [u8],
}

impl<'data> DynamicSegment<'data> {
    /// Reads it; a file without one has no entries.
    ///
    /// # Errors
    /// When it or its string table lies outside the file.
    pub(super) fn read<H: FileHeader<Endian = Endianness>>(
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
                    .map_err(|()| anyhow!("the dynamic segment is not readable"))?;
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
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    /// The strings of all entries with this tag.
    pub(super) fn strings_of(&self, tag: elf::DynamicTag) -> Result<Vec<String>> {
        self.entries
            .iter()
            .filter(|entry| entry.0 == tag)
            .map(|entry| self.name(entry.1))
            .collect()
    }

    /// The string of the first entry with this tag.
    pub(super) fn string(&self, tag: elf::DynamicTag) -> Result<Option<String>> {
        self.value(tag).map(|offset| self.name(offset)).transpose()
    }

    /// The versions of symbols that are needed: `DT_VERNEED` is a chain of libraries, each with a chain of versions.
    pub(super) fn versions(&self) -> Result<Versions> {
        let mut versions = Versions::default();
        let Some(address) = self.value(elf::DT_VERNEED) else {
            return Ok(versions);
        };
        let mut rest = self
            .at(address)
            .context("the needed versions lie outside the file")?;
        let mut budget = VERSIONS_MAX;
        loop {
            let need = record::<elf::Verneed<Endianness>>(rest)?;
            let library = self.name(need.vn_file.get(self.endian).into())?;
            let mut inner = skip(rest, need.vn_aux.get(self.endian))?;
            for _ in 0..need.vn_cnt.get(self.endian) {
                budget = budget.checked_sub(1).context("too many needed versions")?;
                let version = record::<elf::Vernaux<Endianness>>(inner)?;
                if !version.vna_flags.get(self.endian).contains(elf::VER_FLG_WEAK) {
                    versions.add(&library, &self.name(version.vna_name.get(self.endian).into())?);
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

fn record<T: pod::Pod>(bytes: &[u8]) -> Result<&T> {
    pod::from_bytes(bytes)
        .map(|(record, _)| record)
        .map_err(|()| anyhow!("a version record is cut off"))
}

fn skip(bytes: &[u8], count: u32) -> Result<&[u8]> {
    bytes
        .get(count as usize..)
        .context("a version record lies outside the file")
}
