//! Shared libraries that packed files need and a bare system lacks: which go along, and that a pack can try the file out in
//! such a system.

use std::path::{Path, PathBuf};

use harness::{Pack, Run, interpreters, scratch};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A library of the builder that needs another one, and that no interpreter needs. Debian's own package tools do.
const LIBRARY: &str = "libselinux.so.1";
/// The other one.
const ITS_OWN: &str = "libpcre2-8.so.0";
/// Systems without either.
const BARE: [&str; 4] = ["empty", "busybox", "musl", "bare"];

/// An app of the module `w`.
fn app(source: &str) -> (TempDir, PathBuf) {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("w.py"), source).unwrap();
    (place, app)
}

fn module(source: &str) -> (TempDir, Pack) {
    let (place, app) = app(source);
    (place, Pack::new(app).args(["-e", "w:main"]))
}

/// The report of a pack as JSON.
fn report(pack: &Pack, output: &Path) -> Value {
    let run = pack.clone().arg("--json").command_to(output);
    run.stdout_any().stderr_any().success().json()
}

/// The sonames and who needs them.
fn brought(report: &Value) -> Vec<(String, String)> {
    let lines = report["libc"]["libraries"].as_array().unwrap().iter();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines
        .map(|line| (text(line, "name"), text(line, "needed_by")))
        .collect()
}

fn both(first: &str) -> Vec<(String, String)> {
    [(ITS_OWN, LIBRARY), (LIBRARY, first)]
        .map(|(name, by)| (name.to_owned(), by.to_owned()))
        .to_vec()
}

#[test]
fn what_packed_files_need_goes_along_with_all_that_it_needs() {
    let program = "import ctypes, os\n\
        def main():\n    user = ctypes.CDLL(os.path.dirname(__file__) + '/libuser.so')\n    print(user.user())\n    \
        mapped = open('/proc/self/maps').read()\n    print('/layers/' in [line for line in mapped.splitlines() if 'libselinux' in line][0])\n";
    let (place, app) = app(program);
    let build = format!(
        "echo 'int user(void) {{ return 7; }}' | cc -shared -fPIC -x c - -x none -Wl,--no-as-needed -l:{LIBRARY} -o libuser.so"
    );
    Run::inheriting("sh")
        .args(["-c", &build])
        .directory(&app)
        .success();
    let pack = Pack::new(&app).args(["-e", "w:main"]);
    let output = place.path().join("app.bin");
    assert_eq!(brought(&report(&pack, &output)), both("code/libuser.so"));
    let said = pack.command_to(&output).stderr_any().success().err();
    let line = "carries libraries of this machine, for systems that lack them: \
        libselinux.so.1 for code/libuser.so; libpcre2-8.so.0 for libselinux.so.1";
    assert!(
        said.contains(line) && !said.contains("missing shared library"),
        "{said}"
    );

    let packed = pack.run();
    // The host has them: neither they nor the carried glibc are used.
    packed.run().stdout("7\nFalse\n").success();
    for root in BARE {
        packed.run().root(root).tmpfs().stdout("7\nTrue\n").success();
    }
    pack.clone()
        .arg("--strict")
        .command_to(&output)
        .stderr_any()
        .success();
    // Without a glibc there is nothing to load them with.
    let none = pack.args(["--libc", "host"]);
    assert_eq!(brought(&report(&none, &output)), []);
    let said = none.clone().command_to(&output).stderr_any().success().err();
    assert!(
        said.contains("missing shared library `libselinux.so.1`, needed by `code/libuser.so`"),
        "{said}"
    );
    none.arg("--strict")
        .command_to(&output)
        .stderr_has("failed to find every shared library")
        .exits(1);
}

#[test]
fn a_file_that_needs_none_has_none() {
    let place = scratch();
    let output = place.path().join("hello.bin");
    let report = report(&Pack::new("examples/hello/hello.py"), &output);
    assert_eq!(brought(&report), []);
}

/// Finds a library by name and loads it.
const FINDS: &str = "import ctypes, ctypes.util\n\
    def main():\n    found = ctypes.util.find_library('selinux')\n    \
    print(found, found and ctypes.CDLL(found).is_selinux_enabled(), ctypes.util.find_library('c'), ctypes.util.find_library('nowhere'))\n";

