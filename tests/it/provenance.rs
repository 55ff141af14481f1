//! Provenance: a file tells what it was made from, and nothing about who made it where.

use std::path::Path;

use harness::{Pack, Packed, Run, interpreters, pyship, repository, scratch};
use serde_json::Value;

use crate::wheel::wheel;

fn statement(file: &Path) -> Value {
    let run = Run::new(pyship()).args(["inspect", "--provenance", "--json"]);
    run.arg(file).stdout_any().success().json()
}

fn dependency<'a>(statement: &'a Value, uri: &str) -> &'a Value {
    let list = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        .as_array()
        .unwrap();
    let found = list
        .iter()
        .find(|item| item["uri"].as_str().is_some_and(|found| found.starts_with(uri)));
    found.unwrap_or_else(|| panic!("no {uri} in {statement}"))
}

fn shop() -> Packed {
    Pack::new("tests/apps/shop").with("six").run()
}

#[test]
fn a_file_tells_what_it_was_made_from() {
    let packed = shop();
    let told = statement(&packed.path);
    assert_eq!(told["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(told["predicateType"], "https://slsa.dev/provenance/v1");
    let sum = Run::inheriting("sha256sum")
        .arg(&packed.path)
        .stdout_any()
        .success()
        .out();
    assert_eq!(told["subject"][0]["digest"]["sha256"], sum[..64]);
    let build = &told["predicate"]["buildDefinition"];
    assert_eq!(build["externalParameters"]["with"], serde_json::json!(["six"]));
    let manifest = packed.manifest();
    let runtime = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|layer| layer["name"] == "runtime")
        .unwrap();
    let python = format!("pkg:generic/cpython@{}", interpreters::usual().full());
    assert_eq!(
        dependency(&told, &python)["digest"]["pyship-layer"],
        runtime["digest"]
    );
    let six = dependency(&told, "pkg:pypi/six@");
    assert_eq!(six["digest"]["pyship-record"].as_str().unwrap().len(), 64);
    let launcher = dependency(&told, "pkg:generic/pyship-launcher@");
    assert_eq!(launcher["digest"]["sha256"], manifest["launcher"]["sha256"]);
    // No times unless they are asked for.
    assert!(told["predicate"]["runDetails"].get("metadata").is_none());
    assert_eq!(manifest["provenance"]["buildDefinition"], *build);

    let plain = Run::new(pyship())
        .args(["inspect", "--provenance"])
        .arg(&packed.path);
    plain
        .stdout_has("pkg:pypi/six@")
        .stdout_has("option   with: [\"six\"]")
        .success();
}

#[test]
fn nothing_of_the_builder_is_told() {
    let place = scratch();
    let wheels = place.path().join("secret-place");
    fs_err::create_dir(&wheels).unwrap();
    let wheel = wheels.join("sample-1.0-py3-none-any.whl");
    make_wheel(&wheel);
    let requirements = place.path().join("req.txt");
    fs_err::write(&requirements, format!("{}\n", wheel.display())).unwrap();
    let output = place.path().join("out.bin");
    Pack::new("examples/hello/hello.py")
        .arg("-r")
        .arg(&requirements)
        .arg("--find-links")
        .arg(&wheels)
        .args([
            "--index-url",
            "https://me:hunter2@pypi.invalid/simple?token=hunter2",
        ])
        .args(["--no-index", "--set-env", "TOKEN_NAME=hunter3"])
        .arg("--include")
        .arg(format!("{}:doc/req.txt", requirements.display()))
        .command_to(&output)
        .stderr_any()
        .success();
    let told = statement(&output)["predicate"].to_string();
    let home = std::env::var("HOME").unwrap_or("/root".to_owned());
    for secret in [
        "hunter",
        "secret-place",
        "token=",
        place.path().to_str().unwrap(),
        &home,
    ] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    for kept in [
        "https://pypi.invalid/simple\"",
        "TOKEN_NAME",
        "sample-1.0-py3-none-any.whl",
        "req.txt:doc/req.txt",
        "pkg:pypi/sample@1.0",
    ] {
        assert!(told.contains(kept), "no {kept} in {told}");
    }
}

#[test]
fn another_place_gives_the_same_provenance() {
    let place = scratch();
    let mut made = Vec::new();
    for name in ["one", "two"] {
        let directory = place.path().join(name);
        // The app's directory is called differently too.
        let app = directory.join(format!("app-{name}"));
        fs_err::create_dir_all(&app).unwrap();
        fs_err::write(app.join("main.py"), "print(1)\n").unwrap();
        let wheels = directory.join("wheels");
        fs_err::create_dir(&wheels).unwrap();
        fs_err::copy(
            repository().join("tests/apps/shop/main.py"),
            directory.join("extra.txt"),
        )
        .unwrap();
        make_wheel(&wheels.join("sample-1.0-py3-none-any.whl"));
        fs_err::write(directory.join("req.txt"), "sample[more]  # ours\n").unwrap();
        let output = directory.join("out.bin");
        let pack = Pack::new(&app)
            .no_build_cache()
            .arg("-r")
            .arg(directory.join("req.txt"));
        let pack = pack.arg("--find-links").arg(&wheels).arg("--no-index");
        let pack = pack.arg("--include").arg(directory.join("extra.txt"));
        pack.command_to(&output)
            .env("USER", name)
            .env("TMPDIR", &directory)
            .directory(&directory)
            .stderr_any()
            .success();
        made.push(fs_err::read(output).unwrap());
    }
    assert!(made[0] == made[1], "the files differ");
}

#[test]
fn a_package_is_told_by_what_was_packed_and_not_by_its_own_record() {
    let place = scratch();
    let told = |name: &str| {
        let wheels = place.path().join(name);
        fs_err::create_dir(&wheels).unwrap();
        // Both have the same RECORD, which has no hashes.
        let module = ("sample.py", format!("print('{name}')\n"));
        wheel(&wheels, "sample", "1.0", &[(module.0, &module.1)]);
        let output = place.path().join(format!("{name}.bin"));
        let pack = Pack::new("examples/hello/hello.py")
            .with("sample")
            .arg("--no-index");
        pack.arg("--find-links")
            .arg(&wheels)
            .command_to(&output)
            .env("UV_NO_CACHE", "1")
            .stderr_any()
            .success();
        let statement = statement(&output);
        let digest = &dependency(&statement, "pkg:pypi/sample@")["digest"]["pyship-record"];
        digest.as_str().unwrap().to_owned()
    };
    assert_ne!(told("good"), told("evil"));
}

#[test]
fn a_time_is_told_when_it_is_asked_for() {
    let place = scratch();
    let pack = |name: &str, epoch: &str| {
        let output = place.path().join(name).join("hello.bin");
        fs_err::create_dir(output.parent().unwrap()).unwrap();
        let pack = Pack::new("examples/hello/hello.py").arg("--build-time").arg("-q");
        pack.command_to(&output).env("SOURCE_DATE_EPOCH", epoch).success();
        output
    };
    let (one, two) = (pack("one", "1767323045"), pack("two", "1767323045"));
    let told = statement(&one);
    assert_eq!(
        told["predicate"]["runDetails"]["metadata"]["finishedOn"],
        "2026-01-02T03:04:05Z"
    );
    assert!(fs_err::read(&one).unwrap() == fs_err::read(&two).unwrap());
    let other = pack("three", "1767323046");
    assert!(fs_err::read(&one).unwrap() != fs_err::read(other).unwrap());
    // It still runs, and is still whole.
    let run = Run::new(&one).env("PYSHIP_CACHE_DIR", place.path().join("cache"));
    run.stdout_has("hello").success();
    Run::new(pyship())
        .arg("verify")
        .arg(&one)
        .stdout_has("intact")
        .success();
}

/// A package without dependencies, always of the same bytes.
fn make_wheel(path: &Path) {
    let script = r"
import sys, zipfile
files = {
    'sample.py': 'NAME = 1\n',
    'sample-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\nName: sample\nVersion: 1.0\nProvides-Extra: more\n',
    'sample-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
}
record = 'sample-1.0.dist-info/RECORD'
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    for name, text in files.items():
        wheel.writestr(zipfile.ZipInfo(name), text)
    wheel.writestr(zipfile.ZipInfo(record), ''.join(name + ',,\n' for name in [*files, record]))
";
    Run::new(&interpreters::usual().path)
        .args(["-c", script])
        .arg(path)
        .success();
}
