//! `pyship pack`: what its options do.

use harness::{Pack, Run, interpreters, pyship, scratch};

const SHOP: &str = "tests/apps/shop";

#[test]
fn a_script() {
    let hello = Pack::new("examples/hello/hello.py").run();
    let version = interpreters::usual().full();
    hello
        .run()
        .args(["Ada", "Grace"])
        .stdout(format!("hello, Ada and Grace, from Python {version}\n"))
        .success();
}

#[test]
fn a_directory_starts_its_main() {
    Pack::new(SHOP)
        .run()
        .run()
        .arg("x")
        .stdout("main ['x'] ['main.py', 'notes.txt', 'shop']\n")
        .success();
}

#[test]
fn a_module() {
    let shop = Pack::new(SHOP).args(["-m", "shop"]).run();
    shop.run()
        .args(["-c", "x"])
        .stdout("module __main__ shop ['-c', 'x']\n")
        .success();
}

#[test]
fn a_function_and_its_result_is_the_exit_code() {
    let shop = Pack::new(SHOP).args(["-e", "shop.till:main"]).run();
    shop.run().arg("x").stdout("function shop.till ['x']\n").exits(3);
    Pack::new(SHOP)
        .args(["--entry", "shop.till:Till.open"])
        .run()
        .run()
        .stdout("method []\n")
        .success();
}

#[test]
fn a_command_of_a_package() {
    let normalizer = Pack::without_app()
        .with("charset-normalizer")
        .args(["-c", "normalizer"])
        .run();
    normalizer
        .run()
        .arg("--version")
        .stdout_has("Charset-Normalizer")
        .success();
}

#[test]
fn several_commands_are_chosen_by_the_name_of_the_file() {
    let packed = Pack::without_app()
        .with("pip")
        .with("charset-normalizer")
        .args(["-c", "normalizer", "-c", "pip"])
        .run();
    let place = scratch();
    for (name, says) in [
        ("pip", "pip 2"),
        ("normalizer", "Charset-Normalizer"),
        ("other", "Charset-Normalizer"),
    ] {
        let link = place.path().join(name);
        fs_err::os::unix::fs::symlink(&packed.path, &link).unwrap();
        let cache = place.path().join("cache");
        Run::new(&link)
            .env("PYSHIP_CACHE_DIR", &cache)
            .arg("--version")
            .stdout_has(says)
            .success();
    }
}

#[test]
fn requirements_from_a_file_and_from_the_command_line() {
    let code = "import pymysql, requests, six; print(six.__name__)";
    let packed = Pack::without_app()
        .requirements("examples/requests-pymysql/requirements.txt")
        .with("six")
        .run();
    packed.run().args(["-c", code]).stdout("six\n").success();
}

#[test]
fn no_app_behaves_like_python() {
    let version = interpreters::usual().full();
    let python = Pack::without_app().run();
    python
        .run()
        .arg("--version")
        .stdout(format!("Python {version}\n"))
        .success();
    python
        .run()
        .args(["-c", "import sys; print(sys.argv)", "a"])
        .stdout("['-c', 'a']\n")
        .success();
    python.run().stdin("print(6 * 7)\n").stdout("42\n").success();
    python
        .run()
        .args(["-m", "json.tool"])
        .stdin("[1]")
        .stdout("[\n    1\n]\n")
        .success();
    let script = harness::repository().join("tests/apps/shop/shop/till.py");
    python.run().arg(script).success();
}

#[test]
fn no_app_honours_pythonpath() {
    let python = Pack::without_app().run();
    let place = scratch();
    fs_err::write(place.path().join("found.py"), "WHERE = 'on PYTHONPATH'\n").unwrap();
    let run = python
        .run()
        .env("PYTHONPATH", place.path())
        .args(["-c", "import found; print(found.WHERE)"]);
    run.stdout("on PYTHONPATH\n").success();
}

#[test]
fn exclude_leaves_out() {
    let shop = Pack::new(SHOP).args(["--exclude", "*.txt"]).run();
    shop.run().stdout("main [] ['main.py', 'shop']\n").success();
}

