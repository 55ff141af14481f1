//! One file, other systems: older and newer glibc, musl, busybox alone, nothing at all. The same file, as root and
//! as a user without a name, with and without /proc.

use harness::{Pack, Packed, Run, interpreters};

pub(crate) const ROOTS: [&str; 6] = ["bullseye", "bookworm", "forky", "musl", "busybox", "empty"];

/// The four ways in which a root is entered.
pub(crate) fn each_way(packed: &Packed, root: &str, check: impl Fn(Run)) {
    for uid in [0, 65534] {
        for proc in [true, false] {
            let run = packed.run().root(root).tmpfs().uid(uid);
            check(if proc { run } else { run.no_proc() });
        }
    }
}

#[test]
fn hello_everywhere() {
    let packed = Pack::new("examples/hello/hello.py").run();
    let wanted = format!("hello, Ada, from Python {}\n", interpreters::usual().full());
    for root in ROOTS {
        each_way(&packed, root, |run| {
            run.arg("Ada").stdout(wanted.clone()).success();
        });
    }
}

#[test]
fn sci_everywhere() {
    let pack = Pack::new("examples/numpy-pandas").requirements("examples/numpy-pandas/requirements.txt");
    let packed = pack.run();
    for root in ROOTS {
        let run = || packed.run().root(root).tmpfs();
        for run in [run().uid(65534), run().no_proc()] {
            run.stdout_has("solve: 0.80 1.40")
                .stdout_has("warmest: Lisbon on 2024-06-02")
                .success();
        }
    }
}

#[test]
fn children_of_python_everywhere() {
    let packed = Pack::new("examples/multiprocessing").run();
    for root in ROOTS {
        let wanted = "fork: pool, process and queue work\n";
        packed
            .run()
            .root(root)
            .tmpfs()
            .uid(65534)
            .stdout_has(wanted)
            .stdout_has("bare: so does it")
            .success();
    }
}

#[test]
fn the_distributions_python_everywhere() {
    let interpreter = interpreters::systems();
    let packed = Pack::new("examples/hello/hello.py").python(interpreter).run();
    for root in ROOTS {
        let wanted = format!("hello, world, from Python {}\n", interpreter.full());
        packed
            .run()
            .root(root)
            .tmpfs()
            .uid(65534)
            .stdout(wanted)
            .success();
    }
}

#[test]
fn a_program_of_the_host_gets_no_trace_of_ours() {
    let packed = Pack::new("tests/apps/environment").run();
    for root in ["musl", "busybox"] {
        let run = packed
            .run()
            .root(root)
            .tmpfs()
            .args(["run", "/bin/sh", "-c", "env; echo done"]);
        let said = run.stdout_has("done").success().out();
        assert!(
            !said.contains("LD_") && !said.contains("PYTHON") && !said.contains("PYSHIP"),
            "{said}"
        );
    }
}
