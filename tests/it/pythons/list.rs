//! `pyship python list`, `find`, `install` and `uninstall`.

use std::path::Path;

use harness::{Pack, files_below, interpreters};

use super::mirror::{Mirror, RELEASE, build, spec};
use super::{HELLO, User};
use crate::support::assert_one_sentence;

#[test]
fn list_find_install_and_uninstall() {
    let interpreter = interpreters::usual();
    let (user, mirror) = (User::new(), Mirror::of(interpreter));
    let spec = spec(interpreter);
    let directory = user
        .home
        .path()
        .join("cache/pyship/downloads")
        .join(build(interpreter));

    let missing = user.python(&["find", &spec]).stderr_any().output();
    assert_one_sentence(&missing);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        missing.err().contains("hint: `pyship python install"),
        "{}",
        missing.err()
    );
    user.python(&["install", &spec, "--mirror", &mirror.url])
        .stderr_has(&format!(
            "installed CPython {} in {}\n",
            interpreter.full(),
            directory.display()
        ))
        .success();
    user.python(&["install", &spec, "--mirror", "http://127.0.0.1:1"])
        .stderr_has("is already installed")
        .success();
    let found = user
        .python(&["find", &interpreter.minor()])
        .stdout_any()
        .success()
        .out();
    assert!(Path::new(found.trim_end()).starts_with(&directory), "{found}");

    let list = user.list();
    assert_eq!(list["schema"], 1);
    let installed = list["installed"].as_array().unwrap();
    assert_eq!(installed.len(), 1, "{list}");
    assert_eq!(installed[0]["version"], interpreter.full());
    assert_eq!(
        (&installed[0]["source"], &installed[0]["release"]),
        (&"pyship".into(), &RELEASE.into())
    );
    user.python(&["list"])
        .stdout_has(&format!("(pyship, {RELEASE})"))
        .success();

    user.python(&["uninstall", &interpreter.minor()])
        .stderr_has(&format!("removed CPython {} from", interpreter.full()))
        .success();
    assert_eq!(user.downloads(), [""; 0]);
    let gone = user.python(&["uninstall", &spec]).stderr_any().output();
    assert_one_sentence(&gone);
    assert_eq!(gone.status.code(), Some(1));
}

#[test]
fn what_can_be_downloaded_is_listed_for_each_target() {
    let user = User::new();
    for triple in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        let list = |more: &[&str]| {
            let list = user.python(&["list", "--json", "--target", triple]).args(more);
            let list = list.stdout_any().success().json();
            list["available"].as_array().unwrap().clone()
        };
        let newest = list(&[]);
        let minors = newest
            .iter()
            .filter(|build| build["free_threaded"] == false)
            .count();
        assert_eq!(minors, 7, "{newest:?}");
        for build in &newest {
            assert_eq!(build["target"], triple);
            assert_eq!(build["sha256"].as_str().unwrap().len(), 64);
            let url = build["url"].as_str().unwrap();
            let start = "https://github.com/astral-sh/python-build-standalone/releases/download/";
            assert!(
                url.starts_with(start) && url.ends_with("-install_only_stripped.tar.gz"),
                "{url}"
            );
        }
        assert!(list(&["--all-versions"]).len() > 4 * newest.len());
    }
}

#[test]
fn interpreters_of_others_are_listed_and_come_before_downloads() {
    let interpreter = interpreters::usual();
    let user = User::new();
    let bin = user.home.path().join("bin");
    fs_err::create_dir(&bin).unwrap();
    fs_err::os::unix::fs::symlink(&interpreter.path, bin.join("python3")).unwrap();
    let list = user.list();
    assert_eq!(list["installed"][0]["source"], "PATH");
    assert_eq!(list["installed"][0]["version"], interpreter.full());
    let real = fs_err::canonicalize(&interpreter.path).unwrap();
    let minor = interpreter.minor();
    for spec in [
        "3",
        &format!(">={minor}"),
        &format!("cpython-{minor}"),
        &interpreter.full(),
    ] {
        user.python(&["find", spec])
            .stdout(format!("{}\n", real.display()))
            .success();
    }
    user.python(&["find"])
        .stdout(format!("{}\n", real.display()))
        .success();
}

#[test]
fn versions_that_nobody_has_and_what_is_no_version() {
    let user = User::new();
    for (arguments, says) in [
        (
            &["find", "3.99"][..],
            "failed to find Python 3.99: looked for it on PATH",
        ),
        (&["find", ">=3.x"], "failed to read the version specifier `>=3.x`"),
        (&["install", "3.99"], "failed to find Python 3.99 for `"),
        (
            &["install", "python3"],
            "failed to read `python3`: it isn't a version",
        ),
        (
            &["install", "3.12", "--target", "riscv"],
            "failed to find the target `riscv`",
        ),
    ] {
        let outcome = user.python(arguments).stderr_any().output();
        assert_eq!(outcome.status.code(), Some(1));
        assert_one_sentence(&outcome);
        assert!(outcome.err().contains(says), "{}", outcome.err());
    }
    for wrong in [
        &["install"][..],
        &["uninstall"],
        &["fetch"],
        &["uninstall", "3.12", "--all"],
    ] {
        assert_eq!(user.python(wrong).stderr_any().output().status.code(), Some(2));
    }
    assert_eq!(files_below(user.home.path()).len(), 0);
    // A `--python` that is spelled like a specifier.
    let refused = Pack::new(HELLO)
        .python_is(">=3.99")
        .command_to(&user.home.path().join("x"))
        .stderr_any()
        .output();
    assert!(
        refused
            .err()
            .starts_with("pyship: failed to find Python >=3.99: looked for it on PATH"),
        "{}",
        refused.err()
    );
}
