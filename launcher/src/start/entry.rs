//! What the interpreter is told to run, and what of that comes back when a program restarts itself.

use crate::format::manifest::DIRECTORY_HEX;
use crate::format::names::{CACHE_APPS, CACHE_LAYERS, CACHE_VERSION};
use crate::format::record::{Command, Entry, Record};

/// What an entry is on a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Run<'a> {
    /// The interpreter's arguments that come before the app's.
    Python(Vec<Vec<u8>>),
    /// A program of the system's, which runs by itself.
    Program(&'a [u8]),
}

/// What runs when the file is called `argv0`; nothing for an interpreter.
pub(super) fn choose<'a>(entry: &'a Entry, argv0: &[u8]) -> Option<Run<'a>> {
    match entry {
        Entry::Interpreter => None,
        Entry::Script(path) => Some(Run::Python(vec![path.clone()])),
        Entry::Module(name) => Some(Run::Python(vec![b"-m".to_vec(), name.clone()])),
        Entry::Commands(commands) => {
            let called = last_part(argv0);
            let stem = [b".bin".as_slice(), b".exe"]
                .iter()
                .find_map(|ending| called.strip_suffix(*ending));
            let named = |name: &[u8]| commands.iter().find(|command| last_part(&command.path) == name);
            let command = named(called)
                .or_else(|| stem.and_then(named))
                .or_else(|| commands.first());
            command.map(|Command { path, python }| {
                if *python {
                    Run::Python(vec![path.clone()])
                } else {
                    Run::Program(path)
                }
            })
        }
    }
}

/// The app's own arguments: without `head` and the fixed options, which stand before them when a program that
/// restarts itself hands over its whole command line.
pub(super) fn without_replay<'a>(
    record: &Record,
    head: &[Vec<u8>],
    arguments: &'a [Vec<u8>],
) -> &'a [Vec<u8>] {
    let arguments = without_loader(record, arguments);
    let own = arguments
        .strip_prefix(record.options.as_slice())
        .filter(|rest| begins_with(rest, head));
    let own = own.or_else(|| Some(arguments).filter(|rest| begins_with(rest, head)));
    own.map_or(arguments, |rest| &rest[head.len()..])
}

/// The interpreter's arguments: without those by which the carried loader was told to start it.
pub(super) fn without_loader<'a>(record: &Record, arguments: &'a [Vec<u8>]) -> &'a [Vec<u8>] {
    match arguments {
        [argv0, _, library_path, _, executable, rest @ ..]
            if argv0 == b"--argv0"
                && library_path == b"--library-path"
                && is_same(executable, &record.executable) =>
        {
            rest
        }
        _ => arguments,
    }
}

fn begins_with(arguments: &[Vec<u8>], head: &[Vec<u8>]) -> bool {
    arguments.len() >= head.len() && arguments.iter().zip(head).all(|(one, other)| is_same(one, other))
}

/// Whether two arguments are one, or the same file in two caches or of two versions: a program may have replaced
/// its own file before it restarts.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one == other || below_cache(one).is_some_and(|below| below_cache(other) == Some(below))
}

/// `apps` or `layers`, and the path below a directory of that.
fn below_cache(path: &[u8]) -> Option<(&str, &[u8])> {
    [CACHE_APPS, CACHE_LAYERS].into_iter().find_map(|part| {
        let marker = format!("/{CACHE_VERSION}/{part}/");
        let at = crate::sys::find(path, marker.as_bytes())?;
        let below = path.get(at + marker.len() + DIRECTORY_HEX..)?;
        below.starts_with(b"/").then_some((part, below))
    })
}

fn last_part(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(words: &[&str]) -> Vec<Vec<u8>> {
        words.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn the_name_chooses() {
        let command = |name: &str, python| Command {
            path: format!("/a/bin/{name}").into_bytes(),
            python,
        };
        let commands = vec![
            command("one", true),
            command("two", true),
            command("x.exe", true),
            command("sh", false),
        ];
        let entry = Entry::Commands(commands);
        for (argv0, name) in [
            ("one", "one"),
            ("/a/b/two", "two"),
            ("./two.bin", "two"),
            ("two.exe", "two"),
            ("x.exe", "x.exe"),
            ("x", "one"),
            ("renamed", "one"),
        ] {
            let want = Run::Python(bytes(&[&format!("/a/bin/{name}")]));
            assert_eq!(choose(&entry, argv0.as_bytes()), Some(want), "{argv0}");
        }
        assert_eq!(choose(&entry, b"sh"), Some(Run::Program(b"/a/bin/sh")));
        assert_eq!(choose(&Entry::Interpreter, b"x"), None);
    }

    #[test]
    fn what_a_restart_hands_over_is_dropped_and_nothing_else() {
        let record = Record {
            executable: b"/r/python3.12".to_vec(),
            options: bytes(&["-X", "utf8"]),
            ..Record::default()
        };
        let key = "0123456789abcdef0123456789abcdef";
        let other = "f123456789abcdef0123456789abcdef";
        let script = format!("/c/v1/layers/{key}/code/main.py");
        let newer = format!("/d/v1/layers/{other}/code/main.py");
        let elsewhere = format!("/d/v1/layers/{other}/code/other.py");
        let loader = ["--argv0", "./a", "--library-path", "/l", "/r/python3.12"];
        let rest = |arguments: &[&str], head: &[&str]| {
            without_replay(&record, &bytes(head), &bytes(arguments)).to_vec()
        };
        for (arguments, left) in [
            (&[script.as_str(), "x"][..], &["x"][..]),
            (&[newer.as_str(), "x"], &["x"]),
            (&[elsewhere.as_str(), "x"], &[elsewhere.as_str(), "x"]),
            (&["-X", "utf8", &script, "x"], &["x"]),
            (&["-X", "utf8", "x"], &["-X", "utf8", "x"]),
            (&["main.py", &script], &["main.py", &script]),
            (&[], &[]),
            (&[&loader[..], &["-X", "utf8", &script, "x"]].concat(), &["x"]),
        ] {
            assert_eq!(rest(arguments, &[&script]), bytes(left), "{arguments:?}");
        }
        assert_eq!(
            rest(&["-m", "tool", "-m", "tool"], &["-m", "tool"]),
            bytes(&["-m", "tool"])
        );
        assert_eq!(rest(&["-m", "other"], &["-m", "tool"]), bytes(&["-m", "other"]));
    }
}
