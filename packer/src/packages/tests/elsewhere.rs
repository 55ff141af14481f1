//! Packages for a machine that the tests don't run on.

use super::*;
use crate::packages::request::Target;

#[test]
fn for_another_machine_wheels_come_in_the_same_layout() {
    let python = newest();
    let version = version(&python);
    let target = Target {
        machine: "aarch64".to_owned(),
        glibc: (2, 28),
        python: version.clone(),
    };
    let site = &site(&python);
    let request = Request {
        target: Some(target),
        ..request(
            &python,
            &[
                "uvicorn==0.34.0",
                "jupyterlab-widgets==3.0.13",
                "markupsafe==3.0.2",
            ],
        )
    };
    for tool in [uv(), Tool::Pip] {
        let (_scratch, tree) = installed(&request, &tool);
        let speedups = bytes(
            &tree,
            &format!(
                "{site}/markupsafe/_speedups.cpython-{}-aarch64-linux-gnu.so",
                version.replace('.', "")
            ),
        );
        assert_eq!(speedups[18], 183, "e_machine is EM_AARCH64");
        assert!(bytes(&tree, "bin/uvicorn").starts_with(b"#!pyship-python\n"));
        assert!(
            tree.get("share/jupyter/labextensions/@jupyter-widgets/jupyterlab-manager/package.json")
                .is_some()
        );
        assert_eq!(
            named(&distributions(&tree, site).unwrap(), "uvicorn").scripts,
            ["uvicorn"]
        );
        assert_records_are_true(&tree, site);
    }
}

#[test]
fn for_another_machine_or_version_what_cannot_be_done_is_said() {
    let target = |python: &str| Target {
        machine: "aarch64".to_owned(),
        glibc: (2, 28),
        python: python.to_owned(),
    };
    let sdist = Request {
        target: Some(target(&version(&newest()))),
        ..request(&newest(), &["docopt==0.6.2"])
    };
    for tool in [uv(), Tool::Pip] {
        let message = refused(&sdist, &tool);
        assert!(
            message.contains("docopt") && message.contains("--only-binary"),
            "{message}"
        );
    }
    let other = Request {
        target: Some(target("3.8")),
        ..request(&newest(), &["six"])
    };
    assert!(
        refused(&other, &Tool::Pip).contains("hint: put uv on PATH, or install packages with Python 3.8")
    );
}
