//! The file's own door: `PYSHIP=<tool> ./app.bin`.

use std::fs;
use std::path::{Path, PathBuf};

use pyship_launcher::cache::warm;
use pyship_launcher::error::{Error, Kind, Result, cause, plain_json};
use pyship_launcher::manifest::{Entry, Layer, Manifest};
use pyship_launcher::names::{CACHE_LAYERS, CACHE_VERSION, LAYERS, MEMBER_MANIFEST};
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Check, Compare, Progress, Sink, Write};

use crate::launch::Place;
use crate::watch::print;

const HELP: &str = "\
This file was made by pyship: it holds a program, its packages and its Python.
Run it as any program; its arguments are the program's own. Besides:

  PYSHIP=help    ./FILE             this text
  PYSHIP=info    ./FILE [--json]    what the file holds
  PYSHIP=python  ./FILE [ARGS...]   its Python, with the program's packages
  PYSHIP=where   ./FILE             where it is unpacked
  PYSHIP=verify  ./FILE             checks the file, and what was unpacked from it
  PYSHIP=extract ./FILE [DIR]       unpacks it to DIR (default: FILE's name, `.d` appended)

  PYSHIP_CACHE_DIR=DIR  unpack below DIR, not below ~/.cache/pyship
  PYSHIP_STORE=A:B      read-only caches that are looked in first
";

/// Runs a tool; gives the exit code.
pub(crate) fn run(tool: &[u8], place: &Place<'_>, arguments: &[Vec<u8>]) -> Result<i32> {
    match tool {
        b"help" => say(HELP),
        b"info" => info(place.payload, arguments),
        b"where" => locations(place),
        b"verify" => verify(place),
        b"extract" => extract(place.payload, arguments.first()),
        _ => {
            let tool = String::from_utf8_lossy(tool);
            Err(Error::new(
                Kind::Other,
                format!("failed to run `{tool}`: there is no such tool"),
            )
            .hint("PYSHIP=help lists the tools; unset PYSHIP to start the program"))
        }
    }
}

fn info(payload: &Payload, arguments: &[Vec<u8>]) -> Result<i32> {
    let manifest = payload.manifest()?;
    if arguments.first().is_some_and(|argument| argument == b"--json") {
        let json = payload.manifest_bytes()?;
        return say(&plain_json(&String::from_utf8_lossy(&json)));
    }
    let mut text = format!("{}\n", describe(&manifest));
    for layer in &manifest.layers {
        let Layer {
            name,
            size,
            disk,
            entries,
            digest,
            ..
        } = layer;
        text.push_str(&format!(
            "{name:<8} {size:>12} bytes, {disk:>12} unpacked in {entries} entries, {digest}\n"
        ));
    }
    say(&text)
}

fn describe(manifest: &Manifest) -> String {
    let version = manifest
        .version
        .as_deref()
        .map_or_else(String::new, |version| format!(" {version}"));
    let entry = match &manifest.entry {
        Entry::Script { path } => format!("runs {path}"),
        Entry::Module { name } => format!("runs -m {name}"),
        Entry::Function { module, attr } => format!("runs {module}:{attr}"),
        Entry::Commands { commands } => {
            let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
            format!("runs {}", names.join(", "))
        }
        Entry::Interpreter => "runs python".to_owned(),
    };
    let (major, minor) = manifest.libc.floor;
    let carried = manifest.libc.carried.as_ref().map_or_else(
        || "carries none".to_owned(),
        |libc| format!("carries glibc {}.{}", libc.version.0, libc.version.1),
    );
    format!(
        "{}{version}: {entry}\nCPython {} for {}, needs glibc {major}.{minor}, {carried}; made by pyship {}",
        manifest.name, manifest.python.version, manifest.target, manifest.pyship
    )
}

fn locations(place: &Place<'_>) -> Result<i32> {
    let ready = place.ready()?;
    let app = warm::shown(&ready.directory);
    let mut text = format!("{}\n", app.display());
    for layer in unpacked(&place.payload.manifest()?, &ready.record.checks) {
        text.push_str(&format!("{}\n", layer.1.display()));
    }
    say(&text)
}

/// Where each layer lies, as far as the app's record knows.
fn unpacked<'a>(manifest: &'a Manifest, checks: &[Vec<u8>]) -> Vec<(&'a Layer, PathBuf)> {
    let place = |layer: &'a Layer| {
        let middle = PathBuf::from(CACHE_VERSION)
            .join(CACHE_LAYERS)
            .join(layer.directory());
        let inside = checks.iter().map(|check| warm::shown(check)).find_map(|check| {
            check
                .ancestors()
                .find(|ancestor| ancestor.ends_with(&middle))
                .map(Path::to_owned)
        })?;
        Some((layer, inside))
    };
    manifest.layers.iter().filter_map(place).collect()
}

