//! Members that no layer may have.

use harness::hostile::{HostileFrame, directory, file, link, member, patched, pax, typed};
use pyship_launcher::format::member::MemberKind;
use pyship_launcher::format::mode::Mode;

use super::{Bench, Where};

const OUTSIDE: &str = "outside its directory";
const TWICE: &str = "twice";
const KIND: &str = "neither a file, a directory nor a symbolic link";
const HEADER: &str = "has a damaged header";
const PAX: &str = "pax header";

#[track_caller]
fn all_refused(cases: &[(&[Vec<u8>], &str)]) {
    let bench = Bench::new();
    for (members, reason) in cases {
        let file = bench.base.clone().members(members).write(&bench.file());
        bench.refused(&file, Where::Layer, reason);
        // The same members, each in a frame of its own: several threads may come by them.
        let frames = members
            .iter()
            .map(|member| HostileFrame::of(std::slice::from_ref(member)));
        let file = bench.base.clone().frames(frames.collect()).write(&bench.file());
        bench.refused(&file, Where::Layer, "a layer ");
    }
}

#[test]
fn paths_that_lead_out() {
    let deep = [b"d".as_slice(); 257].join(&b'/');
    all_refused(&[
        (&[file("../x")], OUTSIDE),
        (&[file("a/../../x")], OUTSIDE),
        (&[file("/etc/passwd")], OUTSIDE),
        (&[directory("../../made")], OUTSIDE),
        (&[file("a//b")], OUTSIDE),
        (&[file("./a")], OUTSIDE),
        (&[file(".")], OUTSIDE),
        (&[file("")], OUTSIDE),
        (&[file([b'n'; 256])], OUTSIDE),
        (&[file([&[b'd'; 255][..]; 16].join(&b'/').repeat(2))], OUTSIDE),
        (
            &[file([[&[b'd'; 255][..]; 16].join(&b'/'), b"/".to_vec()].concat())],
            OUTSIDE,
        ),
        (&[file(deep)], OUTSIDE),
        (&[pax(b"12 path=a\0b\n"), file("a")], OUTSIDE),
    ]);
}

/// With few descriptors, layers are unpacked one by one.
#[test]
fn with_few_descriptors_nothing_is_published_either() {
    let bench = Bench::new();
    // In some order of their digests the hostile layer is not the first.
    for number in 0..8 {
        let members = [file(format!("code/{number}")), file("../x")];
        let file = bench.base.clone().members(&members).write(&bench.file());
        let run = harness::Run::inheriting("prlimit")
            .args(["--nofile=32", "--"])
            .arg(&file);
        let outcome = run.env("PYSHIP_CACHE_DIR", bench.work("cache")).output();
        crate::support::assert_launcher_failed(&outcome, OUTSIDE);
        crate::support::assert_unused(&bench.work("cache"), "few descriptors");
    }
}

#[test]
fn links_that_lead_out() {
    all_refused(&[
        (&[link("a", "/etc")], OUTSIDE),
        (&[link("a", "../x")], OUTSIDE),
        (&[link("a/b", "../../x")], OUTSIDE),
        (&[link("a", "")], OUTSIDE),
        // Each stays inside by itself; the second, through the first, does not.
        (&[link("a/b/up", "../.."), link("out", "a/b/up/../x")], OUTSIDE),
        (&[link("a", "b/../c")], OUTSIDE),
        (&[pax(b"16 linkpath=a\0b\n"), link("a", "b")], OUTSIDE),
    ]);
}

#[test]
fn members_that_are_in_each_others_way() {
    all_refused(&[
        (&[file("a"), file("a")], TWICE),
        (&[link("a", "b"), file("a")], TWICE),
        (&[link("a", "b"), link("a", "c")], TWICE),
        (&[file("a"), directory("a")], TWICE),
        (&[directory("a"), file("a")], TWICE),
        (&[file("a"), file("a/b")], TWICE),
        (&[file("a/b"), file("a")], TWICE),
        (&[link("a", "."), file("a/b")], TWICE),
        (&[link("a", "."), directory("a/b")], TWICE),
        (&[directory("a"), link("a", ".")], TWICE),
        (&[link("a", "."), link("a/b", "c")], "a layer has "),
    ]);
}

#[test]
fn kinds_and_modes_that_no_layer_has() {
    let special = |typeflag| typed(link("a", "b"), typeflag);
    all_refused(&[
        (&[file("b"), special(b'1')], KIND),
        (&[special(b'3')], KIND),
        (&[special(b'4')], KIND),
        (&[special(b'6')], KIND),
        (&[special(b'S')], KIND),
        (&[special(b'L')], KIND),
        (&[special(0)], KIND),
        (
            &[patched(file("a"), 100, b"0004755")],
            "with a mode that it can't have",
        ),
        (
            &[patched(file("a"), 100, b"0002755")],
            "with a mode that it can't have",
        ),
        (
            &[patched(file("a"), 100, b"0000777")],
            "with a mode that it can't have",
        ),
    ]);
}

#[test]
fn headers_that_lie() {
    let mut wrong_sum = file("a");
    wrong_sum[0] = b'b';
    let huge = MemberKind::File {
        size: 1 << 40,
        mode: Mode::FILE,
    };
    let long = [b"65536 path=".to_vec(), vec![b'a'; 65_524], b"\n".to_vec()].concat();
    all_refused(&[
        (&[wrong_sum], HEADER),
        (&[patched(file("a"), 124, b"99999999999")], HEADER),
        (&[patched(file("a"), 124, b"-0000000005")], HEADER),
        (
            &[patched(file("a"), 124, &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5])],
            HEADER,
        ),
        (&[patched(file("a"), 257, b"ustar  \0")], HEADER),
        (&[member(b"a", huge, b"")], "ends inside a member"),
        (
            &[patched(directory("a"), 124, b"00000000005")],
            "a directory or a link with data",
        ),
        (&[pax(b"27 size=18446744073709551615\n"), file("a")], PAX),
        (
            &[pax(b"29 size=18446744073709551615\n"), file("a")],
            "ends inside a member",
        ),
        (&[pax(b"11 size=-5\n"), file("a")], PAX),
        (&[pax(b"10 size=+\n"), file("a")], PAX),
        (&[pax(b"99 path=a\n"), file("a")], PAX),
        (&[pax(b"0 path=a\n"), file("a")], PAX),
        (&[pax(b"13 mtime=5.5\n"), file("a")], PAX),
        (&[pax(&long), file("a")], PAX),
        (&[pax(b"10 path=b\n"), pax(b"10 path=c\n"), file("a")], KIND),
    ]);
}

#[test]
fn names_can_not_steer_a_terminal() {
    all_refused(&[
        (
            &[file("\x1b[31m\x1b]0;title\x07"), file("\x1b[31m\x1b]0;title\x07")],
            "\\u{1b}[31m",
        ),
        (
            &[file("../\x1b[2J\u{9b}31m\nsecond line")],
            "\\u{1b}[2J\\u{9b}31m\\u{a}second",
        ),
    ]);
}