#[test]
fn the_name_is_the_files_or_the_one_given() {
    let says = |pack: Pack| pack.run().run().args(["pyship"]).stdout_any().success().json();
    let plain = says(Pack::new("tests/apps/environment"));
    assert_eq!(
        (&plain["name"], &plain["version"]),
        (&"environment".into(), &serde_json::Value::Null)
    );
    let named = says(Pack::new("tests/apps/environment").args(["--name", "renamed", "--app-version", "1.2"]));
    assert_eq!(
        (&named["name"], &named["version"]),
        (&"renamed".into(), &"1.2".into())
    );
}

#[test]
fn fixed_interpreter_options() {
    let packed = Pack::new("tests/apps/environment")
        .args(["--option=-Xutf8", "--option=-Werror::BytesWarning"])
        .run();
    let report = packed.run().arg("report").stdout_any().success().json();
    assert_eq!(report["flags"]["utf8_mode"], 1);
    assert_eq!(report["warnoptions"], serde_json::json!(["error::BytesWarning"]));
}

#[test]
fn variables_unless_the_caller_sets_them() {
    let packed = Pack::new("tests/apps/environment")
        .args(["--set-env", "MODE=packed", "--set-env", "OTHER=a=b"])
        .run();
    let seen = |run: Run| run.arg("report").stdout_any().success().json()["environment"].clone();
    let ours = seen(packed.run());
    assert_eq!((&ours["MODE"], &ours["OTHER"]), (&"packed".into(), &"a=b".into()));
    assert_eq!(seen(packed.run().env("MODE", "caller's"))["MODE"], "caller's");
}

#[test]
fn include_puts_files_beside_the_code() {
    let pack = Pack::new(SHOP).arg("--include");
    let source = harness::repository().join("LICENSE");
    pack.clone()
        .arg(&source)
        .run()
        .run()
        .stdout_has("'LICENSE', 'main.py'")
        .success();
    let renamed = format!("{}:terms.txt", source.display());
    pack.arg(renamed)
        .run()
        .run()
        .stdout_has("'shop', 'terms.txt'")
        .success();
}

#[test]
fn a_higher_level_is_smaller_and_runs_the_same() {
    let fast = Pack::new("examples/hello/hello.py").level(1).run();
    let small = Pack::new("examples/hello/hello.py").level(12).run();
    assert!(small.bytes().len() < fast.bytes().len());
    let said = fast.run().stdout_any().success().stdout;
    small.run().stdout(said).success();
}

#[test]
fn a_release_is_the_smallest_and_runs_the_same() {
    let default = Pack::new("examples/hello/hello.py").no_level().run();
    let release = Pack::new("examples/hello/hello.py")
        .no_level()
        .arg("--release")
        .run();
    let (default_size, size) = (default.bytes().len(), release.bytes().len());
    assert!(size * 100 < default_size * 92, "{size} bytes, not {default_size}");
    let said = default.run().stdout_any().success().stdout;
    release.run().stdout(said).success();
    let place = scratch();
    let both = Pack::new("examples/hello/hello.py").arg("--release");
    let both = both.command_to(&place.path().join("out.bin"));
    assert_message!(both.stderr_has("cannot be used with").exits(2));
}

#[test]
fn json_is_the_only_thing_on_standard_output() {
    let place = scratch();
    let output = place.path().join("hello.bin");
    let pack = Pack::new("examples/hello/hello.py").arg("--json");
    let report = pack
        .command_to(&output)
        .stdout_any()
        .stderr_any()
        .success()
        .json();
    assert!(report.is_object(), "{report}");
    let size = fs_err::metadata(&output).unwrap().len();
    let mentioned = serde_json::to_string(&report).unwrap();
    assert!(
        mentioned.contains(&size.to_string()),
        "the report doesn't say the size {size}: {mentioned}"
    );
}

#[test]
fn quiet_says_nothing_and_verbose_says_more() {
    let place = scratch();
    let pack = Pack::new("examples/hello/hello.py");
    pack.clone()
        .arg("-q")
        .command_to(&place.path().join("quiet.bin"))
        .success();
    let normal = pack
        .command_to(&place.path().join("normal.bin"))
        .stderr_any()
        .success();
    let verbose = pack
        .clone()
        .arg("-v")
        .command_to(&place.path().join("verbose.bin"))
        .stderr_any()
        .success();
    assert!(
        !normal.stderr.is_empty() && verbose.stderr.len() > normal.stderr.len(),
        "{}",
        verbose.report()
    );
    let both = pack.args(["-q", "-v"]).command_to(&place.path().join("both.bin"));
    assert_message!(both.stderr_any().exits(2));
}

