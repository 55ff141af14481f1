//! An installation's or a virtual environment's directory, the prefix: `bin/python3` is in it.

use std::path::{Path, PathBuf};

use super::request::VersionRequest;
use crate::environment::is_executable;

/// The interpreter of the installation or virtual environment at `prefix`.
pub(crate) fn python_in(prefix: &Path) -> Option<PathBuf> {
    let bin = prefix.join("bin");
    let versioned = || {
        let entries = fs_err::read_dir(&bin).ok()?;
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| {
                let request = name.strip_prefix("python").map(VersionRequest::parse);
                matches!(request, Some(Ok(Some(request))) if request.names_minor())
            })
            .max()
    };
    [Some("python3".to_owned()), versioned(), Some("python".to_owned())]
        .into_iter()
        .flatten()
        .map(|name| bin.join(name))
        .find(|path| is_executable(path))
}
