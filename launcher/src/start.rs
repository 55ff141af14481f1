//! The `execve` that starts an app: pure functions from the launch record and the caller's state.

use crate::cache::Ready;
use crate::environment::Environment;
use crate::format::names::{
    APP_LINK, APP_PYTHON, APP_START, ENV_PRIVATE_APP, ENV_PRIVATE_ARGV0, ENV_PRIVATE_FILE, ENV_PRIVATE_KEEP,
    ENV_PYTHON_CODE, ENV_PYTHONHOME, ENV_PYTHONPATH, ENV_TOOL, START_RUN,
};
use crate::format::record::Loader;

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

/// Starts the app: the interpreter runs pyship's start-up code, which runs the entry.
///
/// The caller's `PYTHON*` variables that say where code is found are renamed, and the start-up code restores them.
/// All others (`PYTHONUNBUFFERED`, `PYTHONWARNINGS`) stay and take effect.
#[must_use]
pub fn app(ready: &Ready, caller: Caller) -> Exec {
    let Ready {
        directory, record, ..
    } = ready;
    let start = join(directory, &[APP_LINK, APP_START]);
    let Caller {
        argv0,
        arguments,
        mut environment,
        file,
    } = caller;
    environment.remove(ENV_TOOL);
    for name in ENV_PYTHON_CODE {
        if let Some(value) = environment.remove(name) {
            environment.set(format!("{ENV_PRIVATE_KEEP}{name}"), value);
        }
    }
    set_defaults(&mut environment, &record.environment);
    environment.set(ENV_PYTHONHOME, record.home.clone());
    environment.set(ENV_PYTHONPATH, start.clone());
    environment.set(ENV_PRIVATE_APP, directory.clone());
    environment.set(ENV_PRIVATE_FILE, file);
    environment.set(ENV_PRIVATE_ARGV0, argv0.clone());
    let mut rest = record.options.clone();
    rest.push(join(&start, &[START_RUN]));
    rest.extend(arguments);
    exec(ready, argv0, rest, environment)
}

/// Starts the interpreter of a virtual environment: it finds its `pyvenv.cfg` through `argv[0]`.
///
/// `argv0` is the path by which it was called, when that belongs to a virtual environment. The caller's PYTHONPATH
/// takes effect; PYTHONHOME would break the interpreter and is renamed.
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
    if let Some(home) = environment.remove(ENV_PYTHONHOME) {
        environment.set(format!("{ENV_PRIVATE_KEEP}{ENV_PYTHONHOME}"), home);
    }
    let mut rest = Vec::new();
    if record.interpreter {
        set_defaults(&mut environment, &record.environment);
        rest.clone_from(&record.options);
    }
    rest.extend(arguments);
    exec(
        ready,
        argv0.unwrap_or_else(|| join(directory, &[APP_PYTHON])),
        rest,
        environment,
    )
}

fn exec(ready: &Ready, argv0: Vec<u8>, rest: Vec<Vec<u8>>, environment: Environment) -> Exec {
    let executable = ready.record.executable.clone();
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
        if environment.get_bytes(name).is_none() {
            environment.set(name.clone(), value.clone());
        }
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
    use crate::format::record::Record;

    fn ready(loader: bool, interpreter: bool) -> Ready {
        let loader = loader.then(|| Loader {
            path: b"/l/ld.so".to_vec(),
            library_path: b"/l".to_vec(),
        });
        let record = Record {
            interpreter,
            executable: b"/r/bin/python3.12".to_vec(),
            home: b"/r".to_vec(),
            loader,
            options: vec![b"-Xutf8".to_vec()],
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

    #[test]
    fn an_app_starts_with_its_own_python_variables_and_the_callers_aside() {
        let exec = app(
            &ready(false, false),
            caller(&[("PYTHONPATH", "/evil"), ("PYSHIP", "x"), ("A", "mine")]),
        );
        assert_eq!(exec.path, b"/r/bin/python3.12");
        assert_eq!(
            exec.argv,
            [
                b"./app.bin".as_slice(),
                b"-Xutf8",
                b"/a/app/start/_pyship_run.pyc",
                b"x\xff"
            ]
        );
        let get = |name| exec.environment.get(name);
        assert_eq!(get("PYTHONPATH"), Some(&b"/a/app/start"[..]));
        assert_eq!(get("PYTHONHOME"), Some(&b"/r"[..]));
        assert_eq!(get("_PYSHIP_KEEP_PYTHONPATH"), Some(&b"/evil"[..]));
        assert_eq!(get("PYSHIP"), None);
        assert_eq!((get("A"), get("B")), (Some(&b"mine"[..]), Some(&b"default"[..])));
    }

    #[test]
    fn the_carried_loader_is_told_what_to_load() {
        let exec = app(&ready(true, false), caller(&[]));
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
    fn an_interpreter_keeps_pythonpath_and_loses_pythonhome() {
        let exec = interpreter(
            &ready(false, false),
            None,
            caller(&[("PYTHONPATH", "/p"), ("PYTHONHOME", "/h")]),
        );
        assert_eq!(exec.argv, [b"/a/bin/python3".as_slice(), b"x\xff"]);
        assert_eq!(exec.environment.get("PYTHONPATH"), Some(&b"/p"[..]));
        assert_eq!(exec.environment.get("PYTHONHOME"), None);
        assert_eq!(exec.environment.get("_PYSHIP_KEEP_PYTHONHOME"), Some(&b"/h"[..]));
    }
}
