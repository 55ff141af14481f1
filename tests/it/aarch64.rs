//! A file for aarch64, packed on another machine and run under qemu-user: in Debian 12, whose C library it uses,
//! and in a root that holds nothing, where it brings its own.

use harness::{
    AARCH64, Compression, Outcome, Pack, Packed, Run, archive, carries_aarch64, for_aarch64, interpreters,
    pyship, pyship_for_aarch64, repository, scratch,
};
use rustix::process::Signal;

use crate::examples::{free_port, serves};
use crate::support::{assert_launcher_failed, assert_one_sentence, strings};

const HELLO: &str = "examples/hello/hello.py";
const DEBIAN: &str = "arm64-bookworm";
const EMPTY: &str = "arm64-empty";

fn hello() -> Pack {
    Pack::new(HELLO).for_aarch64()
}

/// Both roots, once as root and once as a user without a name: under qemu each first start takes long.
fn each_way(packed: &Packed, check: impl Fn(Run)) {
    for (root, uid) in [(DEBIAN, 0), (EMPTY, 65534)] {
        check(packed.run().root(root).tmpfs().uid(uid));
    }
}

fn version(packed: &Packed) -> String {
    packed.manifest()["python"]["version"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn hello_with_and_without_proc() {
    let packed = hello().run();
    let wanted = format!("hello, Ada, from Python {}\n", version(&packed));
    each_way(&packed, |run| {
        run.arg("Ada").stdout(wanted.clone()).success();
    });
    for (root, uid) in [(DEBIAN, 65534), (EMPTY, 0)] {
        let run = packed.run().root(root).tmpfs().uid(uid).no_proc();
        run.arg("Ada").stdout(wanted.clone()).success();
    }
}

#[test]
fn sci() {
    let pack = Pack::new("examples/numpy-pandas").requirements("examples/numpy-pandas/requirements.txt");
    each_way(&pack.for_aarch64().run(), |run| {
        run.stdout_has("solve: 0.80 1.40\n")
            .stdout_has("warmest: Lisbon on 2024-06-02\n")
            .success();
    });
}

#[test]
fn web() {
    let pack = Pack::new("examples/fastapi").requirements("examples/fastapi/requirements.txt");
    each_way(&pack.for_aarch64().run(), |run| {
        let port = free_port();
        let running = run.env("PORT", &port).stdout_any().stderr_any().spawn();
        serves(&running, &port);
        running.signal(Signal::TERM);
        running.killed_by(Signal::TERM);
    });
}

#[test]
fn children_of_python() {
    let packed = Pack::new("examples/multiprocessing").for_aarch64().run();
    for root in [DEBIAN, EMPTY] {
        let run = packed.run().root(root).tmpfs().uid(65534);
        run.stdout_has("fork: pool, process and queue work\n")
            .stdout_has("forkserver: pool, process and queue work\n")
            .stdout_has("bare: so does it with an empty environment\n")
            .success();
    }
}

#[test]
fn the_modules_that_need_libraries_and_whose_c_library_it_is() {
    let packed = hello().run();
    // The carried C library's loader is a program of its own, which starts the interpreter.
    let code = "import bz2, ctypes, curses, decimal, lzma, os, readline, sqlite3, ssl, uuid, zlib\n\
        print(ssl.OPENSSL_VERSION.split()[0], os.path.basename(os.readlink('/proc/self/exe')))";
    let python = |packed: &Packed, root: &str| {
        let run = packed.run().root(root).tmpfs().uid(65534);
        run.env("PYSHIP", "python").args(["-c", code])
    };
    python(&packed, DEBIAN).stdout("OpenSSL python3.11\n").success();
    let loader = "OpenSSL ld-linux-aarch64.so.1\n";
    python(&packed, EMPTY).stdout(loader).success();
    let bundled = hello().args(["--libc", "bundled"]).run();
    python(&bundled, DEBIAN).stdout(loader).success();
}

#[test]
fn the_files_own_tools() {
    let packed = hello().run();
    let run = |tool: &str| packed.run().root(EMPTY).tmpfs().env("PYSHIP", tool);
    run("verify").stdout_any().success();
    run("info").stdout_has(AARCH64).success();
    // The builder can't start it, and reads it all the same.
    let pyship = || Run::inheriting(pyship());
    pyship()
        .arg("verify")
        .arg(&packed.path)
        .stdout_has("intact")
        .success();
    pyship()
        .arg("inspect")
        .arg(&packed.path)
        .stdout_has(AARCH64)
        .success();
}

#[test]
fn an_installation_gives_the_same_bytes_as_its_archive() {
    let place = scratch();
    let tar = Run::inheriting("tar").arg("-xf").arg(&for_aarch64().python);
    tar.arg("-C").arg(place.path()).success();
    for spec in ["python", "python/bin/python3"] {
        let unpacked = hello().python_is(place.path().join(spec)).run();
        assert!(unpacked.bytes() == hello().run().bytes(), "{spec}");
    }
}

#[test]
fn without_a_sysroot_it_carries_no_glibc_and_says_so() {
    let place = scratch();
    let output = place.path().join("hello.bin");
    let pack = Pack::new(HELLO).for_aarch64_without_sysroot();
    let report = pack
        .command_to(&output)
        .arg("--json")
        .stdout_any()
        .stderr_any()
        .success()
        .json();
    assert_eq!(report["target"], AARCH64);
    assert_eq!(report["checked"], false);
    assert_eq!(report["libc"]["carries"], serde_json::Value::Null);
    let warnings = strings(&report["warnings"]).join("\n");
    for part in [
        "carries no glibc",
        "--sysroot",
        "missing shared library `libssl.so.3`, needed by",
    ] {
        assert!(warnings.contains(part), "{part} isn't in\n{warnings}");
    }
    assert_eq!(warnings.matches("`libz.so.1`").count(), 1, "{warnings}");

    // Where the target has what is missing, it runs.
    let libraries = for_aarch64().sysroot.join("usr/lib/aarch64-linux-gnu");
    let run = Run::new(&output)
        .root(DEBIAN)
        .tmpfs()
        .bind(&libraries, "/usr-lib");
    let run = run.bind(&for_aarch64().sysroot.join("lib/aarch64-linux-gnu"), "/lib-lib");
    run.env("LD_LIBRARY_PATH", "/lib-lib:/usr-lib")
        .stdout_has("hello, world, from Python 3.11.")
        .success();
    let refused = Run::new(&output).root(EMPTY).tmpfs().stderr_any().output();
    assert_launcher_failed(&refused, "no C library");
    assert!(
        refused.err().contains("no `/lib/ld-linux-aarch64.so.1`"),
        "{}",
        refused.report()
    );
}

#[test]
fn targets_are_listed() {
    let run = || Run::inheriting(pyship_for_aarch64()).arg("targets");
    run()
        .stdout_has(AARCH64)
        .stdout_has("x86_64-unknown-linux-gnu")
        .success();
    let listed = run().arg("--json").stdout_any().success().json();
    for target in listed["targets"].as_array().unwrap() {
        let size = target["launcher"].as_u64().unwrap();
        assert!((500_000..1_600_000).contains(&size), "{listed}");
    }
}

/// Packs in vain, by the `pyship` for aarch64 unless `pack` has another.
#[track_caller]
fn refused(run: Run) -> Outcome {
    let place = scratch();
    let outcome = run
        .arg("-q")
        .arg("-o")
        .arg(place.path().join("out.bin"))
        .stderr_any()
        .exits(1);
    assert!(
        harness::files_below(place.path()).is_empty(),
        "{}",
        outcome.report()
    );
    outcome
}

#[track_caller]
fn sentence(run: Run, words: &[&str]) {
    let outcome = refused(run);
    assert_one_sentence(&outcome);
    for word in words {
        assert!(
            outcome.err().contains(word),
            "{word:?} isn't said\n{}",
            outcome.report()
        );
    }
}

#[test]
fn a_target_without_its_launcher() {
    assert!(
        !carries_aarch64(pyship()),
        "this test needs a pyship without the feature `aarch64`; `{}` has it",
        pyship().display()
    );
    let run = Pack::new(HELLO).args(["--target", AARCH64]).command();
    sentence(
        run,
        &[
            AARCH64,
            "carries launchers for x86_64-unknown-linux-gnu only",
            "scripts/build-stubs",
        ],
    );
    let run = Pack::new(HELLO)
        .args(["--target", "riscv64gc-unknown-linux-gnu"])
        .command();
    sentence(
        run,
        &[
            "riscv64gc-unknown-linux-gnu",
            "supported targets are aarch64-unknown-linux-gnu, x86_64-unknown-linux-gnu",
        ],
    );
}

#[test]
fn an_interpreter_for_another_machine() {
    let own = archive(interpreters::usual(), Compression::Gzip);
    let name = own.file_name().unwrap().to_string_lossy().into_owned();
    for python in [own.as_path(), &interpreters::usual().path] {
        let run = hello().python_is(python).command();
        sentence(
            run,
            &[
                &format!("`{AARCH64}`"),
                "the interpreter is for x86_64",
                "--python",
            ],
        );
    }
    sentence(hello().python_is(&own).command(), &[&name]);
    let run = Pack::new(HELLO).python_is(&for_aarch64().python).command();
    sentence(
        run,
        &[
            "the interpreter is for aarch64",
            "install_only.tar.gz",
            &format!("--target {AARCH64}"),
        ],
    );
}

#[test]
fn a_package_that_exists_only_as_source() {
    let place = scratch();
    let sdist = place.path().join("onlysource-1.0");
    fs_err::create_dir(&sdist).unwrap();
    fs_err::write(
        sdist.join("PKG-INFO"),
        "Metadata-Version: 2.1\nName: onlysource\nVersion: 1.0\n",
    )
    .unwrap();
    fs_err::write(
        sdist.join("setup.py"),
        "import setuptools; setuptools.setup(name='onlysource')\n",
    )
    .unwrap();
    let tar = Run::inheriting("tar")
        .arg("-czf")
        .arg(place.path().join("onlysource-1.0.tar.gz"));
    tar.arg("-C").arg(place.path()).arg("onlysource-1.0").success();
    let pack = hello()
        .with("onlysource==1.0")
        .arg("--no-index")
        .arg("--find-links")
        .arg(place.path());
    let outcome = refused(pack.command());
    let first = "failed to find a wheel of `onlysource";
    assert!(
        outcome.err().starts_with(&format!("pyship: {first}")),
        "{}",
        outcome.report()
    );
    assert!(
        outcome.err().contains("aarch64 and Python 3.11"),
        "{}",
        outcome.report()
    );
}

#[test]
fn no_builders_python_of_the_same_minor_version() {
    let empty = scratch();
    let run = hello()
        .command()
        .env("PATH", empty.path())
        .env("HOME", empty.path());
    let run = run
        .env("PYENV_ROOT", empty.path())
        .env("UV_PYTHON_INSTALL_DIR", empty.path());
    sentence(run, &[AARCH64, "a Python 3.11 of this machine"]);
}

#[test]
fn a_glibc_that_is_to_be_carried_and_isnt_there() {
    let bundled = || {
        Pack::new(HELLO)
            .for_aarch64_without_sysroot()
            .args(["--libc", "bundled"])
    };
    sentence(
        bundled().command(),
        &["failed to find a glibc to carry", "--sysroot"],
    );
    let empty = scratch();
    let loader = format!("`{}/lib/ld-linux-aarch64.so.1`", empty.path().display());
    sentence(bundled().arg("--sysroot").arg(empty.path()).command(), &[&loader]);
    let nowhere = bundled().args(["--sysroot", "/nowhere"]);
    sentence(nowhere.command(), &["`/nowhere`", "not a directory"]);
}

#[test]
fn the_script_that_makes_the_interpreter_explains_itself() {
    let script = || Run::inheriting(repository().join("tests/tools/make-python-arm64"));
    script()
        .arg("--help")
        .stdout_has("Usage: tests/tools/make-python-arm64")
        .success();
    script().arg("--nonesuch").stderr_has("Usage: ").exits(2);
    let place = scratch();
    fs_err::write(place.path().join("theirs"), "").unwrap();
    let outcome = script().arg(place.path()).stderr_has("did not make it").exits(1);
    assert!(place.path().join("theirs").exists(), "{}", outcome.report());
}

/// No free-threaded build for another machine is at hand: its files are those of the usual build, under other names.
#[test]
fn a_free_threaded_python() {
    const RENAME: &str = "
        tar -xzf \"$1\"
        cd python
        for path in bin/python3.11 lib/python3.11 include/python3.11; do mv $path ${path}t; done
        ln -sf python3.11t bin/python3
        sed -i \"s/'ABIFLAGS': ''/'ABIFLAGS': 't'/\" lib/python3.11t/_sysconfigdata_*.py
        grep -q \"'ABIFLAGS': 't'\" lib/python3.11t/_sysconfigdata_*.py
    ";
    let place = scratch();
    Run::inheriting("sh")
        .args(["-ec", RENAME, "sh"])
        .arg(&for_aarch64().python)
        .directory(place.path())
        .success();
    let pack = hello().python_is(place.path().join("python"));
    let manifest = pack.run().manifest();
    let names = ["executable", "stdlib", "site_packages"].map(|name| manifest["python"][name].clone());
    let want = [
        "bin/python3.11t",
        "lib/python3.11t",
        "lib/python3.11t/site-packages",
    ];
    assert_eq!(names, want);
    let words = ["a free-threaded Python of another machine", "uv and pip"];
    sentence(pack.arg("--with").arg("six").command(), &words);
}
