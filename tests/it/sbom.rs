//! Bills of materials: valid by CycloneDX's own schema, and true.

use std::collections::BTreeSet;

use harness::{Pack, Packed, Run, Venv, interpreters, pyship, scratch};
use serde_json::Value;

/// Made of the file, and held against the official schema, with formats and SPDX identifiers.
fn sbom_with(packed: &Packed, arguments: &[&str]) -> Value {
    let place = scratch();
    let output = place.path().join("sbom.json");
    let run = Run::new(pyship()).arg("sbom").arg(&packed.path).args(arguments);
    run.arg("-o").arg(&output).success();
    let check = "import sys\n\
        from cyclonedx.schema import SchemaVersion\n\
        from cyclonedx.validation.json import JsonStrictValidator\n\
        sys.exit(JsonStrictValidator(SchemaVersion.V1_5).validate_str(open(sys.argv[1]).read()))";
    let validator = Venv::new(interpreters::usual(), Some("tests/it/cyclonedx.txt"));
    validator.python().args(["-c", check]).arg(&output).success();
    let document: Value = serde_json::from_slice(&fs_err::read(output).unwrap()).unwrap();
    assert_references_hold(&document);
    document
}

fn sbom(packed: &Packed) -> Value {
    sbom_with(packed, &[])
}

/// The schema can't say that references lead somewhere and are unique.
#[track_caller]
fn assert_references_hold(document: &Value) {
    fn collect(component: &Value, into: &mut Vec<String>) {
        into.push(component["bom-ref"].as_str().unwrap().to_owned());
        for part in component["components"].as_array().into_iter().flatten() {
            collect(part, into);
        }
    }
    let mut references = Vec::new();
    collect(&document["metadata"]["component"], &mut references);
    for component in document["components"].as_array().unwrap() {
        collect(component, &mut references);
    }
    let unique: BTreeSet<&String> = references.iter().collect();
    assert_eq!(unique.len(), references.len(), "references are not unique");
    for dependency in document["dependencies"].as_array().unwrap() {
        let to = dependency["dependsOn"].as_array().unwrap().iter();
        for reference in to.chain([&dependency["ref"]]) {
            let found = unique.contains(&reference.as_str().unwrap().to_owned());
            assert!(found, "{reference} leads nowhere");
        }
    }
}

fn component<'a>(document: &'a Value, name: &str) -> &'a Value {
    let list = document["components"].as_array().unwrap();
    let found = list.iter().find(|component| component["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document}"))
}

fn needs(document: &Value, name: &str) -> Vec<String> {
    let reference = match name {
        "app" => &document["metadata"]["component"]["bom-ref"],
        _ => &component(document, name)["bom-ref"],
    };
    let list = document["dependencies"].as_array().unwrap();
    let found = list.iter().find(|entry| entry["ref"] == *reference).unwrap();
    crate::support::strings(&found["dependsOn"])
}

fn has(list: &[String], start: &str) -> bool {
    list.iter().any(|reference| reference.starts_with(start))
}

