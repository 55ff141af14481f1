//! What is known about an interpreter, whether it was asked or read.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The oldest CPython that can be packed.
pub const OLDEST: (u32, u32) = (3, 9);

/// A CPython on the builder's disk. Every path is absolute and of the base installation, never of a virtual
/// environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The ELF file, through every link.
    pub executable: PathBuf,
    /// `sys.version_info`
    pub version: Version,
    /// `sys.version`, with the compiler; the version alone when the interpreter can't be run here.
    pub version_text: String,
    /// What the interpreter, or its build configuration, says of itself.
    pub facts: Facts,
}

/// See [`Interpreter::facts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// `sys.base_prefix`
    pub prefix: PathBuf,
    /// `sys.base_exec_prefix`
    pub exec_prefix: PathBuf,
    /// Directory of `os.py`.
    pub stdlib: PathBuf,
    /// The standard library's platform dependent part; on most systems the same.
    pub platstdlib: PathBuf,
    /// The `lib-dynload` directories on `sys.path` that exist.
    pub dynload: Vec<PathBuf>,
    /// `sys.platlibdir`: `lib`, or `lib64`.
    pub platlibdir: String,
    /// `cpython-312-x86_64-linux-gnu`
    pub soabi: Option<String>,
    /// `.cpython-312-x86_64-linux-gnu.so`
    pub ext_suffix: Option<String>,
    /// `x86_64-linux-gnu`
    pub multiarch: Option<String>,
    /// `libpython3.12.so`, or `libpython3.12.a`; it doesn't tell how the executable is linked.
    pub ldlibrary: Option<String>,
    /// The shared libpython that the executable needs, when it does.
    pub libpython: Option<PathBuf>,
    /// `sys.builtin_module_names`; empty when the interpreter can't be run here.
    pub builtin_modules: Vec<String>,
    /// Bytes of a pointer.
    pub pointer_size: u32,
    /// `x86_64`, `aarch64`
    pub machine: String,
    /// Module with the build configuration, without its `.py`.
    pub sysconfigdata: Option<String>,
    /// Directory of `Python.h`, whether it is there or not.
    pub include: Option<PathBuf>,
    /// The first four bytes of its `.pyc` files.
    pub magic: [u8; 4],
    /// `cpython-312`, the middle part of the names of its `.pyc` files.
    pub cache_tag: String,
    /// `sys.abiflags`: `t` for a free-threaded build, `d` for a debug build.
    pub abiflags: String,
}

impl Interpreter {
    /// `python3.12`, `python3.13t`: the name of its executable, and of its directory in `lib`.
    #[must_use]
    pub fn name(&self) -> String {
        let threading = if self.facts.abiflags.contains('t') {
            "t"
        } else {
            ""
        };
        format!("python{}.{}{threading}", self.version.major, self.version.minor)
    }

    /// Where the standard library lies in a runtime layer: `lib/python3.12`.
    #[must_use]
    pub fn layer_stdlib(&self) -> String {
        format!("lib/{}", self.name())
    }

    /// The executable in a runtime layer: `bin/python3.12`.
    #[must_use]
    pub fn layer_executable(&self) -> String {
        format!("bin/{}", self.name())
    }
}

/// A Python version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 3
    pub major: u32,
    /// 12
    pub minor: u32,
    /// 1
    pub micro: u32,
    /// `a1`, `b2`, `rc1`, or empty for a release.
    pub pre: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}{}", self.major, self.minor, self.micro, self.pre)
    }
}

impl Version {
    /// From what `sys.version_info` holds.
    #[must_use]
    pub fn from_info((major, minor, micro, level, serial): (u32, u32, u32, &str, u32)) -> Self {
        let pre = match level {
            "alpha" => format!("a{serial}"),
            "beta" => format!("b{serial}"),
            "candidate" => format!("rc{serial}"),
            _ => String::new(),
        };
        Self {
            major,
            minor,
            micro,
            pre,
        }
    }
}
