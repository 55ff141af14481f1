//! What is known about an interpreter, whether it was run or its files were read.

use std::path::PathBuf;

use serde::Deserialize;

use super::version::Version;

/// A CPython on the builder's disk. Every path is absolute and of the base installation, never of a virtual
/// environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The ELF file, through every link.
    pub(crate) executable: PathBuf,
    /// `sys.version_info`
    pub(crate) version: Version,
    /// `sys.version`, with the compiler; the version alone when the interpreter can't be run here.
    pub(crate) version_text: String,
    /// Where its files are, and how it was built.
    pub(crate) facts: Facts,
}

/// See [`Interpreter::facts`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Facts {
    /// `sys.base_prefix`
    pub(crate) prefix: PathBuf,
    /// Directory of `os.py`.
    pub(crate) stdlib: PathBuf,
    /// The standard library's platform dependent part; on most systems the same.
    pub(crate) platstdlib: PathBuf,
    /// The `lib-dynload` directories on `sys.path` that exist.
    pub(crate) dynload: Vec<PathBuf>,
    /// `sys.platlibdir`: `lib`, or `lib64`.
    pub(crate) platlibdir: String,
    /// `.cpython-312-x86_64-linux-gnu.so`
    pub(crate) ext_suffix: Option<String>,
    /// The shared libpython that the executable needs, when it does.
    pub(crate) libpython: Option<PathBuf>,
    /// `sys.builtin_module_names`; empty when the interpreter can't be run here.
    pub(crate) builtin_modules: Vec<String>,
    /// `x86_64`, `aarch64`
    pub(crate) machine: String,
    /// Directory of `Python.h`, whether it exists or not.
    pub(crate) include: Option<PathBuf>,
    /// The first four bytes of its `.pyc` files.
    pub(crate) magic: [u8; 4],
    /// `cpython-312`, the middle part of the names of its `.pyc` files.
    pub(crate) cache_tag: String,
    /// `sys.abiflags`: `t` for a free-threaded build, `d` for a debug build.
    pub(crate) abiflags: String,
}

impl Interpreter {
    /// Whether it is a build without the global interpreter lock.
    pub(crate) fn is_free_threaded(&self) -> bool {
        self.facts.abiflags.contains('t')
    }

    /// `python3.12`, `python3.13t`: the name of its executable, and of its directory in `lib`.
    pub(crate) fn name(&self) -> String {
        let threading = if self.is_free_threaded() { "t" } else { "" };
        format!("python{}.{}{threading}", self.version.major, self.version.minor)
    }

    /// The path of the standard library in a runtime layer: `lib/python3.12`.
    pub(crate) fn layer_stdlib(&self) -> String {
        format!("lib/{}", self.name())
    }

    /// The executable in a runtime layer: `bin/python3.12`.
    pub(crate) fn layer_executable(&self) -> String {
        format!("bin/{}", self.name())
    }
}
