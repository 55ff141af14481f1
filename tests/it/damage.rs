//! Files that lost or changed bytes: one line, exit code 125, nothing published.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::{Pack, Packed, Run, scratch};
use tempfile::TempDir;

use crate::support::{assert_launcher_failed, assert_unused};

/// Length of the ZIP's end comment; asked of the format itself, so that it can't drift.
const TRAILER: usize = pyship_launcher::format::trailer::SIZE;

/// A place for damaged copies, and a cache that has to stay empty.
struct Bench {
    place: TempDir,
    whole: Vec<u8>,
}

impl Bench {
    fn new(packed: &Packed) -> Self {
        Self {
            place: scratch(),
            whole: packed.bytes(),
        }
    }

    fn cache(&self) -> PathBuf {
        self.place.path().join("cache")
    }

    /// Starts these bytes, which have to be refused.
    #[track_caller]
    fn refused(&self, bytes: &[u8], what: &str) -> String {
        let file = self.place.path().join("damaged.bin");
        fs_err::write(&file, bytes).unwrap();
        fs_err::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
        let outcome = Run::new(&file).env("PYSHIP_CACHE_DIR", self.cache()).output();
        assert_launcher_failed(&outcome, what);
        assert_unused(&self.cache(), what);
        outcome.err()
    }

    /// With one byte changed.
    fn flipped(&self, at: usize, what: &str) {
        let mut bytes = self.whole.clone();
        bytes[at] ^= 0x10;
        self.refused(&bytes, &format!("{what}: byte {at} of {} flipped", bytes.len()));
    }
}

fn bench() -> (Bench, serde_json::Value) {
    let packed = Pack::new("tests/apps/shop")
        .with("six")
        // Every layer is used, and so looked at.
        .args(["--libc", "bundled"])
        .run();
    let manifest = packed.manifest();
    (Bench::new(&packed), manifest)
}

fn launcher_size(manifest: &serde_json::Value) -> usize {
    number(&manifest["launcher"]["size"])
}

fn number(value: &serde_json::Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

#[test]
fn cut_at_any_length() {
    let (bench, manifest) = bench();
    let whole = bench.whole.len();
    let launcher = launcher_size(&manifest);
    // Shorter than the launcher's own ELF, the kernel may refuse or crash it: that is not the launcher's say.
    let mut lengths: Vec<usize> = (0..40)
        .map(|step| launcher + (whole - launcher) * step / 40)
        .collect();
    lengths.extend((1..=TRAILER + 30).map(|cut| whole - cut));
    for length in lengths {
        bench.refused(
            &bench.whole[..length],
            &format!("cut to {length} of {whole} bytes"),
        );
    }
}

#[test]
fn longer_than_it_was() {
    let (bench, _) = bench();
    for more in [1, 2, TRAILER, 5000] {
        let mut bytes = bench.whole.clone();
        bytes.resize(bytes.len() + more, 0);
        bench.refused(&bytes, &format!("{more} bytes longer"));
    }
}

#[test]
fn every_byte_of_the_trailer_flipped() {
    let (bench, _) = bench();
    for at in bench.whole.len() - TRAILER..bench.whole.len() {
        bench.flipped(at, "trailer");
    }
}

#[test]
fn bytes_of_the_manifest_flipped() {
    let (bench, _) = bench();
    let start = find(&bench.whole, b"{\"schema\"")
        .or_else(|| find(&bench.whole, b"{\n"))
        .unwrap();
    let end = bench.whole.len() - TRAILER - 22;
    let length = find(&bench.whole[start..end], b"PK\x01\x02").unwrap();
    for at in (start..start + length).step_by((length / 60).max(1)) {
        bench.flipped(at, "manifest");
    }
}

#[test]
fn bytes_of_every_layer_flipped() {
    let (bench, manifest) = bench();
    for layer in manifest["layers"].as_array().unwrap() {
        let (offset, size) = (number(&layer["offset"]), number(&layer["size"]));
        let name = layer["name"].as_str().unwrap();
        for at in [0, 1, size / 5, size / 2, size * 4 / 5, size - 1] {
            bench.flipped(offset + at, name);
        }
    }
}

#[test]
fn bytes_of_a_layer_swapped_for_others_of_the_same_length() {
    let (bench, manifest) = bench();
    let layer = &manifest["layers"].as_array().unwrap()[0];
    let (offset, size) = (number(&layer["offset"]), number(&layer["size"]));
    let mut bytes = bench.whole.clone();
    bytes[offset..offset + size].fill(0);
    bench.refused(&bytes, "a layer of zeros");
}

#[test]
fn the_payload_stripped_off() {
    let (bench, manifest) = bench();
    let said = bench.refused(&bench.whole[..launcher_size(&manifest)], "the launcher alone");
    assert!(said.starts_with("pyship: failed to "), "{said}");
    let stripped = bench.place.path().join("stripped.bin");
    let source = bench.place.path().join("whole.bin");
    fs_err::write(&source, &bench.whole).unwrap();
    Run::inheriting("strip")
        .arg("-o")
        .arg(&stripped)
        .arg(&source)
        .stderr_any()
        .success();
    bench.refused(&fs_err::read(&stripped).unwrap(), "after strip(1)");
}

#[test]
fn a_newer_format_is_named() {
    use pyship_launcher::format::trailer::Trailer;
    let (bench, _) = bench();
    let at = bench.whole.len() - TRAILER;
    let trailer: [u8; TRAILER] = bench.whole[at..].try_into().unwrap();
    assert!(
        Trailer::decode(&trailer, bench.whole.len() as u64)
            .unwrap()
            .is_some()
    );
    let mut bytes = bench.whole.clone();
    bytes[at..].copy_from_slice(&newer(trailer));
    let said = bench.refused(&bytes, "format 2");
    assert!(said.contains("format 2"), "{said}");
}

/// A trailer as a later version might write it: the same checks, another number.
fn newer(mut trailer: [u8; TRAILER]) -> [u8; TRAILER] {
    use sha2::{Digest, Sha256};
    trailer[8] = 2;
    let check = Sha256::digest(&trailer[..80]);
    trailer[80..].copy_from_slice(&check[..TRAILER - 80]);
    trailer
}

#[test]
fn pyships_own_tools_refuse_too() {
    let (bench, _) = bench();
    let file = bench.place.path().join("cut.bin");
    fs_err::write(&file, &bench.whole[..bench.whole.len() - 1]).unwrap();
    let target = bench.place.path().join("tree");
    for tool in ["inspect", "verify"] {
        Run::new(harness::pyship())
            .arg(tool)
            .arg(&file)
            .stderr_has("pyship: failed to ")
            .exits(1);
    }
    Run::new(harness::pyship())
        .arg("extract")
        .arg(&file)
        .arg(&target)
        .stderr_has("pyship: failed to ")
        .exits(1);
    assert!(!target.exists());
    for other in [Path::new("/bin/sh"), Path::new("/nowhere"), bench.place.path()] {
        Run::new(harness::pyship())
            .arg("inspect")
            .arg(other)
            .stderr_has("pyship: failed to ")
            .exits(1);
    }
}

#[test]
fn a_whole_file_still_starts_after_all_that() {
    let (bench, _) = bench();
    let file = bench.place.path().join("damaged.bin");
    let mut bytes = bench.whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bench.refused(&bytes, "one bit");
    fs_err::write(&file, &bench.whole).unwrap();
    let run = Run::new(&file).env("PYSHIP_CACHE_DIR", bench.cache());
    run.stdout("main [] ['main.py', 'notes.txt', 'shop']\n").success();
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
