//! The `execve` that starts an app: pure functions from the launch record and the caller's state.

mod command;
mod earlier;
mod entry;
mod options;

pub use self::command::command;
use self::entry::Run;
use crate::cache::Ready;
use crate::environment::Environment;
use crate::format::names::{
    APP_LINK, APP_PYTHON, APP_START, ENV_OF_LOADER, ENV_PRIVATE_ARGV0, ENV_PRIVATE_FILE, ENV_PRIVATE_PREFIX,
    ENV_PYTHON_CODE, ENV_PYTHONHOME, ENV_PYTHONPATH, ENV_TOOL, START_CHILD, TOOL_RESTART,
};
use crate::format::record::{Entry, Loader, Record};

/// What is handed to `execve`.
#[derive(Debug, PartialEq, Eq)]
pub struct Exec {
    /// The program.
    pub path: Vec<u8>,
    /// Its arguments, `argv[0]` first.
    pub argv: Vec<Vec<u8>>,
    /// Its environment.
    pub environment: Environment,
}

/// The caller's arguments and environment.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The path by which the file was called: `argv[0]`, or the path that the kernel executed when that has no `/`.
    pub argv0: Vec<u8>,
    /// The arguments after `argv[0]`.
    pub arguments: Vec<Vec<u8>>,
    /// The environment.
    pub environment: Environment,
    /// The absolute path of the packed file, when it is known.
    pub file: Vec<u8>,
}

/// Starts the app: the interpreter runs the app's own script or module.
///
/// The caller's `PYTHON*` variables that say where code is found are hidden, and the start-up code restores them.
/// All others (`PYTHONUNBUFFERED`, `PYTHONWARNINGS`) stay and take effect.
#[must_use]
pub fn app(ready: &Ready, caller: Caller) -> Exec {
    let Ready {
        directory, record, ..
    } = ready;
    if let Entry::Script(path) = &record.entry
        && earlier::is_its_script(path)
    {
        return earlier::app(ready, caller);
    }
    let Some(Run { head, python }) = entry::choose(record, &caller.argv0, &caller.arguments) else {
        return interpreter(ready, None, caller);
    };
    let Caller {
        argv0,
        arguments,
        mut environment,
        file,
    } = caller;
    let again = environment.get(ENV_TOOL) == Some(TOOL_RESTART.as_bytes());
    environment.remove(ENV_TOOL);
    set_defaults(&mut environment, &record.environment);
    let arguments = entry::without_replay(record, &head, &arguments, again);
    let rest = [&head, &record.arguments, arguments].concat();
    if !python {
        return Exec {
            path: head.concat(),
            argv: rest,
            environment,
        };
    }
    environment.remove_prefixed(&[ENV_PRIVATE_PREFIX]);
    for name in ENV_PYTHON_CODE {
        environment.hide(name);
    }
    hide_preloaded(&mut environment, record);
    environment.push(ENV_PYTHONHOME, &record.home);
    environment.push(ENV_PYTHONPATH, join(directory, &[APP_LINK, APP_START]));
    environment.push(ENV_PRIVATE_FILE, file);
    environment.push(ENV_PRIVATE_ARGV0, &argv0);
    exec(ready, argv0, [record.options.clone(), rest].concat(), environment)
}

/// Starts the interpreter of a virtual environment: it finds its `pyvenv.cfg` through `argv[0]`.
///
/// `argv0` is the path by which it was called, when that belongs to a virtual environment. The caller's PYTHONPATH
/// takes effect; PYTHONHOME would break the interpreter and is hidden.
#[must_use]
pub fn interpreter(ready: &Ready, argv0: Option<Vec<u8>>, caller: Caller) -> Exec {
    let Ready {
        directory, record, ..
    } = ready;
    let Caller {
        arguments,
        mut environment,
        ..
    } = caller;
    environment.remove(ENV_TOOL);
    let mut rest = Vec::new();
    if record.entry == Entry::Interpreter {
        set_defaults(&mut environment, &record.environment);
        rest.clone_from(&record.options);
    }
    rest.extend_from_slice(entry::without_loader(record, &arguments));
    if options::ignore_environment(&rest) {
        // No start-up code would restore them.
        remove_preloaded(&mut environment, record);
    } else if hide_preloaded(&mut environment, record) || environment.get(ENV_PYTHONHOME).is_some() {
        hide_home(&mut environment, directory);
    }
    exec(
        ready,
        argv0.unwrap_or_else(|| join(directory, &[APP_PYTHON])),
        rest,
        environment,
    )
}

/// Starts a native program with the carried loader, and with the caller's environment.
#[must_use]
pub fn program(ready: &Ready, program: Vec<u8>, caller: Caller) -> Exec {
    let Caller {
        argv0,
        arguments,
        mut environment,
        ..
    } = caller;
    remove_preloaded(&mut environment, &ready.record);
    load(ready, program, argv0, arguments, environment)
}

