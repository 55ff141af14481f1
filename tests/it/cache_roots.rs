//! Places that can't hold the cache, and starts that have next to nothing of a system: each place is refused with its
//! reason, the next one is taken, and what can be read is used as it is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::{Pack, Packed, Run, files_below, interpreters, scratch};

use crate::support::{assert_launcher_failed, environment_app};

/// Runs `script` in a mount namespace with an empty /var/tmp of its own, and an empty /var/cache that can't be written
/// to; `$1` is the packed file, `$2` a directory.
fn with_mounts(packed: &Packed, place: &Path, script: &str) -> Run {
    let mounts = "mount -t tmpfs -o mode=1777 tmpfs /var/tmp; mount -t tmpfs -o mode=755,ro tmpfs /var/cache";
    let script = format!("{mounts}\n{script}");
    Run::inheriting("unshare")
        .args(["-m", "sh", "-euc", &script, "sh"])
        .arg(&packed.path)
        .arg(place)
        .env("HOME", "")
        .env("XDG_CACHE_HOME", "")
}

/// What makes `$2/pyship` a place that is of no use, and the reason that is given.
const BAD: &[(&str, &str)] = &[
    (": >\"$2/pyship\"", "it is not a directory"),
    (
        "ln -s /nowhere/at/all \"$2/pyship\"",
        "it is a dangling symbolic link",
    ),
    ("ln -s pyship \"$2/pyship\"", "it is a dangling symbolic link"),
    (
        "mkdir \"$2/pyship\"; chown 12345 \"$2/pyship\"",
        "it belongs to uid 12345, not to uid 0",
    ),
    (
        "mkdir \"$2/pyship\"; mount -t tmpfs -o noexec,mode=700 tmpfs \"$2/pyship\"",
        "its file system is mounted noexec",
    ),
    (
        "mkdir \"$2/pyship\"; mount -t tmpfs -o nosymfollow,mode=700 tmpfs \"$2/pyship\"",
        "its file system is mounted nosymfollow",
    ),
    (
        "mkdir \"$2/pyship\"; mount -t tmpfs -o ro,mode=700 tmpfs \"$2/pyship\"",
        "read-only file system",
    ),
    (
        "mount -t tmpfs -o ro,mode=700 tmpfs \"$2\"",
        "read-only file system",
    ),
];

#[test]
fn an_explicit_place_that_is_of_no_use_is_an_error_with_its_reason() {
    for (make, reason) in BAD {
        let place = scratch();
        let script = format!("{make}\nPYSHIP_CACHE_DIR=\"$2/pyship\" exec \"$1\" exit 0");
        let outcome = with_mounts(&environment_app(), place.path(), &script).output();
        assert_launcher_failed(&outcome, make);
        let path = place.path().join("pyship");
        for part in [reason, path.to_str().unwrap(), "PYSHIP_CACHE_DIR"] {
            assert!(
                outcome.err().contains(part),
                "{make}: {part}\n{}",
                outcome.report()
            );
        }
    }
}

#[test]
fn a_root_that_is_of_no_use_is_passed_over() {
    // An explicit one gets a directory of the user's own.
    let open = ["mkdir -m 770 \"$2/pyship\"", "mkdir -m 1777 \"$2/pyship\""];
    for make in BAD.iter().map(|(make, _)| *make).chain(open) {
        let place = scratch();
        let script = format!(
            "{make}\nexport XDG_CACHE_HOME=\"$2\"; PYSHIP=where \"$1\" | head -n 1; exec \"$1\" exit 4"
        );
        with_mounts(&environment_app(), place.path(), &script)
            .stdout_has("/var/tmp/pyship-0/v1/apps/")
            .exits(4);
    }
}

#[test]
fn every_root_of_no_use_is_named_with_its_reason() {
    let place = scratch();
    let script = "mount -t tmpfs -o ro tmpfs /var/tmp; mount -t tmpfs -o noexec tmpfs /dev/shm\n\
        mount -t tmpfs tmpfs /tmp; : >/tmp/pyship-0; mkdir -p \"$2\"; mkdir -m 777 \"$2/pyship\"\n\
        XDG_CACHE_HOME=\"$2\" exec \"$1\" exit 0";
    let outcome = with_mounts(&environment_app(), place.path(), script).output();
    assert_launcher_failed(&outcome, "nowhere");
    let own = format!("`{}/pyship`: others may write to it", place.path().display());
    for part in [
        "`/var/cache/pyship`: read-only file system",
        own.as_str(),
        "`/var/tmp/pyship-0`: read-only file system",
        "`/tmp/pyship-0`: it is not a directory",
        "`/dev/shm/pyship-0`: its file system is mounted noexec",
    ] {
        assert!(outcome.err().contains(part), "{part}\n{}", outcome.report());
    }
}

