//! Environments that can't be packed: one sentence that names what is missing, and the way out.

use harness::{Pack, interpreters, scratch};

use super::{copy, make};
use crate::support::assert_one_sentence;

#[test]
fn a_base_that_is_gone() {
    for maker in ["venv", "venv --copies"] {
        let place = scratch();
        let (base, venv) = (place.path().join("base"), place.path().join("env"));
        let interpreter = interpreters::usual();
        make(maker, &copy(interpreter, &base), &venv);
        fs_err::write(
            venv.join(format!("lib/python{}/site-packages/own.py", interpreter.minor())),
            "V = 1\n",
        )
        .unwrap();
        fs_err::remove_dir_all(&base).unwrap();
        let output = place.path().join("env.bin");
        let pack = Pack::without_app().any_python().arg("--venv").arg(&venv);
        let outcome = pack.command_to(&output).output();
        assert_eq!(outcome.status.code(), Some(1), "{maker}\n{}", outcome.report());
        assert_one_sentence(&outcome);
        assert_message!(outcome);
        assert!(!output.exists());
        // The way out.
        let packed = Pack::without_app().arg("--venv").arg(&venv).run();
        packed
            .run()
            .args(["-c", "import own; print(own.V)"])
            .stdout("1\n")
            .success();
    }
}

#[test]
fn another_version_of_python() {
    let place = scratch();
    let venv = place.path().join("env");
    let usual = interpreters::usual();
    make("venv", usual, &venv);
    let others = interpreters::each_minor();
    let other = others
        .iter()
        .find(|other| other.minor() != usual.minor())
        .unwrap();
    let pack = Pack::without_app().python(other).arg("--venv").arg(&venv);
    let outcome = pack.command_to(&place.path().join("x.bin")).output();
    assert_eq!(outcome.status.code(), Some(1), "{}", outcome.report());
    let wanted = format!("its packages are for Python {}", usual.minor());
    assert!(outcome.err().contains(&wanted), "{}", outcome.report());
}

#[test]
fn what_is_no_environment_and_what_is_not_active() {
    let place = scratch();
    let output = place.path().join("x.bin");
    let refused = |pack: Pack, code: i32| {
        let run = pack
            .command_to(&output)
            .env("VIRTUAL_ENV", "")
            .env("CONDA_PREFIX", "");
        let outcome = run.output();
        assert_eq!(outcome.status.code(), Some(code), "{}", outcome.report());
        assert!(!output.exists());
        outcome
    };
    let environment = || Pack::without_app().any_python().arg("--venv");
    assert_message!(refused(environment(), 1));
    assert_message!(refused(environment().arg("/nonexistent"), 1));
    assert_message!(refused(environment().arg(place.path()), 1));
    assert_message!(refused(environment().arg(place.path()).with("six"), 2));
    let venv = place.path().join("env");
    make("venv", interpreters::usual(), &venv);
    assert_message!(refused(Pack::new(&venv).any_python().with("six"), 1));
}
