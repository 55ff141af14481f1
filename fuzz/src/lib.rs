//! What the fuzzers call, one function for each target, whoever drives them: libFuzzer or `mutate`.
//!
//! A function returns whether it accepted the input, and panics when a promise is broken. Those are, besides "no
//! crash and no hang": what was decoded and is encoded again decodes to the same; no path or link of a member that
//! was decoded leads out; what was refused has been refused in one line that a terminal doesn't obey; nothing is
//! left behind.

mod layer;
mod packer;
mod scratch;

use std::path::Path;
use std::time::Duration;

use pyship_launcher::error::Error;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::record::Record;
use pyship_launcher::format::trailer::{self, Trailer};

pub use layer::{layer, sample_manifest};
pub use packer::signature;
pub use pyship::fuzzing::{elf, metadata, project, record as installed, requirement, requirements, script};
use scratch::scratch;

/// A target's name and function, which returns whether it accepted the input.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// Every target.
pub const TARGETS: &[Target] = &[
    ("trailer", trailer),
    ("manifest", manifest),
    ("layer", layer),
    ("record", record),
    ("archive", archive),
    ("metadata", metadata),
    ("installed", installed),
    ("requirement", requirement),
    ("requirements", requirements),
    ("elf", elf),
    ("signature", signature),
    ("project", project),
    ("script", script),
];

/// Calls a target and gives its verdict; panics when it takes more than a second of processor time: by the clock on the wall a busy
/// machine makes anything slow.
pub fn timed(target: fn(&[u8]) -> bool, data: &[u8]) -> bool {
    let used = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(
            u64::try_from(time.tv_sec).unwrap_or(0),
            u32::try_from(time.tv_nsec).unwrap_or(0),
        )
    };
    let before = used();
    let accepted = target(data);
    let took = used() - before;
    assert!(took <= Duration::from_secs(1), "a hang: {took:?}");
    accepted
}

/// A trailer: 96 bytes at the end, of a file that is as long as the 8 bytes before them say.
///
/// Its check is put right, else nothing but the check is ever tested.
pub fn trailer(data: &[u8]) -> bool {
    let Some((rest, bytes)) = data.split_last_chunk::<{ trailer::SIZE }>() else {
        return false;
    };
    let size = rest
        .last_chunk()
        .map_or(u64::MAX / 2, |size| u64::from_le_bytes(*size));
    let accepted = decode_trailer(bytes, size);
    let mut sound = *bytes;
    let check = <sha2::Sha256 as sha2::Digest>::digest(&sound[..80]);
    sound[80..].copy_from_slice(&check[..16]);
    decode_trailer(&sound, size);
    accepted
}

fn decode_trailer(bytes: &[u8; trailer::SIZE], size: u64) -> bool {
    match Trailer::decode(bytes, size) {
        Ok(Some(trailer)) => {
            assert_eq!(trailer.encode(), *bytes);
            assert!(trailer.manifest_offset + trailer.manifest_size <= size);
            true
        }
        Ok(None) => false,
        Err(error) => refused(&error),
    }
}

/// A manifest, of a file of 1 GB.
pub fn manifest(data: &[u8]) -> bool {
    let size = 1 << 30;
    match Manifest::decode(data, size) {
        Ok(manifest) => {
            let bytes = manifest.encode().expect("it was decoded");
            assert_eq!(Manifest::decode(&bytes, size).expect("it was encoded"), manifest);
            let layers = || manifest.layers.iter();
            for layer in layers() {
                assert!(layer.offset + layer.size <= size);
                assert_eq!(layer.directory().len(), 32);
            }
            // Sums that others make of it.
            assert!(layers().map(|layer| layer.disk).sum::<u64>() < 1 << 60);
            true
        }
        Err(error) => refused(&error),
    }
}

/// An app directory's launch record.
pub fn record(data: &[u8]) -> bool {
    match Record::decode(data) {
        Ok(record) => {
            let again = Record::decode(&record.encode()).expect("it was encoded");
            assert_eq!(again, record);
            true
        }
        Err(error) => refused(&error),
    }
}

/// An interpreter's archive, as `pyship pack --python` reads it.
pub fn archive(data: &[u8]) -> bool {
    let place = scratch();
    let file = place.path().join("archive");
    let parent = place.path().join("parent");
    std::fs::write(&file, data).expect("scratch space");
    std::fs::create_dir(&parent).expect("scratch space");
    let left = || std::fs::read_dir(&parent).expect("scratch space").count();
    let accepted = match pyship::interpreter::archive::unpack(&file, &parent, &mut |_| {}) {
        Ok(unpacked) => {
            assert_eq!(left(), 1);
            nothing_leads_out(unpacked.directory.path());
            true
        }
        Err(error) => {
            assert_eq!(left(), 0);
            assert_plain(&format!("{error:#}"));
            false
        }
    };
    let around: Vec<_> = std::fs::read_dir(place.path()).expect("scratch space").collect();
    assert_eq!(around.len(), 2, "{around:?}");
    accepted
}

/// No link below `root` leads out of it, and there is nothing but files, directories and links.
fn nothing_leads_out(root: &Path) {
    let root = root.canonicalize().expect("it was made");
    for entry in walkdir::WalkDir::new(&root) {
        let entry = entry.expect("it was made by this process");
        let kind = entry.file_type();
        if kind.is_symlink() {
            // A link that leads nowhere, or in circles, leads nowhere else either.
            if let Ok(real) = entry.path().canonicalize() {
                assert!(
                    real.starts_with(&root),
                    "{} leads to {}",
                    entry.path().display(),
                    real.display()
                );
            }
        } else {
            assert!(kind.is_file() || kind.is_dir(), "{}", entry.path().display());
        }
    }
}

/// A refusal is one line, and its hint another: false, for what was not accepted.
fn refused(error: &Error) -> bool {
    assert_plain(&error.message);
    assert_plain(error.hint.as_deref().unwrap_or_default());
    false
}

fn assert_plain(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}
