//! `pyship pack --plan`: it says what a pack makes, and why, and fails where a pack fails.

use std::collections::BTreeMap;
use std::path::Path;

use harness::{Pack, Run, files_below, pyship, scratch};
use serde_json::{Value, json};

use crate::projects::Place;
use crate::wheel::wheel;

/// A project that starts `demo:main`, with packages from every place that can ask for one.
fn project() -> (Place, Pack) {
    let place = Place::new();
    let more = "dependencies = ['one']\n[project.optional-dependencies]\nweb = ['three>=1']\n\
                [dependency-groups]\ndocs = ['six_six']\n";
    place
        .project("p", more)
        .put("p/src/demo.py", "import one, three\ndef main(): print('demo')\n")
        .put("p/entry_points.txt", "[console_scripts]\ndemo-app = demo:main\n")
        .put("p/r.txt", "four\n")
        .put("p/.env", "PASSWORD=1")
        .put("wheels/none", "");
    let wheels = place.path("wheels");
    let package = |name: &str, requires: &str| {
        let metadata: String = requires
            .split(' ')
            .filter(|name| !name.is_empty())
            .map(|name| format!("Requires-Dist: {name}\n"))
            .collect();
        let module = format!("{name}.py");
        wheel(
            &wheels,
            name,
            "1.5",
            &[(&module, "V = 1\n"), ("METADATA", &metadata)],
        )
    };
    package("one", "two");
    package("two", "");
    package("three", "two");
    package("four", "");
    package("six_six", "");
    let five = package("five", "");
    let pack = place
        .pack("p")
        .args(["--extra", "web", "--group", "docs", "--no-index", "--find-links"])
        .arg(&wheels)
        .arg("-r")
        .arg(place.path("p/r.txt"))
        .arg("--with")
        .arg(five);
    (place, pack)
}

fn planned(pack: &Pack, output: &Path) -> Value {
    let run = pack.clone().args(["--plan", "--json"]).command_to(output);
    let plan = run.stdout_any().stderr_any().success().json();
    assert_eq!(plan["schema"], 1);
    assert!(!output.exists());
    plan
}

#[test]
fn it_is_what_a_pack_makes_and_writes_nothing() {
    let (place, pack) = project();
    let (output, cache) = (place.path("out.bin"), place.path("build"));
    // The build backend of the project is imported from there.
    let files = || {
        let found = files_below(&place.path("")).into_iter();
        found
            .filter(|path| !path.to_string_lossy().contains("__pycache__"))
            .collect::<Vec<_>>()
    };
    let before = files();
    let pack = pack.build_cache(&cache);
    let plan = planned(&pack, &output);
    assert_eq!(files(), before);

    let run = pack.clone().arg("--json").command_to(&output);
    let report = run.stdout_any().stderr_any().success().json();
    for field in [
        "name", "target", "python", "starts", "entry", "lock", "pruned", "left_out", "libc", "checked",
        "warnings",
    ] {
        assert_eq!(plan[field], report[field], "{field}");
    }
    assert_eq!(plan["starts"], "the console script `demo-app` (`demo:main`)");
    assert_eq!(plan["version"], "3.2");
    let without_why = |plan: &Value| {
        let mut packages = plan["packages"].clone();
        for package in packages.as_array_mut().unwrap() {
            package.as_object_mut().unwrap().remove("why");
        }
        packages
    };
    assert_eq!(without_why(&plan), report["packages"]);
    let names = |value: &Value| -> Vec<Value> {
        let layers = value["layers"].as_array().unwrap();
        layers.iter().map(|layer| layer["name"].clone()).collect()
    };
    assert_eq!(names(&plan), names(&report));
    // A pack adds bytecode.
    for (planned, packed) in plan["layers"]
        .as_array()
        .unwrap()
        .iter()
        .zip(report["layers"].as_array().unwrap())
    {
        let size = |value: &Value| value.as_u64().unwrap();
        assert!(
            size(&planned["size"]) <= size(&packed["unpacked"]),
            "{planned} {packed}"
        );
        assert!(
            size(&planned["size"]) * 3 > size(&packed["unpacked"]) || planned["name"] == "app",
            "{planned} {packed}"
        );
    }
    Run::inheriting(pyship())
        .arg("inspect")
        .arg(&output)
        .stdout_has("\n  starts    the function `demo:main`\n")
        .success();

    // With the layers of that pack in the build cache it is the same plan.
    fs_err::remove_file(&output).unwrap();
    let again = planned(&pack, &output);
    let runtime = |plan: &Value| plan["layers"][1].clone();
    assert_eq!(
        (
            runtime(&plan)["cached"].clone(),
            runtime(&again)["cached"].clone()
        ),
        (json!(false), json!(true))
    );
    assert_eq!(runtime(&plan)["size"], runtime(&again)["size"]);
    assert_eq!(plan["packages"], again["packages"]);
}

