//! Wheels, packages by name, and zipapps as APP. The archives are made by hand in the forms that the tools write.

use std::path::{Path, PathBuf};

use harness::{Pack, Run, interpreters, scratch};
use serde_json::json;

use crate::support::assert_one_sentence;
use crate::wheel::wheel;

/// Writes a ZIP archive with a `#!` line.
const WRITE: &str = "
import json, sys, zipfile
with open(sys.argv[1], 'wb') as out:
    out.write(b'#!/usr/bin/env python3\\n')
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, text in json.loads(sys.argv[2]).items():
            archive.writestr(name, text)
";

fn archive(path: &Path, files: &[(&str, &str)]) -> PathBuf {
    let files: serde_json::Map<String, serde_json::Value> = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect();
    Run::new(&interpreters::usual().path)
        .args(["-c", WRITE])
        .arg(path)
        .arg(json!(files).to_string())
        .success();
    path.to_owned()
}

const MODULE: &str =
    "import importlib.metadata as m, sys\ndef main():\n    print('demo', m.version('demo'), sys.argv[1:])\n";
const METADATA: &str = "Metadata-Version: 2.1\nName: demo\nVersion: 2.0\n";
const TAGS: &str = "Wheel-Version: 1.0\nTag: py3-none-any\n";
const POINTS: &str = "[console_scripts]\ndemo-run = demo:main\n";

#[test]
fn a_wheel_starts_its_script() {
    let place = scratch();
    let needed = wheel(place.path(), "needed", "1", &[("needed.py", "V = 'needed'\n")]);
    assert!(needed.exists());
    let code = "import needed, sys\ndef main():\n    print('app', needed.V, sys.argv[1:])\n";
    let links = place.path().to_str().unwrap().to_owned();
    let pack = |app: &Path| Pack::new(app).args(["--no-index", "--find-links", &links]);
    let needs = ("METADATA", "Requires-Dist: needed\n");
    for (name, points, main, says) in [
        (
            "one",
            "[console_scripts]\nother = one:main\n",
            "",
            Some("app needed ['x']\n"),
        ),
        (
            "two",
            "[console_scripts]\na = two:main\ntwo = two:main\n",
            "",
            Some("app needed ['x']\n"),
        ),
        (
            "run",
            "",
            "import needed, sys\nprint('module', needed.V, sys.argv[1:])\n",
            Some("module needed ['x']\n"),
        ),
        (
            "many",
            "[console_scripts]\na = many:main\nb = many:main\n",
            "",
            None,
        ),
    ] {
        let (module, main_file) = (format!("{name}/__init__.py"), format!("{name}/__main__.py"));
        let mut files = vec![(module.as_str(), code), needs];
        if !points.is_empty() {
            files.push(("entry_points.txt", points));
        }
        if !main.is_empty() {
            files.push((&main_file, main));
        }
        let app = wheel(place.path(), name, "1", &files);
        match says {
            Some(says) => {
                let packed = pack(&app).run();
                packed.run().root("empty").tmpfs().arg("x").stdout(says).success();
                assert_eq!(packed.manifest()["version"], "1", "{name}");
            }
            None => {
                let outcome = pack(&app).command_to(&place.path().join("x.bin")).output();
                assert_eq!(outcome.status.code(), Some(1));
                assert_message!(outcome);
            }
        }
    }
}

#[test]
fn a_package_by_name() {
    let place = scratch();
    let code = "import sys\ndef main():\n    print('sample', sys.argv[1:])\n";
    let points = ("entry_points.txt", "[console_scripts]\nsample = sample:main\n");
    for version in ["1.0", "2.0"] {
        wheel(place.path(), "sample", version, &[("sample.py", code), points]);
    }
    let pack = |name: &str| {
        let output = place.path().join("sample.bin");
        let run = Run::inheriting(harness::pyship()).arg("pack").arg(name);
        let run = run.args(["--no-index", "--no-build-cache", "--level", "1", "--find-links"]);
        let run = run
            .arg(place.path())
            .arg("--python")
            .arg(&interpreters::usual().path);
        let outcome = run.arg("-o").arg(&output).output();
        let version = outcome.status.success().then(|| {
            let info = Run::new(&output)
                .env("PYSHIP", "info")
                .env("PYSHIP_CACHE_DIR", place.path().join("cache"));
            info.output().out()
        });
        (outcome, version)
    };
    for (name, version) in [
        ("sample@1.0", "1.0"),
        ("pypi:sample", "2.0"),
        ("pypi:sample==1.0", "1.0"),
    ] {
        let (outcome, info) = pack(name);
        let info = info.unwrap_or_else(|| panic!("{name}\n{}", outcome.report()));
        assert!(info.contains(version), "{name}\n{info}");
        let run =
            Run::new(place.path().join("sample.bin")).env("PYSHIP_CACHE_DIR", place.path().join("cache"));
        run.arg("x").stdout("sample ['x']\n").success();
    }
    let (outcome, _) = pack("sample");
    assert_eq!(outcome.status.code(), Some(1));
    assert_message!(outcome);
}

