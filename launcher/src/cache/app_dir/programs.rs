//! Native programs of packages, where the host's C library can't run them.
//!
//! The kernel starts a program through the loader that it names, which a system without glibc lacks. So a copy of the
//! launcher stands in the place of each program, and starts the real one with the carried loader, as it does with the
//! interpreter. Below `.programs` a link with the same path leads to the real one. Where the host's glibc serves, none
//! of this is made.
//!
//! A program inside a package needs the directories that lead to it as directories of the app's own, in place of a
//! link to the package. Its modules stay links.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::add_directories;
use super::plan::{Plan, entries};
use crate::bytes::as_path;
use crate::cache::shape;
use crate::format::names::APP_PROGRAMS;
use crate::target::HOST;

/// The length of an ELF file's start that holds its program headers.
const START: usize = 4096;
/// The types of the program headers that lead to the dynamic section and name the loader, and where in a header are its
/// type, offset and size.
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const HEADER_OFFSET: usize = 8;
const HEADER_SIZE: usize = 32;

/// The plan with the launcher in the place of every program of `deps`, the packages' layer.
pub(super) fn add(plan: Plan, deps: &Path, launcher: &Arc<[u8]>) -> io::Result<Plan> {
    let mut programs = Plan::default();
    let mut beside = Plan::default();
    for path in shape::executables(deps) {
        let path = as_path(&path);
        let Some(link) = linked_part(&plan, deps, path) else {
            continue;
        };
        if !names_the_loader(&deps.join(path))? {
            continue;
        }
        programs.file(path, Arc::clone(launcher), true);
        let stand_in = Path::new(APP_PROGRAMS).join(path);
        add_directories(&mut programs, stand_in.parent().unwrap_or(&stand_in));
        programs.link(&stand_in, deps.join(path));
        // From the link to the package down to the program's directory.
        for directory in path
            .ancestors()
            .skip(1)
            .take_while(|parent| parent.starts_with(link))
        {
            programs.directory(directory);
            for entry in entries(&deps.join(directory))? {
                beside.link(&directory.join(&entry.name), entry.source);
            }
        }
    }
    Ok(programs.and(beside).and(plan).finish())
}

/// The part of a path in the layer `deps` that is a link in the plan: the path itself, or a directory above it.
fn linked_part<'a>(plan: &Plan, deps: &Path, path: &'a Path) -> Option<&'a Path> {
    path.ancestors().find(|part| {
        plan.link_target(part)
            .is_some_and(|target| target == deps.join(part))
    })
}

/// The length of an entry of the dynamic section, and the tag of the one with a library's name.
const DYNAMIC_ENTRY: usize = 16;
const DT_SONAME: u64 = 14;

/// Whether a file is a program of this machine that names glibc's loader. Static programs and those of other C
/// libraries name none or another one. A library may name it too, to print its version when it is run: it has a name of
/// its own.
fn names_the_loader(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let start = read(&file, 0, file.metadata()?.len()).unwrap_or_default();
    let Some(loader) = part(&file, &start, PT_INTERP) else {
        return Ok(false);
    };
    let name = Path::new(HOST.loader).file_name().unwrap_or_default();
    let loader = loader.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(as_path(loader).file_name() == Some(name) && !part(&file, &start, PT_DYNAMIC).is_some_and(has_soname))
}

fn has_soname(dynamic: Vec<u8>) -> bool {
    dynamic
        .chunks_exact(DYNAMIC_ENTRY)
        .any(|entry| entry.starts_with(&DT_SONAME.to_le_bytes()))
}

/// The bytes that the first program header of that type describes, [`START`] at most.
fn part(file: &File, start: &[u8], kind: u64) -> Option<Vec<u8>> {
    let (offset, size) = place(start, kind)?;
    read(file, offset, size)
}

/// `size` bytes of a file, [`START`] at most.
fn read(file: &File, offset: u64, size: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(START).min(START)];
    file.read_exact_at(&mut bytes, offset).ok()?;
    Some(bytes)
}

/// Where in an ELF file of this machine is what the first program header of that type describes: offset and size.
fn place(start: &[u8], kind: u64) -> Option<(u64, u64)> {
    let number = |at: usize, length: usize| {
        let bytes = start.get(at..at.checked_add(length)?)?;
        let mut number = [0; 8];
        number[..length].copy_from_slice(bytes);
        Some(u64::from_le_bytes(number))
    };
    if !start.starts_with(b"\x7fELF\x02\x01") || number(18, 2)? != u64::from(HOST.elf_machine) {
        return None;
    }
    let first = usize::try_from(number(32, 8)?).ok()?;
    let length = usize::try_from(number(54, 2)?).ok()?;
    let count = usize::try_from(number(56, 2)?).ok()?;
    let headers = (0..count).map_while(|index| first.checked_add(index.checked_mul(length)?));
    headers
        .map_while(|header| Some((header, number(header, 4)?)))
        .find(|(_, found)| *found == kind)
        .and_then(|(header, _)| {
            Some((
                number(header + HEADER_OFFSET, 8)?,
                number(header + HEADER_SIZE, 8)?,
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_glibc_names_its_loader_and_other_files_do_not() {
        // Its second header leads to a dynamic section with one entry of that tag.
        let tagged = |loader: &[u8], machine: u16, tag: u8| {
            let mut bytes = vec![0; 64 + 2 * 56];
            bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
            bytes[18..20].copy_from_slice(&machine.to_le_bytes());
            bytes[32] = 64;
            bytes[54] = 56;
            bytes[56] = 2;
            bytes[64] = 3;
            bytes[72] = 192;
            bytes[96] = u8::try_from(loader.len()).unwrap();
            bytes[120] = 2;
            bytes[128] = 176;
            bytes[152] = 16;
            let entry = [tag, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0];
            [&bytes, &entry[..], loader].concat()
        };
        let header = |loader: &[u8], machine: u16| tagged(loader, machine, 5);
        let path = std::env::temp_dir().join(format!("pyship-programs-{}", std::process::id()));
        let names = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            names_the_loader(&path).unwrap()
        };
        let loader = [HOST.loader.as_bytes(), b"\0"].concat();
        let program = header(&loader, HOST.elf_machine);
        assert!(names(&program));
        assert!(!names(&header(b"/lib/ld-musl-x86_64.so.1\0", HOST.elf_machine)));
        assert!(!names(&header(&loader, HOST.elf_machine + 1)));
        assert!(!names(b"#!/bin/sh\n") && !names(b""));
        // A library with a loader, as Qt's.
        assert!(!names(&tagged(&loader, HOST.elf_machine, 14)));
        for length in 0..program.len() {
            assert!(!names(&program[..length]) || length + 1 == program.len());
        }
        std::fs::remove_file(&path).unwrap();
    }
}
