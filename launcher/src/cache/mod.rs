//! The content-addressed cache: where it lies, how it is read, how it is filled.
//!
//! ```text
//! <root>/CACHEDIR.TAG
//! <root>/v1/layers/<digest>/   an unpacked layer: appears by one rename, is never changed afterwards
//! <root>/v1/apps/<key>/        an app as a virtual environment, with its launch record
//! <root>/v1/locks/<name>       see `lock`
//! <root>/v1/tmp/<name>.<...>/  being made, by whoever holds a lock on that very directory
//! ```
//!
//! [`warm`] reads and never writes; [`cold`] takes locks, unpacks, publishes by rename. Rename is what makes
//! it correct; the locks only save work. [`index`] knows what a directory should hold, [`repair`] mends one that
//! has decayed, [`list`] says what there is, [`running`] what is in use, and [`prune`] removes the rest.

pub mod app_dir;
pub mod cold;
pub mod exposure;
pub mod index;
pub mod list;
pub mod lock;
pub mod prune;
pub mod repair;
pub mod room;
pub mod roots;
pub mod running;
pub mod tmp;
pub mod warm;

use std::fs::File;

use sha2::{Digest, Sha256};

use crate::format::manifest::{DIRECTORY_HEX, Entry, Manifest};
use crate::format::names::{
    APP_START, LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME, LIBC_LIB, START_ALONE, START_EARLY,
    START_PTH,
};
use crate::format::record::Record;
use crate::format::trailer::Trailer;
use crate::hex::hex;
use crate::libc_choice::Host;

/// An app that is ready to start.
#[derive(Debug)]
pub struct Ready {
    /// Its directory: `<root>/v1/apps/<key>`.
    pub directory: Vec<u8>,
    /// How it is started.
    pub record: Record,
    /// The open record. It is closed by `execve`: until then `prune` can see that a start is under way.
    pub file: Option<File>,
}

/// The name of an app's directory: it holds absolute paths and a decision about the host's C library, so it
/// is named after the file's content, the cache's own path and what can be seen of the host.
#[must_use]
pub fn app_key(trailer: &Trailer, root: &[u8], host: &Host) -> String {
    let mut hash = Sha256::new();
    hash.update(b"pyship app 1\0");
    hash.update(trailer.manifest_sha256);
    hash.update(host.key());
    hash.update(b"\0");
    hash.update(root);
    let mut key = hex(&hash.finalize());
    key.truncate(DIRECTORY_HEX);
    key
}

/// How long the name of one of the cache's directories at the start of `bytes` is.
fn name_length(bytes: &[u8]) -> Option<usize> {
    let digits = bytes
        .iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (digits.count() == DIRECTORY_HEX).then_some(DIRECTORY_HEX)
}

/// What a start looks for in a layer: when one of these is gone, the layer has decayed. Not everything that the
/// interpreter needs is asked for, but in each layer what is read least often, which temp cleaners take first.
#[must_use]
pub fn sentinels(layer: &str, manifest: &Manifest) -> Vec<String> {
    let python = &manifest.python;
    match layer {
        LAYER_LIBC => manifest
            .libc
            .carried
            .iter()
            .flat_map(|carried| [carried.loader.clone(), format!("{LIBC_LIB}/libc.so.6")])
            .collect(),
        LAYER_RUNTIME => vec![python.executable.clone(), format!("{}/os.py", python.stdlib)],
        LAYER_DEPS => vec![format!("{}/{START_PTH}", python.site_packages)],
        LAYER_APP => {
            let files: &[&str] = match manifest.entry {
                Entry::Interpreter => &[START_ALONE],
                _ => &[START_ALONE, START_EARLY],
            };
            files.iter().map(|file| format!("{APP_START}/{file}")).collect()
        }
        _ => Vec::new(),
    }
}
