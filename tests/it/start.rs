//! Cold and warm starts: what they do, counted by the kernel's own record of system calls.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::{Pack, Packed, Run, files_below, scratch};

use crate::support::environment_app;

/// The most system calls that a warm start may make before the interpreter is there.
const WARM_CALLS: usize = 30;

/// The most system calls of a cold start besides three a file (it is made, written, closed) and one a directory.
const COLD_CALLS: usize = 560;

/// The launcher's system calls of one start, as strace writes them: from its own `execve` up to the interpreter's.
pub(crate) fn calls(packed: &Packed, cache: &Path) -> Vec<String> {
    let place = scratch();
    let record = place.path().join("calls");
    let run = Run::inheriting("strace")
        .args(["-f", "-qq", "-o"])
        .arg(&record)
        .args(["-E", "HOME", "--"]);
    let run = run
        .arg(&packed.path)
        .args(["exit", "0"])
        .env("PYSHIP_CACHE_DIR", cache);
    run.stdout_any().success();
    let text = fs_err::read_to_string(&record).unwrap();
    // `-f` puts the process id in front.
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split_once(' ').unwrap().1.trim_start().to_owned())
        .collect();
    assert!(lines[0].starts_with("execve("), "{}", lines[0]);
    let second = lines
        .iter()
        .skip(1)
        .position(|line| line.starts_with("execve("))
        .expect("no second execve")
        + 1;
    assert!(
        lines[second].contains("python") && lines[second].ends_with("= 0"),
        "{}",
        lines[second]
    );
    lines[1..second].to_vec()
}

#[test]
fn a_warm_start_is_at_most_thirty_system_calls_and_none_that_writes_or_locks() {
    let place = scratch();
    let packed = environment_app();
    packed.run_with_cache(place.path()).args(["exit", "0"]).success();
    let mut made = calls(&packed, place.path());
    // Without `HOME`, as here, one more asks whether the system has a file that names a home directory.
    made.retain(|call| !call.contains("/etc/passwd"));
    let listed = made.join("\n");
    assert!(made.len() <= WARM_CALLS, "{} system calls\n{listed}", made.len());
    let writes = |call: &&String| {
        let forbidden = [
            "flock(",
            "rename",
            "mkdir",
            "unlink",
            "symlink",
            "link(",
            "fsync",
            "fdatasync",
            "ftruncate",
        ];
        let locks = call.starts_with("fcntl") && call.contains("LK");
        let creates = call.contains("O_CREAT") || call.contains("O_RDWR") || call.contains("O_WRONLY");
        let threads = call.starts_with("clone") || call.starts_with("fork") || call.starts_with("vfork");
        let writes = call.starts_with("write") || call.starts_with("pwrite");
        forbidden.iter().any(|name| call.starts_with(name)) || locks || creates || threads || writes
    };
    let found: Vec<&String> = made.iter().filter(writes).collect();
    assert!(found.is_empty(), "{found:?}\n{listed}");
}

#[test]
fn a_cold_start_makes_three_system_calls_a_file() {
    let place = scratch();
    let packed = Pack::new("examples/hello/hello.py").run();
    let made = calls(&packed, place.path());
    // strace cuts what another thread interrupts in two, and how often threads wait depends on the machine's load.
    let counts = |call: &&String| !call.contains(" resumed>") && !call.contains("futex(");
    let made = made.iter().filter(counts).count();
    let entries = || walkdir::WalkDir::new(place.path()).into_iter().flatten();
    let files = entries().filter(|entry| entry.file_type().is_file()).count();
    let directories = entries().filter(|entry| entry.file_type().is_dir()).count();
    // A directory is made, and given the time that says that it is as it was made.
    let bound = 3 * files + 2 * directories + COLD_CALLS;
    assert!(
        made <= bound,
        "{made} system calls for {files} files, {directories} directories"
    );
}

