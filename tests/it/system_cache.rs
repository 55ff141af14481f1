//! Root's own cache, `/var/cache/pyship`: read by the users that a program of root's turns into, and by all others who
//! have not unpacked a file themselves.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use harness::{Outcome, Pack, Run, scratch};
use tempfile::TempDir;

/// Packs an app with this `main.py` and what is beside it.
fn packed(source: &str, beside: &[(&str, &str, u32)]) -> TempDir {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    for (name, text, mode) in [("main.py", source, 0o644)].iter().chain(beside) {
        fs_err::write(app.join(name), text).unwrap();
        fs_err::set_permissions(app.join(name), Permissions::from_mode(*mode)).unwrap();
    }
    let file = place.path().join("app.bin");
    Pack::new(&app).command_to(&file).stderr_any().success();
    for path in [place.path(), &file] {
        fs_err::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    place
}

/// Runs `script` as root on a machine of its own: an empty /var/cache, and /var/tmp, /tmp and /dev/shm that anyone may
/// write to; the file is /mnt/app.bin. `as_user CMD...` goes on as uid 1234, whose home is /mnt/home.
fn machine(place: &Path, script: &str) -> Outcome {
    const PROLOGUE: &str = r#"
        set -eu
        exec 3<"$1/app.bin"
        mount -t tmpfs -o mode=755 tmpfs /var/cache
        for place in /mnt /tmp /var/tmp /dev/shm; do mount -t tmpfs -o mode=1777 tmpfs $place; done
        umask 077
        cat <&3 >/mnt/app.bin; exec 3<&-; chmod 755 /mnt/app.bin
        mkdir /mnt/home; chown 1234 /mnt/home; cd /
        as_root() { env -i PATH="$PATH" HOME=/mnt/nowhere "$@"; }
        as_user() { setpriv --reuid 1234 --regid 1234 --clear-groups env -i PATH="$PATH" HOME=/mnt/home "$@"; }
        where() { "$1" PYSHIP=where /mnt/app.bin | head -n 1 | sed 's,/v1/.*,,'; }
    "#;
    Run::inheriting("unshare")
        .args(["-m", "sh", "-c", &format!("{PROLOGUE}{script}"), "sh"])
        .arg(place)
        .stderr_any()
        .stdout_any()
        .success()
}

#[track_caller]
fn assert_says(outcome: &Outcome, want: &str) {
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

#[test]
fn a_program_that_drops_its_privileges_goes_on() {
    let source = "import os, subprocess, sys\n\
        os.setgroups([]); os.setgid(5001); os.setuid(5001)\n\
        import later, xml.dom.minidom\n\
        child = subprocess.run([sys.executable, '-c', 'import os, later; print(os.getuid(), later.V)'], \
        capture_output=True, text=True)\n\
        print(later.V, child.stdout.strip(), child.stderr.strip())\n";
    let place = packed(source, &[("later.py", "V = 'late'\n", 0o644)]);
    // The first start unpacks, the second does not.
    let start = "as_root /mnt/app.bin\n";
    let outcome = machine(place.path(), &start.repeat(2));
    assert_says(&outcome, &"late 5001 late \n".repeat(2));
    // In a directory that root gave to all.
    let own = "mkdir -m 755 /mnt/cache; as_root PYSHIP_CACHE_DIR=/mnt/cache /mnt/app.bin; ls /var/cache";
    assert_says(&machine(place.path(), own), "late 5001 late \n");
}

#[test]
fn what_may_not_be_imported_is_not_said_to_be_missing() {
    let source = "import os\n\
        os.setgroups([]); os.setgid(5001); os.setuid(5001)\n\
        for name in 'later', 'xml.dom.minidom', 'nothing':\n\
        \x20   try:\n\
        \x20       __import__(name)\n\
        \x20   except Exception as error:\n\
        \x20       print(type(error).__name__)\n";
    let place = packed(source, &[("later.py", "V = 'late'\n", 0o644)]);
    let outcome = machine(place.path(), "as_root PYSHIP_CACHE_DIR=/mnt/cache /mnt/app.bin");
    assert_says(
        &outcome,
        "PermissionError\nPermissionError\nModuleNotFoundError\n",
    );
}

#[test]
fn roots_cache_serves_other_users_and_theirs_stay_private() {
    let place = packed("print('started')\n", &[]);
    let script = r"
        where as_user; stat -c '%a %u' /mnt/home/.cache/pyship /mnt/home/.cache/pyship/v1/*/
        where as_root; cd /var/cache/pyship; stat -c '%a %u %n' . v1 v1/*/; cd /
        where as_user
        # Without a cache of their own they use root's, which stays as it is.
        rm -r /mnt/home/.cache; find /var/cache >/mnt/before
        where as_user; as_user /mnt/app.bin; as_user PYSHIP=verify /mnt/app.bin >/dev/null
        find /var/cache | diff /mnt/before -; ls -A /mnt/home
        as_user PYSHIP_CACHE_DIR=/mnt/home/own PYSHIP=where /mnt/app.bin | head -n 1 | cut -d / -f -4
    ";
    let want = "/mnt/home/.cache/pyship\n700 1234\n700 1234\n700 1234\n700 1234\n700 1234\n\
        /var/cache/pyship\n755 0 .\n755 0 v1\n755 0 v1/apps/\n755 0 v1/layers/\n700 0 v1/locks/\n700 0 v1/tmp/\n\
        /mnt/home/.cache/pyship\n\
        /var/cache/pyship\nstarted\n/mnt/home/own\n";
    assert_says(&machine(place.path(), script), want);
}

#[test]
fn a_cache_of_ones_own_answers_without_a_look_at_roots() {
    let place = packed("print('started')\n", &[]);
    let script = r"
        as_user /mnt/app.bin; as_root /mnt/app.bin
        as_user strace -f -o /mnt/home/calls /mnt/app.bin; grep -c /var/cache /mnt/home/calls || :
    ";
    assert_says(&machine(place.path(), script), "started\nstarted\nstarted\n0\n");
}

#[test]
fn a_directory_in_its_place_that_is_not_roots_alone_is_passed_over() {
    let place = packed("print('started')\n", &[]);
    let script = r"
        where as_root
        for change in 'chmod 775 /var/cache/pyship' 'chown 4321 /var/cache/pyship' 'chmod 777 /var/cache' 'chown 4321 /var/cache'; do
            $change; where as_user; rm -r /mnt/home/.cache
            chown 0 /var/cache /var/cache/pyship; chmod 755 /var/cache /var/cache/pyship
        done
        where as_user
    ";
    let own = "/mnt/home/.cache/pyship\n".repeat(4);
    assert_says(
        &machine(place.path(), script),
        &format!("/var/cache/pyship\n{own}/var/cache/pyship\n"),
    );
}

#[test]
fn what_only_root_may_read_is_unpacked_by_each_user() {
    let source = "import os\nprint(open(os.path.dirname(__file__) + '/key').read())\n";
    let place = packed(source, &[("key", "secret", 0o600)]);
    let script = "where as_root; as_root /mnt/app.bin; where as_user; as_user /mnt/app.bin";
    assert_says(
        &machine(place.path(), script),
        "/var/cache/pyship\nsecret\n/mnt/home/.cache/pyship\nsecret\n",
    );
}

#[test]
fn without_a_var_cache_root_takes_the_next_place() {
    let place = packed("print('started')\n", &[]);
    for change in [
        "mount -o remount,ro /var/cache",
        "mount -t tmpfs tmpfs /var",
        "mount -o remount,noexec /var/cache",
    ] {
        let script = format!("{change}; mkdir /mnt/nowhere; where as_root; as_root /mnt/app.bin");
        assert_says(
            &machine(place.path(), &script),
            "/mnt/nowhere/.cache/pyship\nstarted\n",
        );
    }
}
