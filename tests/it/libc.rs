//! The host's C library or the carried one: which is used where, what is said when neither will do, and that a
//! program under the carried one can do what any other can, its children included.

use std::path::Path;

use harness::{Compression, Pack, Packed, Run, archive, files_below, interpreters, scratch};
use serde_json::{Value, json};

use crate::start::calls;
use crate::support::{assert_launcher_failed, environment_app};

/// Systems on which the carried glibc is used, with and without a shell.
const CARRIED: [&str; 3] = ["musl", "busybox", "empty"];
/// The most that a glibc may add to a file.
const LIBC_SIZE: u64 = 2_200_000;
/// The most system calls by which a warm start decides.
const DECIDING_CALLS: usize = 6;

fn bare() -> Packed {
    Pack::new("tests/apps/bare").with("tzdata").run()
}

fn bare_with(policy: &str) -> Packed {
    Pack::new("tests/apps/bare").args(["--libc", policy]).run()
}

/// `fastapi`'s packages, with uvicorn's command line.
fn web() -> Packed {
    let pack = Pack::new("examples/fastapi").requirements("examples/fastapi/requirements.txt");
    pack.args(["-m", "uvicorn"]).called("uvicorn.bin").run()
}

fn python(run: Run, code: &str) -> Run {
    run.env("PYSHIP", "python").args(["-c", code])
}

#[test]
fn the_host_is_used_where_it_is_new_enough() {
    let packed = bare();
    for (root, used) in [
        ("bullseye", "carried"),
        ("bookworm", "host"),
        ("forky", "host"),
        ("musl", "carried"),
        ("empty", "carried"),
    ] {
        let run = packed.run().root(root).tmpfs().uid(65534).arg("library");
        run.stdout(format!("\"{used}\"\n")).success();
    }
}

#[test]
fn bundled_always_uses_its_own() {
    let packed = bare_with("bundled");
    for root in ["bookworm", "forky", "musl"] {
        let run = packed.run().root(root).tmpfs().arg("library");
        run.stdout("\"carried\"\n").success();
    }
    packed.run().arg("library").stdout("\"carried\"\n").success();
}

#[test]
fn a_host_that_wont_do_is_said_by_the_launcher() {
    let packed = bare_with("host");
    packed.run().arg("library").stdout("\"host\"\n").success();
    let floor = packed.manifest()["libc"]["floor"].clone();
    assert!(
        floor[1].as_u64() > Some(31),
        "a file that bullseye would run proves nothing: {floor}"
    );
    let needs = format!("it needs glibc 2.{} or newer, and this system has ", floor[1]);
    for (root, has) in [
        ("bullseye", "glibc 2.31"),
        ("musl", "none"),
        ("busybox", "none"),
        ("empty", "none"),
    ] {
        for proc in [true, false] {
            let run = packed.run().root(root).tmpfs();
            let ended = if proc { run } else { run.no_proc() }.output();
            assert_launcher_failed(&ended, root);
            let hidden = root == "bullseye" && !proc;
            let wanted = if hidden {
                "/proc, which is not mounted".to_owned()
            } else {
                format!("{needs}{has}")
            };
            assert!(ended.err().contains(&wanted), "{wanted}\n{}", ended.report());
        }
    }
    let ended = packed.run().root("forky").tmpfs().no_proc().output();
    assert_launcher_failed(&ended, "without /proc");
}

/// A home directory on NFS, a cache that containers mount: each system decides for itself, in whatever order they
/// come, and what is unpacked serves all of them.
#[test]
fn one_cache_seen_from_several_systems() {
    let packed = bare();
    let place = scratch();
    fs_err::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let layers = || files_below(&place.path().join("v1/layers")).len();
    let mut unpacked = 0;
    for (root, path, used) in [
        ("forky", "/cache", "host"),
        ("bullseye", "/cache", "carried"),
        ("musl", "/cache", "carried"),
        ("bookworm", "/home/somebody/.cache", "host"),
        ("musl", "/home/somebody/.cache", "carried"),
        ("forky", "/cache", "host"),
        ("bullseye", "/elsewhere", "carried"),
        ("bullseye", "/cache", "carried"),
    ] {
        let run = packed.run().root(root).tmpfs().bind(place.path(), path);
        let run = run.env("PYSHIP_CACHE_DIR", path).arg("library");
        run.stdout(format!("\"{used}\"\n")).success();
        if unpacked == 0 {
            unpacked = layers();
        }
        // The second system needed the carried glibc, which the first did not.
        let glibc = layers() - unpacked;
        assert!(
            glibc < 20,
            "{root} at {path} unpacked {glibc} files that were there"
        );
    }
}

