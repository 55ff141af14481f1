//! What the interpreter is told to run, and what of that comes back when a program restarts itself.

use crate::format::manifest::DIRECTORY_HEX;
use crate::format::names::{CACHE_APPS, CACHE_LAYERS, CACHE_VERSION};
use crate::format::record::{Command, Entry, Record};

/// What an entry is on a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The interpreter's arguments that come before the app's.
    pub(super) head: Vec<Vec<u8>>,
    /// Whether the interpreter runs it. Otherwise `head` is a program of the system's, which runs by itself.
    pub(super) python: bool,
}

/// What runs when the file is called `argv0`; nothing for an interpreter. Arguments that begin with one of the commands,
/// as those of a program that starts itself again, run that one.
pub(super) fn choose(record: &Record, argv0: &[u8], arguments: &[Vec<u8>]) -> Option<Run> {
    let python = |head| Some(Run { head, python: true });
    match &record.entry {
        Entry::Interpreter => None,
        Entry::Script(path) => python(vec![path.clone()]),
        Entry::Module(name) => python(vec![b"-m".to_vec(), name.clone()]),
        Entry::Commands(commands) => {
            let given = without_loader(record, arguments);
            let given = given.strip_prefix(record.options.as_slice()).unwrap_or(given);
            let given = given.first().filter(|path| path.starts_with(b"/"));
            let again = |command: &&Command| given.is_some_and(|path| is_same(path, &command.path));
            let called = last_part(argv0);
            let stem = [b".bin".as_slice(), b".exe"]
                .iter()
                .find_map(|ending| called.strip_suffix(*ending));
            let named = |name: &[u8]| commands.iter().find(|command| last_part(&command.path) == name);
            let command = commands
                .iter()
                .find(again)
                .or_else(|| named(called))
                .or_else(|| stem.and_then(named))
                .or_else(|| commands.first());
            command.map(|Command { path, python }| Run {
                head: vec![path.clone()],
                python: *python,
            })
        }
    }
}

/// The caller's own arguments: without the fixed options, `head` and the fixed arguments, which stand before them when a
/// program that restarts itself hands over its whole command line; if `again`, it hands over its arguments alone.
pub(super) fn without_replay<'a>(
    record: &Record,
    head: &[Vec<u8>],
    arguments: &'a [Vec<u8>],
    again: bool,
) -> &'a [Vec<u8>] {
    let arguments = without_loader(record, arguments);
    let own = arguments
        .strip_prefix(record.options.as_slice())
        .filter(|rest| begins_with(rest, head));
    let own = own.or_else(|| Some(arguments).filter(|rest| begins_with(rest, head)));
    let Some(own) = own.map(|rest| &rest[head.len()..]).or(again.then_some(arguments)) else {
        return arguments;
    };
    match begins_with(own, &record.arguments) {
        true => &own[record.arguments.len()..],
        false => own,
    }
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

pub(super) fn last_part(path: &[u8]) -> &[u8] {
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
        let record = Record {
            entry: Entry::Commands(commands),
            options: bytes(&["-B"]),
            ..Record::default()
        };
        let run = |path: &str, python| {
            let head = bytes(&[path]);
            Some(Run { head, python })
        };
        for (argv0, name) in [
            ("one", "one"),
            ("/a/b/two", "two"),
            ("./two.bin", "two"),
            ("two.exe", "two"),
            ("x.exe", "x.exe"),
            ("x", "one"),
            ("renamed", "one"),
        ] {
            let want = run(&format!("/a/bin/{name}"), true);
            assert_eq!(choose(&record, argv0.as_bytes(), &[]), want, "{argv0}");
        }
        assert_eq!(choose(&record, b"sh", &[]), run("/a/bin/sh", false));
        assert_eq!(
            choose(&record, b"one", &bytes(&["/a/bin/two"])),
            run("/a/bin/two", true)
        );
        let again = bytes(&["-B", "/a/bin/sh", "x"]);
        assert_eq!(choose(&record, b"one", &again), run("/a/bin/sh", false));
        assert_eq!(choose(&record, b"one", &bytes(&["two"])), run("/a/bin/one", true));
        assert_eq!(choose(&Record::default(), b"x", &[]), None);
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
            without_replay(&record, &bytes(head), &bytes(arguments), false).to_vec()
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

    #[test]
    fn fixed_arguments_of_a_restart_are_dropped_and_those_of_a_caller_stay() {
        let key = "0123456789abcdef0123456789abcdef";
        let app = |root: &str| format!("{root}/v1/layers/{key}/code/app.py");
        let (ours, theirs) = (app("/c"), app("/d"));
        let record = Record {
            arguments: bytes(&["run", &ours]),
            ..Record::default()
        };
        let rest = |arguments: &[&str], again| {
            without_replay(&record, &bytes(&["-m", "tool"]), &bytes(arguments), again).to_vec()
        };
        assert_eq!(rest(&["-m", "tool", "run", &ours, "x"], false), bytes(&["x"]));
        assert_eq!(rest(&["-m", "tool", "run", &theirs], false), bytes(&[]));
        assert_eq!(rest(&["-m", "tool", "x"], false), bytes(&["x"]));
        assert_eq!(rest(&["run", &ours, "x"], false), bytes(&["run", &ours, "x"]));
        assert_eq!(rest(&["run", &ours, "x"], true), bytes(&["x"]));
        assert_eq!(rest(&["run", "x"], true), bytes(&["run", "x"]));
    }
}
