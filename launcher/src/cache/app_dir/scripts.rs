//! The scripts in `bin/`: those of the packages and those that start the file's own functions, for the app's
//! interpreter.

use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::plan::{Plan, entries};
use super::prefix;
use crate::format::manifest::{Entry, Manifest};
use crate::format::names::SCRIPT_SHEBANG;

/// Kernels before 5.1 truncate a `#!` line after this many bytes.
const SHEBANG_MAX: usize = 127;

/// The name of a command's script: not one of the interpreter's.
pub(super) fn command_name(name: &str) -> String {
    if name.starts_with("python") {
        format!("{name}-script")
    } else {
        name.to_owned()
    }
}

/// Scripts for functions, in place of those that pip has made: these import less.
pub(super) fn add_commands(plan: &mut Plan, manifest: &Manifest, python: &Path) {
    let mut add = |name: &str, module: &str, attr: &str| {
        let path = Path::new("bin").join(command_name(name));
        let shebang = shebang(python.as_os_str().as_bytes());
        let bytes = [shebang.as_slice(), command_script(module, attr).as_bytes()].concat();
        plan.file(&path, bytes, true);
    };
    match &manifest.entry {
        Entry::Function { module, attr } => add(&manifest.name, module, attr),
        Entry::Commands { commands } => {
            for command in commands {
                if let Some((module, attr)) =
                    command.function.as_deref().and_then(|text| text.split_once(':'))
                {
                    add(&command.name, module, attr);
                }
            }
        }
        _ => {}
    }
}

/// What pip writes for the entry point `module:attr`, as far as it matters here.
fn command_script(module: &str, attr: &str) -> String {
    let (module, attr) = (module.trim(), attr.split('[').next().unwrap_or_default().trim());
    let name = attr.split('.').next().unwrap_or(attr);
    format!("import sys\nfrom {module} import {name}\nif __name__ == '__main__':\n    sys.exit({attr}())\n")
}

/// Adds the scripts and programs in `source`, the `bin` of a layer.
pub(super) fn add(plan: &mut Plan, source: &Path, python: &Path) -> io::Result<()> {
    for entry in entries(source)? {
        let path = Path::new("bin").join(&entry.name);
        if entry.is_directory {
            plan.directory(&path);
            prefix::merge(plan, &entry.source, &path, &mut |_, _, _| Ok(false))?;
        } else if let Some(body) = python_script(&entry.source)? {
            let bytes = [shebang(python.as_os_str().as_bytes()).as_slice(), &body].concat();
            plan.file(&path, bytes, true);
        } else {
            plan.link(&path, entry.source);
        }
    }
    Ok(())
}

/// The rest of a script whose first line asks for the app's interpreter; `None` for other files.
fn python_script(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut file = fs::File::open(path)?;
    let mut start = vec![0; SCRIPT_SHEBANG.len() + 1];
    let marked =
        file.read_exact(&mut start).is_ok() && start.strip_suffix(b"\n") == Some(SCRIPT_SHEBANG.as_bytes());
    if !marked {
        return Ok(None);
    }
    let mut body = Vec::new();
    file.read_to_end(&mut body)?;
    Ok(Some(body))
}

/// The first lines of a script for the interpreter `python`; a path that does not fit in a `#!` line goes through the
/// shell.
fn shebang(python: &[u8]) -> Vec<u8> {
    let plain = [b"#!".as_slice(), python, b"\n"].concat();
    if plain.len() <= SHEBANG_MAX && !python.contains(&b' ') && !python.contains(&b'\t') {
        return plain;
    }
    let mut quoted = Vec::new();
    for &byte in python {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    // The shell reads two empty strings and a command, Python reads one string in triple quotes.
    [
        b"#!/bin/sh\n'''exec' \"".as_slice(),
        &quoted,
        b"\" \"$0\" \"$@\"\n' '''\n",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commands_script_calls_its_function() {
        let text = command_script("tool.cli ", " App.main [extra]");
        assert!(
            text.contains("from tool.cli import App\n") && text.ends_with("    sys.exit(App.main())\n"),
            "{text}"
        );
    }

    #[test]
    fn short_paths_get_a_plain_shebang_and_long_ones_the_shell() {
        assert_eq!(shebang(b"/c/bin/python3"), b"#!/c/bin/python3\n");
        let long = shebang(&[b'x'; 200]);
        assert!(long.starts_with(b"#!/bin/sh\n'''exec' \"xxx"));
        assert!(shebang(b"/a b/$c").windows(5).any(|part| part == b"b/\\$c"));
    }
}
