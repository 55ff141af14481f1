//! The ground that the other tests stand on: roots hold what they should, commands in them end as they ended,
//! nothing stays behind; and the harness itself does complain.

use std::panic::{AssertUnwindSafe, catch_unwind};

use harness::{Compression, Run, archive, interpreters, repository, scratch};
use rustix::process::Signal;

fn shell(root: &str, script: &str) -> Run {
    Run::new("/bin/sh").root_of_its_own(root).args(["-c", script])
}

#[test]
fn roots_hold_no_python_and_no_users() {
    for root in ["bare", "busybox", "musl"] {
        let script = "for f in /etc/passwd /usr/bin/python3 /usr /home /tmp; do [ -e $f ] && echo $f; done; echo $HOME";
        shell(root, script).stdout("\n").success();
        let found = shell(
            root,
            "ls -R / | grep -i python; env | grep -v -e ^PWD= -e ^SHLVL= -e ^PATH=",
        );
        found.no_proc().no_dev().exits(1);
    }
    // The loader is there: a program of the host that needs nothing but the C library runs in `bare`.
    shell("bare", "/true; echo $?")
        .bind(std::path::Path::new("/bin/true"), "/true")
        .stdout("0\n")
        .success();
    shell("busybox", "/true 2>/dev/null; echo $?")
        .bind(std::path::Path::new("/bin/true"), "/true")
        .stdout("127\n")
        .success();
}

#[test]
fn codes_and_signals_pass() {
    for code in [0, 1, 7, 125, 255] {
        shell("bare", &format!("exit {code}")).exits(code);
    }
    for signal in [Signal::TERM, Signal::KILL, Signal::SEGV, Signal::PIPE] {
        shell("bare", &format!("kill -{} $$", signal.as_raw())).killed_by(signal);
    }
    let running = shell("bare", "echo up; exec sleep 100").stdout("up\n").spawn();
    running.says("up");
    running.signal(Signal::TERM);
    running.killed_by(Signal::TERM);
    let running = shell("bare", "trap 'exit 9' USR1; echo up; while :; do sleep 0.1; done")
        .stdout("up\n")
        .spawn();
    running.says("up");
    running.signal(Signal::USR1);
    running.exits(9);
}

#[test]
fn what_is_asked_for_is_there_and_no_more() {
    shell("bare", "id -u; id -g")
        .uid(4321)
        .stdout("4321\n4321\n")
        .success();
    shell("bare", "ls /proc | head -n 1").stdout_has("1").success();
    shell("bare", "ls -A /dev")
        .no_proc()
        .no_dev()
        .stderr_any()
        .exits(1);
    shell("bare", "ifconfig | grep -c Link")
        .no_net()
        .stdout("1\n")
        .success();
    shell("bare", "touch /tmp/here && ls /tmp")
        .uid(65534)
        .tmpfs()
        .stdout("here\n")
        .success();
    shell("bare", "cat")
        .stdin("through\n")
        .stdout("through\n")
        .success();
    shell("bare", "echo \"$A\"")
        .env("A", "b=c d")
        .stdout("b=c d\n")
        .success();
}

#[test]
fn nothing_stays_behind() {
    let mounts = || fs_err::read_to_string("/proc/self/mounts").unwrap();
    let before = mounts();
    shell("bare", "echo x > /written; mkdir /more").success();
    shell("bare", "ls / | grep -c -e written -e more")
        .stdout("0\n")
        .exits(1);
    assert_eq!(mounts(), before);
}

#[test]
fn other_systems_are_what_they_are_called() {
    let version = "/lib/*/libc.so.6 2>/dev/null | head -n 1";
    shell("bullseye", version).stdout_has("2.31").success();
    shell("bookworm", version).stdout_has("2.36").success();
    let newest = shell("forky", version).stdout_any().success().out();
    let minor: u32 = newest
        .split("release version 2.")
        .nth(1)
        .unwrap()
        .split('.')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(minor >= 41, "{newest}");
    for root in ["bullseye", "bookworm", "forky"] {
        shell(root, "command -v python3").exits(127);
    }
    shell("arm64-bookworm", "uname -m").stdout("aarch64\n").success();
    Run::inheriting("/bin/ls").arg(made("empty")).success();
    Run::inheriting("find")
        .arg(made("arm64-empty"))
        .args(["-type", "f"])
        .stdout_has("/usr/bin/qemu-aarch64-static")
        .success();
}

fn made(root: &str) -> String {
    let run = Run::inheriting(repository().join("tests/tools/make-root")).arg(root);
    run.stdout_any()
        .stderr_any()
        .success()
        .out()
        .trim_end()
        .to_owned()
}

#[test]
fn unknown_roots_and_commands_are_named() {
    let make = repository().join("tests/tools/make-root");
    Run::inheriting(&make)
        .arg("--help")
        .stdout_has("Usage: tests/tools/make-root")
        .success();
    Run::inheriting(&make)
        .arg("--list")
        .stdout_has("bare\n")
        .stdout_has("arm64-empty\n")
        .success();
    Run::inheriting(&make)
        .arg("nonesuch")
        .stderr_has("nonesuch")
        .exits(1);
    Run::inheriting(repository().join("tests/tools/in-root"))
        .arg("bare")
        .stderr_has("`--`")
        .exits(2);
    Run::new("/nowhere")
        .root_of_its_own("empty")
        .stderr_has("/nowhere")
        .exits(127);
}

#[test]
fn an_archive_runs_away_from_where_it_was_made() {
    let interpreter = interpreters::usual();
    let place = scratch();
    let file = archive(interpreter, Compression::Zstd);
    Run::inheriting("tar")
        .arg("-xf")
        .arg(&file)
        .arg("-C")
        .arg(place.path())
        .success();
    let python = place.path().join("python/bin/python3");
    let code = "import sys, ssl, sqlite3; print(sys.prefix); \
        print([l.split()[-1] for l in open('/proc/self/maps') if 'libpython' in l][:1])";
    let said = Run::new(&python).args(["-c", code]).stdout_any().success().out();
    let own = place.path().join("python");
    assert!(
        said.starts_with(own.to_str().unwrap()) && !said.contains(interpreter.prefix.to_str().unwrap()),
        "{said}"
    );
}

#[test]
fn the_harness_complains() {
    let complains = |run: fn()| assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    complains(|| drop(Run::new("/bin/false").success()));
    complains(|| drop(Run::new("/bin/true").exits(1)));
    complains(|| drop(Run::new("/bin/true").killed_by(Signal::TERM)));
    complains(|| drop(Run::new("/bin/echo").arg("x").success()));
    complains(|| drop(Run::new("/bin/echo").arg("x").stdout("y\n").success()));
    complains(|| drop(Run::new("/bin/echo").arg("x").stdout_has("y").success()));
    complains(|| drop(Run::new("/bin/sh").args(["-c", "echo x >&2"]).success()));
    complains(|| drop(Run::new("/nowhere").success()));
    Run::new("/bin/echo").arg("x").stdout("x\n").success();
}