#[test]
fn a_carried_libc_is_unpacked_where_it_is_used() {
    let layers = |packed: &Packed| {
        let place = scratch();
        packed.run_with_cache(place.path()).args(["exit", "0"]).success();
        fs_err::read_dir(place.path().join("v1/layers")).unwrap().count()
    };
    let packed_with = |libc: &str| Pack::new("tests/apps/environment").args(["--libc", libc]).run();
    let with_host = layers(&packed_with("host"));
    assert_eq!(layers(&packed_with("auto")), with_host);
    assert_eq!(layers(&packed_with("bundled")), with_host + 1);
}

#[test]
fn a_warm_start_does_not_grow_with_the_payload() {
    let app = scratch();
    fs_err::copy(
        harness::repository().join("tests/apps/shop/main.py"),
        app.path().join("main.py"),
    )
    .unwrap();
    let mut counts = Vec::new();
    let mut read = Vec::new();
    for (name, files) in [("small", 1), ("large", 3000)] {
        for number in 0..files {
            let text = format!("NUMBER = {number}\n").repeat(40);
            fs_err::write(app.path().join(format!("module{number}.py")), text).unwrap();
        }
        let packed = Pack::new(app.path())
            .called(&format!("{name}.bin"))
            .arg("--name")
            .arg("grown")
            .run();
        let cache = scratch();
        packed.run_with_cache(cache.path()).stdout_any().success();
        let made = calls(&packed, cache.path());
        counts.push(made.len());
        let bytes = |call: &String| {
            call.rsplit("= ")
                .next()
                .and_then(|result| result.parse::<u64>().ok())
                .unwrap_or(0)
        };
        let reads = made
            .iter()
            .filter(|call| call.starts_with("read(") || call.starts_with("pread"));
        read.push(reads.map(bytes).sum::<u64>());
    }
    assert_eq!(counts[0], counts[1], "system calls of a small and a large file");
    assert!(read[1] <= read[0] + 64, "bytes read: {read:?}");
}

