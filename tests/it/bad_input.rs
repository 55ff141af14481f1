//! Bad input to `pyship pack`: one clear sentence, exit code 1, no OUT, and nothing left beside it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::{Compression, Outcome, Pack, Run, archive, files_below, interpreters, pyship, scratch};
use tempfile::TempDir;

use crate::support::assert_one_sentence;

/// Packs into a directory of its own, which has to stay empty.
#[track_caller]
fn refused(pack: &Pack) -> Outcome {
    let place = scratch();
    refused_in(pack, &place)
}

#[track_caller]
fn refused_in(pack: &Pack, place: &TempDir) -> Outcome {
    let before = files_below(place.path());
    let outcome = pack
        .clone()
        .arg("-q")
        .command_to(&place.path().join("out.bin"))
        .stderr_any()
        .exits(1);
    assert_eq!(
        files_below(place.path()),
        before,
        "something was left behind\n{}",
        outcome.report()
    );
    outcome
}

/// One sentence that has these words, and is the one in the test's snapshot.
macro_rules! assert_sentence {
    ($pack:expr, $words:expr $(,)?) => {{
        let outcome = refused($pack);
        assert_one_sentence(&outcome);
        assert_words(&outcome, $words);
        assert_message!(outcome);
    }};
}

#[track_caller]
fn assert_words(outcome: &Outcome, words: &[&str]) {
    for word in words {
        assert!(
            outcome.err().contains(word),
            "{word:?} isn't said\n{}",
            outcome.report()
        );
    }
}

