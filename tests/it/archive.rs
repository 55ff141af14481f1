//! The bytes between the parts of a packed file: what `unzip` and other Pythons read is what a start reads.

use std::path::Path;

use harness::{Pack, Packed, Run, pyship, scratch};
use serde_json::Value;

/// The hello example, packed.
fn hello() -> Packed {
    Pack::new("examples/hello/hello.py").run()
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn at(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes
        .windows(wanted.len())
        .rposition(|window| window == wanted)
        .unwrap()
}

/// Writes the bytes to a file and lets `pyship verify` look at it.
fn verify(bytes: &[u8], file: &Path) -> Run {
    fs_err::write(file, bytes).unwrap();
    Run::new(pyship()).arg("verify").arg(file)
}

#[test]
fn every_byte_that_no_digest_covers_is_compared() {
    let packed = hello();
    let (whole, manifest) = (packed.bytes(), packed.manifest());
    let place = scratch();
    let file = place.path().join("changed.bin");
    // The launcher, the layers and the manifest have digests.
    let json = at(&whole, b"{\"schema\":");
    let mut covered = vec![(0, number(&manifest["launcher"]["size"]))];
    for layer in manifest["layers"].as_array().unwrap() {
        let offset = number(&layer["offset"]);
        covered.push((offset, offset + number(&layer["size"])));
    }
    let end = json + whole[json..].iter().position(|&byte| byte == b'\n').unwrap() + 1;
    covered.push((json, end));
    covered.push((whole.len() - 96, whole.len()));
    let between: Vec<usize> = covered.windows(2).flat_map(|pair| pair[0].1..pair[1].0).collect();
    assert!(between.len() > 500, "{covered:?}");
    let step = between.len() / 25;
    for &place in between
        .iter()
        .step_by(step)
        .chain([between[0], between[between.len() - 1]].iter())
    {
        let mut changed = whole.clone();
        changed[place] ^= 0x41;
        verify(&changed, &file)
            .stderr_has("hint: the file is damaged or incomplete")
            .exits(1);
    }
    verify(&whole, &file).stdout_has("intact").success();
}

/// An archive that describes another file, in front of the trailer: `unzip` shows that one.
#[test]
fn an_archive_of_something_else_is_refused() {
    const CRAFT: &str = r"
import io, struct, sys, zipfile
packed, out = sys.argv[1:]
whole = open(packed, 'rb').read()
shown = io.BytesIO()
with zipfile.ZipFile(shown, 'w') as archive, zipfile.ZipFile(packed) as own:
    for name in own.namelist():
        data = own.read(name)
        archive.writestr(name, data.replace(b'hello', b'other') if name == 'pyship.json' else data)
shown = bytearray(shown.getvalue())
end = shown.rfind(b'PK\5\6')
shown[end + 20:end + 22] = struct.pack('<H', 96)
trailer = bytearray(whole[-96:])
whole = whole[:-96] + bytes(shown)
import hashlib
trailer[32:40] = struct.pack('<Q', len(whole) + 96)
trailer[80:] = hashlib.sha256(trailer[:80]).digest()[:16]
open(out, 'wb').write(whole + bytes(trailer))
";
    let packed = hello();
    let place = scratch();
    let file = place.path().join("crafted.bin");
    Run::new(&harness::interpreters::usual().path)
        .args(["-c", CRAFT])
        .arg(&packed.path)
        .arg(&file)
        .success();
    let shown = Run::inheriting("unzip")
        .arg("-p")
        .arg(&file)
        .arg("pyship.json")
        .output();
    assert!(shown.out().contains("\"other\""), "{}", shown.report());
    Run::new(pyship())
        .arg("verify")
        .arg(&file)
        .stderr_has("its parts are not where a packer puts them")
        .exits(1);
}

#[test]
fn other_pythons_refuse_a_changed_main() {
    let packed = hello();
    let place = scratch();
    let file = place.path().join("changed.bin");
    let whole = packed.bytes();
    let mut changed = whole.clone();
    let note = at(&whole, b"# Nothing has compared");
    changed[note + 2] ^= 0x20;
    fs_err::write(&file, changed).unwrap();
    for python in harness::interpreters::each_minor() {
        Run::new(&python.path)
            .arg(&file)
            .stderr_has("hint: the file is damaged or incomplete: copy it again")
            .exits(125);
    }
    Run::new(&harness::interpreters::usual().path)
        .arg(&packed.path)
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .stdout_has("ello")
        .success();
}
