//! What is running: a packed file or an app's `bin/python3`, and the path by which it was called.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use pyship_launcher::bytes::as_path;
use pyship_launcher::cache::Ready;
use pyship_launcher::error::{Error, Kind, Result};
use pyship_launcher::format::names::PYVENV_CFG;
use pyship_launcher::payload::Payload;
use pyship_launcher::sys;

const SELF: &str = "/proc/self/exe";

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
    let path = candidates.into_iter().map(|path| absolute(path)).find(|path| path.is_file()).ok_or_else(|| {
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
    /// The app's directory when this is its `bin/python3`.
    pub(crate) fn app_directory(&self) -> Option<PathBuf> {
        let beside = |path: &Path| Some(path.parent()?.parent()?.to_owned());
        // Without /proc the path may be a link, such as bin/python.
        let real = fs::canonicalize(as_path(&self.path)).ok()?;
        beside(&real)
    }

    /// `argv[0]` for the interpreter, when it was called by a path in a virtual environment: the app's directory, or
    /// an environment that was made from it and links to it.
    pub(crate) fn interpreter_argv0(&self, ready: &Ready) -> Option<Vec<u8>> {
        let called = as_path(&self.argv0);
        let inside =
            called.parent()?.as_os_str().as_bytes() == [ready.directory.as_slice(), b"/bin"].concat();
        let another = || {
            called
                .parent()
                .and_then(Path::parent)
                .is_some_and(|env| env.join(PYVENV_CFG).is_file())
        };
        (self.argv0.contains(&b'/') && (inside || another())).then(|| self.argv0.clone())
    }

    /// The error when there is neither a payload nor an app's directory.
    pub(crate) fn no_payload(&self) -> Error {
        let cause = "it has no payload at its end, and no launch record beside it";
        Error::path(Kind::Damaged, "read", as_path(&self.path), cause).hint(
            "the file is truncated, or the cache was removed while the app was running: copy the file again, or restart the app",
        )
    }
}

fn absolute(path: &[u8]) -> PathBuf {
    let path = as_path(path);
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
