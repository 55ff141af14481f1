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
    APP_LINK, APP_PYTHON, APP_START, ENV_GCONV_PATH, ENV_OF_LOADER, ENV_PRIVATE_ARGV0, ENV_PRIVATE_FILE,
    ENV_PRIVATE_PREFIX, ENV_PYTHON_CODE, ENV_PYTHONHOME, ENV_PYTHONPATH, ENV_TOOL, START_CHILD, TOOL_RESTART,
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
    push_gconv(&mut environment, record);
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
    } else if hide_preloaded(&mut environment, record)
        || environment.get(ENV_PYTHONHOME).is_some()
        || gconv(record).is_some()
    {
        hide_home(&mut environment, directory);
        push_gconv(&mut environment, record);
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
    push_gconv(&mut environment, &ready.record);
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

/// The directory of the carried character sets, where the carried C library is used.
fn gconv(record: &Record) -> Option<&Vec<u8>> {
    record.loader.as_ref()?.gconv.as_ref()
}

/// Names it, as the last variable of all: by that the start-up code knows it, and removes it.
fn push_gconv(environment: &mut Environment, record: &Record) {
    if let Some(gconv) = gconv(record) {
        environment.push(ENV_GCONV_PATH, gconv);
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
        Some(Loader {
            path, library_path, ..
        }) => {
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
mod tests;
