//! OUT: where the file goes without `-o`, and what it must not replace.

use std::path::Path;

use harness::{Outcome, Pack, Run, files_below, scratch};

/// A pack without `-o` in `directory`.
fn command(pack: &Pack, directory: &Path) -> Run {
    let pack = pack.clone().args(["--no-check"]);
    pack.command().directory(directory).stderr_any()
}

#[test]
fn without_o_it_is_in_dist_by_the_name_of_the_project() {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), "print('here')\n").unwrap();
    let packed = command(&Pack::new(&app), place.path()).success();
    let said = packed.err();
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("dist/app: "), "{last}");
    Run::new(place.path().join("dist/app"))
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .stdout("here\n")
        .success();

    fs_err::write(app.join("pyproject.toml"), "[project]\nname = 'my.demo'\n").unwrap();
    // From its own directory, twice: OUT is replaced, and is no part of the app.
    for _ in 0..2 {
        command(&Pack::new(&app), &app).success();
    }
    let told = Run::new(app.join("dist/my.demo"))
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .env("PYSHIP", "info")
        .stdout_any()
        .success();
    assert!(told.out().contains("my.demo"), "{}", told.report());
}

#[test]
fn without_o_nothing_else_is_replaced_and_no_directory_is_left() {
    let place = scratch();
    let outcome = command(&Pack::new("tests/apps/nothing-here"), place.path()).exits(1);
    assert!(files_below(place.path()).is_empty(), "{}", outcome.report());
    let outcome = command(&Pack::new("tests/apps/shop").args(["-c", "gone"]), place.path()).exits(1);
    assert!(files_below(place.path()).is_empty(), "{}", outcome.report());

    fs_err::create_dir(place.path().join("dist")).unwrap();
    fs_err::write(place.path().join("dist/shop"), "mine").unwrap();
    let outcome = command(&Pack::new("tests/apps/shop").arg("-q"), place.path()).exits(1);
    assert_message!(outcome);
    assert_eq!(
        fs_err::read_to_string(place.path().join("dist/shop")).unwrap(),
        "mine"
    );
}

#[test]
fn without_anything_to_name_it_after_it_is_wrong_usage() {
    let place = scratch();
    let outcome = command(&Pack::without_app().arg("-q"), place.path()).exits(2);
    assert_message!(outcome);
}

/// `-o OUT` is refused, and everything stays as it was.
#[track_caller]
fn refused(place: &Path, pack: &Pack, out: &str, code: i32) -> Outcome {
    let state = || -> Vec<(std::path::PathBuf, Vec<u8>)> {
        let files = files_below(place)
            .into_iter()
            .filter(|path| place.join(path).is_file());
        files
            .map(|path| (path.clone(), fs_err::read(place.join(path)).unwrap()))
            .collect()
    };
    let before = state();
    let pack = pack.clone().args(["-q", "--no-check", "-o", out]);
    let outcome = pack.command().directory(place).stderr_any().exits(code);
    assert_eq!(state(), before, "{}", outcome.report());
    outcome
}

#[test]
fn devices_directories_and_inputs_are_refused() {
    let place = scratch();
    let at = |path: &str| place.path().join(path);
    for (path, text) in [
        ("s.py", "print(1)\n"),
        ("s.py.lock", "version = 1\n"),
        ("app/main.py", "print(1)\n"),
        ("app/pyproject.toml", "[project]\nname = 'x'\n"),
        ("app/uv.lock", "version = 1\n"),
        ("wheels/x-1-py3-none-any.whl", "PK"),
        ("r.txt", "\n"),
    ] {
        fs_err::create_dir_all(at(path).parent().unwrap()).unwrap();
        fs_err::write(at(path), text).unwrap();
    }
    let script = Pack::new(at("s.py")).args(["-r", "r.txt", "--find-links", "wheels"]);
    let app = Pack::new(at("app"));
    for (pack, out) in [
        (&script, "/dev/null"),
        (&script, "s.py"),
        (&script, "s.py.lock"),
        (&script, "./app/../s.py"),
        (&script, "r.txt"),
        (&script, "wheels/x-1-py3-none-any.whl"),
        (&script, "app"),
        (&app, "app/pyproject.toml"),
        (&app, "app/uv.lock"),
        (&app, "app/main.py"),
    ] {
        let outcome = refused(place.path(), pack, out, 1);
        let said = outcome.err();
        assert!(
            said.starts_with(&format!("pyship: failed to write `{out}`: ")),
            "{said}"
        );
    }
    assert_message!(refused(place.path(), &script, "-", 2));
    assert_message!(refused(place.path(), &script, "gone/", 2));
}

#[test]
fn only_a_program_is_replaced() {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), "print(1)\n").unwrap();
    // A file that only an installer reads.
    fs_err::write(place.path().join("nested.txt"), "six\n").unwrap();
    fs_err::write(place.path().join("req.txt"), "-r nested.txt\n").unwrap();
    std::os::unix::fs::symlink("/bin/true", place.path().join("link")).unwrap();
    for out in ["nested.txt", "app/main.py", "link"] {
        let pack = Pack::new(&app)
            .requirements(place.path().join("req.txt"))
            .arg("-q");
        let said = pack.command_to(&place.path().join(out)).stderr_any().exits(1);
        assert!(said.err().contains("failed to write"), "{}", said.report());
    }
    let outcome = Pack::new(&app).arg("-q").command_to(Path::new("nested.txt"));
    assert_message!(outcome.directory(place.path()).stderr_any().exits(1));
    assert_eq!(
        fs_err::read_to_string(place.path().join("nested.txt")).unwrap(),
        "six\n"
    );
}