#[test]
fn a_home_that_is_not_there_is_not_made() {
    for home in [
        "unset HOME",
        "export HOME=/nonexistent",
        "export HOME=",
        "export HOME=relative",
    ] {
        let place = scratch();
        let script =
            format!("{home}\nPYSHIP=where \"$1\" | head -n 1\n[ ! -e /nonexistent ]; exec \"$1\" exit 4");
        with_mounts(&environment_app(), place.path(), &script)
            .directory(place.path())
            .stdout_has("/var/tmp/pyship-0/v1/apps/")
            .exits(4);
        assert!(files_below(place.path()).is_empty(), "{home}");
    }
}

#[test]
fn a_home_that_turned_read_only_serves_what_it_holds() {
    let place = scratch();
    let other = Pack::new("tests/apps/shop").run();
    for flag in ["ro", "noexec"] {
        let script = "mount -t tmpfs -o mode=700 tmpfs \"$2\"; export HOME=\"$2\" XDG_CACHE_HOME=\n\
            \"$1\" exit 0; mount -o remount,FLAG \"$2\"\n\
            PYSHIP=where \"$1\" | head -n 1; PYSHIP=where \"$3\" | head -n 1; exec \"$1\" exit 4";
        let outcome = with_mounts(&environment_app(), place.path(), &script.replace("FLAG", flag))
            .arg(&other.path)
            .stdout_any()
            .exits(4);
        let said = outcome.out();
        let lines: Vec<&str> = said.lines().collect();
        // What is found in a place where nothing can be run is noticed by `execve`.
        assert!(
            lines[0].starts_with(place.path().to_str().unwrap()),
            "{flag}\n{said}"
        );
        assert!(lines[1].starts_with("/var/tmp/pyship-0/"), "{flag}\n{said}");
    }
}

#[test]
fn a_program_that_may_not_be_run_is_said_with_its_likely_cause() {
    let place = scratch();
    environment_app()
        .run_with_cache(place.path())
        .args(["exit", "0"])
        .success();
    // `when`: strace does not count the launcher's own start.
    let start = |when: &str| {
        Run::inheriting("strace")
            .args(["-qqq", "-o", "/dev/null", "-e", "trace=execve", "-e"])
            .arg(format!("inject=execve:error=EACCES:when={when}"))
            .arg(&environment_app().path)
            .args(["exit", "7"])
            .env("PYSHIP_CACHE_DIR", place.path())
    };
    let outcome = start("1+").output();
    assert_launcher_failed(&outcome, "EACCES");
    for part in ["permission denied", "hint: ", "noexec", "PYSHIP_CACHE_DIR"] {
        assert!(outcome.err().contains(part), "{part}\n{}", outcome.report());
    }
    start("1").exits(7);
}

/// A store that anyone may read, made as an administrator would.
fn store(packed: &Packed, at: &Path) {
    packed.run_with_cache(at).args(["exit", "0"]).success();
    Run::inheriting("chmod")
        .args(["-R", "a+rX,go-w"])
        .arg(at)
        .success();
}

