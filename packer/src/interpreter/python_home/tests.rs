use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use super::*;
use crate::child;
use crate::environment::Environment;
use crate::interpreter::prune::Group;
use crate::interpreter::{probe, testing};

fn all() -> Vec<Interpreter> {
    let environment = Environment::current().unwrap();
    testing::interpreters()
        .iter()
        .map(|path| probe::probe(path, &environment).unwrap())
        .collect()
}

fn write(tree: &Tree, directory: &Path) {
    for (path, node) in tree.iter() {
        let place = directory.join(std::ffi::OsStr::from_bytes(path));
        match node {
            Node::Directory(_) => fs_err::create_dir_all(place).unwrap(),
            Node::Symlink(target) => {
                std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), place).unwrap();
            }
            Node::File(file) => {
                fs_err::write(&place, file.content.read().unwrap()).unwrap();
                let mode = file.mode.bits();
                fs_err::set_permissions(&place, std::fs::Permissions::from_mode(mode)).unwrap();
            }
        }
    }
}

/// The tree, written somewhere else, is a PYTHONHOME in which everything that isn't pruned imports.
#[test]
fn the_collected_tree_is_a_python_home() {
    let script = r#"
import os, sys
home = os.path.realpath(sys.argv[1])
assert sys.prefix == sys.exec_prefix == home, (sys.prefix, sys.exec_prefix)
assert all(entry.startswith(home) for entry in sys.path[1:]), sys.path
import asyncio, ctypes, decimal, email.mime.text, hashlib, json, lzma, multiprocessing, pickle, sqlite3, ssl
import sysconfig, unittest.mock, venv, xml.etree.ElementTree, zoneinfo, _ctypes, _socket, ensurepip, test.support
for module in (json, _ctypes if hasattr(_ctypes, "__file__") else json, ssl):
    assert module.__file__.startswith(home), module.__file__
assert sysconfig.get_config_var("SOABI")
assert "sitecustomize" not in sys.modules
"#;
    for interpreter in all() {
        let (tree, report) = collect(&interpreter, &Pruning::default()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write(&tree, directory.path());
        let mut command = Command::new(directory.path().join(interpreter.layer_executable()));
        command
            .env("PYTHONHOME", directory.path())
            .env("LD_LIBRARY_PATH", directory.path().join("lib"))
            .args(["-s", "-B", "-c", script])
            .arg(directory.path());
        child::output(&mut command, b"").unwrap();

        let shown = String::from_utf8(
            tree.iter()
                .flat_map(|(path, _)| [path, &b"\n"[..]].concat())
                .collect(),
        )
        .unwrap();
        for absent in [
            "site-packages",
            "dist-packages",
            "__pycache__",
            "sitecustomize",
            "EXTERNALLY",
            "libpython3.a",
            "test_os.py",
        ] {
            assert!(!shown.contains(absent), "{}: {absent}", interpreter.version);
        }
        assert!(report.len() >= 2, "{report:?}");
    }
}

#[test]
fn groups_stay_on_request() {
    for interpreter in all() {
        let stdlib = interpreter.layer_stdlib();
        let (everything, report) = collect(&interpreter, &Pruning::none()).unwrap();
        // Without its libraries tkinter goes in any case.
        let unasked = report.get(&Group::Tk).map_or(0, |group| group.files);
        assert!(
            report
                .keys()
                .all(|group| *group == Group::Tk && !tcltk::works(&interpreter))
        );
        let (default, report) = collect(&interpreter, &Pruning::default()).unwrap();
        let lost: u64 = report.values().map(|group| group.files).sum();
        let count = |tree: &Tree| tree.files().count() as u64;
        let (all, rest) = (count(&everything) + unasked, count(&default) + lost);
        // Links are counted as lost as well; Debian has one in `config-3.11-*`.
        assert!(rest.abs_diff(all) <= 2 && lost > 100, "{all} {rest} {lost}");
        let without = collect(&interpreter, &Pruning::default().prune("tk").unwrap())
            .unwrap()
            .0;
        assert!(without.get(format!("{stdlib}/tkinter/__init__.py")).is_none());
        assert!(!without.iter().any(|(path, _)| path.starts_with(b"lib/tcl")));
        if tcltk::works(&interpreter) {
            assert!(default.get(format!("{stdlib}/tkinter/__init__.py")).is_some());
            assert!(
                default.get("lib/tcl8.6/init.tcl").is_some(),
                "{}",
                interpreter.version
            );
            assert!(default.get("lib/tk8.6/tk.tcl").is_some());
        }
    }
}

/// A standard library as Fedora has it: `lib64`, split in two, with links that leave it.
#[test]
fn split_and_linked_libraries_come_together() {
    let mut interpreter = all().remove(0);
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for (path, text) in [
        ("lib/py/os.py", "pure"),
        ("lib/py/json/__init__.py", "pure"),
        ("lib/py/site-packages/x.py", "no"),
        ("lib/py/__pycache__/os.pyc", "no"),
        ("lib64/py/_sysconfigdata.py", "platform"),
        ("lib64/py/lib-dynload/_x.so", "extension"),
        ("etc/py/outside.py", "outside"),
        ("etc/py/more/inner.py", "outside"),
        ("etc/py/sitecustomize.py", "no"),
    ] {
        let place = root.join(path);
        fs_err::create_dir_all(place.parent().unwrap()).unwrap();
        fs_err::write(place, text).unwrap();
    }
    for (link, target) in [
        ("lib/py/outside.py", "../../etc/py/outside.py"),
        (
            "lib/py/absolute.py",
            root.join("etc/py/outside.py").to_str().unwrap(),
        ),
        ("lib/py/more", "../../etc/py/more"),
        ("lib/py/sitecustomize.py", "../../etc/py/sitecustomize.py"),
        ("lib/py/inside.py", "json/../os.py"),
        ("lib/py/json/up.py", "../os.py"),
        ("lib/py/nowhere.py", "gone.py"),
    ] {
        std::os::unix::fs::symlink(target, root.join(link)).unwrap();
    }
    interpreter.facts.stdlib = root.join("lib/py");
    interpreter.facts.platstdlib = root.join("lib64/py");
    interpreter.facts.dynload = vec![root.join("lib64/py/lib-dynload")];
    interpreter.facts.platlibdir = "lib64".to_owned();
    interpreter.facts.prefix = root.to_path_buf();
    let (tree, _) = collect(&interpreter, &Pruning::default()).unwrap();
    let stdlib = interpreter.layer_stdlib();
    let found: Vec<String> = tree
        .iter()
        .filter_map(|(path, node)| {
            let path = String::from_utf8_lossy(path).into_owned();
            let within = path.strip_prefix(&format!("{stdlib}/"))?;
            match node {
                Node::Directory(_) => None,
                Node::File(_) => Some(within.to_owned()),
                Node::Symlink(target) => Some(format!("{within} -> {}", String::from_utf8_lossy(target))),
            }
        })
        .collect();
    let expected = [
        "_sysconfigdata.py",
        "absolute.py",
        // Its target goes down and up again, which a layer's links may not: a file.
        "inside.py",
        "json/__init__.py",
        "json/up.py -> ../os.py",
        "lib-dynload/_x.so",
        "more/inner.py",
        "os.py",
        "outside.py",
    ];
    assert_eq!(found, expected);
    assert!(matches!(tree.get("lib64"), Some(Node::Symlink(target)) if target == b"lib"));
    fs_err::remove_file(root.join("lib/py/os.py")).unwrap();
    let error = collect(&interpreter, &Pruning::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("failed to find the standard library: `"),
        "{error}"
    );
}
