//! A directory of its own for each input, in memory where that can be had.

use std::path::Path;

use tempfile::TempDir;

/// Removed when the value goes.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    tempfile::Builder::new()
        .prefix("pyship-fuzz-")
        .tempdir_in(parent)
        .expect("scratch space")
}
