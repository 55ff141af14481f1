//! Sets the path on which the loader searches the libraries that a file needs.

use anyhow::{Result, ensure};
use object::LittleEndian as LE;
use object::elf::{self, Dyn64};
use object::{I64, U64};

use super::dynamic::Dynamic;
use super::image::Image;

/// Makes `rpath` the file's only search path: replaces `DT_RPATH` and `DT_RUNPATH`, or adds an entry.
///
/// The entry is a `DT_RPATH`: the loader searches that before a caller's `LD_LIBRARY_PATH`, and `DT_RUNPATH` after it.
/// It also searches it for what the needed libraries need in turn, unless these have a `DT_RUNPATH`.
///
/// The string overwrites an old one if it fits. Else the string table moves to the end of the last segment, and the
/// dynamic entries follow when they have no spare entry (GNU ld leaves five, lld none).
///
/// # Errors
/// When `bytes` are no well-formed 64-bit little-endian ELF file with a dynamic segment, or when its last
/// segment can't grow: it isn't writable, isn't the last in the file, or has over 16 MiB of zeros.
pub(crate) fn set_rpath(bytes: &[u8], rpath: &str) -> Result<Vec<u8>> {
    ensure!(!rpath.contains('\0'), "a search path can't hold a zero byte");
    let mut image = Image::read(bytes)?;
    let mut dynamic = Dynamic::read(&image)?;
    let is_path = |entry: &Dyn64<LE>| matches!(entry.d_tag.get(LE), elf::DT_RPATH | elf::DT_RUNPATH);
    let old: Vec<Dyn64<LE>> = dynamic
        .entries
        .iter()
        .filter(|entry| is_path(entry))
        .copied()
        .collect();

    let offset = match find(dynamic.strings(&image), rpath.as_bytes()) {
        Some(offset)
            if old.len() == 1 && old[0].d_tag.get(LE) == elf::DT_RPATH && offset == old[0].d_val.get(LE) =>
        {
            return Ok(bytes.to_vec());
        }
        Some(offset) => offset,
        None => store(&mut image, &mut dynamic, &old, rpath.as_bytes())?,
    };
    let entry = Dyn64 {
        d_tag: I64::new(LE, elf::DT_RPATH),
        d_val: U64::new(LE, offset),
    };
    let index = dynamic
        .entries
        .iter()
        .position(is_path)
        .unwrap_or(dynamic.entries.len());
    dynamic.entries.retain(|entry| !is_path(entry));
    dynamic.entries.insert(index, entry);
    dynamic.write(&mut image)?;
    image.write()
}

/// Offset of a string that is already in the table, alone or as the tail of another.
fn find(strings: &[u8], wanted: &[u8]) -> Option<u64> {
    let with_end = [wanted, b"\0"].concat();
    strings
        .windows(with_end.len())
        .position(|window| window == with_end)
        .map(|offset| offset as u64)
}

/// Puts a string into the table: over one of the old search paths, else at the end.
fn store(image: &mut Image, dynamic: &mut Dynamic, old: &[Dyn64<LE>], new: &[u8]) -> Result<u64> {
    for entry in old {
        let offset = entry.d_val.get(LE);
        let start = usize::try_from(offset)?;
        let rest = dynamic.strings(image).get(start..).unwrap_or_default();
        let length = rest.iter().position(|&byte| byte == 0).unwrap_or(0);
        if new.len() <= length && dynamic.is_exclusive(image, start, start + length + 1)? {
            dynamic.overwrite(image, start, length, new);
            return Ok(offset);
        }
    }
    dynamic.add_string(image, new)
}