#[test]
fn what_lib_names_is_found_and_loaded_by_name() {
    let (place, pack) = module(FINDS);
    let without = pack.run();
    for root in BARE {
        let run = without.run().root(root).tmpfs();
        run.stdout("None None libc.so.6 None\n").success();
    }
    let path = format!("/usr/lib/x86_64-linux-gnu/{LIBRARY}");
    for name in ["selinux", LIBRARY, path.as_str()] {
        let pack = pack.clone().args(["--lib", name]);
        assert_eq!(
            brought(&report(&pack, &place.path().join("app.bin"))),
            both(&format!("--lib {name}"))
        );
        let packed = pack.run();
        for root in BARE {
            let run = packed.run().root(root).tmpfs();
            run.stdout(format!("{LIBRARY} 0 libc.so.6 None\n")).success();
        }
        packed
            .run()
            .stdout(format!("{LIBRARY} 0 libc.so.6 None\n"))
            .success();
    }
}

#[test]
fn lib_in_a_table_and_what_is_wrong_with_a_name() {
    let (place, app) = app(FINDS);
    let table = format!("[tool.pyship]\nentry = 'w:main'\nlib = ['{LIBRARY}']\n");
    fs_err::write(app.join("pyproject.toml"), table).unwrap();
    let pack = Pack::new(&app);
    let output = place.path().join("app.bin");
    assert_eq!(
        brought(&report(&pack, &output)),
        both(&format!("--lib {LIBRARY}"))
    );
    let fails = |name: &str, what: &str| {
        pack.clone()
            .args(["--lib", name])
            .command_to(&output)
            .stderr_has(what)
            .exits(1);
    };
    fails("nowhere", "failed to find the library `nowhere` of --lib");
    fails(
        "/etc/passwd",
        "failed to use `/etc/passwd` of --lib: it is no library for this target",
    );
    let host = pack.clone().args(["--libc", "host"]).command_to(&output);
    host.stderr_has("failed to carry `libselinux.so.1`: the file carries no glibc to use it with")
        .exits(1);
}

#[test]
fn what_the_trial_run_loads_goes_along() {
    let source = format!(
        "import ctypes, sys\nlibrary = ctypes.CDLL('{LIBRARY}')\ndef main(): print(library.is_selinux_enabled())\n"
    );
    let (place, pack) = module(&source);
    let output = place.path().join("app.bin");
    let loaded = both("what the trial run loaded");
    assert_eq!(brought(&report(&pack, &output)), loaded);
    // The build cache has the layers now.
    assert_eq!(brought(&report(&pack, &output)), loaded);
    let packed = pack.clone().arg("--check-in=empty").run();
    for root in BARE {
        packed.run().root(root).tmpfs().stdout("0\n").success();
    }
    assert_eq!(brought(&report(&pack.arg("--no-check"), &output)), []);
}

/// Loads a library when it is called so, in a child process too, and ends without Python's clean-up.
const LATE: &str = "import ctypes, os, subprocess, sys\n\
    def main():\n    what, code = sys.argv[1], int(sys.argv[2])\n    \
    if what == 'child':\n        sys.exit(subprocess.run([sys.executable, '-c', f'import ctypes; ctypes.CDLL({sys.argv[3]!r})']).returncode)\n    \
    if what == 'late':\n        print(ctypes.CDLL(sys.argv[3]).is_selinux_enabled(), os.listdir())\n    \
    open('left', 'w').close()\n    sys.stdout.flush()\n    os._exit(code)\n";

#[test]
fn what_the_program_loads_with_arguments_of_a_trial_goes_along() {
    let (place, pack) = module(LATE);
    let output = place.path().join("app.bin");
    assert_eq!(brought(&report(&pack, &output)), []);
    let run = |packed: &harness::Packed, root: &str, what: &str| {
        packed.run().root(root).tmpfs().args([what, "0", LIBRARY])
    };
    for what in ["late", "child"] {
        let arguments = format!("{what} 0 '{LIBRARY}'");
        let pack = pack
            .clone()
            .args(["--trial", "none 0", "--trial", arguments.as_str()]);
        assert_eq!(
            brought(&report(&pack, &output)),
            both("what the trial run loaded")
        );
        // Its directory is empty, and not this one.
        assert!(!Path::new("left").exists() && !place.path().join("left").exists());
        let packed = pack.arg("--check-in=empty").run();
        run(&packed, "empty", what).stdout_any().success();
        run(&packed, "musl", what).stdout_any().success();
    }
}

