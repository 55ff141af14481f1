//! Where a cache may be: whose the place is and who could replace it, what its path may be called, volumes that all
//! may write to, and stores for all users.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use harness::{files_below, scratch};

use crate::security::{machine, plain};
use crate::support::{assert_launcher_failed, environment_app};

#[test]
fn what_lies_behind_another_users_link_is_never_run() {
    // uid 4321 owns the home that uid 1234 uses. It knows a directory of uid 1234 with a record that starts another
    // program, as in an archive that this user has unpacked.
    let outcome = machine(
        &plain(),
        r"
        mkdir -m 755 /mnt/theirs; corrupt /mnt/theirs/.cache/pyship
        mkdir /mnt/mine; mv /mnt/theirs/.cache/pyship /mnt/mine/pyship; chown -R 1234:1234 /mnt/mine
        chown -R 4321:4321 /mnt/theirs; chmod 755 /mnt/theirs/.cache
        # In its place; behind a link; and where a directory above it is a link.
        as_user HOME=/mnt/theirs /mnt/app.bin
        as_evil ln -s /mnt/mine/pyship /mnt/theirs/.cache/pyship
        as_user HOME=/mnt/theirs /mnt/app.bin
        as_evil sh -c 'rm -r /mnt/theirs/.cache; ln -s /mnt/mine /mnt/theirs/.cache'
        as_user HOME=/mnt/theirs /mnt/app.bin
        # Also where nothing else is left.
        rm -r /var/tmp/pyship-1234; for place in /var/tmp /tmp /dev/shm; do mount -t tmpfs -o ro tmpfs $place; done
        as_user HOME=/mnt/theirs /mnt/app.bin 2>&1 | tr ';' '\n' | grep theirs
        # One's own link is followed.
        mkdir -m 755 /mnt/home; ln -s /mnt/mine /mnt/home/.cache; chown -Rh 1234:1234 /mnt/home
        as_user HOME=/mnt/home /mnt/app.bin
        ",
    );
    let want = "plain 1234 /var/tmp/pyship-1234\n".repeat(3)
        + "pyship: failed to unpack: no usable cache directory: `/mnt/theirs/.cache/pyship`: `/mnt/theirs/.cache`, a link \
           on the way to it, belongs to uid 4321\nplain 1234 /mnt/home/.cache/pyship\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

#[test]
fn a_warm_start_too_takes_a_place_that_others_can_replace_last() {
    let outcome = machine(
        &plain(),
        r"
        # A group that others are in too, and one of the user's own.
        mkdir -m 775 /mnt/group /mnt/own; chown 1234:5000 /mnt/group; chown 1234:1234 /mnt/own
        as_user HOME=/mnt/own /mnt/app.bin
        as_user XDG_CACHE_HOME=/mnt/group /mnt/app.bin
        rm -r /var/tmp/pyship-1234
        for place in /var/tmp /tmp /dev/shm; do mount -t tmpfs -o ro tmpfs $place; done
        as_user XDG_CACHE_HOME=/mnt/group /mnt/app.bin
        umount /var/tmp; as_user /mnt/app.bin
        # Both hold the app now.
        as_user XDG_CACHE_HOME=/mnt/group /mnt/app.bin
        ",
    );
    let want = "plain 1234 /mnt/own/.cache/pyship\nplain 1234 /var/tmp/pyship-1234\n\
        plain 1234 /mnt/group/pyship\nplain 1234 /var/tmp/pyship-1234\nplain 1234 /var/tmp/pyship-1234\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

/// A FUSE file system that says that everything is a directory of uid 1234.
const FUSE: &str = r#"
import ctypes, os, struct, sys
device = os.open("/mnt/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id={sys.argv[2]},group_id=4321,allow_other,default_permissions".encode()
if ctypes.CDLL(None).mount(b"theirs", sys.argv[1].encode(), b"fuse", 0, options):
    sys.exit("no FUSE")
attributes = struct.pack("<6Q10I", 1, 4096, 8, 0, 0, 0, 0, 0, 0, 0o40700, 2, 1234, 1234, 0, 4096, 0)
while True:
    try:
        length, operation, unique, node = struct.unpack_from("<IIQQ", request := os.read(device, 1 << 18))
    except OSError:
        break
    answers = {26: struct.pack("<IIIIHHIIHHI28x", 7, 31, 1 << 17, 0, 12, 9, 1 << 17, 1, 32, 0, 0),
               3: struct.pack("<QII", 0, 0, 0) + attributes, 17: struct.pack("<5Q4I24x", 9, 9, 9, 9, 9, 4096, 255, 4096, 0)}
    if operation == 1 and request[40:].rstrip(b"\0") in (b".cache", b"pyship"):
        answers[1] = struct.pack("<4QII", node + 1, 0, 0, 0, 0, 0) + attributes
    out = answers.get(operation)
    if operation not in (2, 42):
        error = 0 if out else -2 if operation == 1 else -38
        os.write(device, struct.pack("<IiQ", 16 + len(out or b""), error, unique) + (out or b""))
"#;

#[test]
fn a_file_system_that_another_user_has_mounted_is_not_believed() {
    let script = r#"
        mknod -m 666 /mnt/fuse c 10 229
        mkdir /mnt/theirs /mnt/roots /var/tmp/pyship-1234
        python3 -c "$FUSE" /mnt/theirs 4321 & theirs=$!
        python3 -c "$FUSE" /mnt/roots 0 & roots=$!
        trap 'umount /mnt/theirs /mnt/roots; kill $theirs $roots || :' EXIT
        until [ "$(stat -c %u /mnt/theirs /mnt/roots | tr '\n' ' ')" = '1234 1234 ' ]; do sleep 0.1; done
        mount -t tmpfs -o mode=700,uid=1234 tmpfs /var/tmp/pyship-1234
        for other in /tmp /dev/shm; do mount -t tmpfs -o ro tmpfs $other; done
        for home in theirs roots; do as_user HOME=/mnt/$home /mnt/app.bin 2>&1 | tr ';' '\n' | grep -v '^hint'; done
        "#;
    let outcome = machine(&plain(), &format!("FUSE='{FUSE}'\n{script}"));
    let said = outcome.out();
    let (theirs, roots) = said
        .split_once("/mnt/roots")
        .unwrap_or_else(|| panic!("{}", outcome.report()));
    for part in [
        "`/mnt/theirs/.cache/pyship`: another user has mounted its file system",
        "`/var/tmp/pyship-1234`: another file system is mounted there",
    ] {
        assert!(theirs.contains(part), "{part}\n{}", outcome.report());
    }
    // One of root's is believed; this one can't be written to.
    assert!(
        !roots.contains("another user has mounted"),
        "{}",
        outcome.report()
    );
}

#[test]
fn a_volume_gets_a_directory_of_the_users_own() {
    let outcome = machine(
        &plain(),
        r"
        for mode in 777 1777 775; do
            mkdir /mnt/v; chmod $mode /mnt/v; chown 0:1234 /mnt/v
            for start in cold warm; do as_user PYSHIP_CACHE_DIR=/mnt/v /mnt/app.bin; done
            ls /mnt/v; stat -c '%a %u' /mnt/v/pyship-1234
            rm -r /mnt/v
        done
        # One that someone else has made there is refused.
        mkdir -m 1777 /mnt/v; mkdir /mnt/v/pyship-1234; as_user PYSHIP_CACHE_DIR=/mnt/v /mnt/app.bin 2>&1 | head -n 1
        ",
    );
    let one = "plain 1234 /mnt/v/pyship-1234 PYSHIP_CACHE_DIR\n".repeat(2) + "pyship-1234\n700 1234\n";
    let refused = "pyship: failed to use the cache `/mnt/v`: it belongs to uid 0, not to uid 1234\n";
    assert_eq!(outcome.out(), one.repeat(3) + refused, "{}", outcome.report());
}

#[test]
fn a_path_that_the_interpreter_can_not_name_is_refused_before_anything_is_written() {
    let place = scratch();
    let long = "d/".repeat(1600);
    for (name, reason) in [
        (&b"a:b"[..], "contains a `:`"),
        (b"a;b", "contains a `;`"),
        (b"a\nb", "contains a line break"),
        (b"$ORIGIN", "`$ORIGIN`"),
        (b"caf\xe9", "not UTF-8"),
        (long.as_bytes(), "bytes, more than"),
    ] {
        let cache = place.path().join(OsStr::from_bytes(name));
        let start = environment_app().run_with_cache(&cache).args(["exit", "0"]);
        let outcome = start.output();
        assert_launcher_failed(&outcome, reason);
        assert!(outcome.err().contains(reason), "{reason}\n{}", outcome.report());
        // As one of several places it is passed over.
        let home = crate::support::on_host(&environment_app()).env("HOME", &cache);
        home.args(["exit", "4"]).exits(4);
    }
    assert!(files_below(place.path()).is_empty());
    // What looks alike is none of them.
    for name in ["a b", "a$b", "caf\u{e9}", "it's \"here\""] {
        let cache = place.path().join(name);
        environment_app()
            .run_with_cache(&cache)
            .args(["exit", "3"])
            .exits(3);
    }
}

#[test]
fn a_store_for_all_users_is_filled_and_opened() {
    let outcome = machine(
        &plain(),
        r"
        as_user PYSHIP=fill /mnt/app.bin 2>&1 | head -n 1
        mkdir -m 755 /mnt/opt
        # What is in other caches already is in the store too.
        env -i /mnt/app.bin
        env -i PYSHIP=fill PYSHIP_CACHE_DIR=/mnt/no PYSHIP_STORE=/var/cache/pyship /mnt/app.bin /mnt/opt/closed
        (umask 077; env -i PYSHIP=fill /mnt/app.bin --shared /mnt/opt/store)
        ls /mnt/opt; cd /mnt/opt; stat -c '%a %n' closed store store/v1 store/v1/*/
        rm -r /var/cache/pyship; for place in /var/tmp /tmp /dev/shm; do mount -t tmpfs -o ro tmpfs $place; done
        as_user PYSHIP_STORE=/mnt/opt/store /mnt/app.bin child
        ",
    );
    let want = "pyship: failed to fill a cache: it takes one argument, the directory, and before it the option --shared\n\
        plain 0 /var/cache/pyship\n/mnt/opt/closed\n/mnt/opt/store\nclosed\nstore\n\
        700 closed\n755 store\n755 store/v1\n755 store/v1/apps/\n755 store/v1/layers/\n700 store/v1/locks/\n700 store/v1/tmp/\n\
        plain 1234 /mnt/opt/store PYSHIP_STORE\nchild\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

#[test]
fn a_store_whose_name_someone_else_took_is_not_run_from() {
    let outcome = machine(
        &plain(),
        r"
        mkdir -m 755 /mnt/opt; cd /mnt/opt
        # A relative store, too: the record has its path from the root.
        env -i PYSHIP=fill /mnt/app.bin --shared filled; mv filled store
        as_user PYSHIP_STORE=store PYSHIP_CACHE_DIR=/tmp/cache /mnt/app.bin
        cd /; as_user PYSHIP_CACHE_DIR=/tmp/cache /mnt/app.bin; ls /tmp/cache/v1/layers | wc -l
        mv /mnt/opt/store /mnt/gone; cp -r /mnt/gone /mnt/opt/store
        for python in /mnt/opt/store/v1/layers/*/bin/python3.*; do cp /mnt/evil.sh $python; done
        chown -R 4321 /mnt/opt/store
        as_user PYSHIP_CACHE_DIR=/tmp/cache /mnt/app.bin; ls /tmp/cache/v1/layers | wc -l
        ",
    );
    let said = outcome.out();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 6, "{}", outcome.report());
    let plain = "plain 1234 /tmp/cache PYSHIP_CACHE_DIR";
    assert_eq!(lines[1], format!("{plain} PYSHIP_STORE"), "{}", outcome.report());
    assert_eq!(lines[2..4], [plain, "0"], "{}", outcome.report());
    assert_eq!(lines[4], plain, "{}", outcome.report());
    assert_ne!(lines[5], "0", "{}", outcome.report());
}

#[test]
fn modes_are_exact_whatever_umask_and_access_control_lists_say() {
    let outcome = machine(
        &plain(),
        r#"
        mkdir -m 755 /mnt/opt
        # u::rwx,u:4321:rwx,g::rwx,m::rwx,o::rwx, in the kernel's form.
        python3 -c 'import os, struct
entry = lambda tag, id=0xffffffff: struct.pack("<HHI", tag, 7, id)
os.setxattr("/mnt/opt", "system.posix_acl_default", struct.pack("<I", 2) + entry(1) + entry(2, 4321) + entry(4) + entry(16) + entry(32))'
        for mask in 000 077; do
            (umask $mask; env -i PYSHIP_CACHE_DIR=/mnt/opt/$mask /mnt/app.bin)
            cd /mnt/opt/$mask; stat -c '%a %n' . v1 v1/*/; cd /
            find /mnt/opt/$mask -type d -o -type f | python3 -c 'import os, sys
for path in sys.stdin.read().split("\n")[:-1]:
    if any(name.startswith("system.posix_acl") for name in os.listxattr(path)) or not path.endswith("CACHEDIR.TAG") and os.stat(path).st_mode & 0o22:
        print("open:", path)'
        done
        "#,
    );
    let of = |mask| {
        format!(
            "plain 0 /mnt/opt/{mask} PYSHIP_CACHE_DIR\n700 .\n700 v1\n700 v1/apps/\n700 v1/layers/\n700 v1/locks/\n700 v1/tmp/\n"
        )
    };
    assert_eq!(outcome.out(), of("000") + &of("077"), "{}", outcome.report());
}
