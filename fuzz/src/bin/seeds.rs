//! Writes the corpus: small files of every kind that the targets read, sound ones and hostile ones.
//!
//! `seeds DIRECTORY` fills `DIRECTORY/<target>/`, with the same bytes each time. `seeds --check DIRECTORY` fails
//! unless the directory holds exactly that. Both run every seed through its target, and fail unless the sound ones
//! are accepted and the others are refused: seeds of an old format would be refused at the version, and the fuzzers
//! would test nothing behind it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use pyship_fuzz::{TARGETS, sample_manifest};
use pyship_launcher::format::manifest::{CarriedLibc, Command, Entry, Frame, Layer, Manifest};
use pyship_launcher::format::member::{END, Member, MemberKind, padding};
use pyship_launcher::format::mode::Mode;
use pyship_launcher::format::record::{self, Loader, Record};
use pyship_launcher::format::trailer::Trailer;

#[path = "../seeds_of_packer.rs"]
mod of_packer;

fn main() {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let (check, root) = match arguments.as_slice() {
        [root] => (false, root),
        [flag, root] if flag == "--check" => (true, root),
        _ => panic!("usage: seeds [--check] DIRECTORY"),
    };
    for (name, target) in TARGETS {
        let directory = Path::new(root).join(name);
        let seeds = seeds(name);
        for seed in &seeds {
            let verdict = target(&seed.bytes);
            assert_eq!(
                verdict, seed.accepted,
                "{name}/{}: whether it is accepted",
                seed.name
            );
        }
        if check {
            let expected = seeds.into_iter().map(|seed| (seed.name.into(), seed.bytes));
            let same = files(&directory) == expected.collect();
            assert!(same, "{} is outdated: run `just seeds`", directory.display());
        } else {
            write(&directory, &seeds);
        }
    }
}

/// The names and contents of a directory's files.
fn files(directory: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = std::fs::read_dir(directory).expect("the corpus is there");
    let entries = entries.map(|entry| entry.expect("it can be listed"));
    entries
        .map(|entry| {
            (
                entry.file_name(),
                std::fs::read(entry.path()).expect("it can be read"),
            )
        })
        .collect()
}

/// Puts the seeds there in place of what is there.
fn write(directory: &Path, seeds: &[Seed]) {
    if directory.exists() {
        std::fs::remove_dir_all(directory).expect("it can be removed");
    }
    std::fs::create_dir_all(directory).expect("it can be made");
    for seed in seeds {
        std::fs::write(directory.join(seed.name), &seed.bytes).expect("it can be written");
    }
}

fn seeds(target: &str) -> Seeds {
    match target {
        "trailer" => trailers(),
        "manifest" => manifests(),
        "layer" => layers(),
        "record" => records(),
        "archive" => archives(),
        name => of_packer::seeds(name),
    }
}

type Seeds = Vec<Seed>;

/// An input, and whether its target accepts it.
struct Seed {
    name: &'static str,
    bytes: Vec<u8>,
    accepted: bool,
}

/// A seed that its target accepts.
fn accepted(name: &'static str, bytes: Vec<u8>) -> Seed {
    Seed {
        name,
        bytes,
        accepted: true,
    }
}

