//! The launcher's steps, from its first line to `execve` or to exit code 125.

use std::convert::Infallible;
use std::ffi::CString;
use std::io::ErrorKind;
use std::time::Duration;

use pyship_launcher::bytes::as_path;
use pyship_launcher::cache::{Context, Ready, candidates, warm};
use pyship_launcher::environment::Environment;
use pyship_launcher::error::{Error, Kind, Result, cause};
use pyship_launcher::file_capabilities::FileCapabilities;
use pyship_launcher::format::names::{ENV_CACHE_DIR, ENV_DISTRUSTED, ENV_TOOL, EXIT_FAILURE, TOOL_RESTART};
use pyship_launcher::libc_choice::Host;
use pyship_launcher::start::{self, Caller, Exec};
use pyship_launcher::sys;

use crate::identity::{self, Identity};
use crate::terminal::{self, Terminal};
use crate::{fill, prepare, tools};

/// [`TOOL_RESTART`]
const RESTART: &[u8] = TOOL_RESTART.as_bytes();
/// How often a start tries again when the interpreter's file is open for writing, and after how long.
const BUSY_TRIES: u32 = 200;
const BUSY_STEP: Duration = Duration::from_millis(5);

/// Starts the app, or runs a tool; returns the exit code of the launcher itself.
pub(crate) fn run(arguments: &[CString]) -> i32 {
    let environment = Environment::of_process();
    match start(arguments, environment) {
        Ok(code) => code,
        Err(error) => {
            terminal::report(&error);
            EXIT_FAILURE
        }
    }
}

fn start(arguments: &[CString], mut environment: Environment) -> Result<i32> {
    let secure = sys::is_secure();
    if secure {
        environment.remove_prefixed(ENV_DISTRUSTED);
    }
    let identity = identity::find(arguments, secure)?;
    let caller = |environment| Caller {
        argv0: identity.argv0.clone(),
        arguments: arguments
            .iter()
            .skip(1)
            .map(|argument| argument.as_bytes().to_vec())
            .collect(),
        environment,
        file: identity.path.clone(),
    };
    let Some(payload) = &identity.payload else {
        return program_of_app(&identity, caller(environment)).map(|never| match never {});
    };
    let tool = environment
        .get(ENV_TOOL)
        .filter(|tool| !tool.is_empty())
        .map(<[u8]>::to_vec);
    if tool.as_deref() == Some(b"fill") {
        fill::choose(&mut environment, &caller(Environment::default()).arguments);
    }
    let uid = sys::effective_user();
    let granted = if secure && !sys::changes_user() {
        FileCapabilities::of_process()
    } else {
        FileCapabilities::NONE
    };
    let context = Context {
        payload,
        // The loader doesn't expand `$ORIGIN` in a set-user-ID start either, as without /proc. One that passes its
        // capabilities on is none for the interpreter.
        host: Host::look(identity.proc && (!secure || !granted.is_empty())),
        stores: candidates::stores(&environment, secure),
        system: candidates::system_store(&environment, uid, secure),
        candidates: if granted.are_harmless() {
            candidates::candidates(&environment, uid, secure)
        } else {
            Vec::new()
        },
        uid,
        watch: &Terminal,
    };
    // After it was asked for a place of the cache.
    environment.complete();
    match tool.as_deref() {
        None | Some(RESTART) => {
            start_app(&context, &caller(environment), granted).map(|never| match never {})
        }
        Some(b"run") => start_command(&context, caller(environment), granted).map(|never| match never {}),
        Some(b"python") => start_interpreter(&context, &caller(environment)).map(|never| match never {}),
        Some(tool) => tools::run(tool, &context, &caller(environment).arguments),
    }
}

fn start_app(context: &Context<'_>, caller: &Caller, granted: FileCapabilities) -> Result<Infallible> {
    if !granted.is_empty() {
        return start_with_capabilities(context, caller, granted);
    }
    start_with(context, |ready| start::app(ready, caller.clone()))
}

/// Starts the command that the first argument names.
fn start_command(context: &Context<'_>, mut caller: Caller, granted: FileCapabilities) -> Result<Infallible> {
    let record = prepare::find_or_make(context)?.record;
    caller.arguments = start::command(&record, &caller.arguments)?;
    start_app(context, &caller, granted)
}

fn start_with_capabilities(
    context: &Context<'_>,
    caller: &Caller,
    granted: FileCapabilities,
) -> Result<Infallible> {
    let file = as_path(&caller.file);
    let ready = if granted.are_harmless() {
        prepare::find_or_make(context)?
    } else {
        warm::find(context).ok_or_else(|| FileCapabilities::not_in_roots_cache(file))?
    };
    granted.pass_on(file)?;
    let (error, _) = execute(start::app(&ready, caller.clone()));
    Err(error)
}

fn start_interpreter(context: &Context<'_>, caller: &Caller) -> Result<Infallible> {
    start_with(context, |ready| start::interpreter(ready, None, caller.clone()))
}

/// Starts what was found. If that turns out to be gone, or where no program can be executed, makes it again
/// (elsewhere, if necessary) and tries once more.
fn start_with(context: &Context<'_>, plan: impl Fn(&Ready) -> Exec) -> Result<Infallible> {
    let ready = prepare::find_or_make(context)?;
    let (error, kind) = execute(plan(&ready));
    if !matches!(kind, ErrorKind::NotFound | ErrorKind::PermissionDenied) {
        return Err(error);
    }
    let (error, _) = execute(plan(&prepare::make(context)?));
    Err(error)
}

/// Runs as an interpreter or another program of an app's directory, which is this program without a payload.
fn program_of_app(identity: &Identity, caller: Caller) -> Result<Infallible> {
    let Some(ready) = identity.app() else {
        return Err(identity.no_payload());
    };
    let exec = match identity.program(&ready) {
        Some(program) => start::program(&ready, program, caller),
        None => start::interpreter(&ready, identity.interpreter_argv0(&ready), caller),
    };
    let (error, _) = execute(exec);
    Err(error)
}

fn execute(exec: Exec) -> (Error, ErrorKind) {
    let Exec {
        path,
        argv,
        environment,
    } = exec;
    let program = as_path(&path).to_owned();
    let mut tries = BUSY_TRIES;
    let strings = |bytes: Vec<Vec<u8>>| {
        bytes
            .into_iter()
            .map(CString::new)
            .collect::<std::result::Result<Vec<_>, _>>()
    };
    let (Ok(path), Ok(argv), Ok(environment)) = (
        CString::new(path),
        strings(argv),
        strings(environment.entries().collect()),
    ) else {
        let error = Error::new(
            Kind::Other,
            "failed to start the interpreter: an argument contains a NUL byte",
        );
        return (error, ErrorKind::InvalidInput);
    };
    let mut refused = sys::execve(&path, &argv, &environment);
    // Without leases, `prune` opens an executable for writing for an instant, to see whether it is running.
    while refused.kind() == ErrorKind::ExecutableFileBusy && tries > 0 {
        tries -= 1;
        std::thread::sleep(BUSY_STEP);
        refused = sys::execve(&path, &argv, &environment);
    }
    let mut error = Error::path(Kind::Other, "start", &program, cause(&refused));
    if refused.kind() == ErrorKind::PermissionDenied {
        error = error.hint(format!(
            "its file system may be mounted noexec: set {ENV_CACHE_DIR} to a directory where programs can be run"
        ));
    }
    (error, refused.kind())
}
