//! Interpreters' archives as an enemy would make them, given to `pyship pack --python`: one sentence, nothing
//! outside the work directory, nothing left in it, no OUT.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use harness::hostile::{compress, directory, file, link, member, patched, pax, typed};
use harness::{Pack, files_below};
use pyship_launcher::format::member::{END, MemberKind};
use pyship_launcher::format::mode::Mode;
use tempfile::TempDir;

use crate::support::assert_one_sentence;

/// A place for archives, with a temporary directory of its own that has to end up empty.
struct Bench {
    place: TempDir,
}

impl Bench {
    fn new() -> Self {
        // In memory: what is refused late has been written by then, and a busy disk would take minutes for it.
        let place = tempfile::tempdir_in("/dev/shm").unwrap();
        for name in ["tmp", "out"] {
            fs_err::create_dir(place.path().join(name)).unwrap();
        }
        Self { place }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// `pyship pack` refuses this file, for this reason.
    #[track_caller]
    fn refused(&self, name: &str, bytes: &[u8], reason: &str) {
        let archive = self.at(name);
        fs_err::write(&archive, bytes).unwrap();
        self.refused_file(&archive, reason);
        fs_err::remove_file(archive).unwrap();
    }

    #[track_caller]
    fn refused_file(&self, archive: &Path, reason: &str) {
        let before = files_below(self.place.path());
        let outcome = Pack::new("examples/hello/hello.py")
            .python_is(archive)
            .arg("-q")
            .command_to(&self.at("out/out.bin"))
            .env("TMPDIR", self.at("tmp"))
            .stderr_any()
            .exits(1);
        assert_one_sentence(&outcome);
        assert!(
            outcome.err().contains(reason),
            "{reason:?} isn't said\n{}",
            outcome.report()
        );
        let control = |character: char| character.is_control() && character != '\n';
        assert!(
            !outcome.err().contains(control),
            "a terminal would obey\n{}",
            outcome.report()
        );
        assert_eq!(files_below(self.place.path()), before, "{}", outcome.report());
    }

    /// In each compression.
    #[track_caller]
    fn refused_members(&self, members: &[Vec<u8>], reason: &str) {
        let tar = tar(members);
        self.refused("a.tar", &tar, reason);
        self.refused("a.tar.gz", &gzip(&tar), reason);
        self.refused("a.tar.zst", &compress(&tar), reason);
    }
}

fn tar(members: &[Vec<u8>]) -> Vec<u8> {
    [&members.concat()[..], &END].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What every case begins with: an interpreter, as far as names tell.
fn python() -> Vec<u8> {
    [
        file("python/bin/python3.12"),
        link("python/bin/python3", "python3.12"),
    ]
    .concat()
}

#[test]
fn members_that_lead_out() {
    let bench = Bench::new();
    let cases: &[(Vec<u8>, &str)] = &[
        (
            file("python/../../x"),
            "`python/../../x` is outside of the archive",
        ),
        (file("/etc/x"), "`/etc/x` has an absolute path"),
        (
            link("python/l", "/etc"),
            "`python/l` is a link out of the archive",
        ),
        (
            link("python/l", "../.."),
            "`python/l` is a link out of the archive",
        ),
        (
            [link("python/a/up", ".."), link("python/l", "a/up/../../x")].concat(),
            "is a link out of the archive",
        ),
        (
            [link("python/l", "."), file("python/l/x")].concat(),
            "`python/l/x` is below a link or a file",
        ),
        (
            typed(link("python/h", "/etc/passwd"), b'1'),
            "`python/h` is a hard link to no earlier file",
        ),
        (
            typed(link("python/h", "python/bin/python3"), b'1'),
            "`python/h` is a hard link to no earlier file",
        ),
        (
            [pax(b"22 path=../../../../x\n"), file("python/a")].concat(),
            "is outside of the archive",
        ),
        (file("lib/x"), "`lib/x` isn't below `python/`"),
    ];
    for (members, reason) in cases {
        bench.refused_members(&[python(), members.clone()], reason);
    }
}

#[test]
fn members_that_no_interpreter_has() {
    let bench = Bench::new();
    let special = |typeflag| typed(link("python/s", "x"), typeflag);
    let cases: &[(Vec<u8>, &str)] = &[
        (special(b'3'), "`python/s` is a device"),
        (special(b'4'), "`python/s` is a device"),
        (special(b'6'), "`python/s` is a fifo"),
        (special(b'S'), "`python/s` is a sparse file"),
        (
            [file("python/a"), file("python/a")].concat(),
            "`python/a` comes twice",
        ),
        (
            [file("python/a"), directory("python/a")].concat(),
            "`python/a/` comes twice",
        ),
        (
            [file("python/a"), file("python/a/b")].concat(),
            "is below a link or a file",
        ),
        (
            [pax(b"12 size=999\n"), file("python/a")].concat(),
            "its size in a pax header",
        ),
        (patched(file("python/a"), 124, b"99999999999"), "numeric field"),
        (
            patched(file("python/a"), 124, &[0x80, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]),
            "it unpacks to more than 4 GiB",
        ),
        (file(["python".as_bytes(), &[b'n'; 300]].join(&b'/')), "too long"),
        (
            file(format!("python/{}x", "d/".repeat(70))),
            "more than 64 directories deep",
        ),
        (
            file(format!("python/{}", "dddddddd/".repeat(200) + "x")),
            "a path of more than 1024 bytes",
        ),
        (
            link("python/l", "d/".repeat(600)),
            "a link to a path of more than 1024 bytes",
        ),
        (
            [file("python/\x1b[31m\n"), file("python/\x1b[31m\n")].concat(),
            "`python/\\u{1b}[31m\\u{a}` comes twice",
        ),
    ];
    for (members, reason) in cases {
        bench.refused_members(&[python(), members.clone()], reason);
    }
}

#[test]
fn cut_off_and_damaged() {
    let bench = Bench::new();
    let big = MemberKind::File {
        size: 1 << 20,
        mode: Mode::FILE,
    };
    let noise: Vec<u8> = (0..1u32 << 20)
        .map(|number| u8::try_from(number.wrapping_mul(2_654_435_761) >> 24).unwrap())
        .collect();
    let whole = tar(&[python(), member(b"python/lib/x", big, &noise)]);
    for (name, bytes) in [
        ("a.tar", whole.clone()),
        ("a.tar.gz", gzip(&whole)),
        ("a.tar.zst", compress(&whole)),
    ] {
        for length in [bytes.len() / 3, bytes.len() * 9 / 10] {
            bench.refused(name, &bytes[..length], "failed to unpack `");
        }
    }
    let mut damaged = gzip(&whole);
    let at = damaged.len() - 6;
    damaged[at] ^= 1;
    bench.refused("sum.tar.gz", &damaged, "failed to unpack `");
}

#[test]
fn bombs() {
    let bench = Bench::new();
    // 10 GB of zeros in 10 MB or less: behind the end, where a member should be, and as one.
    let zeros = vec![0; 16 << 20];
    let start = tar(&[python()]);
    let large = {
        let kind = MemberKind::File {
            size: 6 << 30,
            mode: Mode::FILE,
        };
        [python(), member(b"python/zeros", kind, b"")].concat()
    };
    for (name, compressed) in [
        ("a.tar.gz", gzip as fn(&[u8]) -> Vec<u8>),
        ("a.tar.zst", compress as fn(&[u8]) -> Vec<u8>),
    ] {
        let endless = compressed(&zeros).repeat(640);
        let with = |start: &[u8]| [compressed(start), endless.clone()].concat();
        bench.refused(
            name,
            &with(&start),
            "it has more than 16 MiB after its last member",
        );
        bench.refused(name, &endless, "it is empty");
        bench.refused(name, &with(&large), "it unpacks to more than 4 GiB");
    }
    let header = |typeflag| {
        let kind = MemberKind::File {
            size: 1 << 30,
            mode: Mode::FILE,
        };
        typed(member(b"python/x", kind, b""), typeflag)
    };
    for typeflag in [b'x', b'g', b'L', b'K'] {
        let bytes = [gzip(&header(typeflag)), gzip(&zeros).repeat(64)].concat();
        bench.refused(
            "a.tar.gz",
            &bytes,
            "one of its headers is larger than 65536 bytes",
        );
    }
}

#[test]
fn too_much_of_everything() {
    let bench = Bench::new();
    let members: Vec<Vec<u8>> = (0..100_001)
        .map(|number| file(format!("python/lib/{number}")))
        .collect();
    bench.refused(
        "a.tar.zst",
        &compress(&tar(&members)),
        "it has more than 100000 members",
    );
    // Each of these leads through forty others, and all of those through forty more.
    let long = "x/".repeat(500);
    let links: Vec<Vec<u8>> = (0..20_000)
        .map(|number| {
            link(
                format!("python/{number}"),
                format!("{}/{}", number + 1, &long[..900]),
            )
        })
        .collect();
    bench.refused(
        "a.tar.zst",
        &compress(&tar(&links)),
        "its links lead through too many others",
    );
    // Every member brings sixty directories of its own, with long names.
    let deep: Vec<Vec<u8>> = (0..5_000)
        .map(|number| file(format!("python/{number}/{}x", "directories/".repeat(60))))
        .collect();
    bench.refused(
        "a.tar.zst",
        &compress(&tar(&deep)),
        "the names of its members take more than 64 MiB",
    );
}

#[test]
fn what_is_no_archive() {
    let bench = Bench::new();
    bench.refused("a.zip", b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0", "a.zip");
    bench.refused("a.tar.gz", b"", "a.tar.gz");
    bench.refused("a.tar.gz", b"\x1f\x8b", "a.tar.gz");
    bench.refused_file(Path::new("/dev/zero"), "/dev/zero");
    let fifo = bench.at("fifo");
    harness::Run::inheriting("mkfifo").arg(&fifo).success();
    bench.refused_file(&fifo, "fifo");
}
