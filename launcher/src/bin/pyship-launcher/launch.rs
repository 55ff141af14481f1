//! What the launcher does, from its first line to `execve` or to exit code 125.

use std::ffi::CString;
use std::io::ErrorKind;
use std::time::Duration;

use pyship_launcher::cache::roots::{self, Candidate};
use pyship_launcher::cache::warm::Look;
use pyship_launcher::cache::{Ready, cold, warm};
use pyship_launcher::error::{Error, Kind, Result, cause};
use pyship_launcher::format::names::{ENV_CACHE_DIR, ENV_DISTRUSTED, ENV_TOOL, EXIT_FAILURE};
use pyship_launcher::libc_choice::Host;
use pyship_launcher::payload::Payload;
use pyship_launcher::start::{self, Caller, Environment, Exec};
use pyship_launcher::sys;

use crate::identity::{self, Identity};
use crate::process_state::ProcessState;
use crate::{terminal, tools};

/// A start whose interpreter is busy tries again so often, after that long.
const BUSY_TRIES: u32 = 200;
const BUSY_STEP: Duration = Duration::from_millis(5);

/// Runs; returns only to exit.
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
        return interpreter_of_app(&identity, caller(environment)).map(|never| match never {});
    };
    let uid = sys::effective_user();
    let place = Place {
        payload,
        // The loader doesn't follow `$ORIGIN` in a set-user-ID start either, as without /proc.
        host: Host::look(identity.proc && !secure),
        stores: roots::stores(&environment, secure),
        ladder: roots::candidates(&environment, uid, secure),
        uid,
    };
    let tool = environment
        .get(ENV_TOOL)
        .filter(|tool| !tool.is_empty())
        .map(<[u8]>::to_vec);
    match tool.as_deref() {
        None => start_app(&place, &caller(environment)).map(|never| match never {}),
        Some(b"python") => start_interpreter(&place, &caller(environment)).map(|never| match never {}),
        Some(tool) => tools::run(tool, &place, &caller(environment).arguments),
    }
}

/// Never a value: a successful start does not return.
pub(crate) enum Never {}

/// Where things are for this start.
pub(crate) struct Place<'a> {
    pub(crate) payload: &'a Payload,
    pub(crate) host: Host,
    pub(crate) stores: Vec<Candidate>,
    pub(crate) ladder: Vec<Candidate>,
    pub(crate) uid: u32,
}

impl Place<'_> {
    /// The app, found or made.
    pub(crate) fn ready(&self) -> Result<Ready> {
        match self.found() {
            Some(ready) => Ok(ready),
            None => self.make(),
        }
    }

    /// The app, when a cache holds it.
    pub(crate) fn found(&self) -> Option<Ready> {
        let Self {
            payload,
            host,
            stores,
            ladder,
            uid,
        } = self;
        let find = |candidates| warm::find(&payload.trailer, host, candidates, *uid);
        if stores.is_empty() {
            find(ladder)
        } else {
            find(stores).or_else(|| find(ladder))
        }
    }

    fn make(&self) -> Result<Ready> {
        let _guard = ProcessState::for_writing();
        self.with_context(cold::make)
    }

    /// Calls something that works on a cache, with the ladder.
    pub(crate) fn with_context<T>(
        &self,
        call: impl Fn(&cold::Context<'_>, &[Candidate]) -> Result<T>,
    ) -> Result<T> {
        let Self {
            payload,
            host,
            stores,
            ladder,
            uid,
        } = self;
        let context = cold::Context {
            payload,
            host,
            stores,
            uid: *uid,
            watch: &terminal::Terminal::new(),
        };
        call(&context, ladder)
    }
}

fn start_app(place: &Place<'_>, caller: &Caller) -> Result<Never> {
    start_with(place, |ready| start::app(ready, caller.clone()))
}

fn start_interpreter(place: &Place<'_>, caller: &Caller) -> Result<Never> {
    start_with(place, |ready| start::interpreter(ready, None, caller.clone()))
}

/// Starts what was found; when it turns out to be gone, or in a place where no program can be run, makes it anew
/// (elsewhere, where need be) and tries once more.
fn start_with(place: &Place<'_>, plan: impl Fn(&Ready) -> Exec) -> Result<Never> {
    let ready = place.ready()?;
    let (error, kind) = execute(plan(&ready));
    if !matches!(kind, ErrorKind::NotFound | ErrorKind::PermissionDenied) {
        return Err(error);
    }
    let (error, _) = execute(plan(&place.make()?));
    Err(error)
}

/// `bin/python3` of an app's directory: the same program, without a payload.
fn interpreter_of_app(identity: &Identity, caller: Caller) -> Result<Never> {
    let directory = identity.app_directory();
    let ready = directory.and_then(|directory| warm::in_directory(&directory, Look::Sentinels));
    let Some(ready) = ready else {
        return Err(identity.no_payload());
    };
    let (error, _) = execute(start::interpreter(
        &ready,
        identity.interpreter_argv0(&ready),
        caller,
    ));
    Err(error)
}

fn execute(exec: Exec) -> (Error, ErrorKind) {
    let Exec {
        path,
        argv,
        environment,
    } = exec;
    let shown = warm::shown(&path);
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
            "failed to start the interpreter: an argument holds a NUL byte",
        );
        return (error, ErrorKind::InvalidInput);
    };
    let mut refused = sys::execve(&path, &argv, &environment);
    // Where there are no leases, `prune` opens an executable for writing for an instant, to see whether it runs.
    while refused.kind() == ErrorKind::ExecutableFileBusy && tries > 0 {
        tries -= 1;
        std::thread::sleep(BUSY_STEP);
        refused = sys::execve(&path, &argv, &environment);
    }
    let mut error = Error::path(Kind::Other, "start", &shown, cause(&refused));
    if refused.kind() == ErrorKind::PermissionDenied {
        error = error.hint(format!(
            "its file system may be mounted noexec: set {ENV_CACHE_DIR} to a directory where programs can be run"
        ));
    }
    (error, refused.kind())
}
