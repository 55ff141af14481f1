//! Which interpreter is packed, and that each kind works.

use harness::{Compression, Interpreter, Pack, Packed, Run, Venv, archive, interpreters, scratch};

const HELLO: &str = "examples/hello/hello.py";

/// Asks a packed hello for its version, and a good part of the standard library to load.
fn works(packed: &Packed, interpreter: &Interpreter) {
    packed
        .run()
        .stdout(format!("hello, world, from Python {}\n", interpreter.full()))
        .success();
    let code = "import ssl, sqlite3, ctypes, lzma, bz2, zlib, hashlib, decimal, curses, readline, uuid, asyncio\n\
                print(ssl.OPENSSL_VERSION.split()[0], sqlite3.connect(':memory:').execute('select 6 * 7').fetchone()[0])";
    packed
        .run()
        .env("PYSHIP", "python")
        .args(["-c", code])
        .stdout("OpenSSL 42\n")
        .success();
}

#[test]
fn every_minor_version_by_its_path() {
    for interpreter in interpreters::each_minor() {
        works(&Pack::new(HELLO).python(interpreter).run(), interpreter);
    }
}

#[test]
fn an_install_directory() {
    let interpreter = interpreters::usual();
    works(
        &Pack::new(HELLO).python_is(&interpreter.prefix).run(),
        interpreter,
    );
}

#[test]
fn the_distributions_own() {
    let interpreter = interpreters::systems();
    works(&Pack::new(HELLO).python(interpreter).run(), interpreter);
}

#[test]
fn archives_of_every_compression() {
    let interpreter = interpreters::usual();
    for compression in [Compression::Gzip, Compression::Zstd, Compression::Xz] {
        works(
            &Pack::new(HELLO)
                .python_is(archive(interpreter, compression))
                .run(),
            interpreter,
        );
    }
}

#[test]
fn an_archive_with_packages() {
    let interpreter = interpreters::usual();
    let packed = Pack::without_app()
        .python_is(archive(interpreter, Compression::Gzip))
        .with("six")
        .run();
    packed
        .run()
        .args(["-c", "import six; print(six.PY3)"])
        .stdout("True\n")
        .success();
}

#[test]
fn the_base_of_a_virtual_environment() {
    let interpreter = interpreters::usual();
    let venv = Venv::new(interpreter, None);
    let packed = Pack::new("tests/apps/environment")
        .python_is(venv.path.join("bin/python3"))
        .run();
    let report = packed.run().arg("report").stdout_any().success().json();
    assert!(
        report["version"]
            .as_str()
            .unwrap()
            .starts_with(&interpreter.full()),
        "{report}"
    );
}

#[test]
fn without_python_the_active_environment_is_taken_and_said() {
    let interpreter = interpreters::each_minor()[0];
    let venv = Venv::new(interpreter, None);
    let place = scratch();
    let output = place.path().join("hello.bin");
    let pack = Pack::new(HELLO)
        .any_python()
        .command_to(&output)
        .env("VIRTUAL_ENV", &venv.path);
    pack.stderr_has(&interpreter.full())
        .stderr_has("active virtual environment")
        .success();
    let run = Run::new(&output).env("PYSHIP_CACHE_DIR", place.path().join("cache"));
    run.stdout(format!("hello, world, from Python {}\n", interpreter.full()))
        .success();
}

#[test]
fn without_python_the_one_on_path_is_taken_and_said() {
    let interpreter = interpreters::usual();
    let place = scratch();
    let bin = place.path().join("bin");
    fs_err::create_dir(&bin).unwrap();
    fs_err::os::unix::fs::symlink(&interpreter.path, bin.join("python3")).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let output = place.path().join("hello.bin");
    let pack = Pack::new(HELLO)
        .any_python()
        .command_to(&output)
        .env("PATH", path);
    pack.stderr_has(&interpreter.full()).stderr_has("PATH").success();
}

#[test]
fn a_shim_leads_to_the_real_interpreter() {
    let interpreter = interpreters::usual();
    let place = scratch();
    // pyenv's shims are shell scripts that find out which interpreter is meant.
    let shim = place.path().join("python3");
    fs_err::write(
        &shim,
        format!("#!/bin/sh\nexec '{}' \"$@\"\n", interpreter.path.display()),
    )
    .unwrap();
    fs_err::set_permissions(&shim, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let output = place.path().join("hello.bin");
    let path = format!("{}:/usr/bin:/bin", place.path().display());
    Pack::new(HELLO)
        .any_python()
        .command_to(&output)
        .env("PATH", path)
        .stderr_any()
        .success();
    let run = Run::new(&output).env("PYSHIP_CACHE_DIR", place.path().join("cache"));
    run.stdout(format!("hello, world, from Python {}\n", interpreter.full()))
        .success();
}