#[test]
fn every_package_has_its_reasons() {
    let (place, pack) = project();
    let output = place.path("out.bin");
    let plan = planned(&pack, &output);
    let packages = plan["packages"].as_array().unwrap().iter();
    let why: BTreeMap<&str, &Value> = packages
        .map(|package| (package["name"].as_str().unwrap(), &package["why"]))
        .collect();
    let asked = |from: &str, requirement: &str| json!({"kind": "requirement", "from": from, "requirement": requirement});
    let needed_by = |name: &str| json!({"kind": "package", "name": name});
    let file = place.path("p/r.txt").display().to_string();
    let five = place
        .path("wheels/five-1.5-py3-none-any.whl")
        .display()
        .to_string();
    let wanted = BTreeMap::from([
        ("one", json!([asked("pyproject.toml", "one")])),
        ("two", json!([needed_by("one"), needed_by("three")])),
        (
            "three",
            json!([asked("the extra `web` of pyproject.toml", "three>=1")]),
        ),
        ("four", json!([asked(&file, "four")])),
        ("five", json!([asked("--with", &five)])),
        (
            "six_six",
            json!([asked("the group `docs` of pyproject.toml", "six_six")]),
        ),
    ]);
    let found: BTreeMap<&str, Value> = why.into_iter().map(|(name, why)| (name, why.clone())).collect();
    assert_eq!(found, wanted);

    let text = pack
        .arg("--plan")
        .command_to(&output)
        .stdout_any()
        .stderr_any()
        .success()
        .out();
    for line in [
        format!("plan of {}; nothing is written\n", output.display()),
        "  name      out 3.2\n".to_owned(),
        "  starts    the console script `demo-app` (`demo:main`)\n".to_owned(),
        "what goes in, in bytes before compression and without bytecode:\n".to_owned(),
        "needed by one, three\n".to_owned(),
        "  pyproject.toml: one\n".to_owned(),
        "left out of the standard library: tests, ".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[test]
fn where_a_pack_fails_a_plan_does() {
    let place = scratch();
    let app = place.path().join("app");
    let output = place.path().join("out.bin");
    fs_err::create_dir(&app).unwrap();
    let write = |text: &str| fs_err::write(app.join("main.py"), text).unwrap();
    let says = |arguments: &[&str]| {
        let outcome = Pack::new(&app)
            .args(arguments)
            .arg("-q")
            .command_to(&output)
            .output();
        assert!(!output.exists());
        (outcome.status.code(), outcome.out(), outcome.err())
    };
    write("import flask, os\n");
    let pack = says(&[]);
    assert_eq!(pack.0, Some(1));
    assert!(
        pack.2
            .contains("`main.py:1` imports `flask`, which is not in the file"),
        "{}",
        pack.2
    );
    assert_eq!(says(&["--plan"]), pack);
    // In a pack these are errors of the trial run, too.
    for (text, arguments, message) in [
        ("import os\n", &["-m", "nowhere"][..], "module `nowhere`"),
        (
            "import flask\ndef f(): pass\n",
            &["-e", "main:f"],
            "`main.py:1` imports `flask`",
        ),
        (
            "def f(:\n",
            &[],
            "failed to find the entry point: the script `main.py` can't be compiled: ",
        ),
        ("", &["--option=-I"], "failed to use `--option=-I`"),
        ("", &["--set-env", "X"], "failed to read `--set-env X`"),
        ("", &["--with", "nosuch", "--no-index"], "nosuch"),
    ] {
        write(text);
        let (code, out, said) = says(&[&["--plan"], arguments].concat());
        assert_eq!((code, out.as_str()), (Some(1), ""), "{arguments:?}\n{said}");
        assert!(said.contains(message), "{said}");
    }
    // Modules below others, those of the standard library's packages and those that a module makes.
    write(
        "import os.path, urllib.request, collections.abc, xml.dom.minidom, concurrent.futures as futures, json.tool\n",
    );
    let (code, _, said) = says(&["--plan"]);
    assert_eq!(code, Some(0), "{said}");
    write("import xml.dom.maxidom\n");
    let message = "`main.py:1` imports `xml.dom.maxidom`, which is not in the file";
    for arguments in [&["--plan"][..], &[]] {
        let (code, _, said) = says(arguments);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(message), "{said}");
    }
    write("import flask\n");
    let plan = says(&["--plan", "--no-check", "--json"]);
    assert_eq!(plan.0, Some(0), "{}", plan.2);
    let plan: Value = serde_json::from_str(&plan.1).unwrap();
    assert_eq!(plan["checked"], false);
}
