//! What people read: every help page, the report of a pack, and (by `assert_message!` in the other modules) error
//! messages, word by word. A snapshot that differs fails its test, which leaves a `.snap.new` beside it for comparison.
//!
//! Whoever changes words makes all snapshots anew, and reads the difference that git shows:
//!
//! ```sh
//! rm -r tests/it/snapshots
//! INSTA_UPDATE=always cargo test -p pyship-tests --test it -- snapshots:: bad_input:: options:: tools::
//! ```

use harness::{Pack, Run, pyship, scratch};
use serde_json::Value;

use crate::support::{FILTERS, environment_app, redacted};

/// The page of a command and, below it, those of its own commands; gives their number.
fn assert_help(command: &[&str]) -> usize {
    let page = Run::new(pyship())
        .args(command)
        .arg("--help")
        .stdout_any()
        .success()
        .out();
    let name = ["help"]
        .iter()
        .chain(command)
        .copied()
        .collect::<Vec<_>>()
        .join("_");
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(name, page);
    });
    let commands = page.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = commands.take_while(|line| !line.is_empty()).filter_map(|line| {
        let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?;
        name.split(' ').next().filter(|name| *name != "help")
    });
    1 + names
        .map(|name| assert_help(&[command, &[name]].concat()))
        .sum::<usize>()
}

#[test]
fn the_help_of_every_command() {
    let pages = assert_help(&[]);
    assert!(pages > 10, "{pages} pages were found");
}

#[test]
fn the_help_of_a_packed_file() {
    let page = environment_app()
        .run()
        .env("PYSHIP", "help")
        .stdout_any()
        .success()
        .out();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(page);
    });
}

#[test]
fn the_report_of_a_pack() {
    let place = scratch();
    let pack = Pack::new("tests/apps/shop").with("six==1.17.0");
    let said = |pack: &Pack| {
        let said = pack
            .command_to(&place.path().join("shop.bin"))
            .stderr_any()
            .success()
            .err();
        // Settings of pip on this machine.
        let said = said
            .lines()
            .filter(|line| !line.starts_with("uv installs the packages and ignores "));
        redacted(&said.map(|line| format!("{line}\n")).collect::<String>())
    };
    let (report, verbose) = (said(&pack), said(&pack.arg("--verbose")));
    // Before the table it tells of this machine's libraries, and what the installer says.
    let table = verbose.find("  in the file").unwrap();
    insta::with_settings!({ omit_expression => true, filters => [&FILTERS[..], &SIZES].concat() }, {
        insta::assert_snapshot!("report", report);
        insta::assert_snapshot!("report_verbose", &verbose[table..]);
    });
}

/// Sizes, times, and what differs between versions of Python; in the order in which they are applied.
const SIZES: [(&str, &str); 6] = [
    (r" {2,}\d[\d.]* [kMG]?B\b", " [size]"),
    (r"\d[\d.]* [kMG]?B\b", "[size]"),
    (r"\d+ files", "[number] files"),
    (r"\d+\.\d+ s\b", "[time]"),
    (r"glibc \d+\.\d+( \([^)]*\))?", "glibc [version]"),
    (r", nis( \([^)]*\))?", ""),
];

#[test]
fn the_report_as_json() {
    let place = scratch();
    let pack = Pack::new("tests/apps/shop")
        .with("six==1.17.0")
        .args(["--quiet", "--json"]);
    let report = pack
        .command_to(&place.path().join("shop.bin"))
        .stdout_any()
        .success()
        .json();
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!("report_json", serde_json::to_string_pretty(&shape(&report)).unwrap());
    });
}

/// The names in a value and the types of its leaves; of a list its first item.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Array(items) => items.iter().take(1).map(shape).collect(),
        Value::String(_) => "string".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Null => Value::Null,
    }
}
