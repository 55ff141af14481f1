//! What a prune keeps although it is hard to see: what other programs use of an app, uses through a store, children that
//! start meanwhile, and apps of another version of pyship.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use harness::{Run, Running};
use rustix::process::Signal;

use crate::prune::{Bench, end, set_age};

fn directory(bench: &Bench, name: &str) -> PathBuf {
    PathBuf::from(bench.app(name)["directory"].as_str().unwrap())
}

/// A shell that waits, started by a script.
fn shell(script: &str) -> Run {
    let script = format!("{script}; echo up; while true; do sleep 0.1; done");
    Run::inheriting("sh").args(["-c", &script]).stdout_any()
}

/// Only a thread goes on.
const THREAD: &str = "
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
print('up', flush=True)
ctypes.CDLL(None).syscall(SYS_EXIT, 0)
";
/// A thread's working directory is not its process's (`CLONE_FS`).
const DIRECTORY_OF_A_THREAD: &str = "
import ctypes, os, threading, time
def work():
    assert ctypes.CDLL(None).unshare(0x200) == 0
    os.chdir(os.environ['APP'] + '/bin')
    print('up', flush=True)
    time.sleep(600)
threading.Thread(target=work).start()
time.sleep(600)
";

/// A file is mapped, and neither open nor named.
const MAPPED: &str = "
import ctypes, os, time
file = os.open(os.environ['SOURCE'], os.O_RDONLY)
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
assert libc.mmap(None, 1, 1, 2, file, 0) != ctypes.c_void_p(-1).value
os.close(file)
print('up', flush=True)
time.sleep(600)
";

fn python(code: &str) -> Run {
    let exit = if cfg!(target_arch = "x86_64") { "60" } else { "93" };
    let code = code.replace("SYS_EXIT", exit);
    Run::inheriting("python3").args(["-c", &code]).stdout_any()
}

fn up(run: Run) -> Running {
    let running = run.spawn();
    running.says("up");
    running
}

#[test]
fn a_program_that_names_opens_or_works_in_an_app_keeps_it() {
    let bench = Bench::filled(&["one", "two"]);
    let app = directory(&bench, "one");
    let script = app.join("bin/activate");
    let layer = bench.place.path().join("v1/layers");
    let own = bench.list()["layers"].as_array().unwrap().clone();
    let users = bench.app("one")["key"].clone();
    let own = own
        .iter()
        .find(|layer| layer["users"].as_array().unwrap() == std::slice::from_ref(&users));
    let source = layer
        .join(own.unwrap()["digest"].as_str().unwrap())
        .join("code/main.py");
    let ways = [
        ("as its argument", shell("true").arg(&script)),
        (
            "as its working directory",
            shell("true").directory(app.join("bin")),
        ),
        ("as an open file", shell(&format!("exec 9<{}", source.display()))),
        ("as a mapped file", python(MAPPED).env("SOURCE", &source)),
        (
            "in a thread that has a working directory of its own",
            python(DIRECTORY_OF_A_THREAD).env("APP", &app),
        ),
        (
            "in a thread that outlives the first one",
            python(THREAD).directory(app.join("bin")),
        ),
    ];
    for (way, run) in ways {
        bench.start("two");
        let running = up(run);
        bench.cache(&["clear"]);
        assert_eq!(bench.apps(), ["one"], "{way}");
        running.signal(Signal::KILL);
        running.killed_by(Signal::KILL);
        let verify = bench.run("one").env("PYSHIP", "verify");
        verify.stdout_has("its unpacked contents are intact").success();
    }
    bench.cache(&["clear"]);
    assert_eq!((bench.apps().len(), bench.layers()), (0, 0));
}

/// What a process without privileges may not look into: its executable and its open files can't be read.
#[test]
fn a_program_that_lets_no_one_look_into_it_is_kept() {
    let outcome = crate::security::machine(
        &harness::Pack::without_app().run(),
        r#"
        mkdir -m 700 /mnt/cache; chown 1234:1234 /mnt/cache
        app() { as_user PYSHIP_CACHE_DIR=/mnt/cache "$@"; }
        cat >/mnt/code.py <<'END'
import ctypes, sys, time
libc = ctypes.CDLL(None)
PR_SET_DUMPABLE = 4
assert libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
print('up', flush=True)
time.sleep(60)
END
        mkfifo /mnt/up
        (exec setpriv --reuid 1234 --regid 1234 --clear-groups \
            env -i PYSHIP_CACHE_DIR=/mnt/cache /mnt/app.bin - </mnt/code.py >/mnt/up) & pid=$!
        read -r up </mnt/up; echo $up
        app readlink /proc/$pid/exe || echo unreadable
        app PYSHIP=prune /mnt/app.bin 0 >/mnt/said 2>&1 || cat /mnt/said
        ls /mnt/cache/v1/apps | wc -l
        kill -9 $pid; wait $pid || :
        app PYSHIP=prune /mnt/app.bin 0 >/mnt/said 2>&1 || cat /mnt/said
        ls /mnt/cache/v1/apps | wc -l
        "#,
    );
    assert_eq!(outcome.out(), "up\nunreadable\n1\n0\n", "{}", outcome.report());
}