/// A seed that its target refuses.
fn refused(name: &'static str, bytes: Vec<u8>) -> Seed {
    Seed {
        name,
        bytes,
        accepted: false,
    }
}

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
        accepted("sound", trailer(1000, 200, 5000, 900)),
        refused("manifest-overflows", trailer(u64::MAX, u64::MAX, 5000, 0)),
        refused("manifest-of-1-gb", trailer(0, 1 << 30, 2 << 30, 0)),
        refused("launcher-of-1-eb", trailer(1 << 61, 10, 1 << 62, 1 << 60)),
        accepted("empty", trailer(0, 0, 96, 0)),
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
        private: false,
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
        arguments: vec!["{app}/x".into(), "\0\u{ff}".into()],
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
        accepted("sound", json(&sound)),
        accepted("full", json(&full)),
        accepted("no-layers", json(&sample_manifest())),
        refused("newer", text("\"format\":1", "\"format\":2")),
        refused("number-as-text", text("\"offset\":300", "\"offset\":\"300\"")),
        refused(
            "offset-overflows",
            text("\"offset\":300", "\"offset\":18446744073709551615"),
        ),
        refused("raw-of-1-tb", text("\"raw\":2048", "\"raw\":1099511627776")),
        refused("layers-overlap", text("\"offset\":300", "\"offset\":299")),
        refused(
            "disk-overflows",
            text("\"disk\":8192", "\"disk\":18446744073709551615"),
        ),
        refused("name-leads-out", text("\"name\":\"app\"", "\"name\":\"../x\"")),
        refused("path-leads-out", text("bin/python3.12", "../../bin/sh")),
        refused("terminal", text("x86_64-unknown", "\\u001b[31m\\u009b2J")),
        refused("entry-of-no-kind", text("\"interpreter\"", "\"spell\"")),
        refused(
            "twice",
            text("\"pyship\":\"0\"", "\"pyship\":\"0\",\"pyship\":\"0\""),
        ),
        refused("deep", [vec![b'['; 10_000], vec![b']'; 10_000]].concat()),
        refused(
            "deep-inside",
            text("{\"kind\":\"interpreter\"}", &"[".repeat(5_000)),
        ),
        refused(
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
        name: b"app".to_vec(),
        version: b"1.0".to_vec(),
        entry: record::Entry::Interpreter,
        executable: b"/c/bin/python3.12".to_vec(),
        home: b"/c\xff".to_vec(),
        loader: Some(Loader {
            path: b"/l/ld.so".to_vec(),
            library_path: b"/l:/m".to_vec(),
            gconv: Some(b"/l/gconv".to_vec()),
        }),
        options: vec![b"-X".to_vec(), b"utf8".to_vec()],
        arguments: vec![b"--fixed".to_vec(), b"\xff".to_vec()],
        environment: vec![(b"A".to_vec(), b"b=c".to_vec())],
        checks: vec![b"/c/os.py".to_vec()],
        layers: vec![b"/c".to_vec(), b"/d".to_vec()],
        private: false,
    };
    let app = Record {
        entry: record::Entry::Script(b"/c/code/main.py".to_vec()),
        loader: None,
        environment: vec![],
        ..record.clone()
    };
    let command = |path: &[u8], python| record::Command {
        path: path.to_vec(),
        python,
    };
    let commands = Record {
        entry: record::Entry::Commands(vec![command(b"/a/bin/x", true), command(b"/a/bin/y", false)]),
        ..app.clone()
    };
    let sound = record.encode();
    let version = |number: &str| {
        let end = sound
            .iter()
            .position(|&byte| byte == 0)
            .expect("items end with NUL");
        [b"pyship-launch=", number.as_bytes(), &sound[end..]].concat()
    };
    vec![
        accepted("sound", sound.clone()),
        accepted("app", app.encode()),
        accepted("commands", commands.encode()),
        refused("cut", app.encode()[..40].to_vec()),
        refused("older", version("2")),
        refused("newer", version("4")),
        refused("no-end", b"pyship-launch=3\0executable=/x\0".to_vec()),
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
        mode: Mode::PROGRAM,
    };
    member(path, kind, b"data\n")
}

/// One file of zeros, too long for its frame to be unpacked in memory.
fn large_file(size: usize) -> Vec<u8> {
    let kind = MemberKind::File {
        size: size as u64,
        mode: Mode::FILE,
    };
    member(b"large", kind, &vec![0; size])
}

fn link(path: &[u8], target: &[u8]) -> Vec<u8> {
    let target = target.to_vec();
    member(path, MemberKind::Symlink { target }, b"")
}

