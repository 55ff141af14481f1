//! Packs that are ended by a signal: nothing is left in TMPDIR or beside OUT, and no child runs on.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harness::{Pack, Run, Running, files_below, scratch};
use rustix::process::Signal;
use tempfile::TempDir;

/// A place with an app whose trial run writes into TMPDIR, starts a child, says so, and never ends.
fn place() -> TempDir {
    let place = scratch();
    for directory in ["tmp", "out"] {
        fs_err::create_dir(place.path().join(directory)).unwrap();
    }
    let source = "import os, subprocess, sys, tempfile, time\n\
                  tempfile.NamedTemporaryFile(delete=False)\n\
                  child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n\
                  with open(PLACE + '/pids', 'w') as file:\n\
                  \x20   file.write(f'{child.pid} {os.getpid()}\\n')\n\
                  time.sleep(600)\n";
    let text = format!("PLACE = {:?}\n{source}", place.path());
    fs_err::create_dir(place.path().join("app")).unwrap();
    fs_err::write(place.path().join("app/slow.py"), text).unwrap();
    place
}

fn command(place: &TempDir) -> Run {
    Pack::new(place.path().join("app"))
        .args(["-e", "slow:main", "-q"])
        .build_cache(&place.path().join("build-cache"))
        .command_to(&place.path().join("out/app.bin"))
        .env("TMPDIR", place.path().join("tmp"))
        .stderr_any()
}

/// Waits until the trial run has started its child; the process ids of the child and of the trial run.
#[track_caller]
fn started(place: &TempDir) -> Vec<String> {
    let file = place.path().join("pids");
    let began = Instant::now();
    loop {
        let pid = fs_err::read_to_string(&file).unwrap_or_default();
        if pid.ends_with('\n') {
            return pid.split_whitespace().map(str::to_owned).collect();
        }
        assert!(began.elapsed() < Duration::from_secs(120), "no trial run");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn runs(pid: &str) -> bool {
    let status = fs_err::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.contains("State:") && !status.contains("State:\tZ")
}

/// What is in TMPDIR, beside OUT, and in the build cache's directory for what is being written.
fn left(place: &TempDir) -> Vec<PathBuf> {
    let parts = ["tmp", "out", "build-cache/v1/tmp"].map(|part| place.path().join(part));
    let existing = parts.iter().filter(|part| part.is_dir());
    existing.flat_map(|part| files_below(part)).collect()
}

fn entries(directory: &Path) -> BTreeSet<OsString> {
    let entries = fs_err::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name()).collect()
}

fn begin(place: &TempDir) -> (Running, Vec<String>) {
    let running = command(place).spawn();
    let children = started(place);
    assert!(!left(place).is_empty());
    (running, children)
}

#[test]
fn signals_leave_nothing_behind_and_end_the_children() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let place = place();
        let (running, children) = begin(&place);
        running.signal(signal);
        let outcome = running.exits(code);
        assert_eq!(outcome.err(), "", "{signal:?}");
        assert_eq!(left(&place), Vec::<PathBuf>::new(), "{signal:?}");
        assert!(!children.iter().any(|pid| runs(pid)), "{signal:?}");
    }
}

#[test]
fn what_a_kill_leaves_is_swept_by_the_next_pack_and_never_packed() {
    let place = place();
    let (running, children) = begin(&place);
    // A second pack doesn't touch what the first one uses. What is within its scratch directory comes and goes.
    let scratch = || entries(&place.path().join("tmp"));
    let before = scratch();
    assert!(!before.is_empty());
    pack_app_and_rest(&place);
    assert!(scratch().is_superset(&before), "{before:?}");
    running.signal(Signal::KILL);
    running.killed_by(Signal::KILL);
    assert!(!left(&place).is_empty());
    // Whoever is left would end with its sleep.
    Run::inheriting("kill").arg("-9").args(&children).success();
    pack_app_and_rest(&place);
    let tmp = files_below(&place.path().join("tmp"));
    assert!(tmp.is_empty(), "{tmp:?}");
    let out: Vec<PathBuf> = files_below(&place.path().join("out")).into_iter().collect();
    assert_eq!(out, [Path::new("other.bin")]);
}

/// Packs all that is in the place, OUT and TMPDIR of another pack included.
fn pack_app_and_rest(place: &TempDir) {
    let all = Pack::new(place.path()).args([
        "-m",
        "app.slow",
        "--no-check",
        "--json",
        "--exclude",
        "build-cache",
    ]);
    let packed = all
        .command_to(&place.path().join("out/other.bin"))
        .env("TMPDIR", place.path().join("tmp"))
        .stdout_any()
        .stderr_any()
        .success();
    let tree = place.path().with_extension("tree");
    Run::inheriting(harness::pyship())
        .arg("extract")
        .args([&place.path().join("out/other.bin"), &tree])
        .stdout_any()
        .stderr_any()
        .success();
    let files = files_below(&tree.join("app/code"));
    fs_err::remove_dir_all(&tree).unwrap();
    let is_left = |path: &&PathBuf| {
        let path = path.to_string_lossy();
        path.starts_with("tmp/pyship-") || path.starts_with("out/")
    };
    let found: Vec<&PathBuf> = files.iter().filter(is_left).collect();
    assert!(found.is_empty(), "{found:?}\n{}", packed.report());
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_that_leaves_nothing() {
    let place = scratch();
    for directory in ["tmp", "out"] {
        fs_err::create_dir(place.path().join(directory)).unwrap();
    }
    let words = Pack::new("examples/hello/hello.py")
        .no_build_cache()
        .arg("-q")
        .command_line(&place.path().join("out/hello.bin"));
    let outcome = Run::inheriting("sh")
        .args(["-c", "ulimit -f 2000; exec \"$@\"", "sh"])
        .args(words)
        .env("TMPDIR", place.path().join("tmp"))
        .stderr_any()
        .exits(1);
    assert!(outcome.err().contains("File too large"), "{}", outcome.report());
    assert_eq!(left(&place), Vec::<PathBuf>::new());
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let place = scratch();
    let words = Pack::new("examples/hello/hello.py")
        .no_build_cache()
        .args(["-q", "--no-check"])
        .command_line(&place.path().join("hello.bin"));
    let running = Run::inheriting("sh")
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .args(words)
        .spawn();
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::HUP);
    running.exits(0);
}
