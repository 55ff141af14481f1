//! Packing a virtual environment that is there already: its interpreter and its packages as they are. Each packed file is
//! run after the environment is gone.

mod editables;
mod refused;

use std::path::{Path, PathBuf};

use harness::{Interpreter, Pack, Packed, Run, interpreters, scratch};
use tempfile::TempDir;

use crate::wheel::wheel;

/// Asks a packed file what it has.
const ASK: &str = "
import importlib.metadata as m, sys
def version(name):
    try: return m.version(name)
    except m.PackageNotFoundError: return 'none'
import sample, space.part
print(sample.V, space.part.NAME, version('sample'), version('pip'), sys.version_info[:2] == tuple(map(int, sys.argv[1].split('.'))))
print([e.name for e in m.distribution('sample').entry_points], sorted(str(f) for f in m.files('sample') if 'part' in str(f)))
";

/// A directory with a wheel that has a script, data and a namespace package.
pub(crate) fn sample(directory: &Path) -> PathBuf {
    wheel(
        directory,
        "sample",
        "1.5",
        &[
            (
                "sample.py",
                "import os, sys\nV = 'installed'\ndef main():\n    print('script', sys.argv[1:], open(os.path.join(sys.prefix, 'share', 'sample.txt')).read())\n",
            ),
            ("space/part.py", "NAME = 'part'\n"),
            ("data/share/sample.txt", "shared"),
            ("entry_points.txt", "[console_scripts]\nsample = sample:main\n"),
        ],
    )
}

/// Makes an environment in the way that `maker` says.
pub(crate) fn make(maker: &str, interpreter: &Interpreter, venv: &Path) {
    let words: Vec<&str> = maker.split(' ').collect();
    let run = match words[..] {
        ["venv", ref options @ ..] => Run::inheriting(&interpreter.path)
            .args(["-m", "venv", "--without-pip"])
            .args(options),
        ["uv", ref options @ ..] => Run::inheriting("uv")
            .args(["venv", "--quiet", "--python"])
            .arg(&interpreter.path)
            .args(options),
        ["virtualenv", ref options @ ..] => Run::inheriting("uv")
            .args(["tool", "run", "--quiet", "virtualenv", "--quiet", "--python"])
            .arg(&interpreter.path)
            .args(options),
        _ => panic!("unknown: {maker}"),
    };
    run.arg(venv).stdout_any().stderr_any().success();
}

/// Installs a wheel into an environment, as `pip install` does there.
pub(crate) fn install(venv: &Path, wheel: &Path) {
    Run::inheriting(&interpreters::usual().path)
        .args(["-m", "pip", "--python"])
        .arg(venv)
        .args([
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--no-warn-script-location",
            "--disable-pip-version-check",
        ])
        .arg(wheel)
        .stdout_any()
        .stderr_any()
        .success();
}

/// An environment with the package of [`sample`], in a directory that goes with the test.
pub(crate) fn environment(maker: &str) -> (TempDir, PathBuf) {
    let place = scratch();
    let venv = place.path().join("an environment");
    make(maker, interpreters::usual(), &venv);
    install(&venv, &sample(place.path()));
    (place, venv)
}

/// A copy of an installation: it can get packages of its own, and be taken away.
pub(crate) fn copy(interpreter: &Interpreter, base: &Path) -> Interpreter {
    Run::inheriting("cp")
        .arg("-a")
        .arg(&interpreter.prefix)
        .arg(base)
        .success();
    Interpreter {
        path: base.join("bin").join(interpreter.path.file_name().unwrap()),
        version: interpreter.version,
        prefix: base.to_owned(),
    }
}

/// Packs the environment without network, uv and pip, then takes it away.
pub(crate) fn packed(pack: &Pack, venv: &Path) -> Packed {
    let packed = pack.run();
    let away = venv.with_extension("away");
    fs_err::rename(venv, &away).unwrap();
    packed
}

