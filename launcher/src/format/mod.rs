//! The formats of the packed file and of the cache, encode beside decode.
//!
//! [`names`] declares every name. [`trailer`] is the end of the file, [`manifest`] is `pyship.json`, [`member`] is a
//! member of a layer with its [`mode`]. The launcher writes [`record`] and `index` into the cache.

pub(crate) mod index;
pub mod manifest;
pub mod member;
pub mod mode;
pub mod names;
pub mod record;
pub mod trailer;

use crate::error::{Error, Kind};

/// The version of the whole format: trailer, manifest, layers.
pub const FORMAT: u32 = 1;

/// The error for a file of a later format.
pub(crate) fn newer(format: u32) -> Error {
    Error::new(
        Kind::Other,
        format!(
            "failed to read the packed file: it has format {format}, this pyship knows formats up to {FORMAT}"
        ),
    )
    .hint("use the pyship that made it, or a newer one")
}
