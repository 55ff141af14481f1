//! First starts that are killed, by signals and by the power: the next start works and leaves nothing behind.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Run, Running, files_below, interpreters, pyship, repository, scratch};
use rustix::process::{Pid, Signal, kill_process};
use walkdir::WalkDir;

use crate::decay::publish_again;
use crate::support::{environment_app, left_in_tmp};

/// A sample of what `tests/tools/kill-loop` does in full: at random instants, and after calls that write.
#[test]
fn wherever_a_first_start_is_killed_the_next_one_works() {
    let run = Run::inheriting(repository().join("tests/tools/kill-loop"))
        .args([
            "--random", "20", "--sample", "10", "--step", "10", "--json", "--python",
        ])
        .arg(&interpreters::usual().path)
        .env("PYSHIP_BIN", pyship());
    let result = run.stdout_any().success().json();
    assert_eq!(result["broken"], 0, "{result}");
    assert!(result["kills"].as_u64().unwrap() >= 60, "{result}");
    for (part, names) in [
        ("kinds", ["random", "sample", "calls"].as_slice()),
        ("signals", &["SIGKILL", "SIGTERM", "SIGINT"]),
        ("calls", &["openat", "write", "mkdirat"]),
    ] {
        for name in names {
            assert!(
                result[part][name].as_u64().unwrap_or(0) > 0,
                "{part} {name}: {result}"
            );
        }
    }
}

/// A first start that stands still while it unpacks, and the launcher's process id.
fn unpacking(cache: &Path) -> (Running, Pid) {
    let inject = "inject=symlinkat:delay_enter=1500000";
    let running = Run::inheriting("strace")
        .args([
            "-f",
            "-qqq",
            "-o",
            "/dev/null",
            "-e",
            "trace=symlinkat",
            "-e",
            inject,
        ])
        .arg(&environment_app().path)
        .args(["exit", "0"])
        .env("PYSHIP_CACHE_DIR", cache)
        // strace may say that a call which it held up was interrupted.
        .stderr_any()
        .spawn();
    let pid = running.pid();
    let children = format!("/proc/{pid}/task/{pid}/children");
    let begin = Instant::now();
    loop {
        let tmp = cache.join("v1/tmp");
        // A directory that is being filled. Others come and go, so errors say nothing.
        let begun = WalkDir::new(&tmp)
            .min_depth(3)
            .into_iter()
            .any(|entry| entry.is_ok());
        let child = fs_err::read_to_string(&children).unwrap();
        if let (true, Ok(child)) = (begun, child.trim().parse()) {
            return (running, Pid::from_raw(child).unwrap());
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "nothing is unpacked");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_signal_ends_a_first_start_and_the_next_one_sweeps() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::KILL] {
        let place = scratch();
        let (running, launcher) = unpacking(place.path());
        kill_process(launcher, signal).unwrap();
        running.killed_by(signal);
        assert!(left_in_tmp(place.path()) > 0, "{signal:?}");
        assert_eq!(fs_err::read_dir(place.path().join("v1/apps")).unwrap().count(), 0);
        environment_app()
            .run_with_cache(place.path())
            .args(["exit", "6"])
            .exits(6);
        assert_eq!(left_in_tmp(place.path()), 0, "{signal:?}");
    }
}

#[test]
fn a_start_that_waits_takes_over_when_the_one_that_unpacks_is_killed() {
    let place = scratch();
    let (running, launcher) = unpacking(place.path());
    let waiting: Vec<Running> = (0..4)
        .map(|_| {
            environment_app()
                .run_with_cache(place.path())
                .args(["exit", "8"])
                .spawn()
        })
        .collect();
    thread::sleep(Duration::from_millis(400));
    kill_process(launcher, Signal::KILL).unwrap();
    running.killed_by(Signal::KILL);
    for one in waiting {
        one.exits(8);
    }
    environment_app()
        .run_with_cache(place.path())
        .args(["exit", "8"])
        .exits(8);
    assert_eq!(fs_err::read_dir(place.path().join("v1/apps")).unwrap().count(), 1);
}

// Power loss. Nothing is synced: a first start would pay for it each time, and what is lost can be unpacked anew.
// What a journal keeps without the data (ext4 with delayed allocation) are names, modes and links, and files of size 0.
// So the first start after a boot looks at the shape of all that it would rely on.

/// The regular files of a cache's layers and apps.
fn files_of(cache: &Path) -> Vec<PathBuf> {
    let parts = ["v1/layers", "v1/apps"];
    let all = parts.iter().flat_map(|part| {
        let part = cache.join(part);
        files_below(&part).into_iter().map(move |file| part.join(file))
    });
    all.filter(|path| path.symlink_metadata().unwrap().is_file())
        .collect()
}

fn sizes(cache: &Path) -> Vec<(PathBuf, u64)> {
    let files = files_of(cache).into_iter();
    files
        .map(|file| {
            let size = file.metadata().unwrap().len();
            (file, size)
        })
        .collect()
}

fn lose(file: &Path) {
    let file = fs_err::File::options().write(true).open(file).unwrap();
    file.set_len(0).unwrap();
}

/// What was lost has the times at which it was written, before the index.
fn publish_all_again(cache: &Path) {
    for part in ["v1/layers", "v1/apps"] {
        for directory in fs_err::read_dir(cache.join(part)).unwrap() {
            publish_again(&directory.unwrap().path());
        }
    }
}

/// Sets the time of every record to before the machine was booted, as it is after a power loss.
fn written_before_boot(cache: &Path) {
    for app in fs_err::read_dir(cache.join("v1/apps")).unwrap() {
        Run::inheriting("touch")
            .args(["-d", "2020-01-01"])
            .arg(app.unwrap().path().join("launch"))
            .success();
    }
}

#[test]
fn after_a_power_loss_lost_data_is_unpacked_anew() {
    let place = scratch();
    let cache = place.path().join("cache");
    let start = || {
        environment_app()
            .run_with_cache(&cache)
            .arg("resource")
            .stdout("package is here 24\n")
            .success()
    };
    start();
    let whole = sizes(&cache);
    let count = whole.len();
    // All data lost; the first half; the second half; single files.
    let mut losses: Vec<Vec<usize>> = vec![
        (0..count).collect(),
        (0..count / 2).collect(),
        (count / 2..count).collect(),
    ];
    losses.extend((0..6).map(|step| vec![step * (count - 1) / 5]));
    for lost in losses {
        for &index in &lost {
            if !whole[index].0.ends_with("launch") {
                lose(&whole[index].0);
            }
        }
        publish_all_again(&cache);
        written_before_boot(&cache);
        start();
        assert_eq!(sizes(&cache), whole, "files {lost:?} were lost");
    }
}

#[test]
fn after_a_power_loss_a_lost_record_is_no_proof_of_the_rest() {
    let place = scratch();
    let cache = place.path().join("cache");
    let start = || {
        environment_app()
            .run_with_cache(&cache)
            .args(["exit", "9"])
            .exits(9)
    };
    start();
    let whole = sizes(&cache);
    for (file, size) in &whole {
        if *size > 0 {
            lose(file);
        }
    }
    publish_all_again(&cache);
    start();
    assert_eq!(sizes(&cache), whole);
}
