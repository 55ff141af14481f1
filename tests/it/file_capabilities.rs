//! Capabilities that are set on the packed file with `setcap`.

use crate::security::{machine, plain};

/// `capabilities NUMBER`: gives the file one, as `setcap` does.
const SET: &str = r#"
    capabilities() {
        python3 -c 'import os, struct, sys
value = struct.pack("<IIIII", 0x02000001, 1 << int(sys.argv[1]), 0, 0, 0)
os.setxattr("/mnt/app.bin", "security.capability", value)' "$1"
    }
"#;

#[test]
fn they_are_the_programs_and_its_childrens() {
    let script = "capabilities 10; for start in cold warm; do as_user /mnt/app.bin capabilities; done";
    let outcome = machine(&plain(), &format!("{SET}{script}"));
    let want = "plain 1234 /var/tmp/pyship-1234\n0000000000000400\n0000000000000400\n".repeat(2);
    assert_eq!(outcome.out(), want, "{}", outcome.report());
}

/// Such a start is one of AT_SECURE, the interpreter's is not: what it must not see is gone before.
#[test]
fn a_start_with_capabilities_ignores_the_callers_environment() {
    let script = r#"
        printf 'print("EVIL")\n' >/mnt/evil/sitecustomize.py; cp /mnt/evil/sitecustomize.py /mnt/evil/encodings.py
        capabilities 10
        as_user PYTHONPATH=/mnt/evil PYTHONHOME=/mnt/evil LD_PRELOAD=/mnt/evil.sh LD_LIBRARY_PATH=/mnt/evil \
            LD_AUDIT=/mnt/evil.sh GLIBC_TUNABLES=glibc.malloc.check=3 PYSHIP=python HOME=/mnt/evil \
            PYSHIP_CACHE_DIR=/mnt/evil "$(printf '\001YTHONPATH=/mnt/evil')" /mnt/app.bin capabilities
    "#;
    let outcome = machine(&plain(), &format!("{SET}{script}"));
    let want = "plain 1234 /var/tmp/pyship-1234\n0000000000000400\n0000000000000400\n";
    assert_eq!(
        (outcome.out().as_str(), outcome.err().as_str()),
        (want, ""),
        "{}",
        outcome.report()
    );
}

/// Whoever may write to the cache could give themselves what the file has.
#[test]
fn those_that_give_power_over_others_are_passed_to_a_program_in_roots_cache_only() {
    // CAP_SETUID
    let script = r"
        as_user /mnt/app.bin; capabilities 7
        as_user /mnt/app.bin capabilities || echo $?
        env -i PYSHIP=where /mnt/app.bin >/dev/null
        as_user /mnt/app.bin capabilities
    ";
    let outcome = machine(&plain(), &format!("{SET}{script}"));
    let want = "plain 1234 /var/tmp/pyship-1234\n125\n\
        plain 1234 /var/cache/pyship\n0000000000000080\n0000000000000080\n";
    assert_eq!(outcome.out(), want, "{}", outcome.report());
    assert!(
        outcome.err().contains("give power over other users")
            && outcome.err().contains("hint: start it once as root"),
        "{}",
        outcome.report()
    );
}
