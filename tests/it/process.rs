//! What the app sees of its process: it is the caller's child, as if Python had been started by itself.

use std::os::unix::fs::PermissionsExt;

use harness::{Run, Venv, interpreters, repository, scratch};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{environment_app, environment_app_with};

/// A caller with settings of its own, which become the started program's: Python as a launcher of launchers.
const CALLER: &str = r"
import os, resource, signal, sys
os.umask(0o027)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGWINCH})
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
signal.signal(signal.SIGPIPE, {'default': signal.SIG_DFL, 'ignored': signal.SIG_IGN}[sys.argv[1]])
resource.setrlimit(resource.RLIMIT_NOFILE, (77, 77))
os.dup2(os.open('/dev/null', os.O_RDONLY), 9, inheritable=True)
os.chdir('/usr')
os.execv(sys.argv[2], sys.argv[2:])
";

fn called_by(sigpipe: &str, words: &[&str]) -> Run {
    Run::new(&interpreters::usual().path)
        .args(["-I", "-c", CALLER, sigpipe])
        .args(words)
}

#[test]
fn the_process_is_the_one_that_was_started() {
    for interpreter in interpreters::each_minor() {
        let running = environment_app_with(interpreter)
            .run()
            .arg("sleep")
            .stdout_any()
            .spawn();
        let pid = running.pid();
        running.says("\n");
        running.signal(Signal::TERM);
        let said = running.killed_by(Signal::TERM);
        assert_eq!(said.out(), format!("{pid}\n"));
    }
}

#[test]
fn interrupts_reach_python() {
    let running = environment_app()
        .run()
        .arg("sleep")
        .stdout_any()
        .stderr_has("KeyboardInterrupt")
        .spawn();
    running.says("\n");
    running.signal(Signal::INT);
    // Python ends itself by the same signal, so that shells see it.
    running.killed_by(Signal::INT);
}

#[test]
fn exit_codes_and_signals_are_the_apps() {
    for interpreter in interpreters::each_minor() {
        let packed = environment_app_with(interpreter);
        for code in [0, 1, 2, 3, 120, 125, 126, 127, 255] {
            packed.run().args(["exit", &code.to_string()]).exits(code);
        }
        packed
            .run()
            .args(["message", "last words"])
            .stderr("last words\n")
            .exits(1);
        for signal in [Signal::KILL, Signal::SEGV, Signal::ABORT, Signal::USR1] {
            packed
                .run()
                .args(["kill", &signal.as_raw().to_string()])
                .killed_by(signal);
        }
    }
}

#[test]
fn the_standard_streams_are_the_callers() {
    let packed = environment_app();
    let many: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    packed
        .run()
        .arg("echo")
        .stdin(many.clone())
        .stdout(many)
        .stderr("done\n")
        .success();
    packed.run().arg("echo").stdout("").stderr("done\n").success();
}

#[test]
fn closed_streams_stay_closed() {
    let packed = environment_app();
    let quoted = format!("exec '{}' exit 4 <&- >&- 2>&-", packed.path.display());
    let place = scratch();
    for _ in ["cold", "warm"] {
        Run::new("/bin/sh")
            .args(["-c", &quoted])
            .env("PYSHIP_CACHE_DIR", place.path())
            .exits(4);
    }
}

#[test]
fn settings_of_the_caller_are_kept() {
    for interpreter in interpreters::each_minor() {
        let packed = environment_app_with(interpreter);
        let plain = Venv::new(interpreter, None).path.join("bin/python3");
        let source = repository().join("tests/apps/environment/main.py");
        let place = scratch();
        for sigpipe in ["default", "ignored"] {
            let seen = |words: &[&str]| -> Value {
                let run = called_by(sigpipe, words)
                    .env("PYSHIP_CACHE_DIR", place.path())
                    .arg("report");
                run.stdout_any().success().json()
            };
            let plain = seen(&[plain.to_str().unwrap(), source.to_str().unwrap()]);
            // Once cold, once warm: unpacking must not leave anything changed either.
            for start in ["cold", "warm"] {
                let packed = seen(&[packed.path.to_str().unwrap()]);
                for same in [
                    "umask",
                    "signals",
                    "descriptors",
                    "cwd",
                    "groups",
                    "limits",
                    "environment",
                ] {
                    let place = format!(
                        "{same}, {start} start, SIGPIPE {sigpipe}, on {}",
                        interpreter.full()
                    );
                    assert_eq!(packed[same], plain[same], "{place}");
                }
            }
            assert_eq!(plain["umask"], 0o027, "the caller's settings arrive at all");
        }
    }
}

