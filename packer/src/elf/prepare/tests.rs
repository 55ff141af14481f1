//! Real runtimes are moved elsewhere and started there.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::elf::edit::strip;
use crate::elf::file::inspect;
use crate::elf::machine::Machine;
use crate::elf::samples::{Interpreter, interpreters, output, runtime, write};
use crate::elf::system::is_provided;

/// Imports every extension module that is there; prints those that can't be, and every mapped file.
const IMPORT_ALL: &str = "
import importlib, os, sys
dynload = os.path.join(os.environ['PYTHONHOME'], 'lib', 'python%d.%d' % sys.version_info[:2], 'lib-dynload')
for name in sorted(os.listdir(dynload)):
    name = name.split('.')[0]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print('failed', name, error)
for line in open('/proc/self/maps'):
    if '/' in line:
        print('mapped', line.rstrip()[line.index('/'):])
import ssl, sqlite3, hashlib, zlib
hashlib.sha256(zlib.compress(b'x')).hexdigest()
sqlite3.connect(':memory:').execute('select 1')
ssl.create_default_context()
";

fn prepared(interpreter: &Interpreter) -> (Tree, Prepared) {
    let bytes = fs_err::read(&interpreter.executable).expect("readable");
    let machine = Machine::of_header(&bytes).expect("an ELF file");
    let mut tree = runtime(interpreter);
    let libraries = LibrarySearch::new(machine, None);
    let prepared = prepare_runtime(&mut tree, &libraries, &BTreeSet::new()).expect("prepared");
    (tree, prepared)
}

fn run(root: &Path, interpreter: &Interpreter) -> String {
    output(
        Command::new(root.join("bin").join(&interpreter.name))
            .env_clear()
            .env("PYTHONHOME", root)
            .args(["-S", "-c", IMPORT_ALL]),
    )
}

#[test]
fn every_module_imports_from_elsewhere() {
    for interpreter in interpreters() {
        let (tree, report) = prepared(&interpreter);
        assert!(report.unedited.is_empty(), "{:?}", report.unedited);
        let scratch = tempfile::tempdir().expect("a directory");
        let root = scratch.path().canonicalize().expect("a real path");
        write(&tree, &root);
        let output = run(&root, &interpreter);
        for line in output.lines().filter_map(|line| line.strip_prefix("failed ")) {
            // Some interpreters lack a module's library where they are, too.
            let module = line.split(' ').next().expect("a name");
            let same = Command::new(&interpreter.executable)
                .args(["-I", "-c", &format!("import {module}")])
                .output();
            assert!(
                !same.expect("it runs").status.success(),
                "{}: {line}",
                interpreter.executable.display()
            );
        }
        let foreign: Vec<&str> = output
            .lines()
            .filter_map(|line| line.strip_prefix("mapped "))
            .filter(|file| !Path::new(file).starts_with(&root))
            .filter(|file| {
                !is_provided(
                    Path::new(file)
                        .file_name()
                        .and_then(|name| name.to_str())
                        .unwrap_or_default(),
                )
            })
            .filter(|file| !file.contains("/locale/") && !file.contains("gconv"))
            .collect();
        assert!(
            foreign.is_empty(),
            "{}: {foreign:?}",
            interpreter.executable.display()
        );
    }
}

#[test]
fn nothing_of_the_builder_is_left() {
    for interpreter in interpreters() {
        let (tree, report) = prepared(&interpreter);
        assert!(report.size.1 <= report.size.0 + (1 << 20), "{:?}", report.size);
        for scanned in scan(&tree).expect("readable") {
            let elf = scanned.elf.expect("well-formed");
            if !elf.is_loadable {
                continue;
            }
            let path = String::from_utf8_lossy(scanned.path);
            let bytes = scanned.file.content.read().expect("readable");
            assert!(
                strip(&bytes).expect("well-formed") == *bytes,
                "{path} is not stripped"
            );
            assert_eq!(elf.runpath, None, "{path}");
            let wanted = match elf.rpath.as_deref() {
                Some("$ORIGIN/../lib") => path.starts_with("bin/"),
                // Debian has libpython in `config-3.11-x86_64-linux-gnu/` too.
                Some("$ORIGIN/../..") => path.contains("/lib-dynload/") || path.contains("/config-"),
                Some("$ORIGIN") => path.starts_with("lib/lib"),
                Some(_) => false,
                None => elf
                    .needed
                    .iter()
                    .all(|soname| tree.get(lib_path(soname)).is_none()),
            };
            assert!(wanted, "{path}: {:?}", elf.rpath);
        }
    }
}

#[test]
fn the_result_depends_on_the_input_only() {
    let interpreter = interpreters().pop().expect("an interpreter");
    let bytes = |tree: &Tree| {
        tree.files()
            .map(|(path, file)| (path.clone(), file.content.read().expect("readable")))
            .collect::<Vec<_>>()
    };
    assert!(bytes(&prepared(&interpreter).0) == bytes(&prepared(&interpreter).0));
}

#[test]
fn a_second_copy_of_libpython_goes() {
    let with_library = |interpreter: &Interpreter| {
        let elf = inspect(&fs_err::read(&interpreter.executable).expect("readable")).expect("well-formed");
        elf.expect("an ELF file")
            .needed
            .iter()
            .any(|soname| soname.starts_with("libpython"))
    };
    let Some(interpreter) = interpreters().into_iter().find(with_library) else {
        panic!("this test needs an interpreter with a shared libpython");
    };
    let (tree, _) = prepared(&interpreter);
    let kept: Vec<_> = tree
        .files()
        .filter(|(path, _)| path.starts_with(b"lib/libpython"))
        .collect();
    assert_eq!(kept.len(), 1, "the one that the program needs");
    // With a program that does not need it, all go, unless another layer does.
    let unrelated = std::path::PathBuf::from("/proc/self/exe");
    for (elsewhere, left) in [
        (BTreeSet::new(), 0),
        (BTreeSet::from(["libpython3.so".to_owned()]), 2),
    ] {
        let mut tree = runtime(&interpreter);
        tree.insert_path(format!("bin/{}", interpreter.name), &unrelated, true);
        drop_libpython(&mut tree, &elsewhere).expect("readable");
        assert_eq!(
            tree.files()
                .filter(|(path, _)| path.starts_with(b"lib/libpython"))
                .count(),
            left
        );
    }
}