#[test]
fn a_package_an_interpreter_and_a_c_library_are_listed() {
    let packed = Pack::new("tests/apps/shop")
        .with("six")
        .args(["--app-version", "4.5"])
        .run();
    let document = sbom(&packed);
    let app = &document["metadata"]["component"];
    assert_eq!((&app["name"], &app["version"]), (&"shop".into(), &"4.5".into()));
    let sum = Run::inheriting("sha256sum")
        .arg(&packed.path)
        .stdout_any()
        .success()
        .out();
    assert_eq!(app["hashes"][0]["content"], sum[..64]);

    let six = component(&document, "six");
    assert!(
        six["purl"].as_str().unwrap().starts_with("pkg:pypi/six@1."),
        "{six}"
    );
    assert_eq!(
        six["licenses"],
        serde_json::json!([{ "license": { "id": "MIT" } }])
    );
    assert_eq!(six["hashes"][0]["content"].as_str().unwrap().len(), 64);
    let python = component(&document, "cpython");
    assert_eq!(python["version"], interpreters::usual().full());
    assert_eq!(python["licenses"][0]["license"]["id"], "Python-2.0.1");
    let glibc = component(&document, "glibc");
    assert_eq!(glibc["licenses"][0]["license"]["id"], "LGPL-2.1-or-later");
    let parts: Vec<&str> = glibc["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["name"].as_str().unwrap())
        .collect();
    assert!(parts.contains(&"lib/libc.so.6"), "{parts:?}");
    assert!(has(&needs(&document, "app"), "pkg:pypi/six@"));
    assert!(has(&needs(&document, "cpython"), "pkg:generic/glibc@"));

    // The same file gives the same document, and a time only when it is asked for.
    assert!(document["metadata"].get("timestamp").is_none());
    assert_eq!(document, sbom(&packed));
    let timed = Run::new(pyship()).args(["sbom", "--timestamp"]).arg(&packed.path);
    let timed = timed
        .env("SOURCE_DATE_EPOCH", "1767323045")
        .stdout_any()
        .success()
        .json();
    assert_eq!(timed["metadata"]["timestamp"], "2026-01-02T03:04:05Z");
}

#[test]
fn complicated_licences_are_valid() {
    let pack = Pack::new("examples/numpy-pandas");
    let document = sbom(&pack.requirements("examples/numpy-pandas/requirements.txt").run());
    let numpy = component(&document, "numpy")["licenses"].to_string();
    assert!(numpy.contains("BSD"), "{numpy}");
    assert!(component(&document, "pandas").get("licenses").is_some());
    let pandas = needs(&document, "pandas");
    assert!(
        has(&pandas, "pkg:pypi/numpy@") && has(&pandas, "pkg:pypi/python-dateutil@"),
        "{pandas:?}"
    );
    let app = needs(&document, "app");
    assert!(
        has(&app, "pkg:pypi/pandas@") && !has(&app, "pkg:pypi/numpy@"),
        "{app:?}"
    );
}

#[test]
fn dependencies_and_extras_are_those_that_apply() {
    let pack = Pack::new("examples/fastapi");
    let document = sbom(&pack.requirements("examples/fastapi/requirements.txt").run());
    let fastapi = needs(&document, "fastapi");
    assert!(
        has(&fastapi, "pkg:pypi/starlette@") && has(&fastapi, "pkg:pypi/pydantic@"),
        "{fastapi:?}"
    );
    // `uvicorn[standard]`: its extra was asked for; and it wants colorama on Windows only.
    let uvicorn = needs(&document, "uvicorn");
    assert!(
        has(&uvicorn, "pkg:pypi/uvloop@") && !has(&uvicorn, "pkg:pypi/colorama@"),
        "{uvicorn:?}"
    );
}

#[test]
fn a_file_without_packages_has_a_short_list() {
    let document = sbom(&Pack::new("examples/hello/hello.py").run());
    assert!(!document.to_string().contains("pkg:pypi"), "{document}");
    component(&document, "cpython");
}

#[test]
fn a_package_that_says_nothing_about_its_licence_has_none() {
    let place = scratch();
    let project = place.path().join("plain");
    fs_err::create_dir(&project).unwrap();
    fs_err::write(
        project.join("pyproject.toml"),
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n\
         [project]\nname = 'Plain.Thing'\nversion = '1+local'\ndescription = 'nothing\\u00e9'\n",
    )
    .unwrap();
    fs_err::write(project.join("plain_thing.py"), "X = 1\n").unwrap();
    let pack = Pack::new("examples/hello/hello.py").arg("--with").arg(&project);
    let document = sbom(&pack.run());
    let list = document["components"].as_array().unwrap();
    let found = list
        .iter()
        .find(|found| found["purl"] == "pkg:pypi/plain-thing@1%2Blocal");
    let plain = found.unwrap_or_else(|| panic!("{document}"));
    assert_eq!(plain.get("licenses"), None);
    assert_eq!(plain["version"], "1+local");
}

#[test]
fn every_file_can_be_listed() {
    let packed = Pack::new("tests/apps/shop").with("six").run();
    let document = sbom_with(&packed, &["--files"]);
    let six = component(&document, "six");
    let parts = six["components"].as_array().unwrap();
    let module = parts
        .iter()
        .find(|part| part["name"].as_str().unwrap().ends_with("/six.py"))
        .unwrap();
    let place = scratch();
    let tree = place.path().join("tree");
    let extract = Run::new(pyship()).arg("extract").arg(&packed.path).arg(&tree);
    extract.stdout_any().success();
    let path = tree.join("deps").join(module["name"].as_str().unwrap());
    let sum = Run::inheriting("sha256sum")
        .arg(path)
        .stdout_any()
        .success()
        .out();
    assert_eq!(module["hashes"][0]["content"], sum[..64]);
    let app = document["metadata"]["component"]["components"]
        .as_array()
        .unwrap();
    assert!(app.iter().any(|part| part["name"] == "code/main.py"));
}

#[test]
fn damage_is_noticed_and_nothing_is_written() {
    let packed = Pack::new("examples/hello/hello.py").run();
    let place = scratch();
    let (damaged, output) = (place.path().join("damaged.bin"), place.path().join("sbom.json"));
    let mut bytes = packed.bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs_err::write(&damaged, bytes).unwrap();
    let run = Run::new(pyship())
        .arg("sbom")
        .arg(&damaged)
        .arg("-o")
        .arg(&output);
    crate::support::assert_one_sentence(&run.stderr_has("failed to read the packed file").exits(1));
    assert!(!output.exists());
    let over = Run::new(pyship())
        .arg("sbom")
        .arg(&damaged)
        .arg("-o")
        .arg(&damaged);
    over.stderr_has("it would replace the input").exits(1);
}
