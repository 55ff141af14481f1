//! Machines that want something else: caches that others prepared, links swapped between look and use, a
//! set-user-ID start, hostile variables, a lying or missing `argv[0]`, files that are replaced or gone.
//! Whatever they do, the bytes that run are the file's own, or there is one sentence.

use std::path::Path;

use harness::{Outcome, Pack, Packed, Run, scratch};

use crate::support::{assert_launcher_failed, assert_one_sentence};

const EVIL: &str = "EVIL";

pub(crate) fn plain() -> Packed {
    Pack::new("tests/apps/plain").run()
}

/// A machine of its own: empty and sticky /tmp, /var/tmp and /dev/shm, an empty /var/cache, the file as /mnt/app.bin, and in /mnt/evil
/// a cache of uid 4321 whose every launch record starts a program that prints `EVIL`.
/// `script` runs as root; `as_user CMD...` goes on as uid 1234.
pub(crate) fn machine(packed: &Packed, script: &str) -> Outcome {
    const PROLOGUE: &str = r#"
        set -eu
        # Open before anything is mounted over the place where it lies.
        exec 3<"$1"
        for place in /mnt /tmp /var/tmp /dev/shm; do mount -t tmpfs -o mode=1777 tmpfs $place; done
        mount -t tmpfs -o mode=755 tmpfs /var/cache
        umask 022
        as_user() { setpriv --reuid 1234 --regid 1234 --clear-groups env -i "$@"; }
        as_evil() { setpriv --reuid 4321 --regid 4321 --clear-groups env -i PATH="$PATH" "$@"; }
    "#;
    // A whole cache made by the file itself, given to someone else, with a record that starts his program.
    const PREPARE: &str = r##"
        printf '#!/bin/sh\necho EVIL\n' >/mnt/evil.sh; chmod 755 /mnt/evil.sh
        mkdir /mnt/evil
        corrupt() {
            PYSHIP_CACHE_DIR=$1 PYSHIP=where /mnt/app.bin >/dev/null
            for record in "$1"/v1/apps/*/launch; do
                python3 - "$record" <<'END'
import sys
path = sys.argv[1]
items = open(path, "rb").read().split(b"\0")
items = [b"executable=/mnt/evil.sh" if item.startswith(b"executable=") else item for item in items if not item.startswith((b"loader=", b"library-path="))]
open(path, "wb").write(b"\0".join(items))
END
            done
        }
    "##;
    let script =
        format!("{PROLOGUE}cat <&3 >/mnt/app.bin; exec 3<&-; chmod 755 /mnt/app.bin\n{PREPARE}\n{script}");
    Run::inheriting("unshare")
        .args(["-m", "sh", "-c", &script, "sh"])
        .arg(&packed.path)
        .output()
}

#[track_caller]
fn assert_never_evil(outcome: &Outcome) {
    assert!(
        !outcome.out().contains(EVIL) && !outcome.err().contains(EVIL),
        "{}",
        outcome.report()
    );
}

#[test]
fn a_corrupted_cache_of_ones_own_would_run_the_other_program() {
    // The other tests' fault is real: where the record is ours to change, it decides what runs.
    let outcome = machine(
        &plain(),
        "corrupt /mnt/evil; PYSHIP_CACHE_DIR=/mnt/evil /mnt/app.bin",
    );
    assert_eq!(outcome.out(), "EVIL\n", "{}", outcome.report());
}

#[test]
fn a_cache_that_someone_else_prepared_is_passed_over() {
    // Prepared at the very paths, so that the records' keys fit; then handed over, each in another way.
    let outcome = machine(
        &plain(),
        r"
        corrupt /var/tmp/pyship-1234; chown -R 4321:4321 /var/tmp/pyship-1234; chmod 777 /var/tmp/pyship-1234
        corrupt /tmp/there; chown -R 1234:1234 /tmp/there; ln -s /tmp/there /tmp/pyship-1234
        chown -h 4321:4321 /tmp/pyship-1234
        as_user /mnt/app.bin child
        ",
    );
    assert_eq!(
        outcome.out(),
        "plain 1234 /dev/shm/pyship-1234\nchild\n",
        "{}",
        outcome.report()
    );
}

/// The number of all users that have none in a user namespace, and there this user's own.
#[test]
fn one_whose_owner_has_no_number_here_is_passed_over() {
    for map in ["--map-user=65534 --map-group=65534", ""] {
        let script = format!(
            r#"
            for place in /var/tmp /tmp; do
                corrupt $place/pyship-65534; chown -R 4321:4321 $place/pyship-65534
                chmod -R a+rX $place/pyship-65534
            done
            PYSHIP=fill /mnt/app.bin /mnt/store >/dev/null 2>&1
            sed -i "1i print('EVIL')" /mnt/store/v1/layers/*/code/main.py; chown -R 4321:4321 /mnt/store; chmod -R a+rX /mnt/store
            as_user unshare -U {map} /mnt/app.bin
            as_user PYSHIP_STORE=/mnt/store unshare -U {map} /mnt/app.bin
            as_user PYSHIP_CACHE_DIR=/var/tmp/pyship-65534 unshare -U {map} /mnt/app.bin || echo $?
            "#
        );
        let outcome = machine(&plain(), &script);
        let own = "plain 65534 /dev/shm/pyship-65534\n";
        let with_store = own.replace('\n', " PYSHIP_STORE\n");
        assert_eq!(
            outcome.out(),
            format!("{own}{with_store}125\n"),
            "{map}\n{}",
            outcome.report()
        );
        let reason = "it belongs to another user, who has no number in this user namespace";
        assert!(outcome.err().contains(reason), "{map}\n{}", outcome.report());
    }
}