#[test]
fn a_read_only_store_serves_any_user_where_nothing_can_be_written() {
    let place = scratch();
    let packed = environment_app();
    fs_err::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let held = place.path().join("store");
    store(&packed, &held);
    let file = place.path().join("environment.bin");
    fs_err::copy(&packed.path, &file).unwrap();
    let before = files_below(&held);
    let script = "mount --bind \"$2/store\" \"$2/store\"; mount -o remount,bind,ro \"$2/store\"\n\
        for root in /tmp /var/tmp /dev/shm; do [ $root = /tmp ] || mount -t tmpfs -o ro tmpfs $root; done\n\
        export PYSHIP_STORE=\"$2/store\" TMPDIR=/nonexistent\n\
        for uid in 0 65534; do\n\
          as=\"setpriv --reuid=$uid --regid=$uid --clear-groups\"\n\
          PYSHIP=where $as \"$2/environment.bin\" | head -n 1; $as \"$2/environment.bin\" resource\n\
        done";
    let outcome = with_mounts(&packed, place.path(), script).stdout_any().success();
    let said = outcome.out();
    let lines: Vec<&str> = said.lines().collect();
    for user in [0, 2] {
        assert!(lines[user].starts_with(held.to_str().unwrap()), "{said}");
        assert_eq!(lines[user + 1], "package is here 24");
    }
    assert_eq!(files_below(&held), before);
}

#[test]
fn a_store_that_lies_elsewhere_gives_its_layers() {
    let place = scratch();
    let packed = environment_app();
    store(&packed, &place.path().join("store"));
    let script = "mkdir \"$2/moved\"; mount --bind \"$2/store\" \"$2/moved\"; mount -o remount,bind,ro \"$2/moved\"\n\
        export PYSHIP_STORE=\"/nowhere:$2/moved\" HOME=\"$2/home\"; mkdir \"$HOME\"\n\
        \"$1\" resource; ls \"$HOME\"/.cache/pyship/v1/layers; ls \"$HOME\"/.cache/pyship/v1/apps | wc -l";
    with_mounts(&packed, place.path(), script)
        .stdout("package is here 24\n1\n")
        .success();
}

#[test]
fn a_store_that_can_not_serve_is_named_where_nothing_else_can() {
    let place = scratch();
    let packed = environment_app();
    store(&packed, &place.path().join("store"));
    let script = "mount -t tmpfs -o ro,mode=700 tmpfs \"$2/bad\"; mkdir -m 755 \"$2/empty\"; mv \"$2/store\" \"$2/moved\"\n\
        PYSHIP_STORE=\"$2/moved:$2/empty:/nowhere\" PYSHIP_CACHE_DIR=\"$2/bad\" exec \"$1\" exit 0";
    fs_err::create_dir(place.path().join("bad")).unwrap();
    let outcome = with_mounts(&packed, place.path(), script).output();
    assert_launcher_failed(&outcome, "stores");
    for part in [
        "/moved`: it was filled at another path or on another system",
        "/empty`: it does not contain this file",
        "the store `/nowhere`: no such file or directory",
    ] {
        assert!(outcome.err().contains(part), "{part}\n{}", outcome.report());
    }
}

/// Exits with 10 and a bit for each standard stream that is closed.
const CLOSED: &str = "\
import os
closed = 0
for number in range(3):
    try:
        os.fstat(number)
    except OSError:
        closed |= 1 << number
os._exit(10 + closed)
";

#[test]
fn closed_streams_are_closed_for_the_app_in_every_combination() {
    let place = scratch();
    let source = place.path().join("closed.py");
    fs_err::write(&source, CLOSED).unwrap();
    let packed = Pack::new(&source).run();
    for mask in 0..8 {
        let closing: String = (0..3)
            .filter(|bit| mask & 1 << bit != 0)
            .map(|bit| [" <&-", " >&-", " 2>&-"][bit])
            .collect();
        let cache = place.path().join(format!("cache{mask}"));
        let shell = |words: &str| {
            Run::new("/bin/sh")
                .args(["-c", &format!("exec {words}{closing}")])
                .env("PYSHIP_CACHE_DIR", &cache)
        };
        let plain = format!(
            "'{}' '{}'",
            interpreters::usual().path.display(),
            source.display()
        );
        shell(&plain).exits(10 + mask);
        for start in ["cold", "warm"] {
            let outcome = shell(&format!("'{}'", packed.path.display())).output();
            assert_eq!(
                outcome.status.code(),
                Some(10 + mask),
                "{start}{closing}\n{}",
                outcome.report()
            );
        }
        // A failure has nowhere to be told, and nothing of the cache is written over by it.
        let refused = format!("env PYSHIP_CACHE_DIR=/proc/cache '{}'", packed.path.display());
        let run = Run::new("/bin/sh").args(["-c", &format!("exec {refused}{closing}")]);
        run.stderr_any().exits(125);
    }
}
