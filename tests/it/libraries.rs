//! Which shared libraries a packed program gets: those that the file carries, whatever the caller's environment says,
//! and the host's C library only where the host has all of it.

use std::path::Path;

use harness::{Pack, Packed, files_below, interpreters, scratch};

/// Loads libraries that the file carries, here and in a child, and one that the caller has.
const LOADS: &str = "
import os, subprocess, sys
import ctypes, hashlib, sqlite3, ssl, zlib
print('loaded', flush=True)
if len(sys.argv) == 1:
    subprocess.run([sys.executable, __file__, 'child'])
    subprocess.run(['/bin/sh', '-c', 'echo $LD_LIBRARY_PATH'])
    if os.environ.get('OWN'):
        print(ctypes.CDLL(os.environ['OWN']) is not None)
";

/// Daemon threads that are at work when the program ends.
const DAEMONS: &str = "
import queue, threading, time
q = queue.Queue()
def work():
    while True:
        try: q.get(timeout=.001)
        except queue.Empty: pass
threading.Thread(target=work, daemon=True).start()
time.sleep(.1)
mapped = open('/proc/self/maps').read()
print('carried' if '/v1/layers/' in mapped.split('libc.so.6')[0].splitlines()[-1] else 'host', flush=True)
";

fn packed(directory: &Path, text: &str, arguments: &[&str]) -> Packed {
    let path = directory.join("program.py");
    fs_err::write(&path, text).unwrap();
    Pack::new(&path).args(arguments).run()
}

/// conda, MATLAB, Oracle and environment modules set LD_LIBRARY_PATH to directories with libraries of their own.
#[test]
fn a_callers_libraries_replace_none_that_the_file_carries() {
    let place = scratch();
    let theirs = place.path().join("theirs");
    fs_err::create_dir(&theirs).unwrap();
    for interpreter in [interpreters::usual(), interpreters::systems()] {
        for policy in ["auto", "bundled"] {
            let path = place.path().join("program.py");
            fs_err::write(&path, LOADS).unwrap();
            let packed = Pack::new(&path)
                .args(["--libc", policy])
                .python(interpreter)
                .run();
            let cache = place.path().join(format!("{policy}-{}", interpreter.full()));
            let run = || packed.run_with_cache(&cache);
            run().stdout("loaded\nloaded\n\n").success();
            // One of each carried library that can't be loaded.
            let mut count = 0;
            for file in files_below(&cache.join("v1/layers")) {
                let name = file.file_name().unwrap().to_str().unwrap();
                let is_library = name.starts_with("lib") && name.contains(".so");
                if is_library
                    && file.parent().is_some_and(|parent| parent.ends_with("lib"))
                    && !is_glibcs(name)
                {
                    fs_err::write(theirs.join(name), "no library").unwrap();
                    count += 1;
                }
            }
            assert!(count > 0, "{} carries no library", interpreter.full());
            let run = run().env("LD_LIBRARY_PATH", &theirs);
            let wanted = format!("loaded\nloaded\n{}\n", theirs.display());
            // What is not carried is found where the caller says.
            if policy == "auto" {
                let own = theirs.join("libowned-by-the-caller.so.1");
                fs_err::copy("/usr/lib/x86_64-linux-gnu/libz.so.1", own).unwrap();
                let run = run.env("OWN", "libowned-by-the-caller.so.1");
                run.stdout(format!("{wanted}True\n")).success();
            } else {
                run.stdout(wanted).success();
            }
        }
    }
}

/// What a caller preloads is made for the host's C library, whose loader says when it can't load it.
#[test]
fn the_carried_glibc_loads_nothing_that_a_caller_preloads() {
    const PROGRAM: &str = "
import os, subprocess, sys
shown = lambda: [os.environ.get(name) for name in ('LD_PRELOAD', 'LD_AUDIT')]
environ = open('/proc/self/environ').read().split('\\0')
print(shown(), 'LD_PRELOAD=' + str(os.environ.get('LD_PRELOAD')) in environ, flush=True)
if len(sys.argv) == 1:
    for options in ([], ['-S'], ['-I']):
        subprocess.run([sys.executable, *options, __file__, 'child'], check=True)
";
    let place = scratch();
    let (path, library) = (
        place.path().join("program.py"),
        place.path().join("no-library.so"),
    );
    fs_err::write(&path, PROGRAM.replace("\\\\0", "\\0")).unwrap();
    fs_err::write(&library, "no library").unwrap();
    let pack = |policy: &str| Pack::new(&path).args(["--libc", policy]).run();
    let run = |packed: &Packed| packed.run().env("LD_PRELOAD", &library).env("LD_AUDIT", &library);
    let name = library.display();
    let line = format!("['{name}', '{name}'] True\n");
    // Without start-up code nobody can restore them.
    run(&pack("bundled"))
        .stdout(format!("{}[None, None] False\n", line.repeat(3)))
        .success();
    run(&pack("host"))
        .stdout_any()
        .stderr_has("cannot be preloaded")
        .success();
}

/// Programs of the host need theirs.
fn is_glibcs(name: &str) -> bool {
    let parts = [
        "c",
        "m",
        "dl",
        "rt",
        "util",
        "pthread",
        "resolv",
        "anl",
        "gcc_s",
        "stdc++",
        "nss_dns",
        "nss_files",
    ];
    parts
        .iter()
        .any(|part| name.starts_with(&format!("lib{part}.so")))
}

/// glibc loads libgcc_s when a thread is cancelled or ends early, and aborts where there is none.
#[test]
fn a_host_without_libgcc_ends_daemon_threads_with_the_carried_one() {
    let place = scratch();
    let auto = packed(place.path(), DAEMONS, &[]);
    let hidden = |packed: &Packed| {
        let run = packed.run().root("bookworm").tmpfs();
        run.bind(Path::new("/dev/null"), "/usr/lib/x86_64-linux-gnu/libgcc_s.so.1")
    };
    auto.run().root("bookworm").tmpfs().stdout("host\n").success();
    for _ in 0..5 {
        hidden(&auto).stdout("carried\n").success();
    }
    // With `--libc host` there is no other one, and a program without such threads runs.
    let host = packed(place.path(), "print('runs')\n", &["--libc", "host"]);
    hidden(&host).stdout("runs\n").success();
}