#[test]
fn whoever_made_it() {
    for maker in [
        "venv",
        "venv --copies",
        "venv --symlinks",
        "uv",
        "uv --relocatable",
        "virtualenv",
        "virtualenv --copies",
    ] {
        let interpreter = interpreters::usual();
        let (_place, venv) = environment(maker);
        let pack = Pack::without_app().any_python().arg("--venv").arg(&venv);
        let packed = packed(&pack, &venv);
        let run = packed.run().root("empty").tmpfs().args(["-c", ASK]);
        let outcome = run.arg(interpreter.minor()).output();
        assert_eq!(
            outcome.out(),
            "installed part 1.5 none True\n['sample'] ['space/part.py']\n",
            "{maker}\n{}",
            outcome.report()
        );
    }
}

#[test]
fn it_may_be_app_and_its_scripts_start() {
    let (_place, venv) = environment("venv");
    let pack = Pack::new(&venv).any_python().args(["-c", "sample"]);
    let packed = packed(&pack, &venv);
    packed
        .run()
        .root("empty")
        .tmpfs()
        .arg("x")
        .stdout("script ['x'] shared\n")
        .success();
    let tool = packed.run().env("PYSHIP", "python");
    let code = "import os, subprocess, sys\nprint(subprocess.run([os.path.join(sys.prefix, 'bin', 'sample'), 'y'], capture_output=True, text=True).stdout, end='')";
    tool.args(["-c", code]).stdout("script ['y'] shared\n").success();
    // Nothing of the builder's is in it.
    let said = serde_json::to_string(&packed.manifest()["provenance"]).unwrap();
    assert!(
        said.contains("(virtual environment)") && !said.contains("pyship-test-"),
        "{said}"
    );
}

#[test]
fn the_active_one_and_an_app_with_it() {
    let (place, venv) = environment("venv");
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), "import sample\nprint('main', sample.V)\n").unwrap();
    let output = place.path().join("main.bin");
    Pack::new(&app)
        .any_python()
        .arg("--venv")
        .command_to(&output)
        .env("VIRTUAL_ENV", &venv)
        .env("PATH", "/nonexistent")
        .stderr_has("packages: 1 package of the virtual environment")
        .success();
    fs_err::rename(&venv, place.path().join("gone")).unwrap();
    Run::new(&output)
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .stdout("main installed\n")
        .success();
}

#[test]
fn one_that_is_not_taken_is_named() {
    let place = scratch();
    let app = place.path().join("app");
    let venv = app.join(".venv");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), "print('main')\n").unwrap();
    make("venv", interpreters::usual(), &venv);
    let say = |extra: &[&str], python: bool| {
        let pack = Pack::new(&app).args(extra);
        let pack = if python { pack } else { pack.any_python() };
        let run = pack
            .command_to(&place.path().join("main.bin"))
            .env("VIRTUAL_ENV", "");
        run.env("CONDA_PREFIX", "").stderr_any().success().err()
    };
    // Without a package of its own there is nothing to take.
    assert!(!say(&[], true).contains("not taken"));
    install(&venv, &sample(place.path()));
    let said = say(&[], true);
    let wanted = format!(
        "warning: the packages of the virtual environment `{0}` are not taken (sample); `--venv {0}` takes them\n",
        venv.display()
    );
    assert!(said.contains(&wanted), "{said}");
    assert!(!say(&["--venv", venv.to_str().unwrap()], false).contains("not taken"));
}

#[test]
fn packages_of_the_base_are_taken_below_its_own() {
    let place = scratch();
    let (base, venv) = (place.path().join("base"), place.path().join("env"));
    let interpreter = interpreters::usual();
    let of_base = copy(interpreter, &base);
    let site = base
        .join("lib")
        .join(format!("python{}", interpreter.minor()))
        .join("site-packages");
    fs_err::write(site.join("sample.py"), "V = 'of the base'\n").unwrap();
    fs_err::write(site.join("below.py"), "V = 'below'\n").unwrap();
    fs_err::create_dir_all(site.join("space")).unwrap();
    fs_err::write(site.join("space/more.py"), "NAME = 'more'\n").unwrap();
    make("venv --system-site-packages", &of_base, &venv);
    install(&venv, &sample(place.path()));
    let output = place.path().join("env.bin");
    Pack::without_app()
        .any_python()
        .arg("--venv")
        .arg(&venv)
        .command_to(&output)
        .env("HOME", place.path())
        .stderr_has("which sees those of its base too")
        .success();
    fs_err::remove_dir_all(&venv).unwrap();
    fs_err::remove_dir_all(&base).unwrap();
    let code = "import importlib.util, sample, below, space.part, space.more\nprint(sample.V, below.V, space.part.NAME, space.more.NAME, importlib.util.find_spec('pip'))";
    Run::new(&output)
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .args(["-c", code])
        .stdout("installed below part more None\n")
        .success();
}

