//! Who are we: the packed file, or an app's `bin/python3`; and how were we called.

use std::ffi::{CString, OsStr};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use pyship_launcher::cache::{Ready, warm};
use pyship_launcher::error::{Error, Kind, Result};
use pyship_launcher::payload::Payload;
use pyship_launcher::sys;

const SELF: &str = "/proc/self/exe";

/// What the process knows of itself.
pub(crate) struct Identity {
    /// The packed file, when this is one.
    pub(crate) payload: Option<Payload>,
    /// Absolute path of the running file.
    pub(crate) path: Vec<u8>,
    /// The path by which it was called.
    pub(crate) argv0: Vec<u8>,
    /// Whether `/proc` is there.
    pub(crate) proc: bool,
}

/// Finds the running file: by `/proc/self/exe`, which is right even when it was replaced or removed since,
/// else by what the kernel was asked to execute, else by `argv[0]`.
///
/// A set-user-ID start goes by `/proc/self/exe` alone: the caller may have put another file at the path since.
pub(crate) fn find(arguments: &[CString], secure: bool) -> Result<Identity> {
    let called = arguments
        .first()
        .map(|argument| argument.as_bytes().to_vec())
        .unwrap_or_default();
    let asked = sys::executed_path().to_bytes().to_vec();
    // A call through PATH leaves only the name in argv[0]; the kernel knows the path that was found.
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
        let message =
            "failed to find the running file: there is no /proc, and a set-user-ID start trusts no other way";
        return Err(Error::new(Kind::Other, message).hint("mount /proc"));
    }
    let candidates = [&asked, &argv0];
    let path = candidates.into_iter().map(|path| absolute(path)).find(|path| path.is_file()).ok_or_else(|| {
        let message = "failed to find the running file: there is no /proc, and the path it was called by leads nowhere";
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
        // Without /proc the path may be a link: bin/python, or one that someone made elsewhere.
        let real = fs::canonicalize(warm::shown(&self.path)).ok()?;
        beside(&real)
    }

    /// `argv[0]` for the interpreter, when the way it was called leads to a virtual environment: ours, or one
    /// that was made from ours and links to it.
    pub(crate) fn interpreter_argv0(&self, ready: &Ready) -> Option<Vec<u8>> {
        let called = Path::new(OsStr::from_bytes(&self.argv0));
        let inside =
            called.parent()?.as_os_str().as_bytes() == [ready.directory.as_slice(), b"/bin"].concat();
        let another = || {
            called
                .parent()
                .and_then(Path::parent)
                .is_some_and(|env| env.join("pyvenv.cfg").is_file())
        };
        (self.argv0.contains(&b'/') && (inside || another())).then(|| self.argv0.clone())
    }

    /// The answer when there is neither a payload nor an app's directory.
    pub(crate) fn no_payload(&self) -> Error {
        let path = warm::shown(&self.path);
        Error::path(Kind::Damaged, "read", &path, "there is no payload at its end, and no launch record beside it")
            .hint("the file is incomplete, or its cache was cleaned while it ran: copy the file again, or start the app anew")
    }
}

fn absolute(path: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(path));
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
