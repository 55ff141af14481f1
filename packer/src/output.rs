//! The file that a command writes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Checks what can be known of OUT before any work is done.
///
/// # Errors
/// When it can't be written, or would replace an input.
pub(crate) fn check(out: &Path, _inputs: &[PathBuf]) -> Result<()> {
    let failed = || format!("failed to write `{}`", out.display());
    let directory = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    ensure!(
        !out.is_dir(),
        "failed to write `{}`: it is a directory",
        out.display()
    );
    ensure!(
        directory.is_dir(),
        "{}: the directory `{}` is not there",
        failed(),
        directory.display()
    );
    let writable = rustix::fs::access(directory, rustix::fs::Access::WRITE_OK);
    writable.with_context(|| {
        format!(
            "{}: the directory `{}` can't be written to",
            failed(),
            directory.display()
        )
    })
}
