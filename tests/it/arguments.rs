//! `--arg`: arguments that stand before the caller's, also when the program starts itself again.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use harness::{Pack, Run, pyship, scratch};

/// Shows its arguments, or starts itself again in the way that the first one of the caller names.
const TOOL: &str = r#"
import os, subprocess, sys
import _pyship

def main():
    way = next((each for each in sys.argv[1:] if each.startswith("by-")), None)
    if way is None or os.environ.pop("AGAIN", None):
        print(ascii([each.replace(_pyship.directory, "APP") for each in sys.argv[1:]]))
        return
    os.environ["AGAIN"] = "1"
    cmdline = open("/proc/self/cmdline", "rb").read().split(b"\0")[:-1]
    if way == "by-file":
        os.execv(cmdline[0], cmdline)
    if way == "by-interpreter":
        os.execv(sys.executable, cmdline)
    if way == "by-argv":
        os.execv(sys.executable, [sys.executable, *sys.argv])
    if way == "by-child":
        code = "import sys; print(sys.argv[1:])"
        sys.exit(subprocess.run([sys.executable, "-c", code, "x"]).returncode)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])

if __name__ == "__main__":
    main()
"#;

const WAYS: [&str; 4] = ["by-file", "by-interpreter", "by-argv", "by-orig_argv"];

fn odd() -> OsString {
    OsStr::from_bytes(b"--arg=\xff").to_owned()
}

#[test]
fn they_are_bytes_and_name_the_apps_directory() {
    let place = scratch();
    fs_err::write(place.path().join("tool.py"), TOOL).unwrap();
    let pack = Pack::new(place.path()).args(["-m", "tool", "--arg=-w", "--arg", "-2", "--arg={app}/tool.py"]);
    let packed = pack.arg(odd()).run();
    let shows = |caller: &str| format!("['-w', '-2', 'APP/tool.py', '\\udcff', {caller}]\n");
    for _ in ["cold", "warm"] {
        packed.run().args(["x"]).stdout(shows("'x'")).success();
    }
    for way in WAYS {
        packed
            .run()
            .args([way, "x"])
            .stdout(shows(&format!("'{way}', 'x'")))
            .success();
    }
    packed.run().args(["by-child"]).stdout("['x']\n").success();
    let code = ["-c", "import sys; print(sys.argv[1:])", "x"];
    packed
        .run()
        .env("PYSHIP", "python")
        .args(code)
        .stdout("['x']\n")
        .success();
    assert_eq!(
        packed.manifest()["arguments"],
        serde_json::json!(["-w", "-2", "{app}/tool.py", "\0\u{ff}"])
    );
    let inspect = Run::inheriting(pyship()).arg("inspect").arg(&packed.path);
    inspect.stdout_has("  arguments -w -2 {app}/tool.py ").success();
    let info = packed.run().env("PYSHIP", "info");
    info.stdout_has(": runs -m tool -w -2 {app}/tool.py ").success();
}

#[test]
fn with_every_kind_of_start_and_for_a_caller_who_says_the_same() {
    let place = scratch();
    fs_err::write(place.path().join("tool.py"), TOOL).unwrap();
    let table = "[tool.pyship]\nentry = 'tool:main'\narg = ['--fixed']\n";
    fs_err::write(place.path().join("pyproject.toml"), table).unwrap();
    let packed = Pack::new(place.path())
        .args(["--option=-Xutf8", "--libc", "bundled", "--arg=b c"])
        .run();
    for way in WAYS {
        let shows = format!("['--fixed', 'b c', '{way}', '--fixed', 'b c']\n");
        packed.run().args([way, "--fixed", "b c"]).stdout(shows).success();
    }
    let same = packed.run().args(["--fixed", "b c"]);
    same.stdout("['--fixed', 'b c', '--fixed', 'b c']\n").success();
}

#[test]
fn what_is_not_in_the_app_is_said_and_python_takes_none() {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), "import sys; print(sys.argv[1:])\n").unwrap();
    let out = place.path().join("app.bin");
    let said = Pack::new(&app)
        .args(["--arg={app}/missing.toml", "--arg=a b", "--json"])
        .command_to(&out)
        .stdout_any()
        .stderr_has("warning: `--arg={app}/missing.toml` names a file that is not in the app\n")
        .stderr_has("arguments: {app}/missing.toml 'a b'\n")
        .success()
        .json();
    assert_eq!(
        said["arguments"],
        serde_json::json!(["{app}/missing.toml", "a b"])
    );
    Pack::without_app()
        .arg("--arg=x")
        .command_to(&place.path().join("python.bin"))
        .stderr_has("failed to use --arg: no app starts, the file behaves like python")
        .stderr_has("hint: name what starts with -m, -e or -c; --option passes an option to python\n")
        .exits(2);
    assert!(!place.path().join("python.bin").exists());
}