/// Hides what the carried loader must not load; whether there was any. The start-up code restores it for children.
fn hide_preloaded(environment: &mut Environment, record: &Record) -> bool {
    let mut found = false;
    for name in ENV_OF_LOADER.into_iter().filter(|_| record.loader.is_some()) {
        found |= environment.get(name).is_some();
        environment.hide(name);
    }
    found
}

/// Removes it.
fn remove_preloaded(environment: &mut Environment, record: &Record) {
    for name in ENV_OF_LOADER.into_iter().filter(|_| record.loader.is_some()) {
        environment.remove(name);
    }
}

/// Hides PYTHONHOME; PYTHONPATH leads to the start-up code that restores it.
fn hide_home(environment: &mut Environment, directory: &[u8]) {
    let mut path = join(directory, &[APP_LINK, APP_START, START_CHILD]);
    path.truncate(path.iter().rposition(|&byte| byte == b'/').unwrap_or(path.len()));
    if let Some(theirs) = environment
        .get(ENV_PYTHONPATH)
        .filter(|theirs| !theirs.is_empty())
    {
        path.push(b':');
        path.extend_from_slice(theirs);
    }
    environment.hide(ENV_PYTHONHOME);
    environment.hide(ENV_PYTHONPATH);
    environment.push(ENV_PYTHONPATH, path);
}

fn exec(ready: &Ready, argv0: Vec<u8>, rest: Vec<Vec<u8>>, environment: Environment) -> Exec {
    load(ready, ready.record.executable.clone(), argv0, rest, environment)
}

/// Executes a file, by itself or with the carried loader.
fn load(
    ready: &Ready,
    executable: Vec<u8>,
    argv0: Vec<u8>,
    rest: Vec<Vec<u8>>,
    environment: Environment,
) -> Exec {
    match &ready.record.loader {
        None => {
            let argv = std::iter::once(argv0).chain(rest).collect();
            Exec {
                path: executable,
                argv,
                environment,
            }
        }
        Some(Loader { path, library_path }) => {
            let loaded: [&[u8]; 6] = [
                &argv0,
                b"--argv0",
                &argv0,
                b"--library-path",
                library_path,
                &executable,
            ];
            let argv = loaded.into_iter().map(<[u8]>::to_vec).chain(rest).collect();
            Exec {
                path: path.clone(),
                argv,
                environment,
            }
        }
    }
}

fn set_defaults(environment: &mut Environment, defaults: &[(Vec<u8>, Vec<u8>)]) {
    for (name, value) in defaults {
        environment.set_default(name, value);
    }
}

