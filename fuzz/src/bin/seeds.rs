//! Writes the corpus: small files of every kind that the targets read, sound ones and hostile ones.
//!
//! `seeds DIRECTORY` fills `DIRECTORY/<target>/`; the same bytes each time.

use std::io::Write;
use std::path::Path;

use pyship_fuzz::sample_manifest;
use pyship_launcher::format::manifest::{CarriedLibc, Command, Entry, Frame, Layer, Manifest};
use pyship_launcher::format::member::{END, Member, MemberKind, padding};
use pyship_launcher::format::record::{Loader, Record};
use pyship_launcher::format::trailer::Trailer;

fn main() {
    let root = std::env::args_os().nth(1).expect("a directory");
    for (target, seeds) in [
        ("trailer", trailers()),
        ("manifest", manifests()),
        ("layer", layers()),
        ("record", records()),
        ("archive", archives()),
    ] {
        let directory = Path::new(&root).join(target);
        std::fs::create_dir_all(&directory).expect("it can be made");
        for (name, bytes) in seeds {
            std::fs::write(directory.join(name), bytes).expect("it can be written");
        }
    }
}

type Seeds = Vec<(&'static str, Vec<u8>)>;

fn trailers() -> Seeds {
    let trailer = |manifest_offset, manifest_size, file_size: u64, launcher_size| {
        let trailer = Trailer {
            manifest_offset,
            manifest_size,
            file_size,
            launcher_size,
            manifest_sha256: [7; 32],
        };
        [&file_size.to_le_bytes()[..], &trailer.encode()].concat()
    };
    vec![
        ("sound", trailer(1000, 200, 5000, 900)),
        ("manifest-overflows", trailer(u64::MAX, u64::MAX, 5000, 0)),
        ("manifest-of-1-gb", trailer(0, 1 << 30, 2 << 30, 0)),
        ("launcher-of-1-eb", trailer(1 << 61, 10, 1 << 62, 1 << 60)),
        ("empty", trailer(0, 0, 96, 0)),
    ]
}

fn manifests() -> Seeds {
    let frames = |count| {
        vec![
            Frame {
                size: 100,
                raw: 2048,
                sha256: "0".repeat(64),
            };
            count
        ]
    };
    let layer = |name: &str, offset, count| Layer {
        name: name.into(),
        digest: Layer::digest_of(&frames(count)),
        offset,
        size: 100 * count as u64,
        disk: 8192,
        entries: 2,
        frames: frames(count),
    };
    let sound = Manifest {
        layers: vec![layer("runtime", 0, 3), layer("app", 300, 1)],
        ..sample_manifest()
    };
    let json = |manifest: &Manifest| manifest.encode().expect("it is plain");
    let text = |from: &str, to: &str| {
        let text = String::from_utf8(json(&sound)).expect("JSON");
        assert!(text.contains(from), "{from} in {text}");
        text.replacen(from, to, 1).into_bytes()
    };
    let commands = ["a", "b"].map(|name| Command {
        name: name.into(),
        function: Some("m:f".into()),
    });
    let full = Manifest {
        version: Some("1.2".into()),
        entry: Entry::Commands {
            commands: commands.into(),
        },
        options: vec!["-X".into(), "utf8".into()],
        environment: [("A".into(), "b=c".into())].into(),
        libc: pyship_launcher::format::manifest::Libc {
            carried: Some(CarriedLibc {
                version: (2, 36),
                loader: "lib/ld.so".into(),
            }),
            system: [("libstdc++.so.6".into(), "GLIBCXX_3.4".into())].into(),
            ..sound.libc.clone()
        },
        ..sound.clone()
    };
    vec![
        ("sound", json(&sound)),
        ("full", json(&full)),
        ("no-layers", json(&sample_manifest())),
        ("newer", text("\"format\":1", "\"format\":2")),
        ("number-as-text", text("\"offset\":300", "\"offset\":\"300\"")),
        (
            "offset-overflows",
            text("\"offset\":300", "\"offset\":18446744073709551615"),
        ),
        ("raw-of-1-tb", text("\"raw\":2048", "\"raw\":1099511627776")),
        ("layers-overlap", text("\"offset\":300", "\"offset\":299")),
        (
            "disk-overflows",
            text("\"disk\":8192", "\"disk\":18446744073709551615"),
        ),
        ("name-leads-out", text("\"name\":\"app\"", "\"name\":\"../x\"")),
        ("path-leads-out", text("bin/python3.12", "../../bin/sh")),
        ("terminal", text("x86_64-unknown", "\\u001b[31m\\u009b2J")),
        ("entry-of-no-kind", text("\"interpreter\"", "\"spell\"")),
        (
            "twice",
            text("\"pyship\":\"0\"", "\"pyship\":\"0\",\"pyship\":\"0\""),
        ),
        ("deep", [vec![b'['; 10_000], vec![b']'; 10_000]].concat()),
        (
            "deep-inside",
            text("{\"kind\":\"interpreter\"}", &"[".repeat(5_000)),
        ),
        (
            "no-utf-8",
            text("x86_64", "x86_64\u{fffd}")
                .iter()
                .map(|byte| byte | 0x40)
                .collect(),
        ),
    ]
}

fn records() -> Seeds {
    let record = Record {
        interpreter: true,
        executable: b"/c/bin/python3.12".to_vec(),
        home: b"/c\xff".to_vec(),
        loader: Some(Loader {
            path: b"/l/ld.so".to_vec(),
            library_path: b"/l:/m".to_vec(),
        }),
        options: vec![b"-X".to_vec(), b"utf8".to_vec()],
        environment: vec![(b"A".to_vec(), b"b=c".to_vec())],
        checks: vec![b"/c/os.py".to_vec()],
    };
    let app = Record {
        interpreter: false,
        loader: None,
        environment: vec![],
        ..record.clone()
    };
    vec![
        ("interpreter", record.encode()),
        ("app", app.encode()),
        ("cut", app.encode()[..40].to_vec()),
        ("other", b"pyship-launch=2\0executable=/x\0".to_vec()),
    ]
}

fn member(path: &[u8], kind: MemberKind, data: &[u8]) -> Vec<u8> {
    let mut bytes = Member {
        path: path.to_vec(),
        kind,
    }
    .encode();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len() + padding(data.len() as u64), 0);
    bytes
}

