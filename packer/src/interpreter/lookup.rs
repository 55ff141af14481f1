//! Where interpreters are looked for: `PATH` (with version managers' shims on it), pyenv's versions, uv.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::facts::{Interpreter, Version};
use super::probe::probe;
use crate::child::{self, ChildError};
use crate::environment::{Environment, is_executable};

/// A version as the user asks for it: `3.12`, `3.12.1`, `3.13t`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    major: u32,
    minor: u32,
    micro: Option<u32>,
    free_threaded: bool,
}

impl Wanted {
    /// `None` when `text` isn't a version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (numbers, free_threaded) = text.strip_suffix('t').map_or((text, false), |rest| (rest, true));
        let mut parts = numbers.split('.').map(|part| {
            part.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| part.parse::<u32>().ok())
                .flatten()
        });
        let (major, minor) = (parts.next()??, parts.next()??);
        let micro = match parts.next() {
            None => None,
            Some(micro) => Some(micro?),
        };
        parts.next().is_none().then_some(Self {
            major,
            minor,
            micro,
            free_threaded,
        })
    }

    fn fits(&self, interpreter: &Interpreter) -> bool {
        let Version {
            major, minor, micro, ..
        } = interpreter.version;
        (major, minor) == (self.major, self.minor)
            && self.micro.is_none_or(|wanted| wanted == micro)
            && interpreter.facts.abiflags.contains('t') == self.free_threaded
    }

    fn program(&self) -> String {
        format!(
            "python{}.{}{}",
            self.major,
            self.minor,
            if self.free_threaded { "t" } else { "" }
        )
    }
}

/// What a look on `PATH` came to.
pub(super) enum OnPath {
    /// An interpreter, and the shim that led to it when there was one.
    Found(Box<Interpreter>, PathBuf),
    /// Nothing of this name, or only shims that lead nowhere: the first one's last words.
    Nothing(Option<ChildError>),
}

/// The first `program` on `PATH` that is an interpreter. A shim of pyenv, asdf or mise that has no version
/// to lead to is passed over, as a shell's user would find the next one by hand; anything else that fails is
/// an error, since it is what the user's own `python3` does.
pub(super) fn on_path(program: &str, environment: &Environment) -> Result<OnPath> {
    let mut shim_failed = None;
    for candidate in environment.which_all(program) {
        match probe(&candidate, environment) {
            Ok(interpreter) => return Ok(OnPath::Found(Box::new(interpreter), candidate)),
            Err(error) if is_shim(&candidate) => match error.downcast::<ChildError>() {
                Ok(failure) => shim_failed = shim_failed.or(Some(failure)),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
    Ok(OnPath::Nothing(shim_failed))
}

/// pyenv's and asdf's shims are scripts, mise's are links to `mise`; a Python's name begins with `python`.
pub(super) fn is_shim(candidate: &Path) -> bool {
    let real = fs_err::canonicalize(candidate).unwrap_or_else(|_| candidate.to_path_buf());
    let named_python = real
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("python"));
    let script = fs_err::read(&real).is_ok_and(|bytes| bytes.starts_with(b"#!"));
    script || !named_python
}

/// The manager whose shim this is, for people.
pub(super) fn shim_of(candidate: &Path) -> Option<&'static str> {
    if !is_shim(candidate) {
        return None;
    }
    let real = fs_err::canonicalize(candidate).unwrap_or_else(|_| candidate.to_path_buf());
    let path = format!("{} {}", candidate.display(), real.display());
    ["pyenv", "asdf", "mise"]
        .into_iter()
        .find(|name| path.contains(name))
        .or(Some("a version manager"))
}

/// The interpreter of a version: on `PATH` by its own name or as `python3`, then among pyenv's versions, the
/// newest first, then what uv knows. Candidates that don't start count as not there: another one may.
pub(super) fn by_version(wanted: &Wanted, environment: &Environment) -> Option<(Interpreter, String)> {
    let program = wanted.program();
    let fitting = |path: &Path| probe(path, environment).ok().filter(|found| wanted.fits(found));
    for name in [program.as_str(), "python3"] {
        for candidate in environment.which_all(name) {
            if let Some(found) = fitting(&candidate) {
                return Some((found, through(name, &candidate)));
            }
        }
    }
    let mut installed = pyenv_versions(environment)
        .map(|versions| children(&versions))
        .unwrap_or_default();
    installed.retain(|path| path.join("bin").join(&program).exists());
    let of_pyenv = installed
        .iter()
        .filter_map(|path| fitting(&path.join("bin").join(&program)));
    if let Some(found) = of_pyenv.max_by(|a, b| a.version.cmp(&b.version)) {
        let why = format!("{} among pyenv's versions", found.version);
        return Some((found, why));
    }
    let request = wanted
        .micro
        .map_or(format!("{}.{}", wanted.major, wanted.minor), |micro| {
            format!("{}.{}.{micro}", wanted.major, wanted.minor)
        });
    let request = if wanted.free_threaded {
        format!("{request}t")
    } else {
        request
    };
    let found = fitting(&with_uv(Some(&request), environment)?)?;
    Some((found, format!("what `uv python find {request}` says")))
}

/// `python3 on PATH`, and through whose shim.
pub(super) fn through(program: &str, candidate: &Path) -> String {
    match shim_of(candidate) {
        Some(manager) => format!("{program} on PATH, through {manager}'s shim"),
        None => format!("{program} on PATH"),
    }
}

/// pyenv's directory of installed versions, when there is one.
pub(crate) fn pyenv_versions(environment: &Environment) -> Option<PathBuf> {
    let root = environment
        .path("PYENV_ROOT")
        .or_else(|| {
            let mut command = environment.command(&environment.which("pyenv")?);
            let said = child::output(command.arg("root"), b"").ok()?;
            Some(PathBuf::from(String::from_utf8(said).ok()?.trim_end()))
        })
        .or_else(|| Some(environment.path("HOME")?.join(".pyenv")))?;
    Some(root.join("versions")).filter(|versions| versions.is_dir())
}

/// What `uv python find` answers; it downloads nothing.
pub(super) fn with_uv(request: Option<&str>, environment: &Environment) -> Option<PathBuf> {
    let mut command = environment.command(&environment.which("uv")?);
    command.args(["python", "find", "--no-python-downloads", "--system"]);
    let said = child::output(command.args(request), b"").ok()?;
    let path = PathBuf::from(String::from_utf8(said).ok()?.trim_end());
    is_executable(&path).then_some(path)
}

fn children(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_paths() {
        let wanted = |micro, free_threaded| {
            Some(Wanted {
                major: 3,
                minor: 12,
                micro,
                free_threaded,
            })
        };
        assert_eq!(Wanted::parse("3.12"), wanted(None, false));
        assert_eq!(Wanted::parse("3.12.1"), wanted(Some(1), false));
        assert_eq!(Wanted::parse("3.12t"), wanted(None, true));
        for other in [
            "3",
            "3.",
            "3.12.",
            "3.12.1.0",
            "python3.12",
            "./3.12",
            "3.+1",
            "",
            "t",
        ] {
            assert_eq!(Wanted::parse(other), None, "{other}");
        }
    }
}