fn join(directory: &[u8], parts: &[&str]) -> Vec<u8> {
    let mut path = directory.to_vec();
    for part in parts {
        path.push(b'/');
        path.extend_from_slice(part.as_bytes());
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::Command;

    fn ready(loader: bool, entry: Entry) -> Ready {
        let loader = loader.then(|| Loader {
            path: b"/l/ld.so".to_vec(),
            library_path: b"/l".to_vec(),
        });
        let record = Record {
            entry,
            executable: b"/r/bin/python3.12".to_vec(),
            home: b"/r".to_vec(),
            loader,
            options: vec![b"-Xutf8".to_vec()],
            arguments: vec![b"--fixed".to_vec()],
            environment: vec![
                (b"A".to_vec(), b"default".to_vec()),
                (b"B".to_vec(), b"default".to_vec()),
            ],
            ..Record::default()
        };
        Ready {
            directory: b"/a".to_vec(),
            record,
            file: None,
        }
    }

    fn caller(variables: &[(&str, &str)]) -> Caller {
        Caller {
            argv0: b"./app.bin".to_vec(),
            arguments: vec![b"x\xff".to_vec()],
            environment: Environment::from_pairs(variables),
            file: b"/d/app.bin".to_vec(),
        }
    }

    fn script() -> Entry {
        Entry::Script(b"/l/code/main.py".to_vec())
    }

    fn entries(exec: Exec) -> Vec<String> {
        let entries = exec.environment.entries();
        entries
            .map(|entry| String::from_utf8_lossy(&entry).into_owned())
            .collect()
    }

    #[test]
    fn an_app_starts_with_its_own_python_variables_last_and_the_callers_hidden() {
        let exec = app(
            &ready(false, script()),
            caller(&[("PYTHONPATH", "/evil"), ("PYSHIP", "x"), ("A", "mine")]),
        );
        assert_eq!(exec.path, b"/r/bin/python3.12");
        let argv: [&[u8]; 5] = [b"./app.bin", b"-Xutf8", b"/l/code/main.py", b"--fixed", b"x\xff"];
        assert_eq!(exec.argv, argv);
        let want = [
            "\u{1}YTHONPATH=/evil",
            "A=mine",
            "B=default",
            "PYTHONHOME=/r",
            "PYTHONPATH=/a/app/start",
            "_PYSHIP_FILE=/d/app.bin",
            "_PYSHIP_ARGV0=./app.bin",
        ];
        assert_eq!(entries(exec), want);
    }

    #[test]
    fn the_carried_loader_is_told_what_to_load() {
        let exec = app(&ready(true, script()), caller(&[]));
        assert_eq!(exec.path, b"/l/ld.so");
        let want: [&[u8]; 6] = [
            b"./app.bin",
            b"--argv0",
            b"./app.bin",
            b"--library-path",
            b"/l",
            b"/r/bin/python3.12",
        ];
        assert_eq!(exec.argv[..6], want);
    }

    #[test]
    fn the_carried_loader_loads_nothing_of_the_hosts() {
        let caller = || caller(&[("LD_PRELOAD", "/a.so"), ("LD_AUDIT", "/b.so"), ("LD_X", "1")]);
        let loaded = |exec: Exec| {
            let is_loaded = |entry: &String| entry.contains("D_PRELOAD") || entry.contains("D_AUDIT");
            entries(exec).into_iter().filter(is_loaded).collect::<Vec<_>>()
        };
        let (shown, hidden) = (
            ["LD_PRELOAD=/a.so", "LD_AUDIT=/b.so"],
            ["\u{1}D_PRELOAD=/a.so", "\u{1}D_AUDIT=/b.so"],
        );
        assert_eq!(loaded(app(&ready(false, script()), caller())), shown);
        assert_eq!(loaded(app(&ready(true, script()), caller())), hidden);
        let child = interpreter(&ready(true, script()), None, caller());
        assert!(entries_have(&child, "PYTHONPATH=/a/app/start/child"));
        assert_eq!(loaded(child), hidden);
        let isolated = Caller {
            arguments: vec![b"-I".to_vec()],
            ..caller()
        };
        assert_eq!(
            loaded(interpreter(&ready(true, script()), None, isolated)).len(),
            0
        );
        let native = program(&ready(true, script()), b"/l/bin/tool".to_vec(), caller());
        assert_eq!(entries(native), ["LD_X=1"]);
    }

    fn entries_have(exec: &Exec, entry: &str) -> bool {
        exec.environment
            .clone()
            .entries()
            .any(|one| one == entry.as_bytes())
    }

    #[test]
    fn a_command_line_that_is_given_once_more_starts_the_same() {
        for loader in [false, true] {
            let first = app(&ready(loader, script()), caller(&[])).argv;
            let again = Caller {
                arguments: first[1..].to_vec(),
                ..caller(&[])
            };
            assert_eq!(app(&ready(loader, script()), again.clone()).argv, first);
            let child = interpreter(&ready(loader, script()), None, again);
            let end: [&[u8]; 4] = [b"-Xutf8", b"/l/code/main.py", b"--fixed", b"x\xff"];
            assert!(child.argv.ends_with(&end.map(<[u8]>::to_vec)), "{:?}", child.argv);
        }
    }

    #[test]
    fn a_native_program_is_loaded_as_the_interpreter_is() {
        let exec = program(
            &ready(true, script()),
            b"/l/bin/tool".to_vec(),
            caller(&[("PYSHIP", "x")]),
        );
        let want: [&[u8]; 7] = [
            b"./app.bin",
            b"--argv0",
            b"./app.bin",
            b"--library-path",
            b"/l",
            b"/l/bin/tool",
            b"x\xff",
        ];
        assert_eq!(exec.argv, want);
        assert_eq!(entries(exec), ["PYSHIP=x"]);
    }

    #[test]
    fn a_program_that_is_no_python_is_started_by_itself() {
        let command = Command {
            path: b"/a/bin/tool".to_vec(),
            python: false,
        };
        let exec = app(
            &ready(false, Entry::Commands(vec![command])),
            caller(&[("PYTHONPATH", "/p"), ("B", "")]),
        );
        assert_eq!(exec.argv, [b"/a/bin/tool".as_slice(), b"--fixed", b"x\xff"]);
        assert_eq!(entries(exec), ["PYTHONPATH=/p", "B=", "A=default"]);
    }

    #[test]
    fn an_interpreter_keeps_pythonpath_and_does_not_see_pythonhome() {
        let exec = interpreter(
            &ready(false, script()),
            None,
            caller(&[("PYTHONPATH", "/p"), ("PYTHONHOME", "/h")]),
        );
        assert_eq!(exec.argv, [b"/a/bin/python3".as_slice(), b"x\xff"]);
        let want = [
            "\u{1}YTHONPATH=/p",
            "\u{1}YTHONHOME=/h",
            "PYTHONPATH=/a/app/start/child:/p",
        ];
        assert_eq!(entries(exec), want);
        let isolated = Caller {
            arguments: vec![b"-IB".to_vec()],
            ..caller(&[("PYTHONHOME", "/h")])
        };
        let exec = interpreter(&ready(false, script()), None, isolated);
        assert_eq!(entries(exec), ["PYTHONHOME=/h"]);
    }
}
