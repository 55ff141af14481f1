//! Frames that are not what the manifest says, on both paths: decoded in one piece, and streamed.

use harness::hostile::{HostileFrame, compress, compress_with_window, file};
use pyship_launcher::format::member::END;

use super::{Bench, Where};

const SMALL: usize = 4 << 10;
/// Frames of more than 5 MiB are streamed.
const LARGE: usize = 6 << 20;

fn frame(bytes: Vec<u8>, raw: usize) -> HostileFrame {
    HostileFrame {
        bytes,
        raw: raw as u64,
        entries: 1,
    }
}

/// A member and zeros: a sound frame of this length.
fn sound(length: usize) -> Vec<u8> {
    let mut raw = [file("a"), END.to_vec()].concat();
    raw.resize(length, 0);
    raw
}

#[track_caller]
fn refused(frames: Vec<HostileFrame>, reason: &str) {
    let bench = Bench::new();
    let file = bench.base.clone().frames(frames).write(&bench.file());
    bench.refused(&file, Where::Layer, reason);
}

#[test]
fn expanding_a_thousandfold_beyond_what_was_declared() {
    let zeros = compress(&vec![0; SMALL * 1000]);
    refused(vec![frame(zeros, SMALL)], "can't be decoded");
    let zeros = compress(&sound(LARGE * 200));
    refused(vec![frame(zeros, LARGE)], "does not have the size");
}

#[test]
fn declared_large_and_small_in_fact() {
    let bytes = compress(&sound(SMALL));
    refused(vec![frame(bytes.clone(), SMALL + 512)], "does not have the size");
    refused(vec![frame(bytes.clone(), 1 << 30)], "does not have the size");
    let bench = Bench::new();
    for raw in [1 << 40, u64::MAX, u64::MAX - 5] {
        let hostile = HostileFrame {
            raw,
            ..frame(bytes.clone(), 0)
        };
        let file = bench.base.clone().frames(vec![hostile]).write(&bench.file());
        bench.refused(&file, Where::Manifest, "its manifest ");
    }
}

#[test]
fn many_that_are_each_within_bounds() {
    // 2 TB in 300 frames.
    let bytes = compress(&sound(SMALL));
    let frames = vec![
        HostileFrame {
            raw: 7 << 30,
            ..frame(bytes, 0)
        };
        300
    ];
    let bench = Bench::new();
    let file = bench.base.clone().frames(frames).write(&bench.file());
    bench.refused(&file, Where::Manifest, "claims an unpacked size above the limit");
}

#[test]
fn asking_for_a_larger_window_than_is_given() {
    let mut raw = sound(LARGE);
    // Something that does not compress to nothing.
    let mut state = 1u32;
    for byte in &mut raw[4096..1 << 20] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = u8::try_from(state >> 24).unwrap();
    }
    let bytes = compress_with_window(&raw, 27);
    refused(vec![frame(bytes, LARGE)], "too much memory");
}

#[test]
fn more_than_one_or_something_else() {
    let garbage = |length: usize| vec![7; length];
    let skip = |length: usize| {
        let size = u32::try_from(length).unwrap().to_le_bytes();
        [&b"\x50\x2a\x4d\x18"[..], &size, &garbage(length)].concat()
    };
    for length in [SMALL, LARGE] {
        let one = || compress(&sound(length));
        let half = || compress(&sound(length)[..length / 2]);
        for bytes in [
            [one(), garbage(1)].concat(),
            [one(), garbage(1000)].concat(),
            [one(), skip(100)].concat(),
            [skip(100), one()].concat(),
            skip(1000),
            garbage(1000),
            Vec::new(),
            [one(), compress(b"")].concat(),
            one()[..20].to_vec(),
        ] {
            refused(vec![frame(bytes, length)], "a frame ");
        }
        refused(vec![frame([half(), half()].concat(), length)], "a frame ");
    }
}

#[test]
fn longer_than_any_compression_makes_them() {
    let bytes = [compress(&sound(SMALL)), vec![7; 1 << 20]].concat();
    let bench = Bench::new();
    let file = bench
        .base
        .clone()
        .frames(vec![frame(bytes, SMALL)])
        .write(&bench.file());
    bench.refused(&file, Where::Manifest, "contradictory numbers");
}

#[test]
fn with_more_or_fewer_members_than_were_declared() {
    let bench = Bench::new();
    let members: Vec<Vec<u8>> = (0..50).map(|number| file(number.to_string())).collect();
    for entries in [49, 51, 0] {
        let hostile = bench.base.clone().members(&members).entries(entries);
        bench.refused(
            &hostile.write(&bench.file()),
            Where::Layer,
            "a wrong number of members",
        );
    }
}