fn file(path: &[u8]) -> Vec<u8> {
    let kind = MemberKind::File {
        size: 5,
        executable: true,
    };
    member(path, kind, b"data\n")
}

fn link(path: &[u8], target: &[u8]) -> Vec<u8> {
    let target = target.to_vec();
    member(path, MemberKind::Symlink { target }, b"")
}

fn directory(path: &[u8]) -> Vec<u8> {
    member(path, MemberKind::Directory, b"")
}

/// Another byte in the header, and its sum put right.
fn with(mut header: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    header[at..at + bytes.len()].copy_from_slice(bytes);
    header[148..156].fill(b' ');
    let sum: u32 = header[..512].iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn layers() -> Seeds {
    let tar = |members: &[Vec<u8>]| [&[0][..], &members.concat(), &END].concat();
    let frame = |mode: u8, raw: usize, frame: &[u8]| {
        let raw = u32::try_from(raw).expect("it is short").to_le_bytes();
        [&[mode][..], &raw, frame].concat()
    };
    let sound = [directory(b"a"), file(b"a/b"), link(b"c", b"a/b")].concat();
    let compressed = compress(&sound);
    let zeros = compress(&vec![0; 64 << 10]);
    let mut streamed = tar(std::slice::from_ref(&sound));
    streamed[0] = 2;
    vec![
        ("sound", tar(std::slice::from_ref(&sound))),
        ("streamed", streamed),
        ("frame", frame(1, sound.len(), &compressed)),
        ("frame-too-long", frame(1, 512, &compressed)),
        ("frame-of-zeros", frame(1, 64 << 10, &zeros)),
        ("frame-of-zeros-too-long", frame(1, 6 << 9, &zeros)),
        ("two-frames", frame(1, 2 * sound.len(), &compressed.repeat(2))),
        (
            "skippable",
            frame(
                3,
                sound.len(),
                &[b"\x50\x2a\x4d\x18\x04\0\0\0skip", &compressed[..]].concat(),
            ),
        ),
        (
            "garbage-behind",
            frame(3, 64 << 10, &[&zeros[..], b"more"].concat()),
        ),
        (
            "long-names",
            tar(&[
                file(&[b'n'; 255]),
                file(&[[b'd'; 255]; 15].join(&b'/')),
                link(b"l", &[b't'; 300]),
            ]),
        ),
        ("leads-out", tar(&[file(b"../x"), file(b"/etc/passwd")])),
        ("link-leads-out", tar(&[link(b"a", b"../x")])),
        (
            "link-through-link",
            tar(&[link(b"a/b/up", b"../.."), link(b"x", b"a/b/up/..")]),
        ),
        ("below-a-link", tar(&[link(b"a", b"b"), file(b"a/c")])),
        ("link-below-a-link", tar(&[link(b"a", b"b"), link(b"a/c", b"d")])),
        ("twice", tar(&[file(b"a"), file(b"a")])),
        ("file-then-directory", tar(&[file(b"a"), directory(b"a")])),
        ("directory-then-file", tar(&[file(b"a/b"), file(b"a")])),
        ("case-twins", tar(&[file(b"a"), file(b"A")])),
        ("hard-link", tar(&[with(link(b"a", b"b"), 156, b"1")])),
        ("device", tar(&[with(link(b"a", b"b"), 156, b"3")])),
        ("fifo", tar(&[with(link(b"a", b"b"), 156, b"6")])),
        ("setuid", tar(&[with(file(b"a"), 100, b"0004755")])),
        (
            "base-256-size",
            tar(&[with(file(b"a"), 124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])]),
        ),
        ("octal-garbage", tar(&[with(file(b"a"), 124, b"99999999999")])),
        (
            "huge",
            tar(&[member(
                b"a",
                MemberKind::File {
                    size: 1 << 40,
                    executable: false,
                },
                b"",
            )]),
        ),
        ("pax-size", tar(&[pax(b"13 size=999\n"), file(b"a")])),
        ("pax-negative", tar(&[pax(b"11 size=-9\n"), file(b"a")])),
        ("pax-unknown", tar(&[pax(b"9 x=yyyy\n"), file(b"a")])),
        (
            "pax-twice",
            tar(&[pax(b"8 path=\n"), pax(b"8 path=\n"), file(b"a")]),
        ),
        ("no-end", [&[0][..], &sound].concat()),
        ("cut", sound[..700].to_vec()),
    ]
}

