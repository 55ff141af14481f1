//! What a start costs, in things that can be counted: a change that makes it dearer is seen here, and not only by
//! whoever runs `scripts/bench`. The bounds are what was counted, and a tenth to a quarter more.

use std::collections::BTreeMap;
use std::path::Path;

use harness::{Pack, Packed, Run, scratch};

use crate::support::environment_app;

/// Instructions of a warm start's launcher, from its first to where it would execute the interpreter.
const WARM_INSTRUCTIONS: u64 = 185_000;

/// Standard library modules that import many others.
const MANY: &str = "import asyncio, email.message, http.client, json, logging.config, sqlite3, unittest.mock, \
                    urllib.request, xml.dom.minidom\nprint(len(__import__('sys').modules) > 100)\n";

fn app(source: &str, arguments: &[&str]) -> Packed {
    let place = scratch();
    fs_err::write(place.path().join("main.py"), source).unwrap();
    Pack::new(place.path())
        .called("counted.bin")
        .args(arguments)
        .run()
}

/// How often each system call was made by a start that finds everything in `cache`.
fn calls(packed: &Packed, cache: &Path) -> BTreeMap<String, u64> {
    let place = scratch();
    let record = place.path().join("counts");
    let run = Run::inheriting("strace")
        .args(["-f", "-qq", "-c", "-o"])
        .arg(&record);
    let run = run.arg("--").arg(&packed.path).env("PYSHIP_CACHE_DIR", cache);
    run.stdout_any().success();
    let text = fs_err::read_to_string(&record).unwrap();
    let lines = text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let count = words.get(3)?.parse().ok()?;
        words.last().map(|name| ((*name).to_owned(), count))
    });
    lines.filter(|(name, _)| name != "total").collect()
}

#[test]
fn a_warm_start_executes_few_instructions() {
    let place = scratch();
    let packed = environment_app();
    packed.run_with_cache(place.path()).args(["exit", "0"]).success();
    let run = Run::new("valgrind").env_clear().args([
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        "--trace-children=no",
    ]);
    let run = run
        .arg(&packed.path)
        .env("PYSHIP_CACHE_DIR", place.path())
        .env("PYSHIP", "where");
    let outcome = run.stdout_any().stderr_any().success();
    let said = outcome.err();
    let collected = said.split("Collected :").nth(1).expect("callgrind says its sum");
    let count: u64 = collected.split_whitespace().next().unwrap().parse().unwrap();
    assert!(count > 20_000, "{count} instructions: that is no start");
    assert!(count < WARM_INSTRUCTIONS, "{count} instructions");
}

#[test]
fn imports_through_the_index_ask_the_system_for_half_as_much() {
    let mut counts = Vec::new();
    for arguments in [&[][..], &["--no-index-imports"]] {
        let packed = app(MANY, arguments);
        let cache = scratch();
        packed.run_with_cache(cache.path()).stdout("True\n").success();
        counts.push(calls(&packed, cache.path()));
    }
    let total = |count: &BTreeMap<String, u64>| count.values().sum::<u64>();
    let stats = |count: &BTreeMap<String, u64>| count.get("newfstatat").or(count.get("stat")).copied();
    let [with, without] = counts.as_slice() else {
        unreachable!("two files");
    };
    assert!(total(with) * 10 < total(without) * 6, "{with:?}\n{without:?}");
    assert!(
        stats(with).unwrap() * 3 < stats(without).unwrap(),
        "{with:?}\n{without:?}"
    );
}