#[test]
fn a_descriptor_of_the_caller_can_be_used() {
    let packed = environment_app();
    let place = scratch();
    let target = place.path().join("target");
    let quoted = format!(
        "exec '{}' descriptor 7 7>'{}'",
        packed.path.display(),
        target.display()
    );
    let cache = place.path().join("cache");
    Run::new("/bin/sh")
        .args(["-c", &quoted])
        .env("PYSHIP_CACHE_DIR", cache)
        .success();
    assert_eq!(fs_err::read_to_string(target).unwrap(), "written to it\n");
}

#[test]
fn sigpipe_ends_an_apps_children_as_it_does_in_a_shell() {
    environment_app().run().arg("pipe").stdout("-13\n").success();
    let quoted = format!(
        "'{}' echo < /dev/zero | head -c 5 | wc -c",
        environment_app().path.display()
    );
    let place = scratch();
    let run = Run::new("/bin/sh")
        .args(["-c", &quoted])
        .env("PYSHIP_CACHE_DIR", place.path())
        .env("PATH", "/usr/bin:/bin");
    run.stdout("5\n").stderr_has("BrokenPipeError").success();
}

#[test]
fn as_pid_1_of_a_container() {
    let quick = environment_app().run().root("bare").tmpfs();
    // unshare's child is pid 1 of its namespace, as the only process of a container is.
    let packed = environment_app();
    let words = ["-rpf", "--mount-proc", "--kill-child"];
    let place = scratch();
    let run = Run::inheriting("unshare")
        .args(words)
        .arg(&packed.path)
        .arg("report");
    let report = run
        .env("PYSHIP_CACHE_DIR", place.path())
        .stdout_any()
        .success()
        .json();
    assert_eq!(report["pid"], 1);
    quick.args(["exit", "6"]).exits(6);
}

#[test]
fn a_path_that_is_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = scratch();
    let directory = place.path().join(OsStr::from_bytes(b"caf\xe9 \xff"));
    fs_err::create_dir(&directory).unwrap();
    let file = directory.join(OsStr::from_bytes(b"app\xfe.bin"));
    fs_err::copy(environment_app().path, &file).unwrap();
    // The cache lies elsewhere: from 3.12 on, CPython itself loads no extension modules from such a place.
    let cache = place.path().join("cache");
    for locale in ["C", "C.UTF-8"] {
        let run = Run::new(&file)
            .env("PYSHIP_CACHE_DIR", &cache)
            .env("LC_ALL", locale)
            .directory(&directory);
        let report = run.arg("report").stdout_any().success().json();
        let latin: String = file
            .as_os_str()
            .as_bytes()
            .iter()
            .map(|&byte| char::from(byte))
            .collect();
        assert_eq!(report["argv"][0], latin.as_str());
    }
}

#[test]
fn a_deleted_or_unreadable_name_is_no_matter() {
    let place = scratch();
    let file = place.path().join("gone.bin");
    fs_err::copy(environment_app().path, &file).unwrap();
    fs_err::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    let code = "import os, sys\nfd = os.open(sys.argv[1], os.O_RDONLY)\nos.unlink(sys.argv[1])\n\
                os.execve(fd, ['gone', 'exit', '5'], {'PYSHIP_CACHE_DIR': sys.argv[2]})";
    let run = Run::new(&interpreters::usual().path)
        .args(["-c", code])
        .arg(&file)
        .arg(place.path().join("cache"));
    run.exits(5);
}
