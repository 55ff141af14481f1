//! First starts under the caller's limits on resources: they work within them or say what lacks, and the app finds
//! the limits as the caller set them.

use std::path::Path;

use harness::{Pack, Packed, Run, scratch};

use crate::support::{assert_launcher_failed, assert_unused, environment_app, left_in_tmp};

/// A file with every layer: libc, runtime, deps, app.
fn four_layers() -> Packed {
    let packed = Pack::new("tests/apps/shop").with("six").run();
    assert_eq!(packed.manifest()["layers"].as_array().unwrap().len(), 4);
    packed
}

const SHOP_SAYS: &str = "main [] ['main.py', 'notes.txt', 'shop']\n";

/// A start under limits as prlimit(1) takes them.
fn limited(packed: &Packed, cache: &Path, limits: &[&str]) -> Run {
    Run::inheriting("prlimit")
        .args(limits)
        .arg("--")
        .arg(&packed.path)
        .env("PYSHIP_CACHE_DIR", cache)
}

#[test]
fn a_limit_on_file_sizes_fails_with_a_sentence_and_leaves_nothing() {
    let place = scratch();
    let packed = environment_app();
    for limit in ["5000", "1000000"] {
        let outcome = limited(&packed, place.path(), &[&format!("--fsize={limit}")]).output();
        assert_launcher_failed(&outcome, "a limit on file sizes");
        for part in [
            place.path().to_str().unwrap(),
            "file too large",
            limit,
            "ulimit -f",
        ] {
            assert!(outcome.err().contains(part), "{part}\n{}", outcome.report());
        }
        assert_unused(place.path(), "a limit on file sizes");
    }
    packed.run_with_cache(place.path()).args(["exit", "3"]).exits(3);
}

/// The interpreter ignores SIGXFSZ by itself, so the kernel's record is asked for what it was handed.
#[test]
fn the_signal_of_that_limit_is_the_apps_as_it_was_the_callers() {
    for (caller, handed) in [("default", "SIG_DFL"), ("ignore", "SIG_IGN")] {
        let place = scratch();
        let record = place.path().join("calls");
        let run = Run::inheriting("env")
            .arg(format!("--{caller}-signal=XFSZ"))
            .args(["strace", "-f", "-qq", "-e", "trace=rt_sigaction,execve", "-o"])
            .arg(&record)
            .arg(environment_app().path)
            .args(["exit", "0"]);
        run.env("PYSHIP_CACHE_DIR", place.path().join("cache")).success();
        let text = fs_err::read_to_string(&record).unwrap();
        let second = text.match_indices("execve(").nth(1).unwrap().0;
        let set: Vec<&str> = text[..second]
            .lines()
            .filter(|line| line.contains("rt_sigaction(SIGXFSZ, {"))
            .collect();
        assert_eq!(set.len(), 2, "{text}");
        assert!(set[0].contains("{sa_handler=SIG_IGN"), "{}", set[0]);
        assert!(set[1].contains(&format!("{{sa_handler={handed}")), "{}", set[1]);
    }
}

#[test]
fn sixteen_descriptors_are_enough_for_four_layers() {
    let place = scratch();
    let packed = four_layers();
    for _ in ["cold", "warm"] {
        limited(&packed, place.path(), &["--nofile=16:16"])
            .stdout(SHOP_SAYS)
            .success();
    }
    assert_eq!(left_in_tmp(place.path()), 0);
}

#[test]
fn too_few_descriptors_are_a_sentence() {
    let place = scratch();
    let packed = four_layers();
    for few in 4..12 {
        let outcome = limited(&packed, place.path(), &[&format!("--nofile={few}:{few}")]).output();
        if outcome.status.success() {
            continue;
        }
        // Python itself wants some too: then the sentence is its own.
        if outcome.status.code() == Some(125) {
            assert_launcher_failed(&outcome, "few descriptors");
            assert!(
                outcome.err().contains("too many open files"),
                "{}",
                outcome.report()
            );
        }
    }
    let place = scratch();
    let outcome = limited(&packed, place.path(), &["--nofile=6:6"]).output();
    assert_launcher_failed(&outcome, "six descriptors");
    packed.run_with_cache(place.path()).stdout(SHOP_SAYS).success();
    assert_eq!(left_in_tmp(place.path()), 0);
}

