//! The JSON that pyship prints for other programs: an object with the version of its fields.

use harness::{Run, pyship, scratch};
use serde_json::Value;

use crate::support::environment_app;

/// Help and versions, too: `pyship --help >file` on a full disk.
#[test]
fn what_could_not_be_printed_is_no_success() {
    for command in ["--help", "--version", "pack --help", "targets"] {
        let script = format!("exec '{}' {command} >/dev/full", pyship().display());
        let outcome = Run::new("/bin/sh").args(["-c", &script]).output();
        assert_eq!(outcome.status.code(), Some(1), "{command}: {}", outcome.report());
    }
}

#[test]
fn every_object_has_the_version_of_its_fields() {
    let (packed, place) = (environment_app(), scratch());
    let said = |arguments: &[&str]| -> Value {
        let run = Run::inheriting(pyship()).args(arguments);
        let run = run.env("XDG_CACHE_HOME", place.path()).stdout_any();
        run.success().json()
    };
    let file = packed.path.to_str().unwrap();
    for arguments in [
        &["inspect", "--json", file][..],
        &["verify", "--json", file],
        &["targets", "--json"],
        &[
            "cache",
            "list",
            "--json",
            "--root",
            place.path().to_str().unwrap(),
        ],
        &["python", "list", "--json"],
    ] {
        assert_eq!(said(arguments)["schema"], 1, "{arguments:?}");
    }
    let inspected = said(&["inspect", "--json", file]);
    assert_eq!(inspected["starts"], "the script `main.py`");
    assert_eq!(inspected["entry"]["kind"], "script");
    let info = packed.run().env("PYSHIP", "info").arg("--json").stdout_any();
    assert_eq!(info.success().json()["schema"], 1);
    assert_eq!(packed.manifest()["schema"], 1);
    Run::inheriting(pyship())
        .args(["inspect", file])
        .stdout_has("\n  starts    the script `main.py`\n")
        .success();
    // Documents of other standards have their own.
    assert_eq!(said(&["sbom", file])["specVersion"], "1.5");
    let statement = said(&["inspect", "--provenance", "--json", file]);
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
}