#[test]
fn zipapps_start_what_they_start() {
    let place = scratch();
    let info = |more: serde_json::Value| {
        let mut info = json!({ "distributions": {}, "inject_args": [], "inject_env": { "FROM_PEX": "1" } });
        info.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        info.to_string()
    };
    let deps = ".deps/demo-2.0-py3-none-any.whl";
    let (module, metadata, wheel_file, points) = (
        format!("{deps}/demo.py"),
        format!("{deps}/demo-2.0.dist-info/METADATA"),
        format!("{deps}/demo-2.0.dist-info/WHEEL"),
        format!("{deps}/demo-2.0.dist-info/entry_points.txt"),
    );
    let bundled = [
        (module.as_str(), MODULE),
        (metadata.as_str(), METADATA),
        (wheel_file.as_str(), TAGS),
        (points.as_str(), POINTS),
        (".bootstrap/pex/__init__.py", "raise SystemExit('bootstrap')\n"),
        ("__main__.py", "raise SystemExit('bootstrap')\n"),
    ];
    let pex = |info: &str, more: &[(&str, &str)]| -> Vec<(String, String)> {
        let files = bundled
            .iter()
            .chain(more)
            .copied()
            .chain(std::iter::once(("PEX-INFO", info)));
        files
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    };
    let own = |files: &[(&str, &str)]| -> Vec<(String, String)> {
        files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    };
    let (by_function, by_script, by_module) = (
        info(json!({ "entry_point": "demo:main" })),
        info(json!({ "script": "demo-run" })),
        info(json!({ "entry_point": "own.start" })),
    );
    let start = "import demo, os, sys\nprint('own', os.environ['FROM_PEX'], end=' ')\ndemo.main()\n";
    for (name, files, says) in [
        (
            "plain.pyz",
            own(&[
                (
                    "__main__.py",
                    "import helper, sys\nprint('plain', helper.V, sys.argv[1:])\n",
                ),
                ("helper.py", "V = 1\n"),
            ]),
            "plain 1 ['x']\n",
        ),
        (
            "shiv.pyz",
            own(&[
                ("__main__.py", "raise SystemExit('bootstrap')\n"),
                ("_bootstrap/__init__.py", "raise SystemExit('bootstrap')\n"),
                (
                    "environment.json",
                    r#"{"entry_point": "demo:main", "built_at": "x", "shiv_version": "1"}"#,
                ),
                ("site-packages/demo.py", MODULE),
                ("site-packages/demo-2.0.dist-info/METADATA", METADATA),
                ("site-packages/demo-2.0.dist-info/WHEEL", TAGS),
            ]),
            "demo 2.0 ['x']\n",
        ),
        ("function.pex", pex(&by_function, &[]), "demo 2.0 ['x']\n"),
        ("script.pex", pex(&by_script, &[]), "demo 2.0 ['x']\n"),
        (
            "module",
            pex(&by_module, &[("own/__init__.py", ""), ("own/start.py", start)]),
            "own 1 demo 2.0 ['x']\n",
        ),
    ] {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let app = archive(&place.path().join(name), &files);
        let packed = Pack::new(&app).run();
        fs_err::remove_file(&app).unwrap();
        let outcome = packed.run().root("empty").tmpfs().arg("x").output();
        assert_eq!(outcome.out(), says, "{name}\n{}", outcome.report());
        let list = packed.run().env("PYSHIP", "python");
        let code = "import importlib.util as u; print([n for n in ('pex', '_bootstrap') if u.find_spec(n)])";
        list.args(["-c", code]).stdout("[]\n").success();
    }
}

#[test]
fn what_can_not_be_followed_is_refused() {
    let place = scratch();
    let wrong = "Wheel-Version: 1.0\nTag: cp39-cp39-macosx_11_0_arm64\n";
    let refused = |app: PathBuf| {
        let output = place.path().join("x.bin");
        let outcome = Pack::new(app).arg("-q").command_to(&output).output();
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.report());
        assert_one_sentence(&outcome);
        assert!(!output.exists());
        outcome
    };
    let at = |name: &str| place.path().join(name);
    let environment = r#"{"entry_point": "demo:main"}"#;
    assert_message!(refused(archive(
        &at("other.pyz"),
        &[
            ("_bootstrap/__init__.py", ""),
            ("environment.json", environment),
            ("__main__.py", ""),
            ("site-packages/demo-2.0.dist-info/METADATA", METADATA),
            ("site-packages/demo-2.0.dist-info/WHEEL", wrong),
        ],
    )));
    assert_message!(refused(archive(&at("no-main.pyz"), &[("x.py", "")])));
    let arguments = r#"{"entry_point": "demo:main", "inject_args": ["--port", "80"]}"#;
    assert_message!(refused(archive(&at("arguments.pex"), &[("PEX-INFO", arguments)])));
    fs_err::write(at("text.pyz"), "no archive").unwrap();
    assert_message!(refused(at("text.pyz")));
    fs_err::create_dir(at("loose")).unwrap();
    fs_err::write(at("loose/PEX-INFO"), "{}").unwrap();
    assert_message!(refused(at("loose")));
}