/// Two images of one distribution: the same loader to the last bit, but one of them has no libstdc++.
#[test]
fn one_cache_seen_from_two_images_of_one_distribution() {
    let pack = Pack::new("examples/numpy-pandas").requirements("examples/numpy-pandas/requirements.txt");
    let packed = pack.run();
    let system = packed.manifest()["libc"]["system"].clone();
    assert!(!system["libstdc++.so.6"].is_null(), "{system}");
    let place = scratch();
    let run = || {
        let run = packed.run().root("bookworm").tmpfs().bind(place.path(), "/cache");
        run.env("PYSHIP_CACHE_DIR", "/cache")
            .stdout_has("solve: 0.80 1.40")
    };
    let hide = |run: Run| run.bind(Path::new("/dev/null"), "/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
    run().success();
    hide(run()).success();
    run().success();
}

#[test]
fn sys_executable_works_however_it_is_called() {
    let packed = bare();
    for root in ["bullseye", "musl", "empty"] {
        for proc in [true, false] {
            let run = || {
                let run = packed.run().root(root).uid(65534).tmpfs();
                if proc { run } else { run.no_proc() }
            };
            let said: Value = run().arg("executable").stdout_any().success().json();
            for (way, worked) in said.as_object().unwrap() {
                assert_eq!(*worked, json!(true), "{way} in {root}, /proc: {proc}");
            }
            run()
                .arg("become")
                .stdout_has("/v1/apps/")
                .stdout_has(" ['-c', 'x']\n")
                .success();
        }
    }
}

#[test]
fn the_file_works_however_it_is_called() {
    let packed = bare();
    for proc in [true, false] {
        let run = |root: &str| {
            let run = packed.run().root(root).uid(65534).tmpfs();
            if proc { run } else { run.no_proc() }
        };
        let relative = run("empty").directory("/tmp").through(["../bare.bin"]);
        relative.arg("loaded").stdout("\"bare.bin\"\n").success();
        let script = "cd /tmp && ln -s ../bare.bin called && ./called loaded && PATH=/tmp called loaded";
        let linked = run("musl").through(["/bin/sh", "-c", script]);
        linked.stdout("\"called\"\n\"called\"\n").success();
    }
}

#[test]
fn scripts_of_packages_work() {
    let packed = web();
    let code = "import os, subprocess, sys\n\
        script = os.path.join(sys.prefix, 'bin', 'uvicorn')\n\
        sys.exit(subprocess.run([script, '--version'], env={}).returncode)";
    for root in CARRIED {
        // A long path needs a shell, which the empty root doesn't have.
        let run = packed.run().root(root).uid(65534).tmpfs();
        python(run, code).stdout_has("Running uvicorn").success();
    }
}

/// A server is asked by the program that started it: there is nobody else in these roots.
#[test]
fn a_server_answers_and_ends_with_the_right_status() {
    let packed = web();
    let code = "import subprocess, sys, time, urllib.request\n\
        for workers in '12':\n\
        \x20   port = 8000 + int(workers)\n\
        \x20   command = [sys.executable, '-m', 'uvicorn', 'app.main:app', '--port', str(port), '--workers', workers]\n\
        \x20   server = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)\n\
        \x20   for attempt in range(600):\n\
        \x20       try:\n\
        \x20           print(urllib.request.urlopen(f'http://127.0.0.1:{port}/').read().decode())\n\
        \x20           break\n\
        \x20       except OSError:\n\
        \x20           time.sleep(0.1)\n\
        \x20   server.terminate()\n\
        \x20   print(server.wait())";
    let wanted = "{\"message\":\"Hello from one file\"}\n";
    for root in ["bullseye", "musl", "busybox", "empty"] {
        let run = packed.run().root(root).uid(65534).tmpfs().no_net();
        python(run, code)
            .stdout(format!("{wanted}-15\n{wanted}0\n"))
            .success();
    }
}

#[test]
fn pyarrow_and_joblib() {
    let packed = Pack::without_app().with("pyarrow").with("joblib").run();
    let code = "import joblib, math, pyarrow as pa, pyarrow.compute as pc\n\
        print(pc.sum(pa.array([1, 2, 3])), pa.table({'a': [1, 2]}).num_rows)\n\
        print(sum(joblib.Parallel(n_jobs=2)(joblib.delayed(math.factorial)(n) for n in range(6))))";
    for root in ["bullseye", "musl", "empty"] {
        let run = packed.run().root(root).uid(65534).tmpfs().no_net();
        // joblib warns where the number of cores can't be found out.
        run.args(["-c", code]).stdout("6 2\n154\n").stderr_any().success();
    }
}

/// What a program of the host sees: its own libraries, and the caller's environment.
#[test]
fn a_child_that_is_the_hosts_has_the_hosts_libraries() {
    let packed = Pack::new("tests/apps/environment")
        .args(["--libc", "bundled"])
        .run();
    let maps = |run: Run| {
        let said = run
            .args(["run", "/bin/cat", "/proc/self/maps"])
            .stdout_has("stack")
            .success();
        assert!(
            !said.out().contains("/layers/") && !said.out().contains("pyship"),
            "{}",
            said.out()
        );
    };
    for root in ["bookworm", "musl", "busybox"] {
        maps(packed.run().root(root).tmpfs());
        let run = packed
            .run()
            .root(root)
            .tmpfs()
            .env("A", "b")
            .args(["run", "/usr/bin/env"]);
        let run = if root == "bookworm" {
            run
        } else {
            packed
                .run()
                .root(root)
                .tmpfs()
                .env("A", "b")
                .args(["run", "/bin/env"])
        };
        let said = run.stdout_has("A=b\n").success().out();
        let foreign: Vec<&str> = said
            .lines()
            .filter(|line| !["A=", "LC_CTYPE="].iter().any(|known| line.starts_with(known)))
            // Where no /etc/passwd names a home directory.
            .filter(|line| root == "bookworm" || *line != "HOME=/")
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
    let systems = interpreters::systems();
    let code = "import os, sys; print(sys.prefix, 'layers' in open('/proc/self/maps').read(), 'LD_LIBRARY_PATH' in os.environ)";
    let run = packed
        .run()
        .arg("run")
        .arg(&systems.path)
        .args(["-S", "-c", code]);
    run.stdout("/usr False False\n").success();
    let version = Run::inheriting("git")
        .arg("--version")
        .stdout_any()
        .success()
        .out();
    let run = packed
        .run()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .args(["run", "git"]);
    run.arg("--version").stdout(version).success();
}

#[test]
fn every_kind_of_interpreter_under_the_carried_one() {
    let usual = interpreters::usual();
    let packs = [
        Pack::new("tests/apps/bare").with("tzdata"),
        Pack::new("tests/apps/bare")
            .with("tzdata")
            .python(interpreters::systems()),
        Pack::new("tests/apps/bare")
            .with("tzdata")
            .python_is(archive(usual, Compression::Zstd)),
    ];
    for pack in packs {
        let packed = pack.run();
        for root in ["musl", "empty"] {
            let said: Value = packed
                .run()
                .root(root)
                .uid(65534)
                .tmpfs()
                .arg("executable")
                .stdout_any()
                .success()
                .json();
            assert!(
                said.as_object()
                    .unwrap()
                    .values()
                    .all(|worked| *worked == json!(true)),
                "{said}"
            );
            packed
                .run()
                .root(root)
                .tmpfs()
                .arg("library")
                .stdout("\"carried\"\n")
                .success();
        }
        packed
            .run()
            .root("forky")
            .tmpfs()
            .arg("library")
            .stdout("\"host\"\n")
            .success();
    }
}

#[test]
fn a_carried_glibc_is_small() {
    let hello = Pack::new("examples/hello/hello.py").level(9);
    let sci = Pack::new("examples/numpy-pandas")
        .requirements("examples/numpy-pandas/requirements.txt")
        .level(9);
    for pack in [hello, sci] {
        let with = fs_err::metadata(&pack.run().path).unwrap().len();
        let without = fs_err::metadata(&pack.args(["--libc", "host"]).run().path)
            .unwrap()
            .len();
        assert!(with - without <= LIBC_SIZE, "{} bytes more", with - without);
    }
}

#[test]
fn deciding_costs_a_warm_start_a_few_system_calls() {
    let warm = |packed: &Packed| {
        let place = scratch();
        packed.run_with_cache(place.path()).args(["exit", "0"]).success();
        calls(packed, place.path())
    };
    let auto = warm(&environment_app());
    let host = warm(&Pack::new("tests/apps/environment").args(["--libc", "host"]).run());
    let deciding: Vec<&String> = auto
        .iter()
        .filter(|call| {
            ["/ld-linux", "libc.so", "libstdc++", "libgcc_s"]
                .iter()
                .any(|name| call.contains(name))
        })
        .collect();
    assert!((1..=DECIDING_CALLS).contains(&deciding.len()), "{deciding:?}");
    assert!(
        auto.len() <= host.len() + DECIDING_CALLS,
        "{} after {}",
        auto.len(),
        host.len()
    );
}
