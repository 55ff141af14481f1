//! Where an installer wrote, and where its files belong in the layer.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::tree::LayerPath;

/// The directory that an installer wrote to.
pub(crate) enum Origin<'a> {
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
    /// An environment that was there before, whoever made it.
    Environment {
        /// Its prefix.
        root: &'a Path,
        /// One of its directories of packages, relative.
        site: &'a str,
        /// The directory of packages in the layer.
        layer_site: &'a str,
    },
}

/// Directories of a `--target` that belong to the prefix, unless they are packages.
const PREFIX_DIRECTORIES: &[&str] = &[
    "bin", "etc", "include", "lib", "lib64", "libexec", "man", "sbin", "share",
];

impl Origin<'_> {
    /// The directory that was written to.
    pub(super) fn root(&self) -> &Path {
        match self {
            Self::Venv { root, .. } | Self::Target { root, .. } | Self::Environment { root, .. } => root,
        }
    }

    /// The directory of packages in the layer.
    pub(super) fn layer_site(&self) -> &str {
        match self {
            Self::Venv { site, .. } | Self::Target { site, .. } => site,
            Self::Environment { layer_site, .. } => layer_site,
        }
    }

    /// The path in the layer of a file below the root.
    pub(crate) fn layer_path(&self, path: &[u8]) -> LayerPath {
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
            Self::Environment { site, layer_site, .. } => match path.strip_prefix(site.as_bytes()) {
                Some(below) if below.starts_with(b"/") => [layer_site.as_bytes(), below].concat(),
                _ => in_lib(path),
            },
        }
    }

    /// Whether `python`, in the first line of a script, is the interpreter that was installed for.
    pub(super) fn is_interpreter(&self, python: &Path) -> bool {
        match self {
            Self::Venv { root, .. } => python.starts_with(root.join("bin")),
            // The builder's interpreter, by one of its names; a moved environment still has its old path in scripts.
            Self::Target { .. } | Self::Environment { .. } => {
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