#[test]
fn the_report_names_the_oldest_glibc_and_the_layers() {
    let place = scratch();
    let pack = Pack::new("examples/hello/hello.py");
    let run = pack.command_to(&place.path().join("hello.bin"));
    run.stderr_has("needs glibc 2.").stderr_has("runtime").success();
}

#[test]
fn out_is_replaced_while_it_is_not_there_half() {
    let place = scratch();
    let output = place.path().join("hello.bin");
    fs_err::write(&output, "\x7fELF, an old program").unwrap();
    Pack::new("examples/hello/hello.py")
        .arg("-q")
        .command_to(&output)
        .success();
    Run::new(&output)
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .stdout_has("hello, world")
        .success();
    assert_eq!(
        fs_err::read_dir(place.path()).unwrap().count(),
        2,
        "something was left beside OUT"
    );
}

#[test]
fn help_and_version() {
    Run::inheriting(pyship())
        .arg("--version")
        .stdout_has("pyship 0.")
        .success();
    let options = [
        "--module",
        "--entry",
        "--requirements",
        "--with",
        "--python",
        "--exclude",
        "--level",
        "--release",
        "--json",
    ];
    let help = Run::inheriting(pyship())
        .args(["pack", "--help"])
        .stdout_any()
        .success()
        .out();
    for option in options {
        assert!(help.contains(option), "help doesn't name {option}");
    }
}

#[test]
fn words_of_other_tools() {
    let place = scratch();
    fs_err::write(place.path().join("data.json"), "{}").unwrap();
    fs_err::write(place.path().join("r.txt"), "\n").unwrap();
    let packed = Pack::new("tests/apps/environment")
        .arg("--add-data")
        .arg(format!("{}:conf", place.path().join("data.json").display()))
        .arg("--requirement")
        .arg(place.path().join("r.txt"))
        .arg("--constraints")
        .arg(place.path().join("r.txt"))
        .args(["--python-option", "X utf8", "--env", "MODE=packed"])
        .args([
            "--default-index",
            "http://127.0.0.1:1/a",
            "--index",
            "http://127.0.0.1:1/b",
        ])
        .run();
    let report = packed.run().arg("report").stdout_any().success().json();
    assert_eq!(report["flags"]["utf8_mode"], 1);
    assert_eq!(report["environment"]["MODE"], "packed");
    let tree = place.path().join("tree");
    Run::inheriting(pyship())
        .arg("extract")
        .args([&packed.path, &tree])
        .stdout_any()
        .stderr_any()
        .success();
    assert!(tree.join("app/code/conf/data.json").is_file());

    let pack = Pack::new(SHOP).args(["--entry-point", "shop.till:main", "-q"]);
    pack.run()
        .run()
        .arg("x")
        .stdout("function shop.till ['x']\n")
        .exits(3);
    let other = Pack::new(SHOP).args(["--platform", "linux/riscv64", "-q"]);
    let refused = other.command_to(&place.path().join("out.bin"));
    refused.stderr_has("failed to pack for `linux/riscv64`").exits(1);
}

#[test]
fn settings_of_pip_that_uv_ignores_are_named() {
    let place = scratch();
    let uv = place.path().join("uv");
    // A `uv` that installs nothing.
    fs_err::write(&uv, "#!/bin/sh\nexit 7\n").unwrap();
    fs_err::set_permissions(&uv, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path().display());
    let pack = Pack::new("examples/hello/hello.py").with("six");
    pack.command_to(&place.path().join("out.bin"))
        .env("PATH", path)
        .env("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
        .env("UV_DEFAULT_INDEX", "")
        .env("UV_INDEX_URL", "")
        .env("PIP_FIND_LINKS", "")
        .stderr_has("uv installs the packages and ignores PIP_INDEX_URL: set UV_DEFAULT_INDEX instead\n")
        .stderr_has("it exited with code 7")
        .exits(1);
}
