//! The launch record: how the app is started from this cache on this host.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::plan::Plan;
use super::scripts::command_name;
use super::{Parts, missing};
use crate::cache::sentinels::sentinels;
use crate::format::manifest::{self, argument};
use crate::format::names::{
    APP_ARGUMENT, APP_CODE, APP_LINK, APP_PYTHON, APP_START, GCONV_MODULES, LAYER_APP, LAYER_LIBC,
    LAYER_RUNTIME, LIBC_GCONV, LIBC_LIB, START_RUN,
};
use crate::format::record::{Command, Entry, Loader, Record};
use crate::libc_choice::Choice;
use crate::sys;

/// The record of an app whose directory holds `plan`.
pub(super) fn record(parts: &Parts<'_>, plan: &Plan) -> io::Result<Record> {
    let Parts {
        manifest,
        choice,
        directory,
        layers,
        ..
    } = parts;
    let at = |layer: &str, path: &str| {
        let layer = layers(layer).ok_or_else(|| missing(layer))?;
        Ok::<_, io::Error>(bytes(layer.join(path)))
    };
    let loader = match (choice, &manifest.libc.carried) {
        (Choice::Carried, Some(carried)) => Some(Loader {
            path: at(LAYER_LIBC, &carried.loader)?,
            library_path: [at(LAYER_LIBC, LIBC_LIB)?, at(LAYER_RUNTIME, "lib")?].join(&b':'),
            gconv: layers(LAYER_LIBC)
                .map(|layer| layer.join(LIBC_GCONV))
                .filter(|gconv| gconv.join(GCONV_MODULES).exists())
                .map(bytes),
        }),
        _ => None,
    };
    let executable = at(LAYER_RUNTIME, &manifest.python.executable)?;
    // No check for what is executed: `execve` fails when it is missing.
    let executed = loader.as_ref().map_or(&executable, |loader| &loader.path).clone();
    let mut checks = vec![bytes(directory.join(APP_PYTHON))];
    for layer in &manifest.layers {
        if layer.name == LAYER_LIBC && loader.is_none() {
            continue;
        }
        for path in sentinels(&layer.name, manifest) {
            checks.extend(Some(at(&layer.name, &path)?).filter(|path| *path != executed));
        }
    }
    let text = |text: &String| text.clone().into_bytes();
    let paths = manifest.layers.iter().filter_map(|layer| layers(&layer.name));
    Ok(Record {
        name: text(&manifest.name),
        version: manifest.version.as_ref().map(text).unwrap_or_default(),
        entry: entry(parts, plan)?,
        executable,
        home: bytes(layers(LAYER_RUNTIME).unwrap_or_default()),
        loader,
        options: manifest.options.iter().map(text).collect(),
        arguments: arguments(parts)?,
        environment: manifest
            .environment
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        checks,
        layers: paths.map(bytes).collect(),
        private: manifest.layers.iter().any(|layer| layer.private),
    })
}

/// What is started. A script's directory goes on `sys.path` without links, and so that it can be known before, its
/// path has none.
fn entry(parts: &Parts<'_>, plan: &Plan) -> io::Result<Entry> {
    let Parts {
        manifest,
        directory,
        layers,
        ..
    } = parts;
    // The directory itself is not there yet.
    let parent = directory.parent().unwrap_or(directory).to_owned();
    let here = without_links(parent).join(directory.file_name().unwrap_or_default());
    let command = |name: &str| {
        let below = Path::new("bin").join(name);
        Command {
            path: bytes(here.join(&below)),
            python: plan.is_python(&below),
        }
    };
    let earlier = Path::new(APP_START).join(START_RUN);
    let is_earlier = manifest.entry != manifest::Entry::Interpreter
        && layers(LAYER_APP).is_some_and(|app| app.join(&earlier).is_file());
    if is_earlier {
        return Ok(Entry::Script(bytes(directory.join(APP_LINK).join(earlier))));
    }
    Ok(match &manifest.entry {
        manifest::Entry::Interpreter => Entry::Interpreter,
        manifest::Entry::Module { name } => Entry::Module(name.clone().into_bytes()),
        manifest::Entry::Script { path } => {
            let app = layers(LAYER_APP).ok_or_else(|| missing(LAYER_APP))?;
            Entry::Script(bytes(without_links(app).join(APP_CODE).join(path)))
        }
        manifest::Entry::Function { .. } => Entry::Commands(vec![command(&command_name(&manifest.name))]),
        manifest::Entry::Commands { commands } => Entry::Commands(
            commands
                .iter()
                .map(|one| command(&command_name(&one.name)))
                .collect(),
        ),
    })
}

/// The arguments that stand before the caller's. The app's directory is that of its scripts, see [`entry`].
fn arguments(parts: &Parts<'_>) -> io::Result<Vec<Vec<u8>>> {
    let app = (parts.layers)(LAYER_APP).ok_or_else(|| missing(LAYER_APP))?;
    let code = bytes(without_links(app).join(APP_CODE));
    let of = |text: &String| with_directory(&argument::decode(text).unwrap_or_default(), &code);
    Ok(parts.manifest.arguments.iter().map(of).collect())
}

/// An argument with `directory` in the place of every [`APP_ARGUMENT`].
fn with_directory(argument: &[u8], directory: &[u8]) -> Vec<u8> {
    let mut rest = argument;
    let mut replaced = Vec::new();
    while let Some(at) = sys::find(rest, APP_ARGUMENT.as_bytes()) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(directory);
        rest = &rest[at + APP_ARGUMENT.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// A path without symbolic links, where it exists.
pub(super) fn without_links(path: PathBuf) -> PathBuf {
    fs::canonicalize(&path).unwrap_or(path)
}

fn bytes(path: PathBuf) -> Vec<u8> {
    path.into_os_string().into_encoded_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_apps_directory_stands_in_arguments() {
        for (argument, want) in [
            (&b"{app}/app.py"[..], &b"/\xff/app.py"[..]),
            (b"--path={app}:{app}/lib:\xfe", b"--path=/\xff:/\xff/lib:\xfe"),
            (b"{{app}}", b"{/\xff}"),
            (b"{ap", b"{ap"),
            (b"", b""),
        ] {
            assert_eq!(with_directory(argument, b"/\xff"), want);
        }
    }
}
