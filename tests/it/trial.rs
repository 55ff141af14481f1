//! The trial run at the end of a pack, and what the report says of what was left out.

use std::thread;
use std::time::{Duration, Instant};

use harness::{Pack, Run, interpreters, pyship, repository, scratch};
use serde_json::json;

/// An app of one module, packed with `-e w:main`.
fn module(source: &str) -> (tempfile::TempDir, Pack) {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("w.py"), source).unwrap();
    let pack = Pack::new(&app).args(["-e", "w:main"]);
    (place, pack)
}

#[test]
fn it_has_the_variables_that_set_env_gives() {
    let (_place, pack) = module("import os\nDB = os.environ['DB']\ndef main(): print(DB)\n");
    let packed = pack.args(["--set-env", "DB=x"]).run();
    packed.run().stdout("x\n").success();
}

#[test]
fn it_has_the_fixed_options() {
    let (place, pack) = module("def main(): pass\n");
    let output = place.path().join("app.bin");
    pack.clone()
        .arg("--option=-Zfoo")
        .command_to(&output)
        .stderr_has("failed to start the packed interpreter")
        .stderr_has("-Z")
        .exits(1);
    assert!(!output.exists());
    pack.arg("--option=-S").command_to(&output).stderr_any().success();
}

#[test]
fn it_says_what_it_waits_for() {
    let (place, pack) = module("import time\ntime.sleep(9)\ndef main(): pass\n");
    let output = place.path().join("app.bin");
    let said = pack
        .command_to(&output)
        .env("PYSHIP_TRIAL_TIMEOUT", "24")
        .stderr_any()
        .success()
        .err();
    let line = said.lines().find(|line| line.contains("is still importing"));
    let line = line.unwrap_or_else(|| panic!("{said}"));
    assert!(
        line.starts_with("the trial run is still importing the entry point after "),
        "{line}"
    );
    assert!(
        line.ends_with(" s, at `w.py:2`; --no-check packs without a trial run"),
        "{line}"
    );
}

#[test]
fn one_that_does_not_end_is_an_error_and_nothing_of_it_is_left() {
    let (place, pack) = module(
        "import os, subprocess, time\n\
         child = subprocess.Popen(['sleep', '1000'])\n\
         open(os.environ['PIDS'], 'w').write(f'{os.getpid()} {child.pid}')\n\
         time.sleep(1000)\n\
         def main(): pass\n",
    );
    let (output, pids) = (place.path().join("app.bin"), place.path().join("pids"));
    let cache = place.path().join("build");
    let run = pack
        .build_cache(&cache)
        .args(["-q", "--set-env", &format!("PIDS={}", pids.display())])
        .command_to(&output)
        .env("PYSHIP_TRIAL_TIMEOUT", "3");
    run.stderr(
        "pyship: failed to import the entry point: the trial run has not ended after 3 s, at `w.py:4`\n\
         hint: pass --no-check to pack without a trial run, or set PYSHIP_TRIAL_TIMEOUT to more than 3 seconds\n",
    )
    .exits(1);
    assert!(!output.exists());
    let pids = fs_err::read_to_string(pids).unwrap();
    assert_eq!(pids.split(' ').count(), 2, "{pids}");
    for pid in pids.split(' ') {
        assert!(!is_running(pid), "{pid} still runs");
    }
}

/// Whether a process runs. One that was killed takes a moment to end, and may wait for its parent as a zombie.
fn is_running(pid: &str) -> bool {
    let began = Instant::now();
    let stat = || fs_err::read_to_string(format!("/proc/{pid}/stat"));
    while stat().is_ok_and(|stat| !stat.contains(") Z ")) {
        if began.elapsed() > Duration::from_secs(10) {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn it_takes_another_place_when_the_output_is_on_a_noexec_file_system() {
    let place = scratch();
    let script = "mkdir \"$1/n\" && mount -t tmpfs -o noexec tmpfs \"$1/n\" && shift && \
                  \"$@\" -o \"$0/n/hello.bin\" && cp \"$0/n/hello.bin\" \"$0/hello.bin\"";
    let at = place.path().to_str().unwrap();
    Run::inheriting("unshare")
        .args(["-rm", "sh", "-c", script, at, at])
        .arg(pyship())
        .args(["pack", "-q", "--level", "1"])
        .arg(repository().join("examples/hello/hello.py"))
        .arg("--python")
        .arg(&interpreters::usual().path)
        .stderr_any()
        .success();
    assert!(place.path().join("hello.bin").exists());
}

#[test]
fn what_is_left_out_of_the_app_is_reported() {
    let place = scratch();
    let app = place.path().join("app");
    for (path, text) in [
        (
            "main.py",
            "import pathlib, pkg\nprint(sorted(p.name for p in pathlib.Path(pkg.__file__).parent.rglob('*.js')))\n",
        ),
        ("pkg/__init__.py", ""),
        ("pkg/static/node_modules/shown.js", ""),
        ("frontend/node_modules/hidden.js", ""),
        (".git/HEAD", ""),
        (".mypy_cache/x", ""),
    ] {
        let path = app.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    let output = place.path().join("app.bin");
    let report = Pack::new(&app)
        .arg("--json")
        .command_to(&output)
        .stdout_any()
        .stderr_any()
        .success();
    assert_eq!(
        report.json()["left_out"],
        json!([
            {"path": ".git", "reason": "version-control"},
            {"path": ".mypy_cache", "reason": "cache"},
            {"path": "frontend/node_modules", "reason": "node-modules"},
        ])
    );
    let line = "left out of the app: `.git`, `.mypy_cache`, `node_modules`; --include packs them\n";
    assert!(report.err().contains(line), "{}", report.err());
    assert!(
        report
            .err()
            .contains("files that the program writes beside its code"),
        "{}",
        report.err()
    );
    Run::new(&output).stdout("['shown.js']\n").success();
}

#[test]
fn time_zones_are_there_on_a_system_without_any() {
    let place = scratch();
    let script = place.path().join("zones.py");
    fs_err::write(
        &script,
        "import datetime, zoneinfo\n\
         print(datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin')).isoformat())\n\
         print('America/Lima' in zoneinfo.available_timezones(), zoneinfo.available_timezones.__name__)\n",
    )
    .unwrap();
    let packed = Pack::new(&script).run();
    let want = "2026-07-01T00:00:00+02:00\nTrue available_timezones\n";
    packed.run().stdout(want).success();
    packed.run().root("empty").tmpfs().stdout(want).success();
}