fn verify(place: &Place<'_>) -> Result<i32> {
    let manifest = place.payload.manifest()?;
    place.payload.launcher(&manifest)?;
    let ready = place.found();
    let places = ready.map_or_else(Vec::new, |ready| unpacked(&manifest, &ready.record.checks));
    let mut differing = Vec::new();
    for layer in &manifest.layers {
        // A layer that is not unpacked is compared with nothing: its frames are checked all the same.
        let at = places
            .iter()
            .find(|(other, _)| other.name == layer.name)
            .map(|(_, path)| path);
        let run = |sink: &dyn Sink| unpack::run(place.payload, &[(layer, sink)], &Progress::default());
        match at {
            None => run(&Check::default())?,
            Some(at) => {
                let sink = Compare::new(at);
                run(&sink)?;
                differing.extend(sink.differing());
            }
        }
    }
    if differing.is_empty() {
        let cached = if places.is_empty() {
            "it is not unpacked"
        } else {
            "what was unpacked is intact"
        };
        return say(&format!(
            "{}: the file is intact, {cached}\n",
            place.payload.path.display()
        ));
    }
    let shown = differing.len().min(20);
    Err(Error::new(
        Kind::Damaged,
        format!(
            "failed to verify the cache: {} differ: {}",
            differing.len(),
            differing[..shown].join(", ")
        ),
    )
    .hint("remove the layer's directory: the next start unpacks it anew"))
}

fn extract(payload: &Payload, directory: Option<&Vec<u8>>) -> Result<i32> {
    let manifest = payload.manifest()?;
    let default = || PathBuf::from(format!("{}.d", manifest.name));
    let directory = directory.map_or_else(default, |directory| warm::shown(directory));
    let failed = |error: std::io::Error| Error::path(Kind::Other, "extract to", &directory, cause(&error));
    fs::create_dir(&directory).map_err(failed)?;
    if let Err(error) = extract_to(payload, &manifest, &directory) {
        // Half a program is of no use; what can't be removed stays, and the first failure is the one to tell.
        fs::remove_dir_all(&directory).unwrap_or_default();
        return Err(error);
    }
    say(&format!("{}\n", directory.display()))
}

fn extract_to(payload: &Payload, manifest: &Manifest, directory: &Path) -> Result<()> {
    let failed = |error: std::io::Error| Error::path(Kind::Other, "extract to", directory, cause(&error));
    fs::write(directory.join(MEMBER_MANIFEST), payload.manifest_bytes()?).map_err(failed)?;
    for name in LAYERS {
        let Some(layer) = manifest.layer(name) else {
            continue;
        };
        let at = directory.join(name);
        fs::create_dir(&at).map_err(failed)?;
        let root = fs::File::open(&at).map_err(failed)?;
        let sink = Write::new(root.into(), &at);
        unpack::run(payload, &[(layer, &sink as &dyn Sink)], &Progress::default())?;
        sink.finish()?;
    }
    Ok(())
}

fn say(text: &str) -> Result<i32> {
    print(text).map_err(|error| {
        Error::new(
            Kind::Other,
            format!("failed to write to standard output: {}", cause(&error)),
        )
    })?;
    Ok(0)
}