#[test]
fn a_program_that_fails_with_arguments_of_a_trial_makes_no_file() {
    let (place, pack) = module(LATE);
    let output = place.path().join("app.bin");
    let run = |arguments: &str| pack.clone().args(["--trial", arguments]).command_to(&output);
    run("none 3")
        .stderr_has("failed to run the program with `none 3` of --trial: it exited with code 3")
        .exits(1);
    run("late 0 /nowhere.so")
        .stderr_has("OSError: /nowhere.so: cannot open shared object file")
        .exits(1);
    run("'none")
        .stderr_has("failed to read `--trial 'none`: a quotation has no end")
        .exits(1);
    run("none 0")
        .arg("--no-check")
        .stderr_has("cannot be used with")
        .exits(2);
    // Here it works; the root has no such file.
    let path = format!("/usr/lib/x86_64-linux-gnu/{LIBRARY}");
    run(&format!("late 0 {path}"))
        .arg("--check-in=empty")
        .stderr_has("the program fails in `empty`: failed to run the program with")
        .stderr_has("--lib NAME")
        .exits(1);
    let (_place, endless) =
        module("import time\ndef main():\n    print('begun', flush=True)\n    time.sleep(600)\n");
    endless
        .args(["--trial", ""])
        .command_to(&output)
        .env("PYSHIP_TRIAL_TIMEOUT", "3")
        .stderr_has("it has not ended after 3 s\nbegun")
        .stderr_has("give arguments with which it ends, or set PYSHIP_TRIAL_TIMEOUT to more than 3 seconds")
        .exits(1);
    assert!(!output.exists());
}

/// What it needs is named by a path, which no library that goes along answers to.
#[test]
fn a_check_in_a_bare_root_finds_what_is_missing_there() {
    let path = format!("/usr/lib/x86_64-linux-gnu/{LIBRARY}");
    let source = format!("import ctypes\nctypes.CDLL('{path}')\ndef main(): pass\n");
    let (place, pack) = module(&source);
    let output = place.path().join("app.bin");
    pack.command_to(&output).stderr_any().success();
    fs_err::remove_file(&output).unwrap();
    for root in ["empty", "busybox", "musl"] {
        let run = pack.clone().args(["--check-in", root]).command_to(&output);
        run.stderr_has(&format!("the file does not start in `{root}`"))
            .stderr_has(&format!("OSError: {path}: cannot open shared object file"))
            .stderr_has("--lib NAME")
            .exits(1);
        assert!(!output.exists());
        let (_place, sound) = module("import ctypes, ssl, sqlite3\ndef main(): pass\n");
        sound
            .args(["--check-in", root])
            .command_to(&output)
            .stderr_any()
            .success();
        fs_err::remove_file(&output).unwrap();
    }
}

/// A script is not run; the packages that it imports are.
#[test]
fn a_check_in_a_root_imports_the_packages_of_a_script() {
    let place = scratch();
    let venv = place.path().join("venv");
    Run::inheriting(&interpreters::usual().path)
        .args(["-m", "venv", "--without-pip"])
        .arg(&venv)
        .stderr_any()
        .success();
    let (major, minor) = (interpreters::usual().version.0, interpreters::usual().version.1);
    let site = venv.join(format!("lib/python{major}.{minor}/site-packages"));
    let script = place.path().join("script.py");
    fs_err::write(&script, "import sound\nimport broken\n").unwrap();
    fs_err::write(site.join("sound.py"), "import ssl\n").unwrap();
    // What fails here too says nothing about the root.
    fs_err::write(site.join("broken.py"), "raise OSError('no display')\n").unwrap();
    let output = place.path().join("app.bin");
    let pack = Pack::new(&script)
        .any_python()
        .arg("--venv")
        .arg(&venv)
        .arg("--check-in=empty");
    pack.command_to(&output).stderr_any().success();
    fs_err::write(site.join("sound.py"), "open('/etc/passwd')\n").unwrap();
    pack.command_to(&output)
        .stderr_has("the file is not complete in `empty`: `sound` can't be imported: FileNotFoundError:")
        .exits(1);
}

