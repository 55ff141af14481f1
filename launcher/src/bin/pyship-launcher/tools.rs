//! The file's own door: `PYSHIP=<tool> ./app.bin`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pyship_launcher::cache::prune::{self, Hand, Policy, UNUSED};
use pyship_launcher::cache::repair::{self, Findings};
use pyship_launcher::cache::{roots, warm};
use pyship_launcher::error::{Error, Kind, Result, cause, plain_json};
use pyship_launcher::format::manifest::{Entry, Layer, Manifest};
use pyship_launcher::format::names::{LAYERS, MEMBER_MANIFEST};
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Progress, Sink, Write};

use crate::launch::Place;
use crate::process_state::ProcessState;
use crate::terminal::print;

/// So many differences are named; the rest are counted.
const SHOWN: usize = 20;

const HELP: &str = "\
This file was made by pyship: it holds a program, its packages and its Python.
Run it as any program; its arguments are the program's own. Besides:

  PYSHIP=help    ./FILE             this text
  PYSHIP=info    ./FILE [--json]    what the file holds
  PYSHIP=python  ./FILE [ARGS...]   its Python, with the program's packages
  PYSHIP=where   ./FILE             where it is unpacked
  PYSHIP=verify  ./FILE             checks the file, and what was unpacked from it
  PYSHIP=repair  ./FILE             puts right what was unpacked from it
  PYSHIP=prune   ./FILE [DAYS]      removes all apps from the cache that were not used for DAYS (default: 30)
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
        b"repair" => repair(place),
        b"prune" => prune(place, arguments.first()),
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
    for layer in &ready.record.layers {
        text.push_str(&format!("{}\n", warm::shown(layer).display()));
    }
    say(&text)
}

fn verify(place: &Place<'_>) -> Result<i32> {
    let Findings { differing, seen } = place.with_context(repair::verify)?;
    if differing.is_empty() {
        let cached = if seen == 0 {
            "it is not unpacked"
        } else {
            "what was unpacked is intact"
        };
        return say(&format!(
            "{}: the file is intact, {cached}\n",
            place.payload.path.display()
        ));
    }
    let shown = differing.len().min(SHOWN);
    Err(Error::new(
        Kind::Damaged,
        format!(
            "failed to verify the cache: {} differ: {}",
            differing.len(),
            differing[..shown].join(", ")
        ),
    )
    .hint("PYSHIP=repair puts right what is in a cache of your own; a store is its owner's to fill anew"))
}

fn repair(place: &Place<'_>) -> Result<i32> {
    let _guard = ProcessState::for_writing();
    let Findings { differing, .. } = place.with_context(repair::repair)?;
    let mut text = String::new();
    for line in &differing {
        text.push_str("mended: ");
        text.push_str(line);
        text.push('\n');
    }
    if differing.is_empty() {
        text.push_str("there was nothing to mend\n");
    }
    say(&text)
}

fn prune(place: &Place<'_>, days: Option<&Vec<u8>>) -> Result<i32> {
    let older = match days {
        None => UNUSED,
        Some(days) => days_of(days).ok_or_else(|| {
            let days = String::from_utf8_lossy(days);
            Error::new(
                Kind::Other,
                format!("failed to prune: `{days}` is not a number of days"),
            )
        })?,
    };
    let policy = Policy {
        older: Some(older),
        ..Policy::default()
    };
    let mut text = String::new();
    for candidate in &place.ladder {
        let Ok(root) = roots::open_existing(candidate, place.uid) else {
            continue;
        };
        let removed = prune::prune(&root.path, &policy, Hand::Really)?;
        text.push_str(&format!(
            "{}: {} apps and {} layers removed, {} bytes freed\n",
            root.path.display(),
            removed.apps.len(),
            removed.layers.len(),
            removed.disk
        ));
    }
    say(&text)
}

fn days_of(text: &[u8]) -> Option<Duration> {
    let days: u32 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
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
