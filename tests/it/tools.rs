//! `PYSHIP=<tool> ./app.bin`: the tools that are built into a file.

use harness::{Pack, files_below, interpreters, scratch};

use crate::support::{assert_launcher_failed, assert_unused, environment_app};

#[test]
fn help_names_every_tool() {
    let help = environment_app()
        .run()
        .env("PYSHIP", "help")
        .stdout_any()
        .success()
        .out();
    for tool in [
        "help", "info", "python", "extract", "verify", "repair", "prune", "where",
    ] {
        assert!(help.contains(&format!("PYSHIP={tool}")), "{help}");
    }
}

#[test]
fn info_says_what_the_file_holds_and_unpacks_nothing() {
    let packed = environment_app();
    let place = scratch();
    let run = || packed.run_with_cache(place.path()).env("PYSHIP", "info");
    run()
        .stdout_has("environment")
        .stdout_has(&interpreters::usual().full())
        .stdout_has("runtime")
        .success();
    assert_eq!(
        run().arg("--json").stdout_any().success().json(),
        packed.manifest()
    );
    assert_unused(place.path(), "info");
}

#[test]
fn python_is_the_interpreter_with_the_apps_packages() {
    let packed = Pack::new("tests/apps/environment").with("six").run();
    let python = || packed.run().env("PYSHIP", "python");
    python()
        .arg("--version")
        .stdout(format!("Python {}\n", interpreters::usual().full()))
        .success();
    let code = "import os, six, beside, sys; print('PYSHIP' in os.environ, sys.argv)";
    python()
        .args(["-c", code, "x"])
        .stdout("False ['-c', 'x']\n")
        .success();
    python().args(["-m", "six"]).success();
    python()
        .stdin("import six\nprint(six.__name__)\n")
        .stdout("six\n")
        .success();
}

#[test]
fn python_honours_pythonpath() {
    let place = scratch();
    fs_err::write(place.path().join("found.py"), "").unwrap();
    let run = environment_app()
        .run()
        .env("PYSHIP", "python")
        .env("PYTHONPATH", place.path());
    run.args(["-c", "import found, os; print(os.environ['PYTHONPATH'])"])
        .stdout(format!("{}\n", place.path().display()))
        .success();
}

#[test]
fn where_says_where_it_is_unpacked() {
    let place = scratch();
    let said = environment_app()
        .run_with_cache(place.path())
        .env("PYSHIP", "where")
        .stdout_any()
        .success()
        .out();
    assert!(said.lines().count() >= 3, "{said}");
    for line in said.lines() {
        assert!(
            line.starts_with(place.path().to_str().unwrap()) && std::path::Path::new(line).is_dir(),
            "{line}"
        );
    }
}

#[test]
fn extract_gives_what_the_packers_extract_gives() {
    let packed = environment_app();
    let place = scratch();
    let (ours, theirs) = (place.path().join("ours"), place.path().join("theirs"));
    packed
        .run()
        .env("PYSHIP", "extract")
        .arg(&ours)
        .stdout_any()
        .success();
    let tool = harness::Run::new(harness::pyship())
        .arg("extract")
        .arg(&packed.path)
        .arg(&theirs);
    tool.stdout_any().stderr_any().success();
    assert_eq!(files_below(&ours), files_below(&theirs));
    harness::Run::inheriting("diff")
        .arg("-r")
        .arg(&ours)
        .arg(&theirs)
        .success();
    let again = packed.run().env("PYSHIP", "extract").arg(&ours).output();
    assert_launcher_failed(&again, "the directory is there already");
    assert_message!(again);
}

#[test]
fn extract_has_a_name_of_its_own() {
    let place = scratch();
    environment_app()
        .run()
        .env("PYSHIP", "extract")
        .directory(place.path())
        .stdout_any()
        .success();
    assert!(place.path().join("environment.d/app/code/main.py").is_file());
}

#[test]
fn verify_checks_the_file_and_what_was_unpacked() {
    let packed = environment_app();
    let place = scratch();
    let verify = || packed.run_with_cache(place.path()).env("PYSHIP", "verify");
    verify().stdout_has("intact").success();
    packed.run_with_cache(place.path()).args(["exit", "0"]).success();
    verify().stdout_has("intact").success();
    let unpacked = files_below(place.path())
        .into_iter()
        .find(|path| path.ends_with("code/beside.py"))
        .unwrap();
    fs_err::write(place.path().join(unpacked), "raise SystemExit('changed')\n").unwrap();
    let outcome = verify().output();
    assert_eq!(outcome.status.code(), Some(125), "{}", outcome.report());
    assert_message!(outcome);
    let listed = outcome.out();
    assert!(
        listed.starts_with("changed: `") && listed.ends_with("/code/beside.py`\n"),
        "{}",
        outcome.report()
    );
}

#[test]
fn a_tool_that_is_not_there_is_named() {
    let outcome = environment_app().run().env("PYSHIP", "frobnicate").output();
    assert_launcher_failed(&outcome, "no such tool");
    assert_message!(outcome);
    assert!(
        outcome.err().contains("frobnicate") && outcome.err().contains("hint: "),
        "{}",
        outcome.report()
    );
}

#[test]
fn an_empty_variable_starts_the_app_and_is_removed() {
    let report = environment_app()
        .run()
        .env("PYSHIP", "")
        .arg("report")
        .stdout_any()
        .success()
        .json();
    assert_eq!(report["environment"].get("PYSHIP"), None);
}

#[test]
fn a_standard_output_that_takes_nothing_is_a_failure_not_a_panic() {
    let place = scratch();
    let start = |redirection: &str| {
        let quoted = format!("exec '{}' {redirection}", environment_app().path.display());
        let run = harness::Run::new("/bin/sh")
            .args(["-c", &quoted])
            .env("PYSHIP", "help");
        run.env("PYSHIP_CACHE_DIR", place.path()).output()
    };
    let full = start(">/dev/full");
    assert_launcher_failed(&full, "stdout is full");
    assert_message!(full);
    let closed = start(">&-");
    assert!(
        matches!(closed.status.code(), Some(0 | 125)),
        "{}",
        closed.report()
    );
}
