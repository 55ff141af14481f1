//! Nobody keeps a lock of a cache from others for ever: not a terminal that takes nothing, not another user, not a
//! process that was stopped. And the first process of a container ends when it is told to.

use harness::{Outcome, Run, interpreters, pyship, scratch};

use crate::security::{machine, plain};
use crate::support::{environment_app, left_in_tmp};

/// Runs a Python program; its arguments are the packed file and a directory.
fn python(code: &str, place: &std::path::Path) -> Outcome {
    Run::inheriting(&interpreters::usual().path)
        .args(["-c", code])
        .arg(&environment_app().path)
        .arg(place)
        .arg(pyship())
        .stdout_any()
        .stderr_any()
        .success()
}

/// A first start on a terminal, slowed down so that it has something to tell: it makes more than a hundred directories.
const TERMINALS: &str = r#"
import os, pty, subprocess, sys, termios, time
file, place, _ = sys.argv[1:]
for action in "on", "stopped":
    master, slave = pty.openpty()
    if action == "stopped":
        termios.tcflow(slave, termios.TCOOFF)
    env = {"PYSHIP_CACHE_DIR": f"{place}/{action}", "PATH": "/usr/bin:/bin"}
    slow = ["strace", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=mkdirat", "-e", "inject=mkdirat:delay_enter=25000"]
    start = subprocess.Popen([*slow, file, "exit", "7"], env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    try:
        print(action, start.wait(timeout=60))
    except subprocess.TimeoutExpired:
        print(action, "hangs")
        start.kill()
    termios.tcflow(slave, termios.TCOON)
    os.set_blocking(master, False)
    try:
        said = os.read(master, 10000).decode()
    except BlockingIOError:
        said = ""
    print("unpacking for the first start: " in said, said.endswith("\r\x1b[K"))
"#;

#[test]
fn a_terminal_that_takes_nothing_holds_up_no_first_start() {
    let place = scratch();
    let outcome = python(TERMINALS, place.path());
    assert_eq!(
        outcome.out(),
        "on 7\nTrue True\nstopped 7\nFalse False\n",
        "{}",
        outcome.report()
    );
}

/// A process holds all locks of a cache. A start and a prune wait for it.
const HELD: &str = r#"
import fcntl, os, pty, subprocess, sys, time
file, place, pyship = sys.argv[1:]
env = {"PATH": "/usr/bin:/bin"}
def cache(name):
    return {**env, "PYSHIP_CACHE_DIR": f"{place}/{name}"}
subprocess.run([file, "exit", "0"], env=cache("first"), check=True)
names = [name for part in ("layers", "apps") for name in os.listdir(f"{place}/first/v1/{part}")]
# Another path gives another name to the app.
subprocess.run([file, "exit", "0"], env=cache("held"), check=True)
names += os.listdir(f"{place}/held/v1/apps")
subprocess.run(["rm", "-r", f"{place}/held/v1/apps", f"{place}/held/v1/layers"], check=True)
held = [open(f"{place}/held/v1/locks/{name}", "w") for name in names]
for file_of_lock in held:
    fcntl.flock(file_of_lock, fcntl.LOCK_EX)
shared = open(f"{place}/held/v1/locks/all", "w")
fcntl.flock(shared, fcntl.LOCK_SH)
master, slave = pty.openpty()
began = time.monotonic()
starts = [subprocess.Popen([file, "exit", "7"], env=cache("held"), stdout=slave, stderr=slave) for _ in range(3)]
prune = subprocess.run([pyship, "cache", "prune", "--root", f"{place}/held"], env=env, capture_output=True, text=True, timeout=100)
print(prune.returncode, "process " in prune.stderr, prune.stderr.strip().endswith("keeps it"))
print([start.wait(timeout=100) for start in starts], time.monotonic() - began < 60)
said = os.read(master, 10000).decode()
print(f"pyship: waiting for process {os.getpid()} ({sys.executable}), which uses the cache\r\n" in said)
# One of the three has unpacked for all.
print(sorted(name.split(".")[1] for name in os.listdir(f"{place}/held/v1/locks") if "." in name).count("1") == len(set(names)) - 1)
"#;

#[test]
fn who_waits_says_for_whom_and_goes_on_in_the_end() {
    let place = scratch();
    let outcome = python(HELD, place.path());
    let want = "1 True True\n[7, 7, 7] True\nTrue\nTrue\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
    assert_eq!(left_in_tmp(&place.path().join("held")), 0);
}

/// A first start that takes 45 s, as on a slow disk, and another one that waits for it.
const SLOW: &str = r#"
import os, subprocess, sys, time
file, place, _ = sys.argv[1:]
env = {"PATH": "/usr/bin:/bin"}
subprocess.run([file, "exit", "0"], env={**env, "PYSHIP_CACHE_DIR": f"{place}/first"}, check=True)
files = sum(len(files) for _, _, files in os.walk(f"{place}/first/v1/layers"))
env["PYSHIP_CACHE_DIR"] = f"{place}/slow"
delay = f"inject=write:delay_enter={45_000_000 // files}"
# One processor: it unpacks with one thread.
slow = ["taskset", "-c", "0", "strace", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=write", "-e", delay]
began = time.monotonic()
starts = [subprocess.Popen([*slow, file, "exit", "7"], env=env)]
while not os.path.isdir(f"{place}/slow/v1/tmp") or not os.listdir(f"{place}/slow/v1/tmp"):
    time.sleep(0.01)
starts.append(subprocess.Popen([file, "exit", "7"], env=env))
print([start.wait(timeout=200) for start in starts], time.monotonic() - began > 40)
print([name for name in os.listdir(f"{place}/slow/v1/locks") if "." in name])
"#;

#[test]
fn a_first_start_that_goes_on_is_waited_for_however_long_it_takes() {
    let place = scratch();
    let outcome = python(SLOW, place.path());
    assert_eq!(outcome.out(), "[7, 7] True\n[]\n", "{}", outcome.report());
    assert_eq!(left_in_tmp(&place.path().join("slow")), 0);
}

/// A FIFO in the place of an app's record, as damage or as a joke of the user's own.
const FIFO: &str = r#"
import os, subprocess, sys
file, place, _ = sys.argv[1:]
env = {"PATH": "/usr/bin:/bin", "PYSHIP_CACHE_DIR": place}
subprocess.run([file, "exit", "0"], env=env, check=True)
app, = os.listdir(f"{place}/v1/apps")
for record in "launch", "launch.hidden":
    os.rename(f"{place}/v1/apps/{app}/launch", f"{place}/kept")
    os.mkfifo(f"{place}/v1/apps/{app}/{record}")
    try:
        ended = subprocess.run([file, "exit", "7"], env=env, timeout=60, stderr=subprocess.PIPE)
        print(record, ended.returncode in (7, 125))
    except subprocess.TimeoutExpired:
        print(record, "hangs")
    for left in {"launch", "launch.hidden"} & {*os.listdir(f"{place}/v1/apps/{app}")}:
        os.remove(f"{place}/v1/apps/{app}/{left}")
    os.rename(f"{place}/kept", f"{place}/v1/apps/{app}/launch")
"#;

#[test]
fn a_fifo_in_the_place_of_a_record_is_not_waited_for() {
    let place = scratch();
    let outcome = python(FIFO, place.path());
    let want = "launch True\nlaunch.hidden True\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

/// Signals for a first start that is the first process of its namespace. What ignores them outside must not matter,
/// and the program gets them as they were.
const FIRST: &str = r#"
import os, signal, subprocess, sys, time
file, place, _ = sys.argv[1:]
def start(number, attempt):
    cache = f"{place}/{number}.{attempt}"
    words = ["unshare", "-pf", "--mount-proc", file, "exit", "0"]
    process = subprocess.Popen(words, env={"PATH": "/usr/bin:/bin", "PYSHIP_CACHE_DIR": cache})
    while process.poll() is None:
        if os.path.isdir(cache + "/v1/tmp") and os.listdir(cache + "/v1/tmp"):
            child = int(open(f"/proc/{process.pid}/task/{process.pid}/children").read())
            os.kill(child, signal.SIGSTOP)
            caught = os.listdir(cache + "/v1/tmp") != []
            os.kill(child, number)
            os.kill(child, signal.SIGCONT)
            return caught, process.wait()
    return False, process.wait()
for ignored in False, True:
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
        starts = (start(number, f"{ignored}{attempt}") for attempt in range(20))
        print(int(number), next((code for caught, code in starts if caught), "never caught"))
words = ["unshare", "-pf", "--mount-proc", file, "exit", "0"]
for cache in "ignored", "ignored":
    ends = subprocess.run([*words[:3], "strace", "-o", f"{place}/calls", *words[3:]], env={"PATH": "/usr/bin:/bin", "PYSHIP_CACHE_DIR": f"{place}/{cache}"})
print(ends.returncode)
"#;

#[test]
fn a_stop_ends_a_first_start_that_is_process_one() {
    let place = scratch();
    let outcome = python(FIRST, place.path());
    let want = "15 143\n2 130\n15 143\n2 130\n0\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

#[test]
fn locks_that_another_user_could_open_are_not_waited_for() {
    let outcome = machine(
        &plain(),
        r"
        mkdir -m 755 /mnt/store; chown 1234:1234 /mnt/store
        as_user PYSHIP_CACHE_DIR=/mnt/store /mnt/app.bin
        stat -c '%a %n' /mnt/store/v1/*/; stat -c %a /mnt/store/v1/locks/* | uniq
        chmod -R a+rX /mnt/store; rm -r /mnt/store/v1/apps/* /mnt/store/v1/layers/*
        for lock in /mnt/store/v1/locks/*; do as_evil flock -x $lock sleep 30 >/dev/null 2>&1 & done; sleep 1
        as_user PYSHIP_CACHE_DIR=/mnt/store timeout 20 /mnt/app.bin
        stat -c '%a %n' /mnt/store/v1/locks /mnt/store/v1/tmp
        ",
    );
    let plain = "plain 1234 /mnt/store PYSHIP_CACHE_DIR\n";
    let modes = "700 /mnt/store/v1/locks\n700 /mnt/store/v1/tmp\n";
    let slashes = modes.replace('\n', "/\n");
    let first = format!("700 /mnt/store/v1/apps/\n700 /mnt/store/v1/layers/\n{slashes}600\n");
    assert_eq!(
        outcome.out(),
        format!("{plain}{first}{plain}{modes}"),
        "{}",
        outcome.report()
    );
}
