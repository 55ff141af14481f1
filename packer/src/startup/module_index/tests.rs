//! The index against the interpreter: it reads it, and finds the same by itself.

use std::path::PathBuf;
use std::process::Command;

use walkdir::WalkDir;

use super::*;

fn naming() -> Naming {
    Naming {
        bytecode: ".cpython-312.pyc".into(),
        extension: Some(".cpython-312-x86_64-linux-gnu.so".into()),
    }
}

fn tree(files: &[&str]) -> Tree {
    let mut tree = Tree::new();
    for file in files {
        if let Some((link, target)) = file.split_once(" -> ") {
            tree.insert(format!("base/{link}"), Node::Symlink(target.as_bytes().to_vec()));
        } else if let Some(directory) = file.strip_suffix('/') {
            tree.insert(format!("base/{directory}"), Node::DIRECTORY);
        } else {
            tree.insert_bytes(format!("base/{file}"), file.as_bytes(), false);
        }
    }
    tree
}

/// What Python makes of an index, with the directories in it decoded.
fn shown(files: &[&str], roots: &[&str]) -> String {
    let script = "import marshal, sys
def plain(value):
    if isinstance(value, bytes):
        value = marshal.loads(value) if value else 'nothing'
    if isinstance(value, tuple):
        return value[0], plain(value[1])
    return {name: plain(below) for name, below in value.items()} if isinstance(value, dict) else value
print(plain(marshal.loads(bytes.fromhex(sys.argv[1]))))";
    let index = encode(&tree(files), "base", roots, &naming()).unwrap();
    let hex: String = index.iter().map(|byte| format!("{byte:02x}")).collect();
    let output = Command::new("python3")
        .args(["-I", "-c", script, &hex])
        .output()
        .expect("a `python3` is on PATH");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn modules_packages_and_namespaces() {
    let files = [
        "one.py",
        "__pycache__/one.cpython-312.pyc",
        "pkg/__init__.py",
        "pkg/__pycache__/__init__.cpython-312.pyc",
        "pkg/data/x.json",
        "space/inner/leaf.py",
        "space/inner/__pycache__/leaf.cpython-312.pyc",
        "é.py",
        "__pycache__/é.cpython-312.pyc",
        "thing-1.0.dist-info/METADATA",
    ];
    assert_eq!(
        shown(&files, &[""]),
        "{'': {'__pycache__': 'nothing', 'one': 31, 'pkg': (40, {'__init__': 40, '__pycache__': 'nothing', \
         'data': 'nothing'}), 'space': {'inner': {'__pycache__': 'nothing', 'leaf': 44}}, 'é': 30}}"
    );
}

#[test]
fn what_is_out_of_the_ordinary_is_left_to_the_interpreter() {
    let files = [
        "uncompiled.py",
        "alone.pyc",
        "two.so",
        "two.abi3.so",
        "other.cpython-39-x86_64-linux-gnu.so",
        "linked -> elsewhere",
        "linked_file.py -> one.py",
        "c_package/__init__.so",
    ];
    assert_eq!(
        shown(&files, &[""]),
        "{'': {'alone': 0, 'c_package': 0, 'linked': 0, 'linked_file': 0, 'other': 0, 'two': 0, 'uncompiled': 0}}"
    );
}

#[test]
fn the_order_is_that_of_the_interpreter() {
    let files = [
        // A package comes before a module, and before an extension module.
        "a/__init__.py",
        "a/__pycache__/__init__.cpython-312.pyc",
        "a.py",
        "a.so",
        "__pycache__/a.cpython-312.pyc",
        // An extension module before its source.
        "b.cpython-312-x86_64-linux-gnu.so",
        "b.py",
        "__pycache__/b.cpython-312.pyc",
        // A module before a namespace.
        "c/",
        "c.abi3.so",
    ];
    assert_eq!(
        shown(&files, &[""]),
        "{'': {'__pycache__': 'nothing', 'a': (38, {'__init__': 38, '__pycache__': 'nothing'}), \
         'b': 'b.cpython-312-x86_64-linux-gnu.so', 'c': 'c.abi3.so'}}"
    );
}

#[test]
fn several_import_directories_and_absent_ones() {
    let files = ["lib-dynload/x.so", "top.py", "__pycache__/top.cpython-312.pyc"];
    assert_eq!(
        shown(&files, &["", "lib-dynload", "absent"]),
        "{'': {'__pycache__': 'nothing', 'lib-dynload': {'x': 'x.so'}, 'top': 31}, 'absent': {}, \
         'lib-dynload': {'x': 'x.so'}}"
    );
}

/// What an index is written of; paths below `base` are import directories.
#[derive(serde::Deserialize)]
struct Request {
    base: PathBuf,
    roots: Vec<String>,
    bytecode: String,
    extension: Option<String>,
    out: PathBuf,
}

#[test]
#[ignore = "a tool of tests/start/run.py, which has every interpreter read what is written here"]
fn an_index_of_a_directory_is_written() {
    let request = std::env::var("PYSHIP_INDEX").expect("PYSHIP_INDEX says of what, as JSON");
    let Request {
        base,
        roots,
        bytecode,
        extension,
        out,
    } = serde_json::from_str(&request).unwrap();
    let mut tree = Tree::new();
    for entry in WalkDir::new(&base).min_depth(1) {
        let entry = entry.unwrap();
        let kind = entry.file_type();
        let path = [
            b"base/",
            entry
                .path()
                .strip_prefix(&base)
                .unwrap()
                .as_os_str()
                .as_encoded_bytes(),
        ]
        .concat();
        if kind.is_symlink() {
            let target = fs_err::read_link(entry.path()).unwrap();
            tree.insert(path, Node::Symlink(target.into_os_string().into_encoded_bytes()));
        } else if kind.is_dir() {
            tree.insert(path, Node::DIRECTORY);
        } else {
            tree.insert_path(path, entry.path(), false);
        }
    }
    let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
    let index = encode(&tree, "base", &roots, &Naming { bytecode, extension }).unwrap();
    fs_err::write(out, index).unwrap();
}
