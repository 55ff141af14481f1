//! Real files for the tests of [`super`]: interpreters of this machine, and their runtimes as trees.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tree::{Node, Tree, layer_path};

/// An interpreter, as it describes itself.
pub(crate) struct Interpreter {
    /// Its ELF file.
    pub(crate) executable: PathBuf,
    /// `python3.12`
    pub(crate) name: String,
    /// Its standard library.
    pub(crate) stdlib: PathBuf,
    /// Directory of its libpython.
    pub(crate) libdir: PathBuf,
    /// Directory of its extension modules.
    pub(crate) dynload: PathBuf,
}

/// The standard output of a program that has to succeed.
pub(crate) fn output(command: &mut Command) -> String {
    let out = loop {
        match command.output() {
            // A test beside this one has started a program while this one's file was open for writing.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => continue,
            other => break other.unwrap_or_else(|error| panic!("failed to run {command:?}: {error}")),
        }
    };
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success(),
        "{command:?} failed: {}: {stderr}",
        out.status
    );
    String::from_utf8(out.stdout).expect("output is UTF-8")
}

/// The interpreters of pyenv, else the `python3` on PATH; there has to be one.
pub(crate) fn interpreters() -> Vec<Interpreter> {
    let mut programs = Vec::new();
    if let Ok(out) = Command::new("pyenv").arg("root").output() {
        let root = String::from_utf8(out.stdout).expect("a path is UTF-8");
        for version in fs_err::read_dir(Path::new(root.trim()).join("versions"))
            .into_iter()
            .flatten()
        {
            programs.push(version.expect("a readable directory").path().join("bin/python3"));
        }
    }
    programs.push(PathBuf::from("python3"));
    // python3 may be pyenv's shim, and a version may be too old for us.
    let mut found: Vec<Interpreter> = programs.iter().filter_map(|program| ask(program)).collect();
    found.sort_by(|a, b| a.executable.cmp(&b.executable));
    found.dedup_by(|a, b| a.executable == b.executable);
    assert!(
        !found.is_empty(),
        "these tests need a Python 3.8 or newer on PATH or from pyenv"
    );
    found
}

fn ask(program: &Path) -> Option<Interpreter> {
    const QUESTION: &str = "import os, sys, sysconfig as s; assert sys.version_info >= (3, 8); \
        lib = s.get_path('stdlib'); print('python%d.%d' % sys.version_info[:2]); print(lib); \
        print(s.get_config_var('LIBDIR')); print(os.path.realpath(sys.executable)); print(lib + '/lib-dynload')";
    let out = Command::new(program).args(["-I", "-c", QUESTION]).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?;
    let mut lines = text.lines();
    let mut path = || lines.next().map(PathBuf::from);
    let name = path()?.to_str()?.to_owned();
    let (stdlib, libdir, executable, dynload) = (path()?, path()?, path()?, path()?);
    Some(Interpreter {
        executable,
        name,
        stdlib,
        libdir,
        dynload,
    })
}

/// The directory of an interpreter's standard library in a runtime tree: `lib/python3.12`.
pub(crate) fn runtime(interpreter: &Interpreter) -> Tree {
    let mut tree = Tree::new();
    let home = format!("lib/{}", interpreter.name);
    for (source, below) in [(&interpreter.stdlib, ""), (&interpreter.dynload, "/lib-dynload")] {
        let files = walkdir::WalkDir::new(source).into_iter().filter_entry(|entry| {
            let name = entry.file_name();
            !["site-packages", "dist-packages", "__pycache__", "test"]
                .iter()
                .any(|other| name == *other)
        });
        for entry in files.map(|entry| entry.expect("a readable directory")) {
            let inner = entry.path().strip_prefix(source).expect("below its root");
            if entry.path().is_file() {
                let path = [home.as_bytes(), below.as_bytes(), b"/", &layer_path(inner)].concat();
                tree.insert_path(path, entry.path(), false);
            }
        }
    }
    for entry in fs_err::read_dir(&interpreter.libdir).expect("a library directory") {
        let entry = entry.expect("a readable directory");
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("libpython") && name.to_string_lossy().contains(".so") {
            tree.insert_path([b"lib/", name.as_encoded_bytes()].concat(), entry.path(), true);
        }
    }
    tree.insert_path(format!("bin/{}", interpreter.name), &interpreter.executable, true);
    tree
}

/// Writes a tree below a directory.
pub(crate) fn write(tree: &Tree, root: &Path) {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt;
    for (path, node) in tree.iter() {
        let path = root.join(std::ffi::OsStr::from_bytes(path));
        match node {
            Node::Directory(_) => fs_err::create_dir_all(path).expect("a new directory"),
            Node::Symlink(target) => {
                fs_err::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path).expect("a new link");
            }
            Node::File(file) => {
                fs_err::write(&path, file.content.read().expect("a readable file")).expect("a new file");
                fs_err::set_permissions(path, PermissionsExt::from_mode(file.mode.bits())).expect("a mode");
            }
        }
    }
}
