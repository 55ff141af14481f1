use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;
use crate::interpreter::testing;

/// An environment with these variables only.
fn environment_of(directory: &Path, variables: &[(&str, &Path)]) -> Environment {
    let variables = variables
        .iter()
        .map(|(name, value)| (name.into(), value.as_os_str().to_owned()))
        .collect();
    Environment {
        variables,
        directory: directory.to_path_buf(),
        ..Environment::default()
    }
}

fn script(path: &Path, text: &str) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn executable(chosen: &Selection) -> &Path {
    match &chosen.source {
        Source::Executable(path) => path,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_spec_it_is_what_python3_is() {
    let chosen = choose(None, &Environment::current().unwrap()).unwrap();
    assert!(executable(&chosen).is_absolute() && !chosen.why.is_empty());

    let real = testing::any();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs_err::create_dir(root.join("bin")).unwrap();
    symlink(&real, root.join("bin/python3")).unwrap();
    let chosen = choose(None, &environment_of(root, &[("PATH", &root.join("bin"))])).unwrap();
    assert_eq!(executable(&chosen), real);
    assert_eq!(chosen.why, "python3 on PATH");
}

#[test]
fn shims_lead_to_the_real_one_or_are_passed_over() {
    let real = testing::any();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    script(
        &root.join(".pyenv/shims/python3"),
        &format!("exec {} \"$@\"", real.display()),
    );
    let environment = environment_of(root, &[("PATH", &root.join(".pyenv/shims"))]);
    let chosen = choose(None, &environment).unwrap();
    assert_eq!(executable(&chosen), real);
    assert_eq!(chosen.why, "python3 on PATH, through pyenv's shim");

    script(
        &root.join("asdf/python3"),
        "echo No version is set for command python3 >&2; exit 126",
    );
    fs_err::create_dir(root.join("bin")).unwrap();
    symlink(&real, root.join("bin/python3")).unwrap();
    let environment = environment_of(root, &[("PATH", Path::new("asdf:bin"))]);
    assert_eq!(choose(None, &environment).unwrap().why, "python3 on PATH");
    let error = choose(None, &environment_of(root, &[("PATH", Path::new("asdf"))])).unwrap_err();
    let error = format!("{error:#}");
    assert!(
        error.starts_with("failed to find an interpreter: failed to run `"),
        "{error}"
    );
    assert!(
        error.ends_with("exited with code 126\n  No version is set for command python3"),
        "{error}"
    );
}

#[test]
fn active_environments_come_first_and_give_their_base() {
    let real = testing::any();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let venv = root.join("venv");
    let made = std::process::Command::new(&real)
        .args(["-m", "venv", "--without-pip"])
        .arg(&venv)
        .status()
        .unwrap();
    assert!(made.success());
    let chosen = choose(None, &environment_of(root, &[("VIRTUAL_ENV", &venv)])).unwrap();
    assert_eq!(executable(&chosen), real);
    assert_eq!(
        chosen.why,
        format!("the active virtual environment `{}`", venv.display())
    );
    assert_eq!(
        executable(&choose(None, &environment_of(root, &[("CONDA_PREFIX", &venv)])).unwrap()),
        real
    );

    let error = choose(
        None,
        &environment_of(root, &[("VIRTUAL_ENV", &root.join("gone"))]),
    )
    .unwrap_err()
    .to_string();
    assert!(error.contains("/gone`, which has no bin/python3"), "{error}");
}

#[test]
fn what_is_not_here_can_be_downloaded() {
    let directory = tempfile::tempdir().unwrap();
    let environment = environment_of(directory.path(), &[]);
    let download = |spec| {
        let chosen = choose(spec, &environment).unwrap();
        match chosen.source {
            Source::Download(known, missing) => (known.build, missing.error().to_string()),
            other => panic!("{other:?}"),
        }
    };
    let (build, error) = download(None);
    assert!(build.version.minor >= 15 && build.version.is_release());
    assert!(
        error.starts_with("failed to find an interpreter: no virtual environment is active"),
        "{error}"
    );
    let (build, error) = download(Some("3.12.4"));
    assert_eq!(
        (build.version.to_string().as_str(), build.release),
        ("3.12.4", 20240726)
    );
    assert_eq!(error, "failed to find Python 3.12.4: looked for it on PATH");
    let (build, _) = download(Some(">=3.10,<3.12"));
    assert_eq!(build.version.minor, 11);
    assert!(download(Some("3.14t")).0.free_threaded);
}

#[test]
fn another_machine_gets_the_same_minor_version() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs_err::create_dir(root.join("bin")).unwrap();
    let real = testing::any();
    symlink(&real, root.join("bin/python3")).unwrap();
    let environment = environment_of(root, &[("PATH", &root.join("bin"))]);
    let version = probe(&real, &environment).unwrap().version;
    let other = pyship_launcher::target::TARGETS
        .iter()
        .find(|target| *target != HOST)
        .unwrap();
    let minor = format!("3.{}", version.minor);
    for spec in [None, Some(minor.as_str()), Some(">=3.9")] {
        let chosen = choose(spec, &environment)
            .unwrap()
            .for_target(other, &environment)
            .unwrap();
        let Source::Download(known, _) = chosen.source else {
            panic!("{chosen:?}");
        };
        assert_eq!(
            (known.build.version.minor, known.build.target),
            (version.minor, other)
        );
    }
    // What is named is not replaced.
    let named = choose(real.to_str(), &environment)
        .unwrap()
        .for_target(other, &environment)
        .unwrap();
    assert_eq!(executable(&named), real);
    let same = choose(Some(&minor), &environment)
        .unwrap()
        .for_target(HOST, &environment)
        .unwrap();
    assert_eq!(executable(&same), real);
}

#[test]
fn a_version_is_looked_up_among_pyenvs() {
    let environment = Environment::current().unwrap();
    let interpreter = probe(&testing::any(), &environment).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let versions = directory.path().join("versions");
    let (minor, full) = (
        format!("{}.{}", interpreter.version.major, interpreter.version.minor),
        interpreter.version.to_string(),
    );
    fs_err::create_dir_all(versions.join(&full).join("bin")).unwrap();
    symlink(
        &interpreter.executable,
        versions.join(&full).join("bin").join(interpreter.name()),
    )
    .unwrap();
    let environment = environment_of(directory.path(), &[("PYENV_ROOT", directory.path())]);
    for spec in [&minor, &full] {
        let chosen = choose(Some(spec), &environment).unwrap();
        assert_eq!(executable(&chosen), interpreter.executable);
        assert_eq!(chosen.why, format!("{full} among pyenv's versions"));
    }
    let error = choose(Some("3.99"), &environment).unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "failed to find Python 3.99: looked for it on PATH, in `{}`",
            versions.display()
        )
    );
    assert!(choose(Some(&format!("{minor}.99")), &environment).is_err());
}