#[test]
fn of_a_conda_environment_what_is_not_pythons_is_named() {
    let place = scratch();
    let conda = place.path().join("conda");
    let interpreter = interpreters::usual();
    copy(interpreter, &conda);
    let meta = conda.join("conda-meta");
    fs_err::create_dir(&meta).unwrap();
    let site = format!("lib/python{}/site-packages", interpreter.minor());
    fs_err::write(conda.join(&site).join("sample.py"), "V = 'of conda'\n").unwrap();
    for (name, file) in [
        ("python", "bin/python3".to_owned()),
        ("sample", format!("{site}/sample.py")),
        ("ncurses", "lib/libncurses.so.6".to_owned()),
    ] {
        let record = serde_json::json!({ "name": name, "version": "1", "files": [file] });
        fs_err::write(meta.join(format!("{name}-1-0.json")), record.to_string()).unwrap();
    }
    let output = place.path().join("env.bin");
    Pack::new(&conda)
        .any_python()
        .command_to(&output)
        .stderr_has("of the conda environment")
        .stderr_has("only the shared libraries that Python or its packages need are packed: ncurses\n")
        .success();
    fs_err::remove_dir_all(&conda).unwrap();
    Run::new(&output)
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .args(["-c", "import sample; print(sample.V)"])
        .stdout("of conda\n")
        .success();
}

#[test]
fn pip_is_kept_when_it_is_asked_for() {
    let place = scratch();
    let venv = place.path().join("env");
    make("virtualenv", interpreters::usual(), &venv);
    let count = |extra: &[&str]| {
        let pack = Pack::without_app()
            .any_python()
            .arg("--venv")
            .arg(&venv)
            .args(extra);
        let run = pack.run();
        let code = "import importlib.util; print(importlib.util.find_spec('pip') is not None, importlib.util.find_spec('_virtualenv') is not None)";
        run.run().args(["-c", code]).stdout_any().success().out()
    };
    assert_eq!(count(&[]), "False False\n");
    assert_eq!(count(&["--keep", "pip"]), "True False\n");
}

#[test]
fn the_build_cache_has_it_until_a_file_changes() {
    let interpreter = interpreters::usual();
    let (place, venv) = environment("venv");
    let cache = place.path().join("build");
    // A file that was written just now may be changed again without another time.
    std::thread::sleep(std::time::Duration::from_secs(4));
    let cached = || {
        let output = place.path().join("env.bin");
        let pack = Pack::without_app()
            .any_python()
            .build_cache(&cache)
            .arg("--venv")
            .arg(&venv)
            .arg("--json");
        let report = pack
            .command_to(&output)
            .stdout_any()
            .stderr_any()
            .success()
            .json();
        let layers = report["layers"].as_array().unwrap().clone();
        let deps = layers.iter().find(|layer| layer["name"] == "deps").unwrap();
        (deps["cached"].as_bool().unwrap(), fs_err::read(&output).unwrap())
    };
    let (first, bytes) = cached();
    let (second, same) = cached();
    assert!(!first && second && bytes == same);
    let module = venv.join(format!(
        "lib/python{}/site-packages/sample.py",
        interpreter.minor()
    ));
    fs_err::write(&module, "V = 'changed'\n").unwrap();
    let (third, other) = cached();
    assert!(!third && other != bytes);
}
