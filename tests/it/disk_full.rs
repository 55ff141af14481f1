//! First starts on file systems that fill up: a sentence with the path, what is needed and what is free; the next
//! cache root where there is one; nothing half published, nothing left behind.

use std::path::Path;

use harness::{Outcome, Packed, Run, scratch};

use crate::support::{assert_launcher_failed, assert_unused, environment_app};

/// Runs `script` in a mount namespace of its own, with an empty /var/cache that can't be written to; `$1` is the packed
/// file, `$2` an empty directory.
fn with_mounts(packed: &Packed, place: &Path, script: &str) -> Run {
    let script = format!("mount -t tmpfs -o mode=755,ro tmpfs /var/cache\n{script}");
    Run::inheriting("unshare")
        .args(["-m", "sh", "-euc", &script, "sh"])
        .arg(&packed.path)
        .arg(place)
}

/// A start whose cache lies on a tmpfs with these options, and what the cache then holds, as lines on standard output.
fn on_tmpfs(packed: &Packed, options: &str, before: &str) -> Outcome {
    let place = scratch();
    let script = format!(
        "mount -t tmpfs -o mode=700,{options} tmpfs \"$2\"; {before}\n\
        export PYSHIP_CACHE_DIR=\"$2\"\n\
        \"$1\" exit 0 && echo started || echo \"ended with $?\"\n\
        cd \"$2\"/v1 && ls layers apps tmp | grep -v -e : -e '^$' | sed 's/^/left: /' || true"
    );
    with_mounts(packed, place.path(), &script).stdout_any().output()
}

fn needed(packed: &Packed, what: &str) -> u64 {
    let manifest = packed.manifest();
    let layers = manifest["layers"].as_array().unwrap();
    layers.iter().map(|layer| layer[what].as_u64().unwrap()).sum()
}

/// The launcher's one sentence, with both numbers, and an empty cache.
#[track_caller]
fn assert_full(outcome: &Outcome, what: &str) {
    assert_eq!(outcome.out(), "ended with 125\n", "{what}\n{}", outcome.report());
    let said = outcome.err();
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines.len() == 2 && lines[0].starts_with("pyship: failed to "),
        "{what}\n{said}"
    );
    for part in ["bytes", "inodes", " needed, ", " free"] {
        assert!(lines[0].contains(part), "{what}: {part}\n{said}");
    }
}

#[test]
fn too_small_for_the_layers_by_any_tenth() {
    let packed = environment_app();
    let bytes = needed(&packed, "disk");
    for tenth in 1..10 {
        let outcome = on_tmpfs(&packed, &format!("size={}", bytes * tenth / 10), "");
        assert_full(&outcome, &format!("{tenth} tenths of the room"));
    }
    let outcome = on_tmpfs(&packed, &format!("size={}", bytes + (8 << 20)), "");
    assert!(outcome.out().starts_with("started\n"), "{}", outcome.report());
}

#[test]
fn too_few_inodes_by_any_tenth() {
    let packed = environment_app();
    let entries = needed(&packed, "entries");
    for tenth in 1..10 {
        let outcome = on_tmpfs(&packed, &format!("nr_inodes={}", 8 + entries * tenth / 10), "");
        assert_full(&outcome, &format!("{tenth} tenths of the inodes"));
    }
    // Not even the cache's own directories.
    let outcome = on_tmpfs(&packed, "nr_inodes=3", "mkdir \"$2\"/v1");
    assert_eq!(outcome.out(), "ended with 125\n", "{}", outcome.report());
    assert!(outcome.err().contains("0 inodes free"), "{}", outcome.report());
}

/// Room that others take while it is unpacked: the kernel refuses the call, whatever was seen before.
#[track_caller]
fn refused(packed: &Packed, cache: &Path, call: &str, errno: &str, when: usize) -> Outcome {
    // One processor, one thread: so calls are counted exactly.
    let run =
        Run::inheriting("taskset").args(["-c", &first_processor(), "strace", "-f", "-qq", "-o", "/dev/null"]);
    run.args(["-e", &format!("trace={call}"), "-e"])
        .arg(format!("inject={call}:error={errno}:when={when}"))
        .arg(&packed.path)
        .args(["exit", "0"])
        .env("PYSHIP_CACHE_DIR", cache)
        .output()
}

fn first_processor() -> String {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = list.unwrap().trim().split([',', '-']).next().unwrap();
    first.to_owned()
}

/// How often a first start makes a call before its interpreter is there.
fn calls(packed: &Packed, call: &str) -> usize {
    let place = scratch();
    let record = place.path().join("calls");
    let run = Run::inheriting("taskset").args(["-c", &first_processor(), "strace", "-f", "-qq"]);
    run.args(["-e", &format!("trace={call},execve"), "-o"])
        .arg(&record)
        .arg(&packed.path)
        .args(["exit", "0"])
        .env("PYSHIP_CACHE_DIR", place.path().join("cache"))
        .success();
    let text = fs_err::read_to_string(&record).unwrap();
    let second = text.match_indices("execve(").nth(1).unwrap().0;
    text[..second].matches(&format!("{call}(")).count()
}

