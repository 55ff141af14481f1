//! The app's directory: a virtual environment whose `bin/python3` is the launcher itself.
//!
//! ```text
//! bin/python3                          the launcher's ELF file: starts the interpreter as the record says
//! bin/python, bin/python3.12           links to it
//! bin/<script>                         the deps layer's Python scripts with this interpreter; links to the others
//! pyvenv.cfg                           home = <runtime layer>/bin
//! lib/python3.12/site-packages         link into the deps layer
//! share, etc, ...                      links into the deps layer
//! app                                  link to the app layer
//! launch                               the record
//! ```

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use super::sentinels;
use crate::error::{Error, Result};
use crate::libc_choice::Choice;
use crate::manifest::{Entry, Manifest};
use crate::names::{
    APP_LINK, APP_RECORD, LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME, LIBC_LIB, SCRIPT_SHEBANG,
};
use crate::record::{Loader, Record};

/// The kernel of before 5.1 cuts a `#!` line after this many bytes.
const SHEBANG_MAX: usize = 127;

/// What an app's directory is made from.
pub struct Parts<'a> {
    /// The file's manifest.
    pub manifest: &'a Manifest,
    /// Host's or carried C library.
    pub choice: Choice,
    /// The directory's final path, which goes into files.
    pub directory: &'a Path,
    /// The launcher's ELF file.
    pub launcher: &'a [u8],
    /// Where a layer lies.
    pub layers: &'a dyn Fn(&str) -> Option<PathBuf>,
}

/// Writes the app's directory at `at`, which is empty and will be renamed to `parts.directory`.
///
/// # Errors
/// When a file can't be written.
pub fn write(parts: &Parts<'_>, at: &Path) -> Result<()> {
    write_files(parts, at).map_err(|error| Error::storage("write the app's directory", at, &error))
}

fn write_files(parts: &Parts<'_>, at: &Path) -> io::Result<()> {
    let Parts {
        manifest,
        directory,
        launcher,
        layers,
        ..
    } = parts;
    let layer = |name: &str| {
        layers(name).ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("layer {name} is missing")))
    };
    let bin = at.join("bin");
    fs::create_dir(&bin)?;
    create(&bin.join("python3"), launcher, 0o755)?;
    symlink("python3", bin.join("python"))?;
    if let Some(versioned) = Path::new(&manifest.python.executable)
        .file_name()
        .filter(|name| *name != "python3")
    {
        symlink("python3", bin.join(versioned))?;
    }
    let runtime = layer(LAYER_RUNTIME)?;
    create(
        &at.join("pyvenv.cfg"),
        &pyvenv_cfg(&runtime, &manifest.python.version),
        0o644,
    )?;
    let site_packages = at.join(&manifest.python.site_packages);
    if let Some(parent) = site_packages.parent() {
        fs::create_dir_all(parent)?;
    }
    if let Some(deps) = layers(LAYER_DEPS) {
        symlink(deps.join(&manifest.python.site_packages), &site_packages)?;
        link_rest(&deps, at)?;
        write_scripts(&deps.join("bin"), &bin, &directory.join("bin/python3"))?;
    } else {
        fs::create_dir(&site_packages)?;
    }
    if at.join("lib64").symlink_metadata().is_err() {
        symlink("lib", at.join("lib64"))?;
    }
    link_tcl(&runtime.join("lib"), &at.join("lib"))?;
    symlink(layer(LAYER_APP)?, at.join(APP_LINK))?;
    create(&at.join(APP_RECORD), &record(parts)?.encode(), 0o644)
}

