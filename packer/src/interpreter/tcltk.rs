//! The scripts that Tcl and Tk read when they start: `lib/tcl8.6` and `lib/tk8.6`. In python-build-standalone they
//! are beside the interpreter, elsewhere in a directory of the distribution. In a layer they are in `lib/`, where
//! Tcl finds them relative to the executable.

use std::path::{Path, PathBuf};

use super::executable::needed;
use super::facts::Interpreter;

/// Their directories in distributions: Debian, Fedora, Arch and SUSE.
const SYSTEM: &[&str] = &["/usr/share/tcltk", "/usr/share", "/usr/lib64", "/usr/lib"];

/// Whether an entry of `lib/` is Tcl's or Tk's.
pub(super) fn is_data(name: &str) -> bool {
    let digits = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    ["tcl", "tk", "itcl", "thread"]
        .iter()
        .any(|stem| name.strip_prefix(stem).is_some_and(digits))
}

/// The directories to pack; none when tkinter can't work.
pub(super) fn directories(interpreter: &Interpreter) -> Vec<PathBuf> {
    let own = data_in(&interpreter.facts.prefix.join("lib"), is_data);
    if !own.is_empty() {
        return own;
    }
    let needed = extension(interpreter)
        .map(|path| needed(&path))
        .unwrap_or_default();
    // libtcl8.6.so, libtk8.6.so (Tk 9 is libtcl9tk9.0.so)
    let version = needed.iter().find_map(|name| {
        let rest = name.strip_prefix("libtcl")?.split(".so").next()?;
        rest.starts_with(|c: char| c.is_ascii_digit())
            .then(|| rest.split("tk").next().unwrap_or(rest).to_owned())
    });
    let Some(version) = version else { return Vec::new() };
    let wanted = [format!("tcl{version}"), format!("tk{version}")];
    SYSTEM
        .iter()
        .map(|place| data_in(Path::new(place), |name| wanted.iter().any(|one| one == name)))
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// Whether the interpreter has `_tkinter`, and Tcl's and Tk's scripts are there.
pub(super) fn works(interpreter: &Interpreter) -> bool {
    let builtin = interpreter
        .facts
        .builtin_modules
        .iter()
        .any(|name| name == "_tkinter");
    builtin || (extension(interpreter).is_some() && !directories(interpreter).is_empty())
}

fn extension(interpreter: &Interpreter) -> Option<PathBuf> {
    let entries = interpreter
        .facts
        .dynload
        .iter()
        .filter_map(|directory| fs_err::read_dir(directory).ok())
        .flatten();
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|path| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("_tkinter."))
    })
}

fn data_in(directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.is_dir()
                && path
                    .file_name()
                    .is_some_and(|name| wanted(&name.to_string_lossy()))
        })
        .collect();
    found.sort();
    found
}
