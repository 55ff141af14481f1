//! What is no packed file at all, given to `pyship inspect`, `verify` and `extract`.

use std::path::Path;

use harness::hostile::forge_sparse;
use harness::{Run, pyship};

use super::Bench;
use crate::support::assert_one_sentence;

#[track_caller]
fn refused(bench: &Bench, what: &Path, reason: &str) {
    for tool in ["inspect", "verify", "extract"] {
        let mut run = Run::new(pyship()).arg(tool).arg(what);
        if tool == "extract" {
            run = run.arg(bench.work("tree"));
        }
        let outcome = bench.measured(run, tool);
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.report());
        assert_one_sentence(&outcome);
        assert!(outcome.err().contains(reason), "{reason}\n{}", outcome.report());
        assert!(!bench.work("tree").exists(), "{}", outcome.report());
    }
}

#[test]
fn directories_devices_fifos_and_nothing() {
    let bench = Bench::new();
    refused(&bench, bench.place.path(), "it is not a regular file");
    refused(&bench, Path::new("/dev/zero"), "it is not a regular file");
    refused(&bench, Path::new("/dev/null"), "it is not a regular file");
    let fifo = bench.work("fifo");
    Run::inheriting("mkfifo").arg(&fifo).success();
    refused(&bench, &fifo, "it is not a regular file");
    fs_err::remove_file(fifo).unwrap();
    let empty = bench.file();
    fs_err::write(&empty, "").unwrap();
    refused(&bench, &empty, "not a pyship file, or truncated");
    fs_err::write(&empty, [0; 96]).unwrap();
    refused(&bench, &empty, "not a pyship file, or truncated");
    refused(&bench, &bench.work("nowhere"), "no such file");
    bench.nothing_changed();
}

#[test]
fn ten_gigabytes_of_nothing_with_a_forged_end() {
    let bench = Bench::new();
    forge_sparse(&bench.file(), 10 << 30);
    refused(
        &bench,
        &bench.file(),
        "failed to read the packed file: its manifest ",
    );
    bench.nothing_changed();
}
