use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::*;
use crate::interpreter::testing;

#[test]
fn every_interpreter_at_hand_says_what_it_is() {
    let environment = Environment::current().unwrap();
    let interpreters = testing::interpreters();
    for executable in &interpreters {
        let found = probe(executable, &environment).unwrap();
        let (minor, facts) = (found.version.minor, &found.facts);
        assert_eq!(found.executable, fs_err::canonicalize(executable).unwrap());
        assert!(facts.stdlib.join("os.py").is_file(), "{facts:?}");
        assert!(facts.dynload.iter().all(|directory| directory.is_dir()) && !facts.dynload.is_empty());
        assert_eq!(facts.cache_tag, format!("cpython-3{minor}"));
        assert_eq!(&facts.magic[2..], b"\r\n");
        assert!(facts.builtin_modules.contains(&"sys".to_owned()));
        assert_eq!(found.layer_stdlib(), format!("lib/python3.{minor}"));
        assert!(found.version_text.starts_with(&found.version.to_string()));
        if let Some(library) = &facts.libpython {
            assert!(library.is_file(), "{library:?}");
        }
    }
}

#[test]
fn the_callers_python_variables_change_nothing() {
    let executable = testing::any();
    let clean = probe(&executable, &Environment::current().unwrap()).unwrap();
    let mut hostile = Environment::current().unwrap();
    let trap = tempfile::tempdir().unwrap();
    for name in ["json.py", "os.py", "sysconfig.py", "encodings.py"] {
        fs_err::write(
            trap.path().join(name),
            "raise SystemExit('imported from the wrong place')",
        )
        .unwrap();
    }
    hostile.directory = trap.path().to_path_buf();
    for name in ["PYTHONHOME", "PYTHONPATH", "PYTHONPLATLIBDIR", "PYTHONEXECUTABLE"] {
        hostile.variables.insert(name.into(), trap.path().into());
    }
    assert_eq!(probe(&executable, &hostile).unwrap(), clean);
}

#[test]
fn of_a_virtual_environment_the_base_is_taken() {
    let environment = Environment::current().unwrap();
    for executable in testing::interpreters() {
        for copies in ["--symlinks", "--copies"] {
            let directory = tempfile::tempdir().unwrap();
            let venv = directory.path().join("venv");
            let status = Command::new(&executable)
                .args(["-I", "-m", "venv", "--without-pip", copies])
                .arg(&venv)
                .status()
                .unwrap();
            assert!(status.success());
            let found = probe(&venv.join("bin/python3"), &environment).unwrap();
            assert_eq!(found, probe(&executable, &environment).unwrap(), "{copies}");
        }
    }
}

#[test]
fn what_cannot_be_packed_is_refused_in_one_sentence() {
    let environment = Environment::current().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let script = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs_err::write(&path, text).unwrap();
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let says = |path: &Path| format!("{:#}", probe(path, &environment).unwrap_err());

    let crash = script("crash", "#!/bin/sh\necho missing library >&2\nexit 127\n");
    assert_eq!(
        says(&crash),
        format!(
            "failed to run `{} -E -s -S -B -`: it exited with code 127\n  missing library",
            crash.display()
        )
    );
    let other = script("other", "#!/bin/sh\necho hello\n");
    assert!(
        says(&other).contains("doesn't behave like a Python interpreter\n  hello"),
        "{}",
        says(&other)
    );
    let pypy = script(
        "pypy",
        "#!/bin/sh\necho 'pyship-probe:{\"implementation\": \"pypy\", \"version\": [3, 10, 1, \"final\", 0]}'\n",
    );
    assert!(says(&pypy).ends_with("it is pypy, and only CPython can be packed"));
    let old = script(
        "old",
        "#!/bin/sh\necho 'pyship-probe:{\"implementation\": \"cpython\", \"version\": [3, 8, 1, \"candidate\", 2]}'\n",
    );
    assert!(says(&old).ends_with("it is Python 3.8.1rc2, and the oldest that can be packed is 3.9"));

    let text = script("text", "not a program");
    assert!(
        require_glibc_program(&text)
            .unwrap_err()
            .to_string()
            .ends_with("it isn't a 64-bit Linux program (ELF)")
    );
}
