//! Libraries of this machine are edited and loaded, by the loader and by `readelf`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crate::elf::file::{Elf, inspect};
use crate::elf::library_search::LibrarySearch;
use crate::elf::machine::Machine;
use crate::elf::samples::{interpreters, output};

fn own() -> Vec<u8> {
    fs_err::read("/proc/self/exe").expect("readable")
}

fn elf(bytes: &[u8]) -> Elf {
    inspect(bytes).expect("well-formed").expect("an ELF file")
}

/// The real files of libraries that every interpreter's modules load.
fn libraries() -> Vec<PathBuf> {
    let search = LibrarySearch::new(Machine::of_header(&own()).expect("an ELF file"), None);
    let sonames = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libz.so.1"];
    sonames
        .iter()
        .map(|soname| search.find(soname, &[]).unwrap_or_else(|| panic!("no {soname}")))
        .collect()
}

/// `readelf` reports no error, and loaded addresses agree with file offsets.
fn check(bytes: &[u8], what: &Path) {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("edited");
    fs_err::write(&file, bytes).expect("a new file");
    let out = Command::new("readelf")
        .arg("-aW")
        .arg(&file)
        .output()
        .expect("readelf runs");
    assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{}", what.display());
    let text = output(Command::new("readelf").arg("-lW").arg(&file));
    for line in text.lines().filter(|line| line.trim_start().starts_with("LOAD")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).expect("a number");
        let align = number(words.last().expect("a column"));
        assert_eq!(
            number(words[1]) % align,
            number(words[2]) % align,
            "{}: {line}",
            what.display()
        );
    }
}

#[test]
fn a_search_path_of_any_length_is_set() {
    let long = format!("$ORIGIN/{}", "a/".repeat(300));
    let modules = interpreters().into_iter().flat_map(|interpreter| {
        let modules = fs_err::read_dir(&interpreter.dynload).expect("readable").take(3);
        let modules: Vec<_> = modules.map(|module| module.expect("readable").path()).collect();
        modules.into_iter().chain([interpreter.executable])
    });
    for file in libraries()
        .into_iter()
        .chain(modules)
        .chain([PathBuf::from("/proc/self/exe")])
    {
        let Ok(bytes) = fs_err::read(&file) else { continue };
        let Some(before) = inspect(&bytes).expect("well-formed") else {
            continue;
        };
        // Two long ones: for the second there is an entry already, but the string has to move again.
        let mut edited = bytes;
        for rpath in ["$ORIGIN", &long, &format!("{long}:{long}"), "$ORIGIN/../lib", ""] {
            edited =
                set_rpath(&edited, rpath).unwrap_or_else(|error| panic!("{}: {error:#}", file.display()));
            let wanted = Elf {
                rpath: Some(rpath.to_owned()),
                runpath: None,
                ..before.clone()
            };
            assert_eq!(elf(&edited), wanted, "{}", file.display());
            check(&edited, &file);
        }
    }
}

#[test]
fn the_same_path_again_changes_nothing() {
    let once = set_rpath(&own(), "$ORIGIN/lib").expect("edited");
    assert!(set_rpath(&once, "$ORIGIN/lib").expect("edited") == once);
}

#[test]
fn stripping_leaves_what_is_loaded() {
    let bytes = own();
    let before = elf(&bytes);
    let stripped = strip(&bytes).expect("stripped");
    assert!(stripped.len() < bytes.len());
    assert_eq!(elf(&stripped), before);
    check(&stripped, Path::new("the test program"));
    assert!(strip(&stripped).expect("stripped") == stripped);
}

#[test]
fn an_edited_program_runs() {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("edited");
    let edited = set_rpath(&strip(&own()).expect("stripped"), &"/nowhere:".repeat(100)).expect("edited");
    fs_err::write(&file, edited).expect("a new file");
    fs_err::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let listed = output(Command::new(&file).arg("--list"));
    assert!(listed.contains("an_edited_program_runs"), "{listed}");
}

#[test]
fn full_entries_move_too() {
    // Fill the spare entries as a linker that leaves none would: repeat the last real one.
    let mut bytes = own();
    let image = image::Image::read(&bytes).expect("well-formed");
    let mut dynamic = dynamic::Dynamic::read(&image).expect("well-formed");
    dynamic
        .entries
        .retain(|entry| entry.d_tag.get(object::LittleEndian) != object::elf::DT_RUNPATH);
    dynamic.fill();
    let mut image = image;
    dynamic.write(&mut image).expect("written");
    bytes = image.write().expect("written");
    let edited = set_rpath(&bytes, "$ORIGIN/a/new/one").expect("edited");
    assert_eq!(elf(&edited).rpath.as_deref(), Some("$ORIGIN/a/new/one"));
    check(&edited, Path::new("the test program"));
}
