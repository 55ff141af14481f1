//! Signatures: ed25519 in minisign's format (<https://jedisct1.github.io/minisign/>), in a file of their own.
//!
//! ```text
//! app.bin            every byte of it is signed, also those that its manifest has no digest of
//! app.bin.minisig    untrusted comment, signature of BLAKE2b-512(app.bin), trusted comment, signature of both
//! ```
//!
//! A file is opened once and read as a stream, and checked again before it is signed or called verified: if it was
//! written to or replaced meanwhile, that is an error ([`Opened`]).

pub(crate) mod key;
mod opened;
pub(crate) mod signature;

use std::path::Path;

use anyhow::{Context, Result};

pub(crate) use opened::Opened;

use crate::text_file;

/// Keys and signatures have a few hundred bytes. A longer file is something else.
const TEXT_MAX: u64 = 64 << 10;

/// Reads a key, a signature or a password: a regular file, or the pipe of another command.
fn read_text(path: &Path) -> Result<String> {
    let bytes = text_file::read(path, TEXT_MAX)?;
    String::from_utf8(bytes).with_context(|| format!("failed to read `{}`", path.display()))
}
