//! The manifest's fields.
//!
//! Maps are ordered, so that the same inputs give the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::hex::hex;

/// How many hexadecimal digits of a digest name a directory of the cache.
pub(crate) const DIRECTORY_HEX: usize = 32;

/// What `pyship.json` says, without the packer's own fields (see [`ManifestFile`](super::ManifestFile)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`](crate::format::FORMAT) of the packer that wrote it.
    pub format: u32,
    /// Version of that packer, for messages.
    pub pyship: String,
    /// Name of the app, by default the name of the packed file without its extension.
    pub name: String,
    /// Version of the app, when one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Target triple: `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// The launcher at the front of the file.
    pub launcher: Launcher,
    /// The interpreter in the runtime layer.
    pub python: Python,
    /// What starts.
    pub entry: Entry,
    /// Interpreter options that are fixed at pack time (`-X utf8`, `-W error`), one argument an item.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Arguments that stand before the caller's, in the form of [`argument`](super::argument). [`APP_ARGUMENT`] in them
    /// is the directory of the app's code.
    ///
    /// [`APP_ARGUMENT`]: crate::format::names::APP_ARGUMENT
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Vec<String>,
    /// Environment variables that are set unless the caller has set them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Which C library the interpreter is started with.
    pub libc: Libc,
    /// The layers, in the order of [`crate::format::names::LAYERS`].
    pub layers: Vec<Layer>,
}

/// The bytes of `__main__.py`, which other Pythons read. The launcher does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Main {
    /// Length in bytes.
    pub size: u64,
    /// SHA-256 of these bytes, hexadecimal.
    pub sha256: String,
}

/// The launcher's own bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launcher {
    /// Length in bytes; the ZIP archive begins there.
    pub size: u64,
    /// SHA-256 of these bytes, hexadecimal.
    pub sha256: String,
}

/// The interpreter, as far as the launcher needs to know it. Paths are relative to the runtime layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Python {
    /// Full version: `3.12.1`.
    pub version: String,
    /// The interpreter's ELF file: `bin/python3.12`.
    pub executable: String,
    /// The standard library's directory: `lib/python3.12`.
    pub stdlib: String,
    /// The packages' directory in the deps layer and in a virtual environment: `lib/python3.12/site-packages`.
    pub site_packages: String,
}

/// What a packed file runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", try_from = "AnyEntry")]
pub enum Entry {
    /// `python PATH`; relative to the app layer's code directory.
    Script {
        /// The script.
        path: String,
    },
    /// `python -m NAME`
    Module {
        /// The module, or a package with `__main__`.
        name: String,
    },
    /// `from MODULE import ATTR; sys.exit(ATTR())`
    Function {
        /// The module.
        module: String,
        /// The attribute, which may have dots.
        attr: String,
    },
    /// One of several commands, chosen by the name by which the file is called; the first when no name matches.
    Commands {
        /// In the order in which they were given.
        commands: Vec<Command>,
    },
    /// No app: the file behaves like `python`.
    Interpreter,
}

/// An entry of any kind, as it is read. serde's own way to read an enum with a tag takes 10 KB of the launcher.
#[derive(Deserialize)]
struct AnyEntry {
    kind: String,
    path: Option<String>,
    name: Option<String>,
    module: Option<String>,
    attr: Option<String>,
    commands: Option<Vec<Command>>,
}

impl TryFrom<AnyEntry> for Entry {
    type Error = &'static str;

    fn try_from(any: AnyEntry) -> Result<Self, Self::Error> {
        let entry = match any.kind.as_str() {
            "script" => any.path.map(|path| Self::Script { path }),
            "module" => any.name.map(|name| Self::Module { name }),
            "function" => {
                let both = any.module.zip(any.attr);
                both.map(|(module, attr)| Self::Function { module, attr })
            }
            "commands" => any.commands.map(|commands| Self::Commands { commands }),
            "interpreter" => Some(Self::Interpreter),
            _ => None,
        };
        entry.ok_or("unknown or incomplete entry")
    }
}

/// A script of an installed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Its name in `bin/`.
    pub name: String,
    /// `module:attr` of an entry point; `None` for a script, which is the file `bin/<name>` of the deps layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

/// Which C library the interpreter is started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Libc {
    /// The host's, the carried one, or a decision at start.
    pub policy: LibcPolicy,
    /// The newest `GLIBC_x.y` that a packed ELF file requires, as major and minor.
    pub floor: (u32, u32),
    /// The program loader that the interpreter names: `/lib64/ld-linux-x86-64.so.2`.
    pub loader: String,
    /// Shared libraries that the packed ELF files need from the system besides the C library, each with the newest
    /// symbol versions that they require, with a space between two: `libstdc++.so.6` with `CXXABI_1.3.9
    /// GLIBCXX_3.4.29`; empty when they require none.
    #[serde(default)]
    pub system: BTreeMap<String, String>,
    /// The glibc in the libc layer, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<CarriedLibc>,
}

/// See [`Libc::policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LibcPolicy {
    /// The host's when it is new enough, else the carried one.
    Auto,
    /// Always the host's; none is carried.
    Host,
    /// Always the carried one.
    Bundled,
}

/// The glibc in the libc layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedLibc {
    /// Its version, as major and minor.
    pub version: (u32, u32),
    /// Its loader, relative to the libc layer: `lib/ld-linux-x86-64.so.2`.
    pub loader: String,
}

/// A layer: a tar cut into zstd frames, and the digest that names its directory in the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// One of [`crate::format::names::LAYERS`].
    pub name: String,
    /// [`Layer::digest_of`] the frames, hexadecimal.
    pub digest: String,
    /// Where the ZIP member's data begins, in bytes from the start of the file.
    pub offset: u64,
    /// Length of the ZIP member's data in bytes.
    pub size: u64,
    /// Bytes that the unpacked files take, each rounded up to 4 KiB, without holes.
    pub disk: u64,
    /// Number of files, directories and links.
    pub entries: u64,
    /// Whether some of them can't be read by all users.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// The frames, back to back.
    pub frames: Vec<Frame>,
}

/// One zstd frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Compressed length in bytes.
    pub size: u64,
    /// Decompressed length in bytes.
    pub raw: u64,
    /// SHA-256 of the compressed bytes, hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The layer of that name.
    #[must_use]
    pub fn layer(&self, name: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.name == name)
    }
}

impl Layer {
    /// The digest of a layer with these frames. It covers everything that is verified when they are decoded.
    #[must_use]
    pub fn digest_of(frames: &[Frame]) -> String {
        let mut hash = Sha256::new();
        hash.update(b"pyship layer\0");
        for Frame { size, raw, sha256 } in frames {
            hash.update(size.to_le_bytes());
            hash.update(raw.to_le_bytes());
            hash.update(sha256.as_bytes());
        }
        hex(&hash.finalize())
    }

    /// The name of the layer's directory in a cache: enough of the digest (128 bits) to be unique.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.digest[..DIRECTORY_HEX]
    }
}