#[test]
fn the_app_has_the_callers_limit_on_descriptors() {
    let place = scratch();
    let code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE))";
    for start in ["cold", "warm"] {
        let run = limited(&environment_app(), place.path(), &["--nofile=40:4000"]).env("PYSHIP", "python");
        let outcome = run.args(["-c", code]).stdout_any().success();
        assert_eq!(outcome.out(), "(40, 4000)\n", "{start}");
    }
}

#[test]
fn a_quarter_of_a_gigabyte_of_address_space_is_enough() {
    let place = scratch();
    limited(&four_layers(), place.path(), &["--as=268435456"])
        .stdout(SHOP_SAYS)
        .success();
    assert_eq!(left_in_tmp(place.path()), 0);
}

#[test]
fn less_memory_than_needed_is_a_sentence() {
    let packed = four_layers();
    let mut refused = 0;
    let place = scratch();
    for megabytes in [3, 6, 9, 12, 18] {
        let limit = format!("--as={}", megabytes << 20);
        // No Python is started: what it needs is its own affair.
        let outcome = limited(&packed, place.path(), &[&limit])
            .env("PYSHIP", "where")
            .output();
        if outcome.status.success() {
            break;
        }
        refused += 1;
        assert_launcher_failed(&outcome, &limit);
        assert!(outcome.err().contains("memory"), "{}", outcome.report());
    }
    assert!(refused > 0, "3 MB can't be enough");
    packed.run_with_cache(place.path()).stdout(SHOP_SAYS).success();
    assert_eq!(left_in_tmp(place.path()), 0);
}

#[test]
fn no_thread_can_be_made() {
    let place = scratch();
    let cache = place.path().join("cache");
    // A user of no one else's, so that only this process counts.
    let uid = "61077";
    fs_err::create_dir(&cache).unwrap();
    fs_err::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::chown(&cache, Some(61077), Some(61077)).unwrap();
    let run = Run::inheriting("prlimit")
        .args(["--nproc=1", "--", "setpriv", "--clear-groups"])
        .args([
            &format!("--reuid={uid}"),
            &format!("--regid={uid}"),
            "--inh-caps=-all",
        ])
        .arg(copied_where_all_may_read(&environment_app(), place.path()))
        .args(["exit", "4"]);
    run.env("PYSHIP_CACHE_DIR", &cache).exits(4);
    assert_eq!(left_in_tmp(&cache), 0);
}

/// Packing says what the system refused: it neither panics nor writes half of a file. What can be done by fewer threads
/// is done by them.
#[test]
fn packing_where_threads_and_processes_are_refused() {
    let place = scratch();
    let (file, temporary) = (place.path().join("app.bin"), place.path().join("tmp"));
    fs_err::create_dir(&temporary).unwrap();
    let pack = Pack::new("tests/apps/environment").no_build_cache();
    // Threads and processes are made by the same call; each thread of the packer counts its own. Up to 3 fail at the
    // threads that share work, up to 10 at what asks the interpreter, 12 at the trial start.
    for first in [1, 3, 4, 8, 10, 12] {
        let run = Run::inheriting("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=clone3"])
            .args(["-e", &format!("inject=clone3:error=EAGAIN:when={first}+")])
            .args(pack.command_line(&file))
            .env("TMPDIR", &temporary);
        let outcome = run.output();
        match outcome.status.code() {
            Some(0) => drop(Run::new(&file).args(["exit", "0"]).success()),
            code => {
                assert_eq!(code, Some(1), "from {first} on\n{}", outcome.report());
                assert!(!file.exists(), "from {first} on: a file is left");
                assert!(
                    outcome.err().contains("ulimit -u"),
                    "from {first} on\n{}",
                    outcome.report()
                );
            }
        }
        assert_eq!(
            fs_err::read_dir(&temporary).unwrap().count(),
            0,
            "from {first} on"
        );
        fs_err::remove_file(&file).unwrap_or_default();
    }
}

fn copied_where_all_may_read(packed: &Packed, place: &Path) -> std::path::PathBuf {
    let file = place.join("environment.bin");
    fs_err::copy(&packed.path, &file).unwrap();
    file
}