#[test]
fn the_cache_is_laid_out_as_the_contract_says() {
    let place = scratch();
    let cache = place.path().join("cache");
    environment_app()
        .run_with_cache(&cache)
        .args(["exit", "0"])
        .success();
    assert!(
        fs_err::read_to_string(cache.join("CACHEDIR.TAG"))
            .unwrap()
            .starts_with("Signature: 8a477f597d28d172789f06886806bc55")
    );
    let names = |part: &str| fs_err::read_dir(cache.join("v1").join(part)).unwrap().count();
    assert_eq!(names("apps"), 1);
    assert!(names("layers") >= 2);
    assert_eq!(
        names("tmp"),
        0,
        "left behind: {:?}",
        files_below(&cache.join("v1/tmp"))
    );
    assert_eq!(
        fs_err::metadata(&cache).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let app = fs_err::read_dir(cache.join("v1/apps"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert!(app.join("pyvenv.cfg").is_file() && app.join("bin/python3").is_file());
    let python = harness::interpreters::usual().minor();
    assert!(app.join(format!("lib/python{python}/site-packages")).is_dir());
}

#[test]
fn two_files_share_their_runtime() {
    let place = scratch();
    environment_app()
        .run_with_cache(place.path())
        .args(["exit", "0"])
        .success();
    let before = fs_err::read_dir(place.path().join("v1/layers")).unwrap().count();
    let shop = Pack::new("tests/apps/shop").run();
    shop.run_with_cache(place.path()).stdout_any().success();
    let after = fs_err::read_dir(place.path().join("v1/layers")).unwrap().count();
    assert_eq!(after, before + 1, "only the app differs");
}

#[test]
fn what_is_missing_is_made_anew() {
    let place = scratch();
    let packed = environment_app();
    let start = || {
        packed
            .run_with_cache(place.path())
            .arg("resource")
            .stdout("package is here 24\n")
            .success()
    };
    start();
    let apps = place.path().join("v1/apps");
    fs_err::remove_dir_all(&apps).unwrap();
    start();
    for layer in fs_err::read_dir(place.path().join("v1/layers"))
        .unwrap()
        .map(Result::unwrap)
    {
        fs_err::remove_dir_all(layer.path()).unwrap();
        start();
    }
    fs_err::remove_dir_all(place.path().join("v1")).unwrap();
    start();
}

#[test]
fn thirty_two_first_starts_at_once() {
    let place = scratch();
    let packed = environment_app();
    let start = |_| {
        packed
            .run_with_cache(place.path())
            .arg("resource")
            .stdout("package is here 24\n")
            .spawn()
    };
    let running: Vec<_> = (0..32).map(start).collect();
    for one in running {
        one.exits(0);
    }
    assert_eq!(fs_err::read_dir(place.path().join("v1/tmp")).unwrap().count(), 0);
    assert_eq!(fs_err::read_dir(place.path().join("v1/apps")).unwrap().count(), 1);
}

#[test]
fn an_explicit_cache_that_can_not_be_used_is_an_error() {
    let place = scratch();
    let file = place.path().join("file");
    fs_err::write(&file, "").unwrap();
    for bad in [
        file.clone(),
        file.join("below"),
        Path::new("/proc/cache").to_owned(),
    ] {
        let outcome = environment_app().run_with_cache(&bad).arg("report").output();
        crate::support::assert_launcher_failed(&outcome, "an explicit cache");
        assert!(
            outcome.err().contains(bad.to_str().unwrap()),
            "{}",
            outcome.report()
        );
    }
}

#[test]
fn cache_roots_are_tried_in_order_until_one_can_be_used() {
    // HOME can't be written to, /var/tmp isn't there: it is /tmp.
    let run = environment_app()
        .run()
        .root("bare")
        .uid(65534)
        .tmpfs()
        .env("HOME", "/nonexistent")
        .env("PYSHIP", "where");
    run.stdout_has("/tmp/pyship-65534/v1/apps/").success();
    let run = environment_app()
        .run()
        .root("bare")
        .uid(65534)
        .env("PYSHIP", "where");
    run.stdout_has("/dev/shm/pyship-65534/v1/apps/").success();
    let nowhere = environment_app()
        .run()
        .root("bare")
        .uid(65534)
        .no_dev()
        .no_proc()
        .output();
    crate::support::assert_launcher_failed(&nowhere, "nowhere to write");
    for root in [
        "/var/tmp/pyship-65534",
        "/tmp/pyship-65534",
        "/dev/shm/pyship-65534",
    ] {
        assert!(nowhere.err().contains(root), "{}", nowhere.report());
    }
}

#[test]
fn a_store_is_read_and_never_written() {
    let place = scratch();
    let (store, cache) = (place.path().join("store"), place.path().join("cache"));
    environment_app()
        .run_with_cache(&store)
        .args(["exit", "0"])
        .success();
    let before = files_below(&store);
    let run = || {
        environment_app()
            .run_with_cache(&cache)
            .env("PYSHIP_STORE", &store)
    };
    run().args(["exit", "0"]).success();
    assert_eq!(files_below(&store), before);
    let layers = cache.join("v1/layers");
    let unpacked = if layers.is_dir() {
        fs_err::read_dir(layers).unwrap().count()
    } else {
        0
    };
    assert_eq!(unpacked, 0, "the store has every layer");
}

#[test]
fn cold_memory_stays_small() {
    let packed = environment_app();
    let place = scratch();
    // The launcher alone: PYSHIP=where unpacks and starts no Python.
    let run = Run::inheriting("/usr/bin/env").arg("python3").args([
        "-c",
        "import os, sys, resource, subprocess\n\
        subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
    ]);
    let run = run
        .arg(&packed.path)
        .env("PYSHIP", "where")
        .env("PYSHIP_CACHE_DIR", place.path());
    let kilobytes: u64 = run.stdout_any().success().out().trim().parse().unwrap();
    assert!(kilobytes <= 64 << 10, "{kilobytes} kB");
}
