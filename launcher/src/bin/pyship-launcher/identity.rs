//! What is running: a packed file or an app's `bin/python3`, and the path by which it was called.

use std::ffi::CString;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use pyship_launcher::bytes::as_path;
use pyship_launcher::cache::warm::Look;
use pyship_launcher::cache::{Ready, warm};
use pyship_launcher::error::{Error, Kind, Result};
use pyship_launcher::format::names::{
    APP_BASE, APP_PROGRAMS, APP_PYTHON, CACHE_APPS, CACHE_VERSION, PYVENV_CFG,
};
use pyship_launcher::payload::Payload;
use pyship_launcher::sys;

const SELF: &str = "/proc/self/exe";
/// How many virtual environments may be made from one another.
const HOMES_MAX: usize = 8;

/// The running file.
pub(crate) struct Identity {
    /// What it carries, when it is a packed file.
    pub(crate) payload: Option<Payload>,
    /// Absolute path of the running file.
    pub(crate) path: Vec<u8>,
    /// The path by which it was called.
    pub(crate) argv0: Vec<u8>,
    /// Whether `/proc` is mounted.
    pub(crate) proc: bool,
}

/// Finds the running file: by `/proc/self/exe`, which is right even if the file was replaced or removed meanwhile,
/// else by the path that the kernel executed, else by `argv[0]`.
///
/// A set-user-ID start uses `/proc/self/exe` alone: the caller may have put another file at the path.
pub(crate) fn find(arguments: &[CString], secure: bool) -> Result<Identity> {
    let called = arguments
        .first()
        .map(|argument| argument.as_bytes().to_vec())
        .unwrap_or_default();
    let asked = sys::executed_path().to_bytes().to_vec();
    // After a search of PATH, argv[0] is only a name; the kernel knows the path.
    let same_name = asked.rsplit(|&byte| byte == b'/').next() == Some(called.as_slice());
    let argv0 = if called.is_empty() || (same_name && !called.contains(&b'/')) {
        asked.clone()
    } else {
        called
    };
    if let Ok(path) = fs::read_link(SELF) {
        let payload = Payload::open(Path::new(SELF))?.map(|payload| Payload {
            path: path.clone(),
            ..payload
        });
        return Ok(Identity {
            payload,
            path: path.into_os_string().into_vec(),
            argv0,
            proc: true,
        });
    }
    if secure {
        let message = "failed to find the running file: there is no /proc, and a set-user-ID start can't rely on its path";
        return Err(Error::new(Kind::Other, message).hint("mount /proc"));
    }
    let candidates = [&asked, &argv0];
    let is_program = |path: &PathBuf| path.is_file() && !is_script(path);
    let path = candidates.into_iter().map(|path| absolute(path)).find(is_program).ok_or_else(|| {
        let message = "failed to find the running file: there is no /proc, and the path by which it was called does not exist";
        Error::new(Kind::Other, message).hint("call it by its full path")
    })?;
    let payload = Payload::open(&path)?;
    Ok(Identity {
        payload,
        path: path.into_os_string().into_vec(),
        argv0,
        proc: false,
    })
}

impl Identity {
    /// The app, when this is one of its interpreters or programs: what is in its `bin/`, the interpreter of its base,
    /// the copy of one in a virtual environment, or what stands for a program inside a package.
    pub(crate) fn app(&self) -> Option<Ready> {
        // Without /proc the path may be a link, such as bin/python.
        let real = fs::canonicalize(as_path(&self.path)).ok()?;
        let prefix = real.parent()?.parent()?;
        if !prefix.ends_with(APP_BASE)
            && let Some(ready) = warm::in_directory(prefix, Look::Sentinels)
        {
            return Some(ready);
        }
        if let Some(app) = app_above(&real) {
            return warm::in_directory(app, Look::Sentinels);
        }
        // An environment may be made from another one.
        let chain = std::iter::successors(Some(prefix.to_owned()), |prefix| home_of(prefix));
        let base = chain.take(HOMES_MAX).find(|prefix| prefix.ends_with(APP_BASE))?;
        let app = base.parent()?;
        // For `prune`: an app whose environments are used is used.
        warm::in_directory(app, Look::Daily).or_else(|| warm::in_directory(app, Look::Sentinels))
    }

    /// `argv[0]` for the interpreter, by which it finds its prefix: the path by which it was called, when that belongs
    /// to the app or to a virtual environment, else its own, unless it is the app's.
    pub(crate) fn interpreter_argv0(&self, ready: &Ready) -> Option<Vec<u8>> {
        let called = as_path(&self.argv0);
        let app = as_path(&ready.directory);
        let own = || {
            let real = fs::canonicalize(as_path(&self.path)).ok()?;
            (!real.starts_with(app.join("bin"))).then(|| real.into_os_string().into_vec())
        };
        if !self.argv0.contains(&b'/') {
            return own();
        }
        let bin = called.parent()?;
        let is_inside = bin == app.join("bin") || bin == app.join(APP_BASE).join("bin");
        let is_environment = || bin.parent().is_some_and(|env| env.join(PYVENV_CFG).is_file());
        if is_inside || is_environment() {
            Some(self.argv0.clone())
        } else {
            own()
        }
    }

    /// The program in whose place this file stands; nothing for an interpreter.
    pub(crate) fn program(&self, ready: &Ready) -> Option<Vec<u8>> {
        ready.record.loader.as_ref()?;
        let real = fs::canonicalize(as_path(&self.path)).ok()?;
        let app = fs::canonicalize(as_path(&ready.directory)).ok()?;
        let below = real.strip_prefix(&app).ok()?;
        if below == Path::new(APP_PYTHON) {
            return None;
        }
        let program = fs::read_link(app.join(APP_PROGRAMS).join(below)).ok()?;
        Some(program.into_os_string().into_vec())
    }

    /// The error when there is neither a payload nor an app's directory.
    pub(crate) fn no_payload(&self) -> Error {
        let cause = "it has no payload at its end, and no launch record beside it";
        Error::path(Kind::Damaged, "read", as_path(&self.path), cause).hint(
            "the file is truncated, or the cache was removed while the app was running: copy the file again, or restart the app",
        )
    }
}

/// Whether the kernel runs the file by another program: it then names the script as what it executed.
fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && &start == b"#!"
}

fn absolute(path: &[u8]) -> PathBuf {
    let path = as_path(path);
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// The app's directory in a cache that a path is in, other than as its base's interpreter.
fn app_above(path: &Path) -> Option<&Path> {
    let apps = Path::new(CACHE_VERSION).join(CACHE_APPS);
    let app = path
        .ancestors()
        .find(|directory| directory.parent().is_some_and(|parent| parent.ends_with(&apps)))?;
    (!path.starts_with(app.join(APP_BASE))).then_some(app)
}

/// The prefix that the virtual environment at `environment` was made from.
fn home_of(environment: &Path) -> Option<PathBuf> {
    let text = fs::read(environment.join(PYVENV_CFG)).ok()?;
    let home = text.split(|&byte| byte == b'\n').find_map(|line| {
        let (key, value) = line.split_at(line.iter().position(|&byte| byte == b'=')?);
        (key.trim_ascii() == b"home").then(|| value[1..].trim_ascii())
    });
    as_path(home?).parent().map(Path::to_owned)
}
