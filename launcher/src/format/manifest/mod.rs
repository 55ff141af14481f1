//! The manifest, `pyship.json`: what the packed file is and what it holds.
//!
//! It is JSON on one line, so that `unzip -p app.bin pyship.json | jq` works. A cold start reads it; a warm start
//! reads the app's launch record ([`super::record`]) instead.

pub mod argument;
mod check;
mod fields;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use check::ENTRIES_MAX;
pub(crate) use fields::DIRECTORY_HEX;
pub use fields::{
    CarriedLibc, Command, Entry, Frame, Launcher, Layer, Libc, LibcPolicy, Main, Manifest, Python,
};

use super::{FORMAT, newer};
use crate::error::{Error, Result};

/// Version of the fields of `pyship.json`, and of all other JSON that pyship prints, for programs that read it. What the
/// launcher can read is said by [`FORMAT`].
pub const SCHEMA: u32 = 1;

/// `pyship.json` as it is written: the manifest, and what only the packer reads.
#[derive(Debug, Serialize)]
pub struct ManifestFile<'a> {
    /// What the launcher reads.
    #[serde(flatten)]
    pub manifest: &'a Manifest,
    /// The archive's `__main__.py`, as `pyship verify` finds it; none only where no archive is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main: Option<&'a Main>,
    /// What the file was made from (a SLSA predicate); null and left out when that is unknown.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub provenance: &'a Value,
}

impl ManifestFile<'_> {
    /// The bytes of `pyship.json`: JSON on one line, with a line end.
    ///
    /// # Errors
    /// Never in practice: no field holds a value that JSON lacks.
    pub fn encode(&self) -> Result<Vec<u8>> {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: u32,
            #[serde(flatten)]
            file: &'a ManifestFile<'a>,
        }
        let document = Document {
            schema: SCHEMA,
            file: self,
        };
        let mut bytes = serde_json::to_vec(&document).map_err(Error::damaged)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl Manifest {
    /// Reads a manifest and checks everything that later arithmetic, paths and messages rely on (see `check`).
    ///
    /// # Errors
    /// When it isn't JSON of this shape, its format is newer, a layer contradicts itself or is outside the
    /// file of `file_size` bytes, or a name or number is one that no packer writes.
    pub fn decode(bytes: &[u8], file_size: u64) -> Result<Self> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let wrong = |what: &str| Error::damaged(format_args!("its manifest {what}"));
        let Format { format } =
            serde_json::from_slice(bytes).map_err(|_| wrong("is not JSON of a known shape"))?;
        if format > FORMAT {
            return Err(newer(format));
        }
        let manifest: Self =
            serde_json::from_slice(bytes).map_err(|error| wrong(&format!("can't be read: {error}")))?;
        check::check(&manifest, file_size).map_err(|what| wrong(&what))?;
        Ok(manifest)
    }

    /// The bytes of a `pyship.json` without provenance.
    ///
    /// # Errors
    /// See [`ManifestFile::encode`].
    pub fn encode(&self) -> Result<Vec<u8>> {
        let file = ManifestFile {
            manifest: self,
            main: None,
            provenance: &Value::Null,
        };
        file.encode()
    }
}
