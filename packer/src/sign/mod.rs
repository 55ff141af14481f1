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

use std::io::Read;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub(crate) use opened::Opened;

/// Keys and signatures have a few hundred bytes. A longer file is something else.
const TEXT_MAX: u64 = 64 << 10;

/// Descriptors of this process, as a shell's `<(command)` names them.
const DESCRIPTORS: [&str; 2] = ["/dev/fd/", "/proc/self/fd/"];

/// Reads a key, a signature or a password: a regular file, or the pipe of another command.
fn read_text(path: &Path) -> Result<String> {
    let failed = || format!("failed to read `{}`", path.display());
    let kind = fs_err::metadata(path)?.file_type();
    let is_descriptor = || DESCRIPTORS.iter().any(|place| path.starts_with(place));
    // A named pipe would wait for a writer.
    ensure!(
        kind.is_file() || kind.is_fifo() && is_descriptor(),
        "{}: it is not a regular file",
        failed()
    );
    let mut text = String::new();
    fs_err::File::open(path)?
        .take(TEXT_MAX + 1)
        .read_to_string(&mut text)
        .with_context(failed)?;
    ensure!(
        text.len() as u64 <= TEXT_MAX,
        "{}: it is too long to be a key or a signature",
        failed()
    );
    Ok(text)
}