#[test]
fn one_that_others_may_write_to_is_passed_over_too() {
    let outcome = machine(
        &plain(),
        r"
        for mode in 777 770 702; do
            corrupt /var/tmp/pyship-1234; chown -R 1234:1234 /var/tmp/pyship-1234
            chmod $mode /var/tmp/pyship-1234
            as_user /mnt/app.bin
            rm -r /var/tmp/pyship-1234 /tmp/pyship-1234
        done
        ",
    );
    assert_eq!(
        outcome.out(),
        "plain 1234 /tmp/pyship-1234\n".repeat(3),
        "{}",
        outcome.report()
    );
}

#[test]
fn with_nothing_to_trust_each_place_is_named() {
    let outcome = machine(
        &plain(),
        r"
        mkdir /var/tmp/pyship-1234; chown 4321 /var/tmp/pyship-1234
        ln -s /nowhere /tmp/pyship-1234
        : >/dev/shm/pyship-1234
        as_user /mnt/app.bin
        ",
    );
    assert_launcher_failed(&outcome, "three bad places");
    for part in [
        "/var/tmp/pyship-1234`: it belongs to uid 4321",
        "/tmp/pyship-1234`: ",
        "/dev/shm/pyship-1234`: it is not a directory",
    ] {
        assert!(outcome.err().contains(part), "{part}\n{}", outcome.report());
    }
}

#[test]
fn links_swapped_between_look_and_use_gain_nothing() {
    // uid 4321 puts its own cache, a link to it and nothing in the places of uid 1234, over and over, while
    // that user starts and its own directories are removed again.
    let outcome = machine(
        &plain(),
        r"
        corrupt /tmp/pyship-1234; chown -R 4321:4321 /tmp/pyship-1234; mv /tmp/pyship-1234 /mnt/evil/cache
        chown 4321 /mnt/evil
        trap 'touch /mnt/evil/stop' EXIT
        as_evil sh -c '
            while [ ! -e /mnt/evil/stop ]; do
                ln -s /mnt/evil/cache /tmp/pyship-1234; rm -f /tmp/pyship-1234
                mv -T /mnt/evil/cache /tmp/pyship-1234; mv -T /tmp/pyship-1234 /mnt/evil/cache
            done 2>/dev/null' &
        mkdir /var/tmp/pyship-1234; chown 4321 /var/tmp/pyship-1234
        mkdir /dev/shm/pyship-1234; chown 4321 /dev/shm/pyship-1234
        for start in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
            as_user /mnt/app.bin 2>/mnt/said && continue
            code=$?
            [ $code = 125 ] || echo code $code
            cut -c -42 /mnt/said | head -n 1
            # His own directory, made when nothing was in its place, keeps the other out: start from nothing again.
            rm -rf /tmp/pyship-1234 || :
        done
        touch /mnt/evil/stop; wait
        ",
    );
    assert_never_evil(&outcome);
    assert!(outcome.status.success(), "{}", outcome.report());
    let lines: Vec<String> = outcome.out().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 25, "{}", outcome.report());
    for line in &lines {
        let right = line == "plain 1234 /tmp/pyship-1234" || line.starts_with("pyship: failed to ");
        assert!(right, "{line}\n{}", outcome.report());
    }
}

