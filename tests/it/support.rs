//! What several modules say: the test apps, and questions asked of every failure.

use std::path::{Path, PathBuf};

use harness::{Interpreter, Outcome, Pack, Packed, Run, cache, files_below, interpreters, repository};
use serde_json::Value;

/// `tests/apps/environment`, packed with the usual interpreter.
pub(crate) fn environment_app() -> Packed {
    Pack::new("tests/apps/environment").run()
}

/// `tests/apps/environment`, packed with this interpreter.
pub(crate) fn environment_app_with(interpreter: &Interpreter) -> Packed {
    Pack::new("tests/apps/environment").python(interpreter).run()
}

/// `env -i FILE`: the cache goes where the list of roots leads, which is a /var/cache or /var/tmp of the test's own.
pub(crate) fn on_host(packed: &Packed) -> Run {
    on_host_with(packed, "")
}

/// `env -i NAME=value FILE`
pub(crate) fn on_host_with(packed: &Packed, variables: &str) -> Run {
    let script = format!(
        "mount -t tmpfs tmpfs /var/tmp && mount -t tmpfs tmpfs /var/cache && exec env -i {variables} \"$@\""
    );
    Run::inheriting("unshare")
        .args(["-rm", "sh", "-c", &script, "sh"])
        .arg(&packed.path)
}

/// One clear sentence on standard error, perhaps a hint after it, nothing on standard output.
#[track_caller]
pub(crate) fn assert_one_sentence(outcome: &Outcome) {
    let said = outcome.err();
    let lines: Vec<&str> = said.lines().collect();
    let right = match lines.as_slice() {
        [sentence] => sentence.starts_with("pyship: "),
        [sentence, hint] => sentence.starts_with("pyship: ") && hint.starts_with("hint: "),
        _ => false,
    };
    assert!(
        right && outcome.stdout.is_empty(),
        "not one sentence\n{}",
        outcome.report()
    );
}

/// A launcher's failure: exit 125, and the one sentence begins as the contract says.
#[track_caller]
pub(crate) fn assert_launcher_failed(outcome: &Outcome, what: &str) {
    assert_eq!(outcome.status.code(), Some(125), "{what}\n{}", outcome.report());
    assert!(
        outcome.err().starts_with("pyship: failed to "),
        "{what}\n{}",
        outcome.report()
    );
    assert_one_sentence(outcome);
}

/// Nothing was published in a cache, and nothing unpacked was left behind.
#[track_caller]
pub(crate) fn assert_unused(cache: &Path, what: &str) {
    for part in ["layers", "apps", "tmp"] {
        let directory = cache.join("v1").join(part);
        if directory.is_dir() {
            let found = files_below(&directory);
            assert!(found.is_empty(), "{what}: {part} holds {found:?}");
        }
    }
}

/// How much lies in a cache's `tmp`; nothing, when all starts have ended.
pub(crate) fn left_in_tmp(cache: &Path) -> usize {
    fs_err::read_dir(cache.join("v1/tmp")).unwrap().count()
}

/// A list of strings of a report.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().unwrap_or_else(|| panic!("not a list: {value}"));
    list.iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

/// The message of a failed command is the one in the test's snapshot (see `snapshots`).
macro_rules! assert_message {
    ($outcome:expr) => {{
        let message = crate::support::message(&$outcome);
        insta::with_settings!({ omit_expression => true, filters => crate::support::FILTERS.to_vec() }, {
            insta::assert_snapshot!(message);
        });
    }};
}

/// What pyship itself says on standard error, without what differs between machines; of wrong usage all of it.
pub(crate) fn message(outcome: &Outcome) -> String {
    let said = outcome.err();
    let is_usage = outcome.status.code() == Some(2);
    let own = |line: &&str| is_usage || line.starts_with("pyship: ") || line.starts_with("hint: ");
    redacted(&said.lines().filter(own).collect::<Vec<_>>().join("\n"))
}

/// A text without the paths and versions of this machine.
pub(crate) fn redacted(text: &str) -> String {
    let python = interpreters::usual();
    let mut text = text.to_owned();
    for (path, name) in [
        (repository().to_owned(), "[repository]"),
        (fs_err::canonicalize(repository()).unwrap(), "[repository]"),
        (cache(""), "[test cache]"),
        (python.path.clone(), "[python]"),
    ] {
        text = text.replace(path.to_str().unwrap(), name);
    }
    text.replace(&python.full(), "[version]")
        .replace(&python.minor(), "[minor]")
}

/// What [`redacted`] leaves: names that are made up, and digests.
pub(crate) const FILTERS: [(&str, &str); 3] = [
    (r"[\w/.-]*/pyship-test-\w{6}", "[scratch]"),
    (r"\.pyship-\w{12}\.tmp", "[new file]"),
    (r"\b[0-9a-f]{32,64}\b", "[digest]"),
];

/// Copies the usual interpreter to `copy`, without tests and packages. Gives its executable.
pub(crate) fn small_copy_of_usual(copy: &Path) -> PathBuf {
    let usual = interpreters::usual();
    let script = "set -e; mkdir -p $2/bin $2/lib; cp -a $1/bin/python$3 $2/bin/; cp -a $1/lib/libpython* $2/lib/ 2>/dev/null || :
        tar -C $1/lib --exclude=test --exclude=tests --exclude='config-*' --exclude=site-packages --exclude=__pycache__ -cf - python$3 | tar -C $2/lib -xf -
        ln -s python$3 $2/bin/python3";
    Run::inheriting("sh")
        .args(["-c", script, "sh"])
        .arg(&usual.prefix)
        .arg(copy)
        .arg(usual.minor())
        .success();
    copy.join("bin/python3")
}
