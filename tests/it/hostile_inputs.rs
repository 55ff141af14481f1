//! Inputs to `pyship pack` that are made to hold it up, to fill the memory, to control a terminal, or to become a file that
//! never starts.

use std::path::{Path, PathBuf};

use harness::{Pack, Run, pyship, scratch};
use tempfile::TempDir;

/// An app with a main.py.
fn app() -> (TempDir, PathBuf) {
    let place = scratch();
    let app = place.path().join("above/app");
    fs_err::create_dir_all(&app).unwrap();
    fs_err::write(app.join("main.py"), "print('ran')\n").unwrap();
    (place, app)
}

fn named_pipe(path: &Path) {
    Run::new("/usr/bin/mkfifo").arg(path).success();
}

/// A file with nothing but a hole, larger than what is read.
fn hole(path: &Path) {
    fs_err::File::create(path).unwrap().set_len(6 << 30).unwrap();
}

#[test]
fn directories_that_no_start_could_unpack_are_refused() {
    let (place, app) = app();
    let deep = app.join("deep/".repeat(300));
    fs_err::create_dir_all(&deep).unwrap();
    fs_err::write(deep.join("x.py"), "").unwrap();
    let output = place.path().join("out.bin");
    for options in [&["--no-check"][..], &[]] {
        Pack::new(&app)
            .args(options)
            .command_to(&output)
            .stderr_has("failed to pack `code/deep/deep/")
            .stderr_has("…`: a path of more than 256 directories")
            .exits(1);
        assert!(!output.exists());
    }
}

#[test]
fn names_do_not_control_a_terminal() {
    let (place, app) = app();
    let table = "[tool.pyship]\nname = \"a\\u001b[31m\\u202eb\"\n";
    fs_err::write(app.join("pyproject.toml"), table).unwrap();
    let output = place.path().join("out.bin");
    let refused = |pack: &Pack, shown: &str| {
        let outcome = pack
            .command_to(&output)
            .stderr_has(&format!("failed to use the name `{shown}`"))
            .exits(1);
        assert!(
            !outcome.err().contains(['\u{1b}', '\u{202e}']),
            "{}",
            outcome.report()
        );
    };
    let pack = Pack::new(&app);
    for pack in [&pack, &pack.clone().arg("--plan")] {
        refused(pack, r"a\u{1b}[31m\u{202e}b");
    }
    fs_err::remove_file(app.join("pyproject.toml")).unwrap();
    refused(&pack.args(["--name", "a\u{202e}b"]), r"a\u{202e}b");
    // What others have written is printed, but does nothing.
    let table = "[tool.pyship]\nset-env = { A = \"\\u001b[31m\\u202e\" }\n";
    fs_err::write(app.join("pyproject.toml"), table).unwrap();
    let outcome = Pack::new(&app).command_to(&output).stderr_any().success();
    let inspected = Run::new(pyship())
        .arg("inspect")
        .arg(&output)
        .stdout_any()
        .success();
    for said in [outcome.err(), inspected.out()] {
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    }
    // A path is for a program to read, and comes as it is.
    let odd = place.path().join("p\u{202e}");
    fs_err::create_dir(&odd).unwrap();
    let out = Run::new(pyship())
        .args(["cache", "dir", "--root"])
        .arg(&odd)
        .stdout_any()
        .success()
        .out();
    assert_eq!(out, format!("{}\n", odd.display()));
}

#[test]
fn pipes_and_endless_files_beside_an_app_hold_nothing_up() {
    let (place, app) = app();
    let output = place.path().join("out.bin");
    let (above, parent) = (place.path().join("above"), place.path().join("pyproject.toml"));
    let project = "[project]\nname = 'a'\nversion = '1'\n";
    fs_err::write(app.join("pyproject.toml"), project).unwrap();
    // Whether there is a workspace above is asked of every directory.
    named_pipe(&parent);
    hole(&above.join("pyproject.toml"));
    Pack::new(&app)
        .args(["--arg", "x"])
        .command_to(&output)
        .stderr_any()
        .success();
    fs_err::remove_file(app.join("pyproject.toml")).unwrap();
    hole(&app.join(".git"));
    Pack::new(&app).command_to(&output).stderr_any().success();
    for name in [".gitignore", ".pyshipignore"] {
        hole(&app.join(name));
        Pack::new(&app)
            .command_to(&output)
            .stderr_has(&format!("{name}`: it has more than 33554432 bytes"))
            .exits(1);
        fs_err::remove_file(app.join(name)).unwrap();
    }
    hole(&app.join("pylock.toml"));
    fs_err::write(app.join("pyproject.toml"), project).unwrap();
    Pack::new(&app)
        .command_to(&output)
        .stderr_has("pylock.toml`: it has more than 33554432 bytes")
        .exits(1);
}

#[test]
fn requirements_files_that_include_themselves_are_read_once() {
    let (place, app) = app();
    let file = place.path().join("r.txt");
    fs_err::write(&file, "-r r.txt\n".repeat(8)).unwrap();
    for options in [&[][..], &["--plan"]] {
        Pack::new(&app)
            .arg("-r")
            .arg(&file)
            .args(options)
            .command_to(&place.path().join("out.bin"))
            .stdout_any()
            .stderr_any()
            .success();
    }
}

#[test]
fn a_pipe_in_the_place_of_an_entry_of_the_build_cache_is_passed_over() {
    let (place, app) = app();
    let (cache, output) = (place.path().join("cache"), place.path().join("out.bin"));
    let pack = Pack::new(&app).build_cache(&cache);
    pack.command_to(&output).stderr_any().success();
    let first = fs_err::read(&output).unwrap();
    let entries: Vec<PathBuf> = fs_err::read_dir(cache.join("v1/entries"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(!entries.is_empty());
    for entry in entries {
        fs_err::remove_file(&entry).unwrap();
        named_pipe(&entry);
    }
    pack.command_to(&output).stderr_any().success();
    assert_eq!(fs_err::read(&output).unwrap(), first);
}

/// Daemons that ignore SIGCHLD pass that on to what they start.
#[test]
fn a_caller_that_ignores_the_end_of_children_makes_no_difference() {
    let (place, app) = app();
    let (program, words) = Pack::new(&app)
        .command_to(&place.path().join("out.bin"))
        .command_line();
    Run::new("/usr/bin/env")
        .arg("--ignore-signal=CHLD")
        .arg(program)
        .args(words)
        .stderr_any()
        .success();
}