#[test]
fn a_place_that_others_can_swap_is_taken_last() {
    let outcome = machine(
        &plain(),
        r"
        mkdir /mnt/open /mnt/theirs; chmod 777 /mnt/open; chown 4321 /mnt/theirs; chmod 1777 /mnt/theirs
        as_user TMPDIR=/mnt/open /mnt/app.bin
        as_user XDG_CACHE_HOME=/mnt/open HOME=/mnt/theirs /mnt/app.bin
        ls /mnt/open /mnt/theirs
        rm -rf /var/tmp/*
        # A container with a read-only root and an open volume has nothing else.
        for place in /var/tmp /tmp /dev/shm; do mount -t tmpfs -o ro tmpfs $place; done
        as_user TMPDIR=/mnt/open /mnt/app.bin
        ",
    );
    let want = "plain 1234 /var/tmp/pyship-1234 TMPDIR\n\
        plain 1234 /var/tmp/pyship-1234\n\
        /mnt/open:\n\n/mnt/theirs:\n\
        plain 1234 /mnt/open/pyship-1234 TMPDIR\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

#[test]
fn a_set_user_id_start_ignores_the_callers_environment() {
    let outcome = machine(
        &plain(),
        r#"
        corrupt /mnt/evil/cache; chown -R 4321 /mnt/evil
        corrupt /mnt/evil/pyship; corrupt /mnt/evil/.cache/pyship
        printf 'print("EVIL")\n' >/mnt/evil/sitecustomize.py
        cp /mnt/evil/sitecustomize.py /mnt/evil/encodings.py
        cp /mnt/evil/sitecustomize.py /mnt/evil/warnings.py
        chmod 4755 /mnt/app.bin
        (cd /mnt/evil; as_user /mnt/app.bin)
        cd /
        as_user PYSHIP_CACHE_DIR=/mnt/evil/cache /mnt/app.bin child
        as_user PYSHIP_STORE=/mnt/evil/cache:/mnt/evil/pyship HOME=/mnt/evil XDG_CACHE_HOME=/mnt/evil /mnt/app.bin
        as_user PYTHONPATH=/mnt/evil PYTHONHOME=/mnt/evil PYTHONSTARTUP=/mnt/evil/encodings.py PYTHONINSPECT=1 \
            PYTHONWARNINGS=error::encodings.X LD_PRELOAD=/mnt/evil.sh LD_LIBRARY_PATH=/mnt/evil \
            GLIBC_TUNABLES=glibc.malloc.check=3 TMPDIR=/mnt/evil _PYSHIP_FILE=/mnt/evil \
            "$(printf '\001YTHONPATH=/mnt/evil')" _PYSHIP_ARGV0=/mnt/evil /mnt/app.bin child </dev/null
        for tool in python help where prune; do as_user PYSHIP=$tool /mnt/app.bin; done
        "#,
    );
    assert_never_evil(&outcome);
    let plain = "plain 0 /var/cache/pyship\n";
    let want = format!("{plain}{plain}child\n{plain}{plain}child\n{}", plain.repeat(4));
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

#[test]
fn without_proc_a_set_user_id_start_trusts_no_path() {
    let outcome = machine(
        &plain(),
        r"
        chmod 4755 /mnt/app.bin
        mount -t tmpfs tmpfs /proc
        as_user /mnt/app.bin
        ",
    );
    assert_launcher_failed(&outcome, "set-user-ID without /proc");
    assert!(
        outcome.err().contains("there is no /proc"),
        "{}",
        outcome.report()
    );
}

#[test]
fn hostile_variables_and_directories_do_not_reach_the_interpreter() {
    let place = scratch();
    for name in [
        "encodings",
        "site",
        "sitecustomize",
        "usercustomize",
        "os",
        "subprocess",
        "warnings",
    ] {
        fs_err::write(place.path().join(format!("{name}.py")), "print('EVIL')\n").unwrap();
    }
    let evil = place.path().to_str().unwrap();
    let many = format!("{evil}:").repeat(3000);
    let long = "x".repeat(100_000);
    let newline = format!("{evil}\n/x");
    let variables: &[(&str, &str)] = &[
        ("PYTHONPATH", evil),
        ("PYTHONHOME", evil),
        ("PYTHONSTARTUP", "site.py"),
        ("PYTHONUSERBASE", evil),
        ("PYTHONPLATLIBDIR", evil),
        ("PYTHONEXECUTABLE", evil),
        ("PYTHONPYCACHEPREFIX", evil),
        ("PYSHIP_STORE", &many),
        ("PYSHIP_STORE", "relative:/dev/null:/proc/self/fd/0:"),
        ("PYSHIP_STORE", &long),
        ("XDG_CACHE_HOME", &long),
        ("HOME", &newline),
        ("TMPDIR", "/dev/null"),
        ("_PYSHIP_ARGV0", evil),
        ("_PYSHIP_FILE", evil),
        ("\u{1}YTHONHOME", evil),
        ("PYSHIP", ""),
    ];
    let packed = plain();
    let cache = scratch();
    for (name, value) in variables {
        let run = Run::new(&packed.path)
            .directory(place.path())
            .env("PYSHIP_CACHE_DIR", cache.path())
            .env(name, value);
        // What the caller had is the app's to see again, so only the rest of the line is compared.
        let outcome = run.stdout_any().stderr("").success();
        assert_never_evil(&outcome);
        let start = format!(
            "plain {} {} ",
            rustix::process::geteuid().as_raw(),
            cache.path().display()
        );
        assert!(outcome.out().starts_with(&start), "{name}\n{}", outcome.report());
    }
}

/// Executes `sys.argv[1]` in a way that a shell can't.
fn by_python(packed: &Packed, cache: &Path, code: &str) -> Run {
    let code = format!(
        "import ctypes, os, sys\nfile = sys.argv[1]\nenv = {{'PYSHIP_CACHE_DIR': sys.argv[2]}}\n{code}"
    );
    Run::inheriting("python3")
        .args(["-c", &code])
        .arg(&packed.path)
        .arg(cache)
        .stdout_has("plain ")
}

const WAYS: &[(&str, &str)] = &[
    (
        "no argv at all",
        "ctypes.CDLL(None).execve(file.encode(), (ctypes.c_char_p * 1)(), (ctypes.c_char_p * 2)(b'PYSHIP_CACHE_DIR=' + sys.argv[2].encode()))",
    ),
    (
        "an empty argv[0]",
        "ctypes.CDLL(None).execve(file.encode(), (ctypes.c_char_p * 3)(b'', b'child'), (ctypes.c_char_p * 2)(b'PYSHIP_CACHE_DIR=' + sys.argv[2].encode()))",
    ),
    (
        "another program's name",
        "os.execve(file, ['/bin/ls', 'child'], env)",
    ),
    (
        "a path that leads nowhere",
        "os.execve(file, ['/no/such/file', 'child'], env)",
    ),
    ("a directory", "os.execve(file, ['/', 'child'], env)"),
    ("a long one", "os.execve(file, ['x' * 100000, 'child'], env)"),
    (
        "by descriptor",
        "os.execve(os.open(file, os.O_RDONLY), ['app', 'child'], env)",
    ),
    (
        "from memory",
        "fd = os.memfd_create('app')\nos.write(fd, open(file, 'rb').read())\nos.execve(fd, ['app', 'child'], env)",
    ),
    (
        "from a file that is gone",
        "import shutil\ncopy = sys.argv[2] + '.copy'\nshutil.copy(file, copy)\nfd = os.open(copy, os.O_RDONLY)\nos.unlink(copy)\nos.execve(fd, [copy, 'child'], env)",
    ),
    (
        "through a link",
        "link = sys.argv[2] + '.link'\nos.path.lexists(link) or os.symlink(file, link)\nos.execve(link, [link, 'child'], env)",
    ),
];

#[test]
fn whatever_argv0_says_and_however_it_is_executed() {
    let packed = plain();
    let place = scratch();
    for (index, (way, code)) in WAYS.iter().enumerate() {
        // Cold and warm: the first start reads the file, the second one only its end.
        let cache = place.path().join(index.to_string());
        for _ in 0..2 {
            let outcome = by_python(&packed, &cache, code).stderr("").success();
            let child = outcome.out().contains("child\n") || *way == "no argv at all";
            assert!(child, "{way}\n{}", outcome.report());
        }
    }
}

#[test]
fn without_proc_the_kernel_knows_the_path() {
    let packed = plain();
    let place = scratch();
    for (index, (way, code)) in WAYS.iter().enumerate() {
        let (program, words) = by_python(&packed, &place.path().join(index.to_string()), code).command_line();
        let outcome = Run::inheriting("unshare")
            .args([
                "-m",
                "sh",
                "-c",
                "mount -t tmpfs tmpfs /proc && exec \"$@\"",
                "sh",
            ])
            .arg(program)
            .args(words)
            .output();
        // By descriptor the kernel says /dev/fd/N, which leads nowhere without /proc.
        if ["by descriptor", "from memory", "from a file that is gone"].contains(way) {
            assert_launcher_failed(&outcome, way);
        } else {
            assert!(
                outcome.status.success() && outcome.out().starts_with("plain "),
                "{way}\n{}",
                outcome.report()
            );
        }
    }
}

#[test]
fn a_dynamic_loader_is_no_way_around() {
    let packed = plain();
    let place = scratch();
    // glibc's starts a static program as it is; musl's refuses by itself.
    let run = Run::new("/lib64/ld-linux-x86-64.so.2")
        .arg(&packed.path)
        .arg("child");
    let run = run.env("PYSHIP_CACHE_DIR", place.path());
    run.stdout_has("plain ").stdout_has("child\n").success();
    let run = Run::new("/lib/ld-musl-x86_64.so.1").arg(&packed.path);
    let outcome = run.env("PYSHIP_CACHE_DIR", place.path().join("other")).output();
    assert!(
        !outcome.status.success() && outcome.stdout.is_empty(),
        "{}",
        outcome.report()
    );
    assert!(!place.path().join("other").exists());
}

#[test]
fn a_file_that_is_replaced_while_it_runs() {
    let packed = plain();
    let place = scratch();
    let file = place.path().join("app.bin");
    fs_err::copy(&packed.path, &file).unwrap();
    let cache = place.path().join("cache");
    let app = Run::inheriting("python3")
        .args([
            "-c",
            "import os, subprocess, sys\n\
            file, cache, other = sys.argv[1:]\n\
            env = {'PYSHIP_CACHE_DIR': cache}\n\
            app = subprocess.Popen([file, 'wait', 'child', 'argv0'], env=env, stdin=-1, stdout=-1, text=True)\n\
            assert app.stdout.readline().startswith('plain ')\n\
            os.rename(other, file)\n\
            print(*app.communicate('\\n'), app.returncode, flush=True)\n\
            print(subprocess.run([file], env=env, stdout=-1, text=True).stdout)",
        ])
        .arg(&file)
        .arg(&cache);
    let other = place.path().join("other.bin");
    fs_err::copy("/bin/true", &other).unwrap();
    let said = app.arg(&other).stdout_any().success().out();
    assert_eq!(said, format!("child\n{}\n None 0\n\n", file.display()));
}

#[test]
fn help_for_those_who_meet_a_sentence() {
    // Every sentence of this file's refusals ends with a way out.
    let outcome = machine(
        &plain(),
        ": >/var/tmp/pyship-1234; mount -t tmpfs -o ro tmpfs /tmp; mount -t tmpfs -o ro tmpfs /dev/shm; as_user /mnt/app.bin",
    );
    assert_one_sentence(&outcome);
    assert!(
        outcome.err().contains("hint: set PYSHIP_CACHE_DIR"),
        "{}",
        outcome.report()
    );
}
