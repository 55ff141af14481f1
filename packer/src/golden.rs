//! Makes golden files: what this packer writes, kept in `tests/golden/<format>/` and started by `tests/it/golden.rs`
//! for as long as that format is read.
//!
//! ```sh
//! PYSHIP_GOLDEN=$PWD/tests/golden/1 cargo test -p pyship --lib -- --ignored golden_files
//! ```
//!
//! Those of a released format are never made anew: a new format gets a directory of its own. Both files have all
//! four layers, the same launcher, and a program of some hundred bytes (`tests/golden/program.c`) in the place of the
//! interpreter and of the loader. The launcher is kept once, apart from what follows it.

use std::path::Path;
use std::process::Command;

use pyship_launcher::format::FORMAT;
use pyship_launcher::format::manifest::{CarriedLibc, Entry, Launcher, Libc, LibcPolicy, Manifest, Python};
use pyship_launcher::format::names::{
    APP_CODE, APP_START, LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME, LIBC_LIB, SCRIPT_SHEBANG,
    START_ALONE, START_CHILD, START_EARLY, START_PTH,
};
use serde_json::json;

use crate::layer::{self, Compression, Packed};
use crate::tree::{Node, Tree};
use crate::{assemble, startup, target};

const STDLIB: &str = "lib/python3.12";
const TARGET: &str = "x86_64-unknown-linux-gnu";
const LOADER: &str = "lib/ld-linux-x86-64.so.2";

#[test]
#[ignore = "a tool that writes the golden files of a new format"]
fn golden_files_are_written() {
    let directory = std::env::var_os("PYSHIP_GOLDEN").expect("PYSHIP_GOLDEN names the directory");
    let directory = Path::new(&directory);
    let (_, launcher) = target::find(TARGET).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let layers = layers(&program(&scratch.path().join("program")));
    for (name, manifest) in [("app", app()), ("interpreter", interpreter())] {
        let out = scratch.path().join(name);
        let provenance = json!({ "predicateType": "https://slsa.dev/provenance/v1" });
        let written = assemble::write(
            &out,
            launcher,
            startup::zip_main(),
            manifest,
            &layers,
            &provenance,
        );
        written.unwrap().publish().unwrap();
        let bytes = fs_err::read(out).unwrap();
        let (launcher, payload) = bytes.split_at(launcher.len());
        fs_err::write(directory.join("launcher"), launcher).unwrap();
        fs_err::write(directory.join(name), payload).unwrap();
    }
}

/// `tests/golden/program.c`, compiled.
fn program(out: &Path) -> Vec<u8> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/program.c");
    let compiled = Command::new("gcc")
        .args([
            "-Os",
            "-static",
            "-nostdlib",
            "-ffreestanding",
            "-fno-stack-protector",
        ])
        .args(["-fno-asynchronous-unwind-tables", "-fcf-protection=none"])
        .args(["-Wl,--build-id=none,-z,noseparate-code,-s", "-o"])
        .args([out, &source])
        .status();
    assert!(compiled.unwrap().success());
    fs_err::read(out).unwrap()
}

/// A function of an app, with everything that a manifest can say; the host's glibc where it is new enough.
fn app() -> Manifest {
    Manifest {
        name: "golden".into(),
        version: Some("1.0".into()),
        entry: Entry::Function {
            module: "main".into(),
            attr: "main".into(),
        },
        options: vec!["-Xutf8".into(), "-Werror".into()],
        environment: [("MODE".into(), "golden".into())].into(),
        ..manifest(LibcPolicy::Auto)
    }
}

/// No app; always the carried glibc.
fn interpreter() -> Manifest {
    manifest(LibcPolicy::Bundled)
}

fn manifest(policy: LibcPolicy) -> Manifest {
    Manifest {
        format: FORMAT,
        pyship: env!("CARGO_PKG_VERSION").into(),
        name: "golden-python".into(),
        version: None,
        target: TARGET.into(),
        launcher: Launcher {
            size: 0,
            sha256: String::new(),
        },
        python: Python {
            version: "3.12.1".into(),
            executable: "bin/python3.12".into(),
            stdlib: STDLIB.into(),
            site_packages: format!("{STDLIB}/site-packages"),
        },
        entry: Entry::Interpreter,
        options: Vec::new(),
        arguments: Vec::new(),
        environment: Default::default(),
        libc: Libc {
            policy,
            floor: (2, 17),
            loader: "/lib64/ld-linux-x86-64.so.2".into(),
            system: [("libm.so.6".into(), "GLIBC_2.2.5".into())].into(),
            carried: Some(CarriedLibc {
                version: (2, 36),
                loader: LOADER.into(),
            }),
        },
        layers: Vec::new(),
    }
}

/// Members of every kind; frames of every kind, of which one is longer than what is decoded in one piece.
fn layers(program: &[u8]) -> [Packed; 4] {
    let mut libc = Tree::new();
    libc.insert_bytes(LOADER, program, true);
    libc.insert_bytes(format!("{LIBC_LIB}/libc.so.6"), &b"a C library\n"[..], false);

    let mut runtime = Tree::new();
    runtime.insert_bytes("bin/python3.12", program, true);
    runtime.insert("bin/python3", Node::Symlink(b"python3.12".to_vec()));
    runtime.insert_bytes(format!("{STDLIB}/os.py"), &b"import sys\n"[..], false);
    runtime.insert_bytes("lib/tcl8.6/init.tcl", &b"# Tcl\n"[..], false);

    let site_packages = format!("{STDLIB}/site-packages");
    let mut deps = Tree::new();
    deps.insert_bytes(
        format!("{site_packages}/{START_PTH}"),
        &b"import _pyship\n"[..],
        false,
    );
    deps.insert_bytes(format!("{site_packages}/package/__init__.py"), &b""[..], false);
    deps.insert_bytes(
        format!("{site_packages}/{0}/{0}.py", "long".repeat(30)),
        &b"pass\n"[..],
        false,
    );
    deps.insert_bytes(
        [site_packages.as_bytes(), b"/caf\xe9.txt"].concat(),
        &b"coffee\n"[..],
        false,
    );
    deps.insert_bytes(
        "bin/script",
        format!("{SCRIPT_SHEBANG}\nprint(1)\n").into_bytes(),
        true,
    );
    deps.insert_bytes("bin/program", program, true);
    deps.insert("share/empty", Node::DIRECTORY);
    deps.insert(
        "share/link",
        Node::Symlink([b"../".as_slice(), &b"far/".repeat(40)].concat()),
    );

    let mut app = Tree::new();
    app.insert_bytes(format!("{APP_CODE}/main.py"), &b"def main(): pass\n"[..], false);
    app.insert_bytes(format!("{APP_CODE}/data/large"), vec![b'.'; 9 << 20], false);
    for name in [START_CHILD, START_EARLY, START_ALONE] {
        app.insert_bytes(format!("{APP_START}/{name}"), name.as_bytes(), false);
    }

    let small = Compression::Level(19);
    [
        (LAYER_LIBC, &libc, small),
        (LAYER_RUNTIME, &runtime, Compression::Level(3)),
        (LAYER_DEPS, &deps, Compression::Smallest),
        (LAYER_APP, &app, small),
    ]
    .map(|(name, tree, compression)| {
        let collected = tempfile::tempfile().unwrap();
        layer::pack(name, tree, compression, &collected, &|_| {}).unwrap()
    })
}