/// How the app is started, as seen from this cache and this host.
fn record(parts: &Parts<'_>) -> io::Result<Record> {
    let Parts {
        manifest,
        choice,
        directory,
        layers,
        ..
    } = parts;
    let at = |layer: &str, path: &str| {
        let found =
            layers(layer).ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("layer {layer}")))?;
        Ok::<_, io::Error>(found.join(path).into_os_string().into_encoded_bytes())
    };
    let loader = match (choice, &manifest.libc.carried) {
        (Choice::Carried, Some(carried)) => Some(Loader {
            path: at(LAYER_LIBC, &carried.loader)?,
            library_path: [at(LAYER_LIBC, LIBC_LIB)?, at(LAYER_RUNTIME, "lib")?].join(&b':'),
        }),
        _ => None,
    };
    let mut checks = vec![
        directory
            .join("bin/python3")
            .into_os_string()
            .into_encoded_bytes(),
    ];
    for layer in &manifest.layers {
        if layer.name == LAYER_LIBC && loader.is_none() {
            continue;
        }
        for path in sentinels(&layer.name, manifest) {
            checks.push(at(&layer.name, &path)?);
        }
    }
    Ok(Record {
        interpreter: manifest.entry == Entry::Interpreter,
        executable: at(LAYER_RUNTIME, &manifest.python.executable)?,
        home: layers(LAYER_RUNTIME)
            .unwrap_or_default()
            .into_os_string()
            .into_encoded_bytes(),
        loader,
        options: manifest
            .options
            .iter()
            .map(|option| option.clone().into_bytes())
            .collect(),
        environment: manifest
            .environment
            .iter()
            .map(|(name, value)| (name.clone().into_bytes(), value.clone().into_bytes()))
            .collect(),
        checks,
    })
}

fn pyvenv_cfg(runtime: &Path, version: &str) -> Vec<u8> {
    let home = runtime.join("bin");
    let lines = format!("\ninclude-system-site-packages = false\nversion = {version}\n");
    [
        b"home = ".as_slice(),
        home.as_os_str().as_bytes(),
        lines.as_bytes(),
    ]
    .concat()
}

/// Links to what the packages put beside `lib` and `bin`: `share`, `etc`, `include`.
fn link_rest(deps: &Path, at: &Path) -> io::Result<()> {
    for entry in fs::read_dir(deps)? {
        let entry = entry?;
        let link = at.join(entry.file_name());
        if link.symlink_metadata().is_err() {
            symlink(entry.path(), link)?;
        }
    }
    Ok(())
}

/// Links to Tcl's and Tk's own scripts, which they look for beside `sys.executable`.
fn link_tcl(runtime: &Path, lib: &Path) -> io::Result<()> {
    for entry in fs::read_dir(runtime)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_tcl = name.as_bytes().starts_with(b"tcl") || name.as_bytes().starts_with(b"tk");
        if is_tcl && entry.file_type()?.is_dir() {
            symlink(entry.path(), lib.join(name))?;
        }
    }
    Ok(())
}

fn write_scripts(from: &Path, bin: &Path, python: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let target = bin.join(entry.file_name());
        if target.symlink_metadata().is_ok() {
            continue;
        }
        match python_script(&entry.path())? {
            Some(body) => create(
                &target,
                &[shebang(python.as_os_str().as_bytes()).as_slice(), &body].concat(),
                0o755,
            )?,
            None => symlink(entry.path(), target)?,
        }
    }
    Ok(())
}

/// What follows the first line of a script that wants our interpreter.
fn python_script(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read;
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

/// The first lines that make a script run by `python`; a path that `#!` can't say goes through the shell.
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
    // To the shell two empty strings and a command; to Python one string in triple quotes.
    [
        b"#!/bin/sh\n'''exec' \"".as_slice(),
        &quoted,
        b"\" \"$0\" \"$@\"\n' '''\n",
    ]
    .concat()
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::io::Write;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_paths_get_a_plain_shebang_and_long_ones_the_shell() {
        assert_eq!(shebang(b"/c/bin/python3"), b"#!/c/bin/python3\n");
        let long = shebang(&[b'x'; 200]);
        assert!(long.starts_with(b"#!/bin/sh\n'''exec' \"xxx"));
        assert!(shebang(b"/a b/$c").windows(5).any(|part| part == b"b/\\$c"));
    }
}
