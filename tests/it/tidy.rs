//! Rules of this repository that no compiler checks: documents name tests that exist, and in the packer one module
//! prints, nobody calls `std::fs` and nobody takes a file lock.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harness::repository;
use walkdir::WalkDir;

/// Every promise in these names its tests.
const DOCUMENTS: [&str; 2] = ["docs/guarantees.md", "SECURITY.md"];
/// A path that begins with one of these is a file of the repository.
const DIRECTORIES: [&str; 6] = ["docs/", "fuzz/", "launcher/", "packer/", "scripts/", "tests/"];

#[test]
fn every_test_that_a_document_names_exists() {
    let tests = tests();
    let mut named = 0;
    for document in DOCUMENTS {
        for name in quoted(&fs_err::read_to_string(repository().join(document)).unwrap()) {
            // `scripts/fuzz --seconds 30`
            let path = name.split(' ').next().unwrap_or_default();
            if DIRECTORIES.iter().any(|directory| path.starts_with(directory)) {
                assert!(
                    repository().join(path).exists(),
                    "{document} names `{path}`, which is not there"
                );
            } else if name.contains("::") {
                named += 1;
                let found = match name.strip_suffix('*') {
                    Some(module) => tests.iter().any(|test| test.starts_with(module)),
                    None => tests.contains(&name),
                };
                assert!(found, "{document} names `{name}`, and there is no such test");
            }
        }
    }
    assert!(
        named > 50,
        "only {named} names of tests were found in {DOCUMENTS:?}"
    );
}

#[test]
fn one_module_of_the_packer_prints() {
    let words = [
        "print!(",
        "println!(",
        "eprint!(",
        "eprintln!(",
        "dbg!(",
        "stdout()",
        "stderr()",
    ];
    let allowed = |source: &Source, _: &str| source.name == "ui.rs";
    refuse(&words, allowed);
}

#[test]
fn the_packer_calls_fs_err_and_not_std_fs() {
    // Types that fs_err has no counterpart of.
    let types = [
        "DirBuilder",
        "File",
        "FileTimes",
        "FileType",
        "Metadata",
        "Permissions",
        "TryLockError",
    ];
    let allowed = |_: &Source, line: &str| {
        let mut uses = line.split("std::fs").skip(1);
        uses.all(|rest| {
            let path = rest.strip_prefix("::").unwrap_or_default();
            if let Some(names) = path.strip_prefix('{').and_then(|list| list.split('}').next()) {
                return names.split(',').all(|name| types.contains(&name.trim()));
            }
            let end = path.find(|letter: char| !letter.is_alphanumeric());
            let (name, rest) = path.split_at(end.unwrap_or(path.len()));
            // `std::fs::File::open` is a call.
            types.contains(&name) && !(name == "File" && rest.starts_with("::"))
        })
    };
    refuse(&["std::fs", "std::{fs"], allowed);
}

#[test]
fn the_packer_takes_no_file_locks() {
    let words = [
        "flock",
        "Flock",
        "lock_exclusive",
        "lock_shared",
        "try_lock",
        "fs2::FileExt",
        ".lock()",
    ];
    // A mutex, the standard output's own, and what shows that a killed pack left something behind.
    let allowed = |source: &Source, line: &str| {
        line.contains("poisoned") || line.contains("stdout().lock()") || source.name.contains("temporary/")
    };
    refuse(&words, allowed);
}

/// Fails for every line of the packer that has one of these words, unless it is `allowed`.
#[track_caller]
fn refuse(words: &[&str], allowed: impl Fn(&Source, &str) -> bool) {
    let sources = sources(&repository().join("packer/src"));
    assert!(
        sources.len() > 50,
        "only {} files of the packer were found",
        sources.len()
    );
    let mut wrong = Vec::new();
    for source in &sources {
        for (number, line) in source.lines() {
            if words.iter().any(|word| line.contains(word)) && !allowed(source, line) {
                wrong.push(format!("packer/src/{}:{number}: {}", source.name, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A file of Rust, without its tests.
struct Source {
    /// Its path below `src`.
    name: String,
    text: String,
}

impl Source {
    /// Lines with their numbers, but for comments and for the module of tests at the end.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let text = self
            .text
            .split("#[cfg(test)]\nmod tests {")
            .next()
            .unwrap_or_default();
        let lines = text.lines().enumerate();
        lines
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every file below `src` that is more than tests.
fn sources(src: &Path) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for path in rust_files(src) {
        let name = path.strip_prefix(src).unwrap().display().to_string();
        sources.push(Source {
            name,
            text: fs_err::read_to_string(&path).unwrap(),
        });
    }
    let tests = sources
        .iter()
        .flat_map(test_modules)
        .collect::<BTreeSet<PathBuf>>();
    let is_test = |source: &Source| {
        let stem = Path::new(&source.name).with_extension("");
        stem.ancestors().any(|module| tests.contains(module))
    };
    sources.retain(|source| !is_test(source));
    sources
}

/// The modules in files of their own that are compiled for tests alone, as paths without an ending.
fn test_modules(source: &Source) -> Vec<PathBuf> {
    let path = Path::new(&source.name);
    let directory = match path.file_stem().unwrap().to_str().unwrap() {
        "mod" | "lib" | "main" => path.parent().unwrap().to_owned(),
        _ => path.with_extension(""),
    };
    let mut lines = source.text.lines();
    let mut found = Vec::new();
    while lines.any(|line| line == "#[cfg(test)]") {
        let declared = lines.find(|line| !line.starts_with("#["));
        let declared = declared.and_then(|line| line.strip_suffix(';')?.split("mod ").nth(1));
        found.extend(declared.map(|name| directory.join(name)));
    }
    found
}

/// Every test of `tests/it`, as `cargo test` names it.
fn tests() -> BTreeSet<String> {
    let root = repository().join("tests/it");
    let mut tests = BTreeSet::new();
    for path in rust_files(&root) {
        let module = path.strip_prefix(&root).unwrap().with_extension("");
        let module: Vec<_> = module.iter().map(|part| part.to_str().unwrap()).collect();
        let text = fs_err::read_to_string(&path).unwrap();
        for function in text.split("#[test]\n").skip(1) {
            let name = function
                .split("fn ")
                .nth(1)
                .and_then(|rest| rest.split('(').next());
            tests.insert(format!("{}::{}", module.join("::"), name.unwrap()));
        }
    }
    tests
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(directory)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap);
    let paths = entries.map(walkdir::DirEntry::into_path);
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    let lines = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    lines.map(str::to_owned).collect()
}