fn executable(path: &Path, text: &str) {
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn app_is_missing() {
    assert_sentence!(&Pack::new("tests/apps/nothing-here"), &["nothing-here"]);
    assert_sentence!(&Pack::new("tests/apps/nothing-here.py"), &["nothing-here.py"]);
}

#[test]
fn app_is_empty_or_has_no_entry_and_what_was_looked_for_is_named() {
    let place = scratch();
    let empty = place.path().join("empty");
    fs_err::create_dir(&empty).unwrap();
    assert_sentence!(&Pack::new(&empty), &["empty"]);
    fs_err::write(empty.join("other.py"), "print(1)\n").unwrap();
    assert_sentence!(&Pack::new(&empty), &["__main__.py", "main.py", "app.py"]);
}

#[test]
fn app_is_no_program() {
    let place = scratch();
    let file = place.path().join("picture.png");
    fs_err::write(&file, [0x89, b'P', b'N', b'G', 0, 1, 2, 3]).unwrap();
    assert_sentence!(&Pack::new(&file), &["picture.png"]);
}

#[test]
fn a_script_with_a_syntax_error() {
    let place = scratch();
    let file = place.path().join("broken.py");
    fs_err::write(&file, "def f(:\n").unwrap();
    let outcome = refused(&Pack::new(&file));
    assert_words(&outcome, &["pyship: ", "broken.py"]);
    assert_message!(outcome);
}

#[test]
fn a_requirement_that_does_not_resolve_is_answered_in_the_installers_own_words() {
    let outcome = refused(&Pack::new("examples/hello/hello.py").with("six==99.99"));
    assert_words(&outcome, &["pyship: ", "six==99.99"]);
    // pip: "No matching distribution found"; uv: "No solution found when resolving dependencies".
    let said = outcome.err();
    assert!(
        said.contains("No matching distribution") || said.contains("No solution found"),
        "{}",
        outcome.report()
    );
}

#[test]
fn a_requirements_file_that_is_not_there() {
    let pack = Pack::new("examples/hello/hello.py").requirements("no-such-requirements.txt");
    let outcome = refused(&pack);
    assert_words(&outcome, &["pyship: ", "no-such-requirements.txt"]);
}

#[test]
fn no_index_and_nothing_found() {
    let place = scratch();
    let pack = Pack::new("examples/hello/hello.py")
        .with("six")
        .arg("--no-index")
        .arg("--find-links")
        .arg(place.path());
    assert_words(&refused(&pack), &["pyship: ", "six"]);
}

#[test]
fn an_entry_that_is_not_there() {
    let shop = || Pack::new("tests/apps/shop");
    for (pack, words) in [
        (shop().args(["-e", "shop.till:nothing"]), ["shop.till", "nothing"]),
        (
            shop().args(["-e", "shop.nothing:main"]),
            ["shop.nothing", "pyship: "],
        ),
        (shop().args(["-m", "shop.nothing"]), ["shop.nothing", "pyship: "]),
        (shop().args(["-c", "nothing"]), ["nothing", "pyship: "]),
    ] {
        let outcome = refused(&pack);
        assert_words(&outcome, &words);
        assert_message!(outcome);
    }
    let place = scratch();
    shop()
        .args(["-e", "shop.till:nothing", "--no-check", "-q"])
        .command_to(&place.path().join("out.bin"))
        .success();
}

#[test]
fn an_entry_that_is_not_spelled_like_one_is_wrong_usage_or_a_sentence() {
    let place = scratch();
    let pack = Pack::new("tests/apps/shop").args(["-e", "shop.till"]);
    let outcome = pack
        .command_to(&place.path().join("out.bin"))
        .stderr_any()
        .output();
    assert!(
        matches!(outcome.status.code(), Some(1 | 2)),
        "{}",
        outcome.report()
    );
    assert_words(&outcome, &["shop.till"]);
    assert_message!(outcome);
    assert!(files_below(place.path()).is_empty());
}

#[test]
fn an_interpreter_that_is_not_there_or_does_not_start() {
    assert_sentence!(
        &Pack::new("examples/hello/hello.py").python_is("/nowhere/python3"),
        &["/nowhere/python3"],
    );
    let place = scratch();
    let broken = place.path().join("python3");
    executable(&broken, "#!/nowhere/interpreter\n");
    assert_sentence!(
        &Pack::new("examples/hello/hello.py").python_is(&broken),
        &["python3"],
    );
    executable(&broken, "#!/bin/sh\necho out of order >&2\nexit 7\n");
    let outcome = refused(&Pack::new("examples/hello/hello.py").python_is(&broken));
    assert_words(&outcome, &["pyship: ", "python3", "out of order"]);
    assert_message!(outcome);
}

#[test]
fn an_interpreter_that_is_no_cpython() {
    let place = scratch();
    let fake = place.path().join("python3");
    // A program that starts, answers, and is no Python at all.
    executable(&fake, "#!/bin/sh\necho hello\n");
    // What it did say is shown below the sentence.
    let outcome = refused(&Pack::new("examples/hello/hello.py").python_is(&fake));
    assert_words(&outcome, &["pyship: ", "python3", "hello"]);
    assert_message!(outcome);
}

#[test]
fn an_interpreter_that_is_too_old() {
    let place = scratch();
    let fake = place.path().join("python3");
    // What the probe has an old one print.
    let answer = r#"pyship-probe:{"implementation": "cpython", "version": [3, 8, 0, "final", 0]}"#;
    executable(&fake, &format!("#!/bin/sh\necho; echo '{answer}'\n"));
    let hello = || Pack::new("examples/hello/hello.py");
    assert_sentence!(&hello().python_is(&fake), &["3.9"]);
    // A real one, where there is any.
    if let Some(old) = interpreters::too_old() {
        let outcome = refused(&hello().python_is(old));
        assert_one_sentence(&outcome);
        assert_words(&outcome, &["3.9"]);
    }
}

#[test]
fn damaged_archives() {
    let place = scratch();
    for (compression, ending) in [
        (Compression::Gzip, "tar.gz"),
        (Compression::Zstd, "tar.zst"),
        (Compression::Xz, "tar.xz"),
    ] {
        let whole = fs_err::read(archive(interpreters::usual(), compression)).unwrap();
        let file = place.path().join(format!("cut.{ending}"));
        for length in [0, 10, whole.len() / 2, whole.len() - 20] {
            fs_err::write(&file, &whole[..length]).unwrap();
            assert_sentence!(
                &Pack::new("examples/hello/hello.py").python_is(&file),
                &["cut.tar"],
            );
        }
    }
    let other = place.path().join("other.tar.gz");
    Run::inheriting("tar")
        .arg("-czf")
        .arg(&other)
        .arg("-C")
        .arg(harness::repository())
        .arg("LICENSE")
        .success();
    assert_sentence!(
        &Pack::new("examples/hello/hello.py").python_is(&other),
        &["other.tar.gz"],
    );
}

#[test]
fn out_in_a_directory_that_is_not_there() {
    let place = scratch();
    let output = place.path().join("nowhere/out.bin");
    let outcome = Pack::new("examples/hello/hello.py")
        .arg("-q")
        .command_to(&output)
        .stderr_any()
        .exits(1);
    assert_one_sentence(&outcome);
    assert_words(&outcome, &["nowhere"]);
    assert_message!(outcome);
    assert!(files_below(place.path()).is_empty());
}

#[test]
fn out_is_a_directory() {
    let place = scratch();
    let output = place.path().join("out.bin");
    fs_err::create_dir(&output).unwrap();
    let outcome = Pack::new("examples/hello/hello.py")
        .arg("-q")
        .command_to(&output)
        .stderr_any()
        .exits(1);
    assert_one_sentence(&outcome);
    assert_message!(outcome);
    assert_eq!(files_below(place.path()).len(), 1);
}

#[test]
fn out_in_a_directory_that_can_not_be_written_to() {
    // /proc refuses root too; it stands for every file system that does.
    let outcome = Pack::new("examples/hello/hello.py")
        .arg("-q")
        .command_to(Path::new("/proc/out.bin"));
    let outcome = outcome.stderr_any().exits(1);
    assert_one_sentence(&outcome);
    assert_message!(outcome);
}

#[test]
fn the_disk_is_full() {
    let place = scratch();
    let small = place.path().join("small");
    fs_err::create_dir(&small).unwrap();
    let words = Pack::new("examples/hello/hello.py")
        .arg("-q")
        .command_line(&small.join("out.bin"));
    // A file system of 2 MB, which only this command sees; TMPDIR is elsewhere.
    let script =
        "mount -t tmpfs -o size=2m tmpfs \"$0\" && { \"$@\"; code=$?; ls -A \"$0\" >&2; exit $code; }";
    let run = Run::inheriting("unshare")
        .args(["-rm", "sh", "-c", script])
        .arg(&small)
        .args(words);
    let outcome = run.stderr_any().exits(1);
    assert_one_sentence(&outcome);
    assert_words(&outcome, &["out.bin"]);
    assert_message!(outcome);
}

/// What a first start could not unpack is refused, also where no start is tried.
#[test]
fn more_names_than_can_be_unpacked() {
    let place = scratch();
    let app = place.path().join("app");
    let directory = (0..13).fold(app.clone(), |path, _| path.join("d".repeat(250)));
    fs_err::create_dir_all(&directory).unwrap();
    fs_err::write(app.join("main.py"), "").unwrap();
    for number in 0..5_200 {
        fs_err::write(directory.join(number.to_string()), "").unwrap();
    }
    let outcome = refused(&Pack::new(&app).arg("--no-check"));
    assert_words(&outcome, &["files, directories and links", "too many", "archive"]);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let place = scratch();
    let output = place.path().join("out.bin");
    let shop = || Pack::new("tests/apps/shop");
    for (run, word) in [
        (
            shop().args(["-m", "a", "-e", "b:c"]).command_to(&output),
            "--entry",
        ),
        (
            shop().arg("--no-such-option").command_to(&output),
            "--no-such-option",
        ),
        (shop().level(99).command_to(&output), "99"),
    ] {
        assert_message!(run.stderr_has(word).exits(2));
    }
    assert!(files_below(place.path()).is_empty());
}

/// What has no end, or no writer, is refused by name and at once, wherever a text is expected.
#[test]
fn pipes_and_devices_are_no_texts() {
    let place = scratch();
    let at = |name: &str| place.path().join(name);
    fs_err::create_dir(at("app")).unwrap();
    fs_err::write(at("app/main.py"), "print(1)\n").unwrap();
    Run::inheriting("mkfifo").arg(at("pipe")).success();
    fs_err::write(at("nested.txt"), "six\n-r pipe\n").unwrap();
    fs_err::write(at("limits.txt"), "six\n-c /dev/zero\n").unwrap();
    let pack = |arguments: &[&str]| {
        let run = Run::inheriting("timeout")
            .args(["20"])
            .arg(pyship())
            .arg("pack")
            .arg(at("app"));
        let run = run.args(["--no-check", "-o"]).arg(at("out.bin"));
        run.directory(place.path()).args(arguments)
    };
    for (arguments, name) in [
        (["-r", "pipe"], "pipe"),
        (["-r", "nested.txt"], "pipe"),
        (["--constraint", "pipe"], "pipe"),
        (["-r", "/dev/zero"], "/dev/zero"),
        (["-r", "limits.txt"], "/dev/zero"),
    ] {
        pack(&arguments)
            .stderr_has(&format!("failed to read `{name}`: it is not a regular file"))
            .exits(1);
    }
    let long = fs_err::File::create(at("app/pyproject.toml")).unwrap();
    long.set_len(100 << 30).unwrap();
    pack(&[])
        .stderr_has("pyproject.toml`: it has more than 33554432 bytes")
        .exits(1);
    fs_err::remove_file(at("app/pyproject.toml")).unwrap();
    Run::inheriting("mkfifo").arg(at("app/.python-version")).success();
    pack(&[]).stderr_any().success();
}

#[test]
fn what_turns_text_around_is_escaped() {
    let place = scratch();
    let file = place.path().join("a\u{202e}nib.\u{2028}b");
    for command in ["verify", "inspect"] {
        let done = Run::new(pyship()).arg(command).arg(&file).stderr_any().exits(1);
        assert!(
            done.err().contains("a\\u{202e}nib.\\u{2028}b"),
            "{}",
            done.report()
        );
    }
}

#[test]
fn a_name_with_control_characters_is_named_as_the_cause() {
    let place = scratch();
    let script = place.path().join("a\nb.py");
    fs_err::write(&script, "print(1)\n").unwrap();
    let outcome = refused(&Pack::new(&script));
    assert_words(
        &outcome,
        &["failed to describe the app: ", "text without control characters"],
    );
    fs_err::write(place.path().join("c.py"), "print(1)\n").unwrap();
    let outcome = refused(
        &Pack::new(place.path().join("c.py"))
            .arg("--app-version")
            .arg("1\u{1b}[31m"),
    );
    assert_words(
        &outcome,
        &["failed to describe the app: ", "text without control characters"],
    );
}

#[test]
fn a_umask_without_execute_permission_is_named_as_the_cause() {
    let place = scratch();
    let (program, words) = Pack::new("tests/apps/plain")
        .command_to(&place.path().join("out.bin"))
        .command_line();
    let outcome = Run::inheriting("sh")
        .args(["-c", "umask 0177; exec \"$@\"", "sh"])
        .arg(program)
        .args(words)
        .stderr_any()
        .exits(1);
    assert_words(
        &outcome,
        &[
            "the umask leaves nobody the permission to execute it",
            "umask 022",
        ],
    );
    assert_eq!(files_below(place.path()).len(), 0);
}