#[test]
fn what_uses_an_app_of_another_cache_keeps_nothing_here() {
    let bench = Bench::filled(&["one"]);
    let cache = harness::scratch();
    let run = bench.run("one").env("PYSHIP_CACHE_DIR", cache.path());
    run.arg("resource").stdout("package is here 24\n").success();
    let mut apps = fs_err::read_dir(cache.path().join("v1/apps")).unwrap();
    let app = apps.next().unwrap().unwrap().path();
    let running = up(shell("true").directory(app.join("bin")));
    bench.cache(&["clear"]);
    assert_eq!((bench.apps().len(), bench.layers()), (0, 0));
    running.signal(Signal::KILL);
    running.killed_by(Signal::KILL);
}

#[test]
fn a_child_starts_while_the_record_is_hidden() {
    let bench = Bench::filled(&["one"]);
    let app = directory(&bench, "one");
    fs_err::rename(app.join("launch"), app.join("launch.hidden")).unwrap();
    let run = Run::new(app.join("bin/python3")).args(["-c", "print(6 * 7)"]);
    run.stdout("42\n").success();
    assert!(!app.join("launch").exists(), "a child changes nothing");
}

#[test]
fn who_has_another_apps_record_open_delays_no_start() {
    let bench = Bench::filled(&["one", "two"]);
    let record = directory(&bench, "two").join("launch");
    let reader = up(shell(&format!("exec 9<{}", record.display())));
    let running = bench.runs("one");
    std::thread::scope(|scope| {
        let pruner = scope.spawn(|| bench.cache(&["clear"]));
        let began = std::time::Instant::now();
        while !pruner.is_finished() {
            let run = Run::new(directory(&bench, "one").join("bin/python3")).args(["-c", "print(6 * 7)"]);
            run.stdout("42\n").success();
        }
        assert!(began.elapsed().as_secs() < 30);
        pruner.join().unwrap();
    });
    assert_eq!(bench.apps(), ["one", "two"]);
    reader.signal(Signal::KILL);
    reader.killed_by(Signal::KILL);
    end(running);
}

#[test]
fn a_use_through_a_store_counts() {
    let bench = Bench::filled(&["one", "two"]);
    let cache = harness::scratch();
    let touch = ["-exec", "touch", "-h", "-d", "31 days ago", "{}", "+"];
    Run::inheriting("find")
        .arg(bench.place.path())
        .args(touch)
        .success();
    let run = bench.run("one").env("PYSHIP_CACHE_DIR", cache.path());
    let run = run.env("PYSHIP_STORE", bench.place.path()).arg("resource");
    run.stdout("package is here 24\n").success();
    assert_eq!(
        fs_err::read_dir(cache.path()).unwrap().count(),
        0,
        "the store served it"
    );
    bench.cache(&["prune"]);
    assert_eq!(bench.apps(), ["one"]);
}

#[test]
fn a_cache_that_others_may_read_is_pruned_only_when_it_is_named() {
    let bench = Bench::filled(&["one"]);
    set_age(&directory(&bench, "one").join("launch"), 31);
    let place = bench.place.path();
    let home = harness::scratch();
    // As the default place of a user, who has opened it to others.
    let cache = home.path().join("pyship");
    fs_err::rename(place.join("v1"), home.path().join("v1")).unwrap();
    fs_err::create_dir(&cache).unwrap();
    fs_err::rename(home.path().join("v1"), cache.join("v1")).unwrap();
    fs_err::set_permissions(&cache, PermissionsExt::from_mode(0o755)).unwrap();
    let prune = |words: &[&str]| {
        let run = Run::new(harness::pyship()).args(["cache", "prune"]).args(words);
        run.env("XDG_CACHE_HOME", home.path())
            .stdout_any()
            .success()
            .out()
    };
    let apps = || fs_err::read_dir(cache.join("v1/apps")).unwrap().count();
    let said = prune(&[]);
    assert!(said.contains("other users may read it"), "{said}");
    assert_eq!(apps(), 1);
    prune(&["--name", "other"]);
    assert_eq!(apps(), 1);
    prune(&["--root", cache.to_str().unwrap()]);
    assert_eq!(apps(), 0);
}

#[test]
fn an_app_of_another_version_keeps_its_layers() {
    let bench = Bench::filled(&["one", "two"]);
    let layers = bench.layers();
    let record = directory(&bench, "one").join("launch");
    let bytes = fs_err::read(&record).unwrap();
    let items: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
    let (first, rest) = items.split_first().unwrap();
    assert!(first.starts_with(b"pyship-launch="));
    let rest = &rest[..rest.len() - 2];
    let end = format!("end={}", rest.len() + 2);
    let newer = [
        &[&b"pyship-launch=99"[..], b"colour=blue"],
        rest,
        &[end.as_bytes(), b""],
    ]
    .concat();
    fs_err::write(&record, newer.join(&0)).unwrap();
    bench.cache(&["prune", "--name", "two"]);
    assert_eq!(bench.apps(), ["one"]);
    assert_eq!(bench.layers(), layers - 1);
    bench.cache(&["prune", "--older", "0", "--name", "two"]);
    assert_eq!(bench.layers(), layers - 1);
    // Of one that can't be read at all, any layer may be.
    bench.start("two");
    fs_err::write(&record, "something else").unwrap();
    bench.cache(&["prune", "--name", "two"]);
    assert_eq!(bench.layers(), layers);
}
