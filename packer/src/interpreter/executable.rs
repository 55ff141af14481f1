//! An interpreter's ELF file: its machine, its loader and the libraries that it needs.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use object::read::elf::{FileHeader, ProgramHeader};

type Header = object::elf::FileHeader64<object::Endianness>;

/// The machine that a program is for, as `uname -m` calls it.
///
/// # Errors
/// When it can't be read, isn't a 64-bit ELF file, or is for a machine that isn't supported.
pub(super) fn machine_of(program: &Path) -> Result<String> {
    let bytes = fs_err::read(program)?;
    let read = || -> object::Result<u16> {
        let header = Header::parse(bytes.as_slice())?;
        Ok(header.e_machine(header.endian()?).0)
    };
    match read().with_context(|| no_elf(program))? {
        machine if machine == object::elf::EM_X86_64.0 => Ok("x86_64".to_owned()),
        machine if machine == object::elf::EM_AARCH64.0 => Ok("aarch64".to_owned()),
        other => bail!(
            "failed to use `{}`: it is for a machine that isn't supported (ELF machine {other})",
            program.display()
        ),
    }
}

/// Refuses what isn't a 64-bit Linux program that a glibc loads.
///
/// # Errors
/// When the file can't be read, or is something else.
pub(super) fn require_glibc_program(program: &Path) -> Result<()> {
    let bytes = fs_err::read(program)?;
    let loader = loader_of(&bytes).with_context(|| no_elf(program))?;
    ensure!(
        !loader.unwrap_or_default().contains("ld-musl"),
        "failed to use `{}`: it is built for musl, and only interpreters for glibc can be packed",
        program.display()
    );
    Ok(())
}

fn no_elf(program: &Path) -> String {
    format!(
        "failed to use `{}`: it isn't a 64-bit Linux program (ELF)",
        program.display()
    )
}

fn loader_of(bytes: &[u8]) -> Result<Option<String>> {
    let header = Header::parse(bytes)?;
    let endian = header.endian()?;
    for segment in header.program_headers(endian, bytes)? {
        if let Some(path) = segment.interpreter(endian, bytes)? {
            return Ok(Some(String::from_utf8_lossy(path).into_owned()));
        }
    }
    Ok(None)
}

/// The sonames of the libraries that an ELF file needs; none when it isn't one.
pub(super) fn needed(file: &Path) -> Vec<String> {
    let elf = fs_err::read(file)
        .ok()
        .and_then(|bytes| crate::elf::inspect(&bytes).ok().flatten());
    elf.map_or_else(Vec::new, |elf| elf.needed)
}
