//! Other processes beside a prune: what they use is kept, and they do not disturb each other.

use std::path::PathBuf;
use std::time::Duration;

use harness::{Run, pyship};
use rustix::process::Signal;

use super::{Bench, FOUR, end};

#[test]
fn what_runs_is_kept_and_so_are_its_layers() {
    let bench = Bench::filled(&FOUR[..2]);
    let running = bench.runs("one");
    bench.used("one", 90);
    bench.used("two", 90);
    bench.cache(&["prune"]);
    assert_eq!(bench.apps(), ["one"]);
    let verify = bench.run("one").env("PYSHIP", "verify");
    verify.stdout_has("its unpacked contents are intact").success();
    end(running);
    bench.cache(&["prune"]);
    assert_eq!((bench.apps().len(), bench.layers()), (0, 0));
}

#[test]
fn a_child_that_outlives_its_parent_keeps_the_app() {
    let bench = Bench::filled(&["one"]);
    // A daemon's way: `sys.executable`, in a session of its own, with an empty environment.
    let code = "import subprocess, sys\n\
        p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(100)'], env={}, \
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)\n\
        print(p.pid)";
    let run = bench.run("one").env("PYSHIP", "python").args(["-c", code]);
    let pid = run.stdout_any().success().out();
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    bench.cache(&["clear"]);
    let kept = bench.apps();
    rustix::process::kill_process(pid, Signal::KILL).unwrap();
    assert_eq!(kept, ["one"]);
}

#[test]
fn what_runs_in_another_pid_namespace_is_kept() {
    let bench = Bench::filled(&FOUR[..2]);
    let (_, two) = &bench.files[1];
    let prune = |namespace: bool| {
        let words: &[&str] = if namespace {
            &["-p", "-f", "--mount-proc", "--kill-child"]
        } else {
            &["-u"]
        };
        let run = Run::inheriting("unshare").args(words).arg(pyship());
        let run = run.args(["cache", "prune", "--older", "0"]);
        run.env("PYSHIP_CACHE_DIR", bench.place.path())
            .stdout_any()
            .success();
    };
    // The program is in a container of its own, and pruned from outside: it is seen.
    let inside = Run::inheriting("unshare")
        .args(["-p", "-f", "--mount-proc", "--kill-child"])
        .arg(&two.path)
        .arg("sleep")
        .env("PYSHIP_CACHE_DIR", bench.place.path())
        .stdout_any()
        .spawn();
    inside.says("\n");
    prune(false);
    assert_eq!(bench.apps(), ["two"], "seen from outside");
    // And from a container beside it: not seen, but its interpreter is in use. That says nothing of which app.
    bench.start("one");
    prune(true);
    assert_eq!(bench.apps(), ["one", "two"], "not seen");
    inside.signal(Signal::KILL);
    inside.killed_by(Signal::KILL);
    std::thread::sleep(Duration::from_millis(300));
    prune(true);
    assert_eq!(bench.apps(), [""; 0], "nobody runs");
}

/// Its cache has the same layers. The kernel names its files by paths from outside, which lead nowhere below its root.
#[test]
fn what_runs_in_another_root_with_a_cache_of_its_own_keeps_nothing() {
    let bench = Bench::filled(&FOUR[..1]);
    let (_, one) = &bench.files[0];
    let inside = one.run().root("bare").tmpfs().arg("sleep").stdout_any().spawn();
    inside.says("\n");
    bench.cache(&["prune", "--max-size", "0"]);
    assert_eq!((bench.apps().len(), bench.layers()), (0, 0));
    inside.signal(Signal::KILL);
    inside.killed_by(Signal::KILL);
}

/// The lease of a record by which one `prune` decides is not ended by another one, which looks at all processes.
#[test]
fn prunes_of_two_caches_do_not_disturb_each_other() {
    let (bench, other) = (Bench::filled(&FOUR[..1]), Bench::filled(&FOUR[..1]));
    let record = PathBuf::from(other.app("one")["directory"].as_str().unwrap()).join("launch");
    let over = other.place.path().join("over");
    let source = "import fcntl, os, signal, sys, time\n\
                  signal.signal(signal.SIGIO, signal.SIG_IGN)\n\
                  file = open(os.environ['RECORD'], 'rb')\n\
                  fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n\
                  print('leased', flush=True)\n\
                  while not os.path.exists(os.environ['OVER']): time.sleep(0.01)\n\
                  sys.exit(fcntl.fcntl(file, fcntl.F_GETLEASE) != fcntl.F_WRLCK)\n";
    let leasing = Run::inheriting("python3")
        .args(["-c", source])
        // Not as arguments: what those name counts as used.
        .env("RECORD", &record)
        .env("OVER", &over)
        .stdout_any()
        .spawn();
    leasing.says("leased\n");
    bench.cache(&["prune", "--max-size", "0"]);
    fs_err::write(&over, "").unwrap();
    leasing.exits(0);
    assert_eq!(bench.apps().len(), 0);
}

/// A start that has the record open is met after the apps were chosen: no path shows it, as from another pid namespace.
#[test]
fn what_a_start_holds_in_the_end_is_not_counted() {
    let bench = Bench::filled(&FOUR[..2]);
    bench.used("one", 40);
    let record = PathBuf::from(bench.app("one")["directory"].as_str().unwrap()).join("launch");
    let link = bench.place.path().join("link");
    fs_err::hard_link(record, &link).unwrap();
    let open = fs_err::File::open(&link).unwrap();
    let told = bench.cache(&["prune"]).out();
    assert!(
        told.contains("freed 0 B (0 apps, 0 layers); 1 kept: running"),
        "{told}"
    );
    drop(open);
    let told = bench.cache(&["prune"]).out();
    assert!(
        told.contains("(1 apps, 1 layers)") && !told.contains("freed 0 B"),
        "{told}"
    );
}

#[test]
fn thirty_starters_against_a_prune_that_never_stops() {
    let bench = Bench::filled(&FOUR);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        let pruner = scope.spawn(|| {
            let mut pruned = 0;
            while !stop.load(order) {
                let said = bench.cache(&["prune", "--older", "0"]).out();
                if !said.contains("(0 apps") {
                    pruned += 1;
                }
            }
            pruned
        });
        let starters: Vec<_> = (0..30)
            .map(|number| {
                let bench = &bench;
                scope.spawn(move || {
                    for round in 0..6 {
                        bench.start(FOUR[(number + round) % FOUR.len()]);
                    }
                })
            })
            .collect();
        let failed = starters
            .into_iter()
            .filter_map(|starter| starter.join().err())
            .count();
        stop.store(true, order);
        let pruned = pruner.join().unwrap();
        assert_eq!(failed, 0, "starters that failed");
        assert!(pruned > 0, "it never came to remove anything");
    });
    bench.nothing_is_left_half_done();
    for name in FOUR {
        bench.start(name);
    }
}
