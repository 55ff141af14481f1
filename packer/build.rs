//! Builds the launcher and writes the list of launchers that the packer embeds (`launchers.rs` in `OUT_DIR`):
//! `cargo build` and `cargo install` give a complete `pyship` in one step.
//!
//! The launcher is static and optimised for size. So cargo is called once more, with a target directory of its own
//! below `OUT_DIR`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

// Only the table is needed here; a build script exports nothing.
#[allow(dead_code, unreachable_pub)]
#[path = "../launcher/src/target.rs"]
mod target;

#[expect(clippy::disallowed_methods, reason = "fs_err is no build dependency")]
fn main() {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("..");
    for path in [
        "launcher/src",
        "launcher/Cargo.toml",
        "launcher/no-unwind-tables.ld",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    let own = variable("CARGO_CFG_TARGET_ARCH");
    let all = env::var_os("CARGO_FEATURE_ALL_TARGETS").is_some();
    let mut launchers = String::new();
    for target in target::TARGETS.iter().filter(|target| all || target.cpu == own) {
        let path = launcher(&root, target.cpu, target.cpu == own);
        launchers += &format!("({:?}, include_bytes!({:?})),\n", target.triple, path);
    }
    let list = PathBuf::from(variable("OUT_DIR")).join("launchers.rs");
    std::fs::write(list, format!("&[\n{launchers}]\n")).expect("OUT_DIR can be written to");
}

/// The launcher for `cpu`: the file that `PYSHIP_STUB` (for this machine) or `PYSHIP_STUB_<CPU>` names, else built now.
fn launcher(root: &Path, cpu: &str, is_own: bool) -> PathBuf {
    let name = match is_own {
        true => "PYSHIP_STUB".to_owned(),
        false => format!("PYSHIP_STUB_{}", cpu.to_uppercase()),
    };
    println!("cargo::rerun-if-env-changed={name}");
    let given = env::var_os(name).map(PathBuf::from);
    // Not of the one that is built: it is newer than this run of the script, so the next build would run it again.
    if let Some(path) = &given {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    let path = given.unwrap_or_else(|| build(root, &best_target(cpu)));
    assert!(
        path.is_file(),
        "failed to find the launcher for {cpu} at {}",
        path.display()
    );
    path
}

/// musl where its standard library is installed, else glibc linked statically; either starts on any Linux.
fn best_target(machine: &str) -> String {
    let musl = format!("{machine}-unknown-linux-musl");
    let libraries = Command::new(variable("RUSTC"))
        .args(["--print", "target-libdir", "--target", &musl])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok());
    // zstd is C: without a C compiler for musl the glibc launcher is the one that can be built.
    let compiler = format!("{machine}-linux-musl-gcc");
    let can = |program: &str| {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|done| done.status.success())
    };
    let has_musl = libraries.is_some_and(|path| Path::new(path.trim()).is_dir());
    if has_musl && (can("musl-gcc") || can(&compiler) || env::var_os("TARGET_CC").is_some()) {
        musl
    } else {
        format!("{machine}-unknown-linux-gnu")
    }
}

fn build(root: &Path, target: &str) -> PathBuf {
    let directory = PathBuf::from(variable("OUT_DIR")).join("stub");
    let mut cargo = Command::new(variable("CARGO"));
    cargo
        .current_dir(root)
        .args([
            "build",
            "--profile",
            "launcher",
            "--package",
            "pyship-launcher",
            "--bin",
            "pyship-launcher",
        ])
        .args(["--target", target, "--target-dir"])
        .arg(&directory);
    // Variables of this build must not reach the other one.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        let prefixes = [
            "CARGO_FEATURE_",
            "CARGO_CFG_",
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "DEP_",
        ];
        if prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            cargo.env_remove(&*name);
        }
    }
    for name in [
        "RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CARGO_MAKEFLAGS",
    ] {
        cargo.env_remove(name);
    }
    if env::var("CARGO_NET_OFFLINE").is_ok() {
        cargo.arg("--offline");
    }
    // The name that Debian and others give to their cross compilers, unless another linker is set.
    let variable_of_linker = format!("CARGO_TARGET_{}_LINKER", target.replace('-', "_").to_uppercase());
    let compiler = format!("{}-linux-gnu-gcc", target.split('-').next().unwrap_or_default());
    if target != variable("HOST") && target.ends_with("-gnu") && env::var_os(&variable_of_linker).is_none() {
        cargo.env(variable_of_linker, compiler);
    }
    // Nothing unwinds: without the tables for that, and their index, every packed file is 140 KB smaller. Functions
    // marked `#[inline]` are inlined where the optimizer would inline any function: 12 KB. A lower limit for all would
    // turn the rounds of SHA-256 into calls, which is 6 % of a cold start.
    let script = root.join("launcher/no-unwind-tables.ld").display().to_string();
    let flags = [
        "-Ctarget-feature=+crt-static",
        "-Crelocation-model=static",
        "-Clink-arg=-Wl,--no-eh-frame-hdr",
        "-Clink-arg=-T",
        &format!("-Clink-arg={script}"),
        "-Cllvm-args=--inlinehint-threshold=100",
    ];
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    // zstd: without its decoder for windows of more than 16 MiB, which no layer asks for (WINDOW_LOG_MAX), and
    // without tables for an unwinding that never happens: 20 KB of every packed file. Vectorized loops and aligned
    // jumps made it no faster: 2 KB.
    let flags = env::var("CFLAGS").unwrap_or_default();
    cargo.env(
        "CFLAGS",
        format!("{flags} -DZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT -fno-asynchronous-unwind-tables -fno-tree-vectorize -falign-jumps=1 -falign-labels=1"),
    );
    let status = cargo
        .status()
        .unwrap_or_else(|error| panic!("failed to run cargo for the launcher: {error}"));
    assert!(
        status.success(),
        "failed to build the launcher for {target}: cargo ended with {status}"
    );
    directory.join(target).join("launcher/pyship-launcher")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo did not set {name}"))
}