fn directory(path: &[u8]) -> Vec<u8> {
    member(
        path,
        MemberKind::Directory {
            mode: Mode::DIRECTORY,
        },
        b"",
    )
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
    let mut cut_while_streamed = tar(std::slice::from_ref(&sound));
    cut_while_streamed[0] = 2;
    let streamed = large_file(6 << 20);
    vec![
        accepted("sound", tar(std::slice::from_ref(&sound))),
        accepted("streamed", frame(1, streamed.len(), &compress(&streamed))),
        refused("cut-while-streamed", cut_while_streamed),
        accepted("frame", frame(1, sound.len(), &compressed)),
        refused("frame-too-long", frame(1, 512, &compressed)),
        accepted("frame-of-zeros", frame(1, 64 << 10, &zeros)),
        refused("frame-of-zeros-too-long", frame(1, 6 << 9, &zeros)),
        refused("two-frames", frame(1, 2 * sound.len(), &compressed.repeat(2))),
        refused(
            "skippable",
            frame(
                3,
                sound.len(),
                &[b"\x50\x2a\x4d\x18\x04\0\0\0skip", &compressed[..]].concat(),
            ),
        ),
        refused(
            "garbage-behind",
            frame(3, 64 << 10, &[&zeros[..], b"more"].concat()),
        ),
        accepted(
            "long-names",
            tar(&[
                file(&[b'n'; 255]),
                file(&[[b'd'; 255]; 15].join(&b'/')),
                link(b"l", &[b't'; 300]),
            ]),
        ),
        refused("leads-out", tar(&[file(b"../x"), file(b"/etc/passwd")])),
        refused("link-leads-out", tar(&[link(b"a", b"../x")])),
        refused(
            "link-through-link",
            tar(&[link(b"a/b/up", b"../.."), link(b"x", b"a/b/up/..")]),
        ),
        refused("below-a-link", tar(&[link(b"a", b"b"), file(b"a/c")])),
        refused("link-below-a-link", tar(&[link(b"a", b"b"), link(b"a/c", b"d")])),
        refused("twice", tar(&[file(b"a"), file(b"a")])),
        refused("file-then-directory", tar(&[file(b"a"), directory(b"a")])),
        refused("directory-then-file", tar(&[file(b"a/b"), file(b"a")])),
        accepted("case-twins", tar(&[file(b"a"), file(b"A")])),
        refused("hard-link", tar(&[with(link(b"a", b"b"), 156, b"1")])),
        refused("device", tar(&[with(link(b"a", b"b"), 156, b"3")])),
        refused("fifo", tar(&[with(link(b"a", b"b"), 156, b"6")])),
        refused("setuid", tar(&[with(file(b"a"), 100, b"0004755")])),
        refused(
            "base-256-size",
            tar(&[with(file(b"a"), 124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])]),
        ),
        refused("octal-garbage", tar(&[with(file(b"a"), 124, b"99999999999")])),
        refused(
            "huge",
            tar(&[member(
                b"a",
                MemberKind::File {
                    size: 1 << 40,
                    mode: Mode::FILE,
                },
                b"",
            )]),
        ),
        refused("pax-size", tar(&[pax(b"13 size=999\n"), file(b"a")])),
        refused("pax-negative", tar(&[pax(b"11 size=-9\n"), file(b"a")])),
        refused("pax-unknown", tar(&[pax(b"9 x=yyyy\n"), file(b"a")])),
        refused(
            "pax-twice",
            tar(&[pax(b"8 path=\n"), pax(b"8 path=\n"), file(b"a")]),
        ),
        accepted("no-end", [&[0][..], &sound].concat()),
        refused("cut", sound[..700].to_vec()),
    ]
}

fn pax(record: &[u8]) -> Vec<u8> {
    let kind = MemberKind::File {
        size: record.len() as u64,
        mode: Mode::FILE,
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
        accepted("sound", sound.clone()),
        accepted("gz", gzip(&sound)),
        accepted("zst", compress(&sound)),
        refused("gz-cut", gzip(&sound)[..80].to_vec()),
        accepted(
            "full",
            tar(&[file(b"python/install/bin/python3"), file(b"python/build/x.o")]),
        ),
        accepted(
            "hard-link",
            tar(&[with(link(b"python/h", b"python/bin/python3.12"), 156, b"1")]),
        ),
        refused(
            "hard-link-out",
            tar(&[with(link(b"python/h", b"/etc/passwd"), 156, b"1")]),
        ),
        refused("leads-out", tar(&[file(b"python/../../x")])),
        refused("absolute", tar(&[file(b"/etc/x")])),
        refused("link-out", tar(&[link(b"python/l", b"../..")])),
        refused(
            "link-chain",
            tar(&[
                link(b"python/a/b/up", b"../.."),
                link(b"python/x", b"a/b/up/../.."),
            ]),
        ),
        refused(
            "below-a-link",
            tar(&[link(b"python/l", b"."), file(b"python/l/x")]),
        ),
        refused("twice", tar(&[file(b"python/a"), file(b"python/a")])),
        refused("device", tar(&[with(link(b"python/d", b"x"), 156, b"4")])),
        accepted("setuid", tar(&[with(file(b"python/s"), 100, b"0006755")])),
        refused(
            "base-256",
            tar(&[with(
                file(b"python/b"),
                124,
                &[0x80, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 1, 0],
            )]),
        ),
        accepted("pax-path", tar(&[pax(b"22 path=python/lib/xy\n"), file(b"x")])),
        accepted(
            "long-name",
            tar(&[
                with(
                    member(
                        b"././@LongLink",
                        MemberKind::File {
                            size: 9,
                            mode: Mode::FILE,
                        },
                        b"python/y\0",
                    ),
                    156,
                    b"L",
                ),
                file(b"x"),
            ]),
        ),
        refused("sparse", tar(&[with(file(b"python/s"), 156, b"S")])),
        refused("no-interpreter", [&file(b"python/a")[..], &END].concat()),
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
