//! The `pyship` under test.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::paths::{digest, repository};

/// `$PYSHIP_BIN`, else what `cargo build --release` makes now.
pub fn pyship() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| named_by("PYSHIP_BIN").unwrap_or_else(build))
}

/// The program that a variable names, by its absolute path.
pub(crate) fn named_by(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    let absolute = std::path::absolute(&path);
    Some(absolute.unwrap_or_else(|error| panic!("{variable}=`{}`: {error}", path.display())))
}

/// A digest of the `pyship` under test; what it packed is kept under this name.
pub(crate) fn pyship_digest() -> &'static str {
    static DIGEST: OnceLock<String> = OnceLock::new();
    DIGEST.get_or_init(|| digest(pyship())[..16].to_owned())
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo)
        .current_dir(repository())
        .args(["build", "--release", "--package", "pyship", "--quiet"])
        .status()
        .expect("failed to run cargo; set PYSHIP_BIN to a built pyship");
    assert!(done.success(), "failed to build pyship: cargo ended with {done}");
    // This program is <target>/<profile>/deps/it-<hash>.
    let own = std::env::current_exe().unwrap();
    let program = own.ancestors().nth(3).unwrap().join("release/pyship");
    assert!(
        program.is_file(),
        "failed to find `{}`: set PYSHIP_BIN to a built pyship",
        program.display()
    );
    program
}