fn pax(record: &[u8]) -> Vec<u8> {
    let kind = MemberKind::File {
        size: record.len() as u64,
        executable: false,
    };
    with(member(b"pax", kind, record), 156, b"x")
}

fn archives() -> Seeds {
    let below = |path: &[u8]| [b"python/", path].concat();
    let python = [
        file(&below(b"bin/python3.12")),
        link(&below(b"bin/python3"), b"python3.12"),
    ]
    .concat();
    let tar = |members: &[Vec<u8>]| [&python[..], &members.concat(), &END].concat();
    let sound = tar(&[]);
    vec![
        ("sound", sound.clone()),
        ("gz", gzip(&sound)),
        ("zst", compress(&sound)),
        ("gz-cut", gzip(&sound)[..80].to_vec()),
        (
            "full",
            tar(&[file(b"python/install/bin/python3"), file(b"python/build/x.o")]),
        ),
        (
            "hard-link",
            tar(&[with(link(b"python/h", b"python/bin/python3.12"), 156, b"1")]),
        ),
        (
            "hard-link-out",
            tar(&[with(link(b"python/h", b"/etc/passwd"), 156, b"1")]),
        ),
        ("leads-out", tar(&[file(b"python/../../x")])),
        ("absolute", tar(&[file(b"/etc/x")])),
        ("link-out", tar(&[link(b"python/l", b"../..")])),
        (
            "link-chain",
            tar(&[
                link(b"python/a/b/up", b"../.."),
                link(b"python/x", b"a/b/up/../.."),
            ]),
        ),
        (
            "below-a-link",
            tar(&[link(b"python/l", b"."), file(b"python/l/x")]),
        ),
        ("twice", tar(&[file(b"python/a"), file(b"python/a")])),
        ("device", tar(&[with(link(b"python/d", b"x"), 156, b"4")])),
        ("setuid", tar(&[with(file(b"python/s"), 100, b"0006755")])),
        (
            "base-256",
            tar(&[with(
                file(b"python/b"),
                124,
                &[0x80, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 1, 0],
            )]),
        ),
        ("pax-path", tar(&[pax(b"22 path=python/lib/xy\n"), file(b"x")])),
        (
            "long-name",
            tar(&[
                with(
                    member(
                        b"././@LongLink",
                        MemberKind::File {
                            size: 9,
                            executable: false,
                        },
                        b"python/y\0",
                    ),
                    156,
                    b"L",
                ),
                file(b"x"),
            ]),
        ),
        ("sparse", tar(&[with(file(b"python/s"), 156, b"S")])),
        ("no-interpreter", [&file(b"python/a")[..], &END].concat()),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn compress(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(zstd_safe::compress_bound(raw.len()));
    zstd_safe::compress(&mut bytes, raw, 19).expect("there is room");
    bytes
}
