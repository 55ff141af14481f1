//! What looks odd and is allowed: it is taken whole, in bounded memory.

use std::path::Path;

use harness::hostile::{Hostile, HostileFrame, directory, file, link};
use harness::{files_below, pyship};

use super::Bench;

/// Checks and extracts the file; gives the place of the app layer.
fn taken(bench: &Bench, hostile: &Hostile, look: impl FnOnce(&Path)) {
    let file = hostile.write(&bench.file());
    // In memory: a hundred thousand files on a busy disk take longer than the limit, whoever makes them.
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let tree = memory.path().join("tree");
    for tool in ["verify", "extract"] {
        let mut run = harness::Run::new(pyship()).arg(tool).arg(&file);
        if tool == "extract" {
            run = run.arg(&tree);
        }
        let outcome = bench.measured(run, tool);
        // The file has no archive around its parts, which is looked at last.
        let is_taken = match tool {
            "verify" => outcome
                .err()
                .contains("its parts are not where a packer puts them"),
            _ => outcome.status.success(),
        };
        assert!(is_taken, "{}", outcome.report());
    }
    look(&tree.join("app"));
    bench.nothing_changed();
}

#[test]
fn twins_that_differ_in_case_are_both_unpacked() {
    let bench = Bench::new();
    let members = [file("Name"), file("name"), directory("NAME")];
    taken(&bench, &bench.base.clone().members(&members), |app| {
        assert_eq!(files_below(app).len(), 3);
    });
}

#[test]
fn names_as_long_as_the_system_takes() {
    let bench = Bench::new();
    let longest = [&[b'd'; 255][..]; 16].join(&b'/');
    assert_eq!(longest.len(), 4095);
    let members = [file([b'n'; 255]), link([b'l'; 255], [b't'; 4095]), file(longest)];
    // Its absolute path is longer than what a program may name: only the layer's own directory shows it.
    taken(&bench, &bench.base.clone().members(&members), |app| {
        assert_eq!(fs_err::read_dir(app).unwrap().count(), 3);
    });
}

#[test]
fn a_hundred_thousand_files() {
    let bench = Bench::new();
    let frames = (0..100).map(|frame| {
        let members: Vec<Vec<u8>> = (0..1000)
            .map(|number| file(format!("package-{frame}/a-module-with-a-name-{number}.py")))
            .collect();
        HostileFrame::of(&members)
    });
    let hostile = bench.base.clone().frames(frames.collect());
    taken(&bench, &hostile, |app| {
        assert_eq!(files_below(app).len(), 100_100)
    });
}

/// Few members, but no index can hold their paths. What no start can unpack is not sound.
#[test]
fn paths_that_are_longer_than_an_index_are_found_by_verify_too() {
    let bench = Bench::new();
    let directory = [&[b'd'; 250][..]; 13].join(&b'/');
    let frames = (0..52).map(|frame| {
        let name = |number| [&directory[..], format!("/{frame}-{number}").as_bytes()].concat();
        let members: Vec<Vec<u8>> = (0..100).map(|number| file(name(number))).collect();
        HostileFrame::of(&members)
    });
    let file = bench.base.clone().frames(frames.collect()).write(&bench.file());
    let cache = bench.work("cache");
    let runs = [
        (harness::Run::new(pyship()).arg("verify").arg(&file), 1),
        (harness::Run::new(&file).env("PYSHIP_CACHE_DIR", &cache), 125),
    ];
    for (run, code) in runs {
        let outcome = bench.measured(run, "an index");
        assert_eq!(outcome.status.code(), Some(code), "{}", outcome.report());
        assert!(outcome.err().contains("too many members"), "{}", outcome.report());
    }
    crate::support::assert_unused(&cache, "an index");
}

#[test]
fn a_hundred_thousand_links_and_no_endless_number_of_them() {
    let bench = Bench::new();
    let frames = |count: usize| -> Vec<HostileFrame> {
        let frame = |frame: usize| {
            let members: Vec<Vec<u8>> = (0..1000)
                .map(|number| link(format!("links/{frame}/link-{number}"), "../../target"))
                .collect();
            HostileFrame::of(&members)
        };
        (0..count).map(frame).collect()
    };
    taken(&bench, &bench.base.clone().frames(frames(100)), |app| {
        assert_eq!(files_below(app).len(), 100_101);
    });
    let file = bench
        .base
        .clone()
        .frames(vec![frames(1).remove(0); 450])
        .write(&bench.file());
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let run = harness::Run::new(pyship())
        .arg("extract")
        .arg(&file)
        .arg(memory.path().join("tree"));
    let outcome = bench.measured(run, "450,000 links");
    assert!(outcome.err().contains("too many links"), "{}", outcome.report());
    bench.nothing_changed();
    let file = bench
        .base
        .clone()
        .frames(vec![frames(1).remove(0); 501])
        .write(&bench.file());
    bench.refused(&file, super::Where::Manifest, "more than 500000 members");
}