#[test]
fn full_at_every_tenth_of_the_unpacking() {
    let packed = environment_app();
    let writes = calls(&packed, "write");
    for (tenth, errno, says) in (0..=10).flat_map(|tenth| {
        [
            (tenth, "ENOSPC", "no space left on device"),
            (tenth, "EDQUOT", "quota exceeded"),
            (tenth, "EIO", "input/output error"),
        ]
    }) {
        if errno != "ENOSPC" && tenth % 4 != 2 {
            continue;
        }
        // The first write is that of CACHEDIR.TAG, which nothing depends on.
        let when = (2 + (writes - 2) * tenth / 10).max(2);
        let place = scratch();
        let what = format!("{errno} at write {when} of {writes}");
        let outcome = refused(&packed, place.path(), "write", errno, when);
        assert_launcher_failed(&outcome, &what);
        let said = outcome.err();
        assert!(
            said.contains(says) && said.contains(place.path().to_str().unwrap()),
            "{what}\n{said}"
        );
        let numbers = said.contains(" inodes needed, ") && said.contains(" inodes free");
        assert_eq!(numbers, errno != "EIO", "{what}\n{said}");
        assert_whole_or_nothing(&packed, place.path(), &what);
    }
}

#[test]
fn every_kind_of_call_may_be_the_one_that_is_refused() {
    let packed = environment_app();
    let cases = [
        ("mkdir", "ENOSPC", 4),
        ("mkdirat", "ENOSPC", 9),
        ("mkdirat", "EDQUOT", 40),
        ("symlinkat", "ENOSPC", 1),
        ("symlinkat", "EDQUOT", 4),
        ("rename", "ENOSPC", 1),
        ("rename", "EIO", 2),
        ("symlinkat", "EPERM", 1),
    ];
    for (call, errno, when) in cases {
        let place = scratch();
        let what = format!("{errno} at {call} {when}");
        let outcome = refused(&packed, place.path(), call, errno, when);
        assert_launcher_failed(&outcome, &what);
        if errno == "EPERM" {
            assert!(
                outcome.err().contains("has no symbolic links"),
                "{}",
                outcome.report()
            );
        }
        assert_whole_or_nothing(&packed, place.path(), &what);
    }
}

/// Nothing is left in `tmp`; a layer that was published before is whole, as the next start shows.
#[track_caller]
fn assert_whole_or_nothing(packed: &Packed, cache: &Path, what: &str) {
    assert_eq!(crate::support::left_in_tmp(cache), 0, "{what}");
    assert!(!cache.join("v1/apps").read_dir().unwrap().any(|_| true), "{what}");
    packed.run_with_cache(cache).args(["exit", "5"]).exits(5);
}

#[test]
fn the_next_root_is_taken_when_one_is_full() {
    let packed = environment_app();
    for (what, small) in [("bytes", "size=5m"), ("inodes", "nr_inodes=300")] {
        let place = scratch();
        let script = format!(
            "mount -t tmpfs -o mode=700,{small} tmpfs \"$2\"; mount -t tmpfs tmpfs /var/tmp\n\
            PYSHIP=where HOME=\"$2\" XDG_CACHE_HOME= \"$1\" | head -n 1\n\
            ls \"$2\"/.cache/pyship/v1/layers \"$2\"/.cache/pyship/v1/tmp | grep -v -e : -e '^$' || true"
        );
        let outcome = with_mounts(&packed, place.path(), &script).stdout_any().success();
        let said = outcome.out();
        assert!(
            said.starts_with("/var/tmp/pyship-0/v1/apps/") && said.lines().count() == 1,
            "{what}\n{}",
            outcome.report()
        );
    }
    // The same when it fills up on the way, and where there are no links.
    for (call, errno) in [
        ("write", "ENOSPC"),
        ("write", "EDQUOT"),
        ("symlinkat", "EPERM"),
        ("openat", "EROFS"),
    ] {
        let place = scratch();
        let when = match call {
            "write" => 300,
            "openat" => 200,
            _ => 1,
        };
        let script = format!(
            "mount -t tmpfs tmpfs /var/tmp\n\
            PYSHIP=where HOME=\"$2\" XDG_CACHE_HOME= taskset -c {} strace -f -qq -o /dev/null \
            -e inject={call}:error={errno}:when={when} \"$1\" | head -n 1",
            first_processor()
        );
        let outcome = with_mounts(&packed, place.path(), &script).stdout_any().success();
        assert!(
            outcome.out().starts_with("/var/tmp/pyship-0/v1/apps/"),
            "{call} {errno}\n{}",
            outcome.report()
        );
        assert_unused(&place.path().join(".cache/pyship"), errno);
    }
}

#[test]
fn every_root_full_names_each_with_its_reason() {
    let place = scratch();
    let script = "mount -t tmpfs -o size=1m tmpfs /var/tmp; mount -t tmpfs -o nr_inodes=20 tmpfs /dev/shm\n\
        mount -t tmpfs -o size=3m tmpfs /tmp; mkdir -p \"$2\"; mount -t tmpfs -o mode=700,size=2m tmpfs \"$2\"\n\
        HOME= XDG_CACHE_HOME= TMPDIR=\"$2\" exec \"$1\" exit 0";
    let outcome = with_mounts(&environment_app(), place.path(), script).output();
    assert_launcher_failed(&outcome, "all full");
    let said = outcome.err();
    for root in [
        "/var/tmp/pyship-0",
        "/tmp/pyship-0",
        "/dev/shm/pyship-0",
        place.path().to_str().unwrap(),
    ] {
        assert!(said.contains(root), "{root}\n{said}");
    }
    assert_eq!(said.matches(" inodes needed, ").count(), 4, "{said}");
    assert!(said.contains("hint: set PYSHIP_CACHE_DIR"), "{said}");
}
