//! What a pack for aarch64 takes on another machine: a `pyship` with that launcher, an interpreter, a sysroot.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::paths::{cache, repository};
use crate::pyship::{named_by, pyship};
use crate::run::Run;

/// As `--target` takes it.
pub const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// A CPython for aarch64 in python-build-standalone's shape, and the libraries that belong to it.
#[derive(Debug)]
pub struct ForAarch64 {
    /// The archive.
    pub python: PathBuf,
    /// For `--sysroot`.
    pub sysroot: PathBuf,
}

/// What `tests/tools/make-python-arm64` makes; kept between runs.
#[must_use]
pub fn for_aarch64() -> &'static ForAarch64 {
    static MADE: OnceLock<ForAarch64> = OnceLock::new();
    MADE.get_or_init(|| {
        let place = cache("").join("python-arm64");
        let script = Run::inheriting(repository().join("tests/tools/make-python-arm64"));
        let made = script.arg(place).stdout_any().stderr_any().success().out();
        let place = Path::new(made.trim_end());
        ForAarch64 {
            python: place.join("cpython-3.11-aarch64-unknown-linux-gnu-install_only.tar.gz"),
            sysroot: place.join("sysroot"),
        }
    })
}

/// A `pyship` that carries the launcher for aarch64: `$PYSHIP_BIN_AARCH64`, else the one under test when it does,
/// else what `scripts/build-stubs` makes now.
pub fn pyship_for_aarch64() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match named_by("PYSHIP_BIN_AARCH64") {
        Some(path) => path,
        None if carries_aarch64(pyship()) => pyship().to_owned(),
        None => build(),
    })
}

/// Whether this `pyship` carries the launcher for aarch64.
#[must_use]
pub fn carries_aarch64(pyship: &Path) -> bool {
    let listed = Run::inheriting(pyship)
        .args(["targets", "--json"])
        .stdout_any()
        .success()
        .json();
    let listed = listed["targets"].as_array().unwrap();
    listed.iter().any(|target| target["target"] == AARCH64)
}

fn build() -> PathBuf {
    // This program is <target>/<profile>/deps/it-<hash>. The build has a directory of its own, so that the
    // pyship under test stays as it is while other tests run it.
    let own = std::env::current_exe().unwrap();
    let directory = own.ancestors().nth(3).unwrap().join("aarch64");
    let program = directory.join("pyship");
    let done = Command::new(repository().join("scripts/build-stubs"))
        .arg("--to")
        .arg(&program)
        .env("CARGO_TARGET_DIR", &directory)
        .status()
        .expect("failed to run scripts/build-stubs");
    assert!(
        done.success(),
        "failed to build a pyship for aarch64: scripts/build-stubs ended with {done}"
    );
    program
}