#[test]
fn uv_is_asked_last() {
    let real = testing::any();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    script(&root.join("bin/uv"), &format!("echo {}", real.display()));
    let chosen = choose(None, &environment_of(root, &[("PATH", &root.join("bin"))])).unwrap();
    assert_eq!(
        (executable(&chosen), chosen.why.as_str()),
        (real.as_path(), "the output of `uv python find`")
    );
}

#[test]
fn paths_directories_archives_and_urls() {
    let environment = Environment::current().unwrap();
    let real = testing::any();
    assert_eq!(executable(&choose(real.to_str(), &environment).unwrap()), real);
    let prefix = real.parent().unwrap().parent().unwrap();
    let found = choose(prefix.to_str(), &environment).unwrap();
    assert!(executable(&found).starts_with(prefix));

    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs_err::write(root.join("p.tar.gz"), [0x1f, 0x8b, 8, 0]).unwrap();
    fs_err::create_dir(root.join("empty")).unwrap();
    let environment = environment_of(root, &[]);
    assert_eq!(
        choose(Some("p.tar.gz"), &environment).unwrap().source,
        Source::Archive(root.join("p.tar.gz"))
    );
    let hash = "AB".repeat(32);
    let chosen = choose(
        Some(&format!("https://x.example/p.tar.gz#sha256={hash}")),
        &environment,
    )
    .unwrap();
    let expected = Source::Url {
        url: "https://x.example/p.tar.gz".to_owned(),
        sha256: "ab".repeat(32),
    };
    assert_eq!(chosen.source, expected);

    for (spec, says) in [
        (
            "https://x.example/p.tar.gz",
            "the URL has no SHA-256 of the archive",
        ),
        (
            "https://x.example/p.tar.gz#sha256=12",
            "a SHA-256 has 64 hexadecimal digits",
        ),
        (
            "ftp://x.example/p#sha256=00",
            "only https:// and http:// URLs are supported",
        ),
        (
            "python9",
            "failed to find the interpreter `python9`: it is neither in the directory `",
        ),
        ("./gone", "failed to find the interpreter `./gone`"),
        ("empty", "/empty`: it has no bin/python3"),
        ("", "`--python` is empty"),
    ] {
        let error = choose(Some(spec), &environment).unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains('\n'), "{spec}: {error}");
    }
}

