//! Virtual environments that a packed app makes.

use harness::{Interpreter, Pack, Packed, Run, interpreters, scratch};

use crate::wheel::wheel;

/// Makes environments in each way, and asks their interpreters.
const MAKE: &str = "
import json, os, subprocess, sys, tempfile, venv
ask = 'import json, sqlite3, sys; print(sys.prefix != sys.base_prefix, len(sys.path) == len(set(sys.path)), sys.argv[1:], sys.base_prefix.endswith(\".base\"))'
place = tempfile.mkdtemp(dir=sys.argv[1])
def check(name):
    root = os.path.join(place, name)
    python = root + '/bin/python'
    done = subprocess.run([python, '-c', ask + '; print(sys.prefix == %r)' % root, 'x'], capture_output=True, text=True)
    print(name, done.stdout.split() or done.stderr)
for links in (False, True):
    venv.create(os.path.join(place, str(links)), symlinks=links)
    check(str(links))
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', '--symlinks' if links else '--copies', os.path.join(place, f'm{links}')], check=True)
    check(f'm{links}')
    if not links and sys.version_info < (3, 11):
        continue
    # An environment made by an environment; a copy of a copy is a Python of the system before 3.11.
    subprocess.run([os.path.join(place, str(links), 'bin/python'), '-m', 'venv', '--without-pip', '--symlinks' if links else '--copies', os.path.join(place, f'n{links}')], check=True)
    check(f'n{links}')
";

fn wanted(interpreter: &Interpreter) -> String {
    let names = ["False", "mFalse", "nFalse", "True", "mTrue", "nTrue"];
    let names = names
        .iter()
        .filter(|name| **name != "nFalse" || interpreter.version.1 > 10);
    names
        .map(|name| format!("{name} ['True', 'True', \"['x']\", 'True', 'True']\n"))
        .collect()
}

/// Packed with what an environment with pip needs.
fn app(interpreter: &Interpreter) -> Packed {
    let place = scratch();
    fs_err::write(place.path().join("makes.py"), MAKE).unwrap();
    let pack = Pack::new(place.path().join("makes.py")).python(interpreter);
    pack.with("six").args(["--keep", "ensurepip"]).run()
}

#[test]
fn they_work_however_they_are_made() {
    for interpreter in interpreters::each_minor() {
        let place = scratch();
        let packed = app(interpreter);
        let run = |run: Run| run.arg(place.path()).output();
        let from_app = run(packed.run());
        assert_eq!(
            from_app.out(),
            wanted(interpreter),
            "{}\n{}",
            interpreter.full(),
            from_app.report()
        );
        fs_err::write(place.path().join("makes.py"), MAKE).unwrap();
        let tool = packed
            .run()
            .env("PYSHIP", "python")
            .arg(place.path().join("makes.py"));
        let by_tool = run(tool);
        assert_eq!(
            by_tool.out(),
            wanted(interpreter),
            "{}\n{}",
            interpreter.full(),
            by_tool.report()
        );
    }
}

#[test]
fn packages_are_installed_into_them_by_their_own_pip() {
    let place = scratch();
    let sample = wheel(place.path(), "sample", "1", &[("sample.py", "V = 'installed'\n")]);
    let mut pythons = interpreters::each_minor();
    pythons.retain(|found| !found.is_systems());
    for (number, interpreter) in pythons.iter().enumerate() {
        let packed = app(interpreter);
        // Both kinds with the oldest and the newest, and in between in turn: `pip` itself takes most of the time.
        let is_last = number == 0 || number + 1 == pythons.len();
        let kinds = ["--copies", "--symlinks"].into_iter().enumerate();
        for (_, kind) in kinds.filter(|(kind, _)| is_last || kind % 2 == number % 2) {
            let environment = place.path().join(format!("{}{kind}", interpreter.full()));
            let run = packed.run().env("PYSHIP", "python");
            run.args(["-m", "venv", kind])
                .arg(&environment)
                .stderr_any()
                .success();
            let python = environment.join("bin/python");
            let pip = Run::new(environment.join("bin/pip")).args([
                "install",
                "--no-index",
                "--disable-pip-version-check",
            ]);
            pip.arg(&sample).stdout_any().stderr_any().success();
            let code = "import sample; print(sample.V)\ntry: import six\nexcept ImportError: print('none of the app')";
            Run::new(python)
                .args(["-c", code])
                .stdout("installed\nnone of the app\n")
                .success();
        }
    }
}

#[test]
fn they_work_where_the_carried_c_library_is_used() {
    let code = "
import subprocess, sys, venv
for links in (False, True):
    to = f'/tmp/{links}'
    venv.create(to, symlinks=links)
    ask = 'import sqlite3, sys; print(sys.prefix, sys.prefix != sys.base_prefix)'
    print(subprocess.run([to + '/bin/python', '-c', ask], capture_output=True, text=True).stdout, end='')
";
    let packed = Pack::without_app().run();
    for root in ["musl", "empty"] {
        packed
            .run()
            .root(root)
            .tmpfs()
            .args(["-c", code])
            .stdout("/tmp/False True\n/tmp/True True\n")
            .success();
    }
}
