//! Where an installer wrote, and where its files belong in the layer.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::tree::LayerPath;

/// The directory that an installer wrote to.
pub(in crate::packages) enum Origin<'a> {
    /// A virtual environment, laid out as the layer will be.
    Venv {
        /// Its directory.
        root: &'a Path,
        /// Its site-packages, relative.
        site: &'a str,
        /// Its files before anything was installed.
        before: &'a BTreeSet<LayerPath>,
    },
    /// A `--target` directory: packages at the top, `bin`, `share` and so on among them.
    Target {
        /// The directory.
        root: &'a Path,
        /// The directory of packages in the layer.
        site: &'a str,
    },
}

/// Directories of a `--target` that belong to the prefix, unless they are packages.
const PREFIX_DIRECTORIES: &[&str] = &[
    "bin", "etc", "include", "lib", "lib64", "libexec", "man", "sbin", "share",
];

impl Origin<'_> {
    /// The path in the layer of a file below the root.
    pub(super) fn layer_path(&self, path: &[u8]) -> LayerPath {
        match self {
            Self::Venv { .. } => in_lib(path),
            Self::Target { root, site } => {
                let top = path.split(|&byte| byte == b'/').next().unwrap_or_default();
                let is_prefix = top.len() < path.len()
                    && PREFIX_DIRECTORIES.iter().any(|name| name.as_bytes() == top)
                    && !root.join(OsStr::from_bytes(top)).join("__init__.py").exists();
                if is_prefix {
                    in_lib(path)
                } else {
                    [site.as_bytes(), b"/", path].concat()
                }
            }
        }
    }

    /// Whether `python`, in the first line of a script, is the interpreter that was installed for.
    pub(super) fn is_interpreter(&self, python: &Path) -> bool {
        match self {
            Self::Venv { root, .. } => python.starts_with(root.join("bin")),
            // The builder's interpreter, by one of its names.
            Self::Target { .. } => {
                python.is_absolute()
                    && python
                        .file_name()
                        .is_some_and(|name| name.as_bytes().starts_with(b"python"))
            }
        }
    }
}

/// The path without the link `lib64`, which virtual environments have.
fn in_lib(path: &[u8]) -> LayerPath {
    match path.strip_prefix(b"lib64/") {
        Some(below) => [b"lib/", below].concat(),
        None => path.to_vec(),
    }
}
