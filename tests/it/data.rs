//! Files that a program writes: `--data-dir`, and databases that would be lost.

use std::os::unix::fs::PermissionsExt;

use harness::{Pack, Run, pyship, scratch};

const MAIN: &str = r#"
import os, stat, subprocess, sys
import _pyship

if sys.argv[1:] == ["home"]:
    import pwd
    home = os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    print(_pyship._data_home() == home + "/.local/share")
    sys.exit()
try:
    from _pyship import data
except FileNotFoundError as error:
    sys.exit(f"{error.strerror}: {error.filename}")
assert os.path.isdir(data) and data == _pyship.data
child = [sys.executable, "-c", "import _pyship; print(_pyship.data)"]
assert subprocess.check_output(child, text=True) == data + "\n"
print(data)
"#;

#[test]
fn the_data_directory_is_the_users_alone_and_made_at_first_use() {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), MAIN).unwrap();
    let out = place.path().join("app.bin");
    let said = Pack::new(&app)
        .args(["--data-dir", "Näme", "--json"])
        .command_to(&out)
        .stdout_any()
        .stderr_has("data: `_pyship.data` is $XDG_DATA_HOME/Näme, by default ~/.local/share/Näme\n")
        .success();
    assert_eq!(said.json()["data_dir"], "Näme");
    assert!(!said.err().contains("not kept when the app is packed again"));
    let run = || {
        let run = Run::new(&out).env_clear();
        run.env("PYSHIP_CACHE_DIR", place.path().join("cache"))
    };
    let (home, xdg) = (place.path().join("home"), place.path().join("xdg/share"));
    fs_err::create_dir(&home).unwrap();
    let made = |directory: &std::path::Path| {
        let mode = fs_err::metadata(directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", directory.display());
        format!("{}\n", directory.display())
    };
    for _ in ["made", "there already"] {
        let said = run().env("HOME", &home).stdout_any().success().out();
        assert_eq!(said, made(&home.join(".local/share/Näme")));
        made(&home.join(".local"));
        let run = run().env("HOME", &home).env("XDG_DATA_HOME", &xdg);
        let said = run.stdout_any().success().out();
        assert_eq!(said, made(&xdg.join("Näme")));
        made(&xdg);
    }
    // A relative one doesn't count, as the specification says; nor an empty one.
    for other in ["relative", ""] {
        let run = run().env("HOME", &home).env("XDG_DATA_HOME", other);
        run.stdout(format!("{}/.local/share/Näme\n", home.display()))
            .success();
    }
    run().arg("home").stdout("True\n").success();
    run().env("HOME", "").arg("home").stdout("True\n").success();
    let missing = place.path().join("missing");
    let what = "there is no home directory for the app's data; set XDG_DATA_HOME or HOME";
    let none = run().env("HOME", &missing);
    none.stderr(format!("{what}: {}\n", missing.display())).exits(1);
    assert!(!missing.exists());
}

#[test]
fn a_name_that_is_none_is_wrong_usage() {
    let place = scratch();
    for name in ["a/b", "..", ""] {
        Pack::new("examples/hello/hello.py")
            .args(["--data-dir", name])
            .command_to(&place.path().join("app.bin"))
            .stderr_has(&format!("failed to use `--data-dir {name}`: it is not a name"))
            .exits(2);
    }
    let help = Run::inheriting(pyship()).args(["pack", "--help"]);
    help.stdout_has("--data-dir <NAME>").success();
}

/// The place of the database, and whether it is lost.
const SETTINGS: [(&str, &str, bool); 9] = [
    ("startproject", "NAME = BASE_DIR / 'db.sqlite3'", true),
    ("older", "NAME = os.path.join(BASE_DIR, 'db.sqlite3')", true),
    ("text", "NAME = str(HERE.joinpath('db.sqlite3'))", true),
    (
        "comment",
        "NAME = '/var/lib/x/db.sqlite3'  # not BASE_DIR / 'db.sqlite3'",
        false,
    ),
    (
        "environment",
        "NAME = os.environ.get('DB', BASE_DIR / 'db.sqlite3')",
        false,
    ),
    (
        "data",
        "BASE_DIR = Path(_pyship.data)\nNAME = BASE_DIR / 'db.sqlite3'",
        false,
    ),
    ("memory", "NAME = ':memory:'", false),
    ("relative", "NAME = 'db.sqlite3'", false),
    ("broken", "NAME = BASE_DIR / (", false),
];

#[test]
fn a_database_of_django_beside_the_code_is_a_warning() {
    let place = scratch();
    let app = place.path().join("app");
    for (name, text, _) in SETTINGS {
        let directory = app.join(name);
        fs_err::create_dir_all(&directory).unwrap();
        let (before, expression) = text.rsplit_once("NAME = ").unwrap();
        let source = format!(
            "import os\nfrom pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\n\
             HERE = BASE_DIR / 'data'\n{before}\nDATABASES = {{'default': {{\n\
             'ENGINE': 'django.db.backends.sqlite3',\n    'NAME': {expression}\n}}}}\n"
        );
        fs_err::write(directory.join("settings.py"), source).unwrap();
    }
    let main = "import _pyship\ntry:\n    _pyship.data\nexcept AttributeError as error:\n    print(error)\n";
    fs_err::write(app.join("main.py"), main).unwrap();
    let out = place.path().join("app.bin");
    let said = Pack::new(&app).command_to(&out).stderr_any().success().err();
    for (name, _, is_lost) in SETTINGS {
        let warning = format!(
            "warning: `{name}/settings.py:8` keeps the database `db.sqlite3` beside the code, where it is lost when the app \
             is packed again: use the directory of --data-dir, `_pyship.data`\n"
        );
        assert_eq!(said.contains(&warning), is_lost, "{name}: {said}");
        assert_eq!(
            said.contains(&format!("{name}/settings.py")),
            is_lost,
            "{name}: {said}"
        );
    }
    Run::new(&out)
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .stdout("module '_pyship' has no attribute 'data': it takes `pyship pack --data-dir NAME`\n")
        .success();
}