/// By a user namespace.
#[test]
fn a_check_in_a_root_takes_no_privileges() {
    let (place, app) = app("import ssl\ndef main(): pass\n");
    let pyship = place.path().join("pyship");
    fs_err::copy(harness::pyship(), &pyship).unwrap();
    Run::inheriting("chown")
        .args(["-R", "65534:65534"])
        .arg(place.path())
        .success();
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    Run::new("/usr/bin/setpriv")
        .args(words)
        .arg(&pyship)
        .args([
            "pack",
            "-e",
            "w:main",
            "--level=1",
            "--no-build-cache",
            "--check-in=busybox",
            "--python",
        ])
        .arg(&interpreters::systems().path)
        .arg(&app)
        .arg("-o")
        .arg(place.path().join("app.bin"))
        .env("PATH", "/usr/bin:/bin")
        .env("TMPDIR", place.path())
        .directory(place.path())
        .stderr_any()
        .success();
    assert!(place.path().join("app.bin").exists());
}

#[test]
fn a_check_in_a_directory_sees_that_directory() {
    let (place, pack) =
        module("import os\nassert not os.path.exists('/there/alone'), 'seen'\ndef main(): pass\n");
    let (root, output) = (place.path().join("root"), place.path().join("app.bin"));
    fs_err::create_dir_all(root.join("there")).unwrap();
    let run = || pack.clone().arg("--check-in").arg(&root).command_to(&output);
    run().stderr_any().success();
    fs_err::write(root.join("there/alone"), "").unwrap();
    run().stderr_has("AssertionError: seen").exits(1);
    // Nothing was made in it.
    let names: Vec<_> = fs_err::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(json!(names[0].to_str()), json!("there"));
    assert_eq!(names.len(), 1);
}

#[test]
fn a_check_that_can_not_be_made_says_why_and_the_way_out() {
    let (place, pack) = module("def main(): pass\n");
    let output = place.path().join("app.bin");
    let run = |root: &str| pack.clone().args(["--check-in", root]).command_to(&output);
    run("nowhere")
        .stderr_has("failed to check the file in `nowhere`: it is neither a directory, nor `empty`, `busybox` or `musl`")
        .exits(1);
    run("empty")
        .arg("--no-check")
        .stderr_has("cannot be used with")
        .exits(2);
    // Programs that refuse, as where namespaces are not allowed, and none at all.
    let programs = place.path().join("programs");
    fs_err::create_dir(&programs).unwrap();
    run("empty")
        .env("PATH", &programs)
        .stderr_has("there is no program `unshare`")
        .stderr_has("install util-linux, or leave out --check-in")
        .exits(1);
    let refuses = "#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n";
    let program = programs.join("unshare");
    fs_err::write(&program, refuses).unwrap();
    Run::new("/bin/chmod").arg("755").arg(&program).success();
    run("empty")
        .env("PATH", &programs)
        .stderr_has(
            "this user may make no root directory here: unshare: unshare failed: Operation not permitted",
        )
        .stderr_has("run pyship as root, or allow user namespaces")
        .exits(1);
    // Or only what is mounted fails.
    let refuses = "#!/bin/sh\nwhile [ \"$1\" != sh ] && [ $# -gt 0 ]; do shift; done\n\
        [ $# -eq 0 ] || { echo 'mount: permission denied' >&2; exit 125; }\n";
    fs_err::write(&program, refuses).unwrap();
    run("empty")
        .env("PATH", &programs)
        .stderr_has("failed to make the root directory `empty`: mount: permission denied")
        .stderr_has("run pyship as root, name another directory, or leave out --check-in")
        .exits(1);
    run("busybox")
        .env("PATH", &programs)
        .stderr_has("failed to find a static busybox on PATH")
        .stderr_has("Debian: busybox-static")
        .exits(1);
    assert!(!output.exists());
}
