//! Real interpreters and libraries against `readelf`, and what is left when their bytes are damaged.

use std::process::Command;

use super::*;
use crate::elf::samples::{interpreters, output, runtime};
use crate::elf::versions::{Dotted, dotted};
use crate::tree::{Content, File};

#[test]
fn it_agrees_with_readelf() {
    let interpreter = interpreters().pop().expect("an interpreter");
    let tree = runtime(&interpreter);
    let mut seen = 0;
    for (path, File { content, .. }) in tree.files() {
        let Content::Path(source) = content else { continue };
        let Some(elf) = inspect(&content.read().expect("readable")).expect("well-formed") else {
            continue;
        };
        let text = output(Command::new("readelf").arg("-dVW").arg(source));
        let between = |line: &str| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned());
        let tagged = |tag: &str| {
            text.lines()
                .filter(|line| line.contains(tag))
                .filter_map(between)
                .collect::<Vec<_>>()
        };
        let path = String::from_utf8_lossy(path);
        assert_eq!(elf.needed, tagged("(NEEDED)"), "{path}");
        assert_eq!(
            elf.soname.into_iter().collect::<Vec<_>>(),
            tagged("(SONAME)"),
            "{path}"
        );
        assert_eq!(
            elf.runpath.into_iter().collect::<Vec<_>>(),
            tagged("(RUNPATH)"),
            "{path}"
        );
        assert_eq!(
            elf.rpath.into_iter().collect::<Vec<_>>(),
            tagged("(RPATH)"),
            "{path}"
        );
        let floor = text
            .split_whitespace()
            .filter_map(|word| dotted(word.strip_prefix("GLIBC_")?))
            .max();
        assert_eq!(
            elf.versions.glibc,
            floor.map(|Dotted(parts)| (parts[0], parts[1])),
            "{path}"
        );
        assert!(!elf.executable_stack, "{path}");
        seen += 1;
    }
    assert!(seen > 20, "only {seen} ELF files in the runtime");
}

#[test]
fn programs_name_their_loader() {
    for interpreter in interpreters() {
        let elf = inspect(&fs_err::read(&interpreter.executable).expect("readable")).expect("well-formed");
        let elf = elf.expect("an ELF file");
        assert!(elf.is_loadable);
        assert!(elf.interpreter.is_some_and(|loader| loader.contains("/ld-linux")));
    }
}

#[test]
fn section_headers_are_not_needed() {
    let interpreter = interpreters().pop().expect("an interpreter");
    let mut bytes = fs_err::read(&interpreter.executable).expect("readable");
    let whole = inspect(&bytes).expect("well-formed").expect("an ELF file");
    // e_shoff, e_shnum and e_shstrndx of a 64-bit header.
    bytes[0x28..0x30].fill(0);
    bytes[0x3c..0x40].fill(0);
    let bare = inspect(&bytes).expect("well-formed").expect("an ELF file");
    assert_eq!(bare, whole);
}

#[test]
fn other_files_are_none() {
    assert_eq!(inspect(b"").expect("no error"), None);
    assert_eq!(
        inspect(b"#!/bin/sh\necho a script that is longer than a header\n").expect("no error"),
        None
    );
}

#[test]
fn damaged_bytes_are_errors_never_panics() {
    let interpreter = interpreters().pop().expect("an interpreter");
    let module = fs_err::read_dir(&interpreter.dynload)
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.to_string_lossy().ends_with(".so"))
        .min_by_key(|path| fs_err::metadata(path).expect("readable").len())
        .expect("an extension module");
    let bytes = fs_err::read(module).expect("readable");
    for end in 0..bytes.len() {
        exercise(&bytes[..end]);
    }
    let mut damaged = bytes.clone();
    for at in 0..bytes.len() {
        for mask in [0xff, 0x80, 0x01] {
            damaged[at] ^= mask;
            exercise(&damaged);
            damaged[at] ^= mask;
        }
    }
}

/// Whatever comes out is fine, as long as something does.
fn exercise(bytes: &[u8]) {
    inspect(bytes).ok();
    crate::elf::edit::strip(bytes).ok();
    crate::elf::edit::set_rpath(
        bytes,
        "$ORIGIN/a/path/that/fits/nowhere/in/the/original/file/because/it/is/long",
    )
    .ok();
}
