//! Locks: what is locked is what is shipped.

use harness::Run;

use super::{Place, without_uv};

const SIX: &str = "import six, sys\nprint(six.__version__)\n";

/// A project whose lock has an earlier version of six than the index.
fn locked(place: &Place) {
    place.put("p/main.py", SIX).put(
        "p/pyproject.toml",
        "[project]\nname = 'p'\nversion = '1'\nrequires-python = '>=3.9'\ndependencies = ['six']\n",
    );
    place.uv("p", &["lock", "--upgrade-package", "six==1.15.0"]);
}

#[test]
fn what_uv_locked_is_shipped() {
    let place = Place::new();
    locked(&place);
    let outcome = place
        .pack("p")
        .arg("--json")
        .command_to(&place.path("app.bin"))
        .stderr_any()
        .stdout_any()
        .success();
    let report = outcome.json();
    assert_eq!(report["lock"]["name"], "uv.lock");
    assert_eq!(report["packages"][0]["name"], "six");
    assert_eq!(report["packages"][0]["version"], "1.15.0");
    Run::new(place.path("app.bin"))
        .root("empty")
        .tmpfs()
        .stdout("1.15.0\n")
        .success();
    let inspected = Run::new(harness::pyship())
        .args(["inspect", "--json"])
        .arg(place.path("app.bin"));
    assert!(inspected.stdout_any().success().out().contains("\"uv.lock\""));

    // Another hash than that of the file which the index has.
    let path = place.path("p/uv.lock");
    let text = fs_err::read_to_string(&path).unwrap();
    let wrong = text
        .replace("sha256:", "sha256:0000")
        .lines()
        .map(|line| cut_hashes(line) + "\n")
        .collect::<String>();
    fs_err::write(&path, wrong).unwrap();
    let said = place.sentence(&place.pack("p"));
    assert!(said.contains("Hash mismatch for `six"), "{said}");

    let fresh = place.pack("p").arg("--no-lock").run();
    assert_ne!(fresh.run().stdout_any().success().out(), "1.15.0\n");
}

/// A SHA-256 has 64 digits.
fn cut_hashes(line: &str) -> String {
    let Some((before, hash)) = line.split_once("sha256:") else {
        return line.to_owned();
    };
    let (hash, after) = hash.split_once('"').unwrap();
    format!("{before}sha256:{}\"{}", &hash[..64], cut_hashes(after))
}

#[test]
fn a_stale_lock_is_refused() {
    let place = Place::new();
    locked(&place);
    let path = place.path("p/pyproject.toml");
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, text.replace("['six']", "['six', 'idna']")).unwrap();
    assert_eq!(
        place.sentence(&place.pack("p")),
        "pyship: failed to use the lock of `PLACE/p`: it does not fit what the project declares\n\
         hint: run `uv lock`, or pass --no-lock to resolve anew\n"
    );
}

#[test]
fn only_uv_reads_its_lock() {
    let place = Place::new();
    locked(&place);
    let out = place.path("app.bin");
    let command = place
        .pack("p")
        .arg("-q")
        .command_to(&out)
        .env("PATH", without_uv(&place));
    command
        .stderr_has("uv.lock`: only uv reads it, and uv is not on PATH\nhint: install uv, or pass --no-lock to resolve anew\n")
        .exits(1);
}

#[test]
fn a_pylock_is_installed_by_uv_and_by_pip() {
    for tool in ["uv", "pip"] {
        for given in [false, true] {
            let place = Place::new();
            locked(&place);
            let name = if given {
                "../pylock.six.toml"
            } else {
                "pylock.toml"
            };
            place.uv(
                "p",
                &["export", "--format", "pylock.toml", "--no-header", "-o", name],
            );
            fs_err::remove_file(place.path("p/uv.lock")).unwrap();
            let mut pack = place.pack("p");
            if given {
                fs_err::remove_file(place.path("p/pyproject.toml")).unwrap();
                pack = pack.requirements(place.path("pylock.six.toml"));
            }
            let mut command = pack.command_to(&place.path("app.bin"));
            if tool == "pip" {
                command = command.env("PATH", without_uv(&place));
            }
            command.stderr_any().success();
            Run::new(place.path("app.bin"))
                .root("empty")
                .tmpfs()
                .stdout("1.15.0\n")
                .success();
        }
    }
}

#[test]
fn other_programs_export_their_locks() {
    let place = Place::new();
    place
        .put("p/main.py", SIX)
        .put("p/pyproject.toml", "[tool.poetry]\npackage-mode = false\n")
        .put("p/poetry.lock", "");
    assert_eq!(
        place.sentence(&place.pack("p")),
        "pyship: failed to read `PLACE/p/poetry.lock`: poetry is not on PATH\n\
         hint: run `poetry export --format requirements.txt > requirements.txt` and pass `-r requirements.txt`, \
         or pass --no-lock to resolve anew\n"
    );
    let path = std::env::var("PATH").unwrap();
    let bin = place.path("tools");
    place.put("tools/poetry", "#!/bin/sh\necho 'the lock is old' >&2; exit 1\n");
    Run::new("chmod").arg("+x").arg(bin.join("poetry")).success();
    let pack = place.pack("p").command_to(&place.path("x.bin"));
    pack.env("PATH", format!("{}:{path}", bin.display()))
        .stderr_has("the lock is old\n")
        .stderr_has("run `poetry lock`; --no-lock resolves anew\n")
        .exits(1);
    place.put(
        "tools/poetry",
        "#!/bin/sh\n[ \"$*\" = 'export --format requirements.txt --extras x' ] && echo six==1.15.0\n",
    );
    Run::new("chmod").arg("+x").arg(bin.join("poetry")).success();
    place
        .pack("p")
        .args(["--extra", "x"])
        .command_to(&place.path("app.bin"))
        .env("PATH", format!("{}:{path}", bin.display()))
        .stderr_any()
        .success();
    Run::new(place.path("app.bin"))
        .root("empty")
        .tmpfs()
        .stdout("1.15.0\n")
        .success();
}

#[test]
fn members_of_a_workspace_and_extras() {
    let place = Place::new();
    place.put("ws/pyproject.toml", "[tool.uv.workspace]\nmembers = ['a', 'b']\n");
    place
        .named_project("ws/b", "demo-lib", "7", "")
        .put("ws/b/src/demo_lib.py", "V = 'ours'\n");
    place.project(
        "ws/a",
        "dependencies = ['demo-lib']\noptional-dependencies = { web = ['six==1.15.0'] }\n\
         [tool.uv.sources]\ndemo-lib = { workspace = true }\n",
    );
    place.put(
        "ws/a/src/demo.py",
        "import importlib.metadata as m, demo_lib, six\ndef main(): print(demo_lib.V, m.version('demo-lib'), six.__version__)\n",
    );
    place.put("ws/a/entry_points.txt", "[console_scripts]\ndemo = demo:main\n");
    for is_locked in [false, true] {
        if is_locked {
            place.uv("ws", &["lock"]);
        }
        let packed = place.pack("ws/a[web]").run();
        packed
            .run()
            .root("empty")
            .tmpfs()
            .stdout("ours 7 1.15.0\n")
            .success();
    }
}