/// The oldest and the newest interpreter of this machine.
fn oldest_and_newest() -> (Interpreter, Interpreter) {
    let environment = Environment::current().unwrap();
    let mut found: Vec<Interpreter> = testing::interpreters()
        .iter()
        .map(|path| probe(path, &environment).unwrap())
        .collect();
    found.sort_by(|a, b| a.version.cmp(&b.version));
    let (oldest, newest) = (found.remove(0), found.pop());
    let newest = newest.filter(|newest| newest.version.minor > oldest.version.minor);
    let newest = newest.expect("this test needs two minor versions: put another CPython on PATH");
    (oldest, newest)
}

#[test]
fn of_several_versions_the_default_comes_first_and_then_the_newest() {
    let (oldest, newest) = oldest_and_newest();
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs_err::create_dir(root.join("bin")).unwrap();
    symlink(&oldest.executable, root.join("bin/python3")).unwrap();
    for interpreter in [&oldest, &newest] {
        let bin = root
            .join("pyenv/versions")
            .join(interpreter.version.to_string())
            .join("bin");
        fs_err::create_dir_all(&bin).unwrap();
        symlink(&interpreter.executable, bin.join(interpreter.name())).unwrap();
    }
    let environment = environment_of(
        root,
        &[("PATH", &root.join("bin")), ("PYENV_ROOT", &root.join("pyenv"))],
    );
    let minor = |interpreter: &Interpreter| format!("3.{}", interpreter.version.minor);
    let (old, new) = (minor(&oldest), minor(&newest));

    for spec in [format!(">={old}"), "3".to_owned(), format!("<{new}")] {
        let chosen = choose(Some(&spec), &environment).unwrap();
        assert_eq!(executable(&chosen), oldest.executable, "{spec}");
        assert_eq!(chosen.why, "python3 on PATH");
    }
    let specifiers = format!(">{old},!={old}.*").parse().unwrap();
    let chosen = choose_within(&specifiers, &environment).unwrap();
    assert_eq!(executable(&chosen), newest.executable);
    assert_eq!(
        chosen.why,
        format!(
            "{} among pyenv's versions, the newest that meets >{old},!={old}.*",
            newest.version
        )
    );
    let chosen = choose(Some(&format!("cpython-{old}")), &environment).unwrap();
    assert_eq!(executable(&chosen), oldest.executable);

    let error = choose(Some(">=3.99"), &environment).unwrap_err().to_string();
    assert!(
        error.starts_with("failed to find Python >=3.99: looked for it on PATH, in `"),
        "{error}"
    );
    // Not even another interpreter hides that the active environment is broken.
    let variables = [
        ("PYENV_ROOT", &*root.join("pyenv")),
        ("VIRTUAL_ENV", &*root.join("gone")),
    ];
    let error = choose(Some(">=3.0"), &environment_of(root, &variables)).unwrap_err();
    assert!(error.to_string().contains("VIRTUAL_ENV is `"), "{error}");
}
