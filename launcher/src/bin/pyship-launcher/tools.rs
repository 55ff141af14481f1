//! The built-in tools: `PYSHIP=<tool> ./app.bin`.

use std::path::PathBuf;
use std::time::Duration;

use pyship_launcher::bytes::as_path;
use pyship_launcher::cache::policy::Policy;
use pyship_launcher::cache::prune::{self, Mode, UNUSED};
use pyship_launcher::cache::repair::{self, Findings};
use pyship_launcher::cache::root::Root;
use pyship_launcher::cache::{Context, Scope};
use pyship_launcher::error::{Error, Kind, Result, cause, plain, plain_json};
use pyship_launcher::format::manifest::{Entry, Layer, Manifest};
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack;

use crate::fill::fill;
use crate::install::install;
use crate::prepare;
use crate::process_state::ProcessState;
use crate::terminal::print;

/// Option of `repair`.
const RESET: &[u8] = b"--reset";

const HELP: &str = "\
This file was made by pyship. It contains a program, its packages and a Python interpreter.
Run it like any other program. To run a built-in tool instead, set the variable PYSHIP:

  PYSHIP=help    ./FILE             Print this help
  PYSHIP=info    ./FILE [--json]    Show what the file contains
  PYSHIP=python  ./FILE [ARGS...]   Run the Python interpreter with the program's packages
  PYSHIP=run     ./FILE NAME [ARGS...]
                                    Run the command NAME of a file that has several
  PYSHIP=install ./FILE DIR         Write links to the file into DIR, named like its commands
  PYSHIP=where   ./FILE             Print the directories that the file is unpacked to
  PYSHIP=verify  ./FILE             Verify the file and its unpacked contents; fails if any are damaged or changed
  PYSHIP=repair  ./FILE [--reset]   Restore what is damaged; with --reset, also undo what was changed and added
  PYSHIP=prune   ./FILE [DAYS]      Remove all apps from the cache that were not used for DAYS (default: 30)
  PYSHIP=fill    ./FILE [--shared] DIR
                                    Unpack the file to the cache directory DIR; with --shared, all users may read it
  PYSHIP=extract ./FILE [DIR]       Extract the file to DIR (default: the program's name with `.d` appended)

Environment variables:

  PYSHIP_CACHE_DIR=DIR  Cache directory to unpack to (default: ~/.cache/pyship; for root /var/cache/pyship)
  PYSHIP_STORE=A:B      Read-only caches to search first
";

/// Runs a tool; returns the exit code.
pub(crate) fn run(tool: &[u8], context: &Context<'_>, arguments: &[Vec<u8>]) -> Result<i32> {
    match tool {
        b"help" => say(HELP),
        b"info" => info(context.payload, arguments),
        b"install" => say(&install(context.payload, arguments)?),
        b"where" => print_paths(context),
        b"verify" => verify(context),
        b"repair" => repair(context, arguments),
        b"prune" => prune(context, arguments.first()),
        b"fill" => say(&fill(context, arguments)?),
        b"extract" => extract(context.payload, arguments.first()),
        _ => {
            let tool = String::from_utf8_lossy(tool);
            Err(Error::new(
                Kind::Other,
                format!("failed to run `{tool}`: there is no such tool"),
            )
            .hint("run with PYSHIP=help to list the tools, or unset PYSHIP to start the program"))
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
    let arguments: String = manifest
        .arguments
        .iter()
        .map(|argument| format!(" {argument}"))
        .collect();
    let arguments = plain(arguments);
    let (major, minor) = manifest.libc.floor;
    let carried = manifest.libc.carried.as_ref().map_or_else(
        || "carries no glibc".to_owned(),
        |libc| format!("carries glibc {}.{}", libc.version.0, libc.version.1),
    );
    format!(
        "{}{version}: {entry}{arguments}\nCPython {} for {}, needs glibc {major}.{minor}, {carried}; made by pyship {}",
        manifest.name, manifest.python.version, manifest.target, manifest.pyship
    )
}

fn print_paths(context: &Context<'_>) -> Result<i32> {
    let ready = prepare::find_or_make(context)?;
    let mut text = format!("{}\n", as_path(&ready.directory).display());
    for layer in &ready.record.layers {
        text.push_str(&format!("{}\n", as_path(layer).display()));
    }
    say(&text)
}

fn verify(context: &Context<'_>) -> Result<i32> {
    let Findings {
        damaged,
        changed,
        added,
        compared,
    } = repair::verify(context)?;
    let mut text = String::new();
    list(&mut text, "damaged", &damaged);
    list(&mut text, "changed", &quoted(&changed));
    list(&mut text, "added", &quoted(&added));
    if damaged.is_empty() && changed.is_empty() {
        let cached = if compared == 0 {
            "nothing is unpacked"
        } else {
            "its unpacked contents are intact"
        };
        let file = context.payload.path.display();
        text.push_str(&plain(format!("{file}: the file is intact, {cached}")));
        text.push('\n');
        return say(&text);
    }
    say(&text)?;
    let (damaged, changed, added) = (damaged.len(), changed.len(), added.len());
    Err(Error::new(
        Kind::Damaged,
        format!("failed to verify the unpacked contents: {damaged} damaged, {changed} changed, {added} added"),
    )
    .hint(
        "PYSHIP=repair restores what is damaged in your own caches; with the argument --reset it also undoes what \
         was changed and added",
    ))
}

fn repair(context: &Context<'_>, arguments: &[Vec<u8>]) -> Result<i32> {
    let scope = match arguments {
        [] => Scope::Damaged,
        [option] if option == RESET => Scope::All,
        [first, ..] => {
            let first = String::from_utf8_lossy(first);
            let message = format!("failed to repair the cache: `{first}` is not an option");
            return Err(Error::new(Kind::Other, message).hint("the only option is --reset"));
        }
    };
    let _guard = ProcessState::for_writing();
    let Findings {
        damaged,
        changed,
        added,
        ..
    } = repair::repair(context, scope)?;
    let mut text = String::new();
    list(&mut text, "repaired", &damaged);
    let (of_changed, of_added) = match scope {
        Scope::Damaged => ("changed", "added"),
        Scope::All => ("restored", "removed"),
    };
    list(&mut text, of_changed, &quoted(&changed));
    list(&mut text, of_added, &quoted(&added));
    let is_kept = scope == Scope::Damaged && !(changed.is_empty() && added.is_empty());
    if damaged.is_empty() && (is_kept || text.is_empty()) {
        text.push_str("nothing to repair\n");
    }
    if is_kept {
        let file = context.payload.path.display();
        text.push_str(&plain(format!(
            "to undo what was changed and added: PYSHIP=repair {file} --reset"
        )));
        text.push('\n');
    }
    say(&text)
}

fn list(text: &mut String, kind: &str, lines: &[String]) {
    for line in lines {
        // Names in the cache are anyone's.
        text.push_str(&plain(format!("{kind}: {line}")));
        text.push('\n');
    }
}

fn quoted(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| format!("`{}`", path.display())).collect()
}

fn prune(context: &Context<'_>, days: Option<&Vec<u8>>) -> Result<i32> {
    let older = match days {
        None => UNUSED,
        Some(days) => days_of(days).ok_or_else(|| {
            let days = String::from_utf8_lossy(days);
            Error::new(
                Kind::Other,
                format!("failed to prune the cache: `{days}` is not a number of days"),
            )
        })?,
    };
    let policy = Policy {
        older: Some(older),
        ..Policy::default()
    };
    let mut text = String::new();
    for candidate in &context.candidates {
        let Ok(root) = Root::open(candidate, context.uid) else {
            continue;
        };
        if prune::is_spared(&root, candidate.origin, &policy) {
            text.push_str(
                "a cache that other users may read is kept: set PYSHIP_CACHE_DIR to it to prune it\n",
            );
            continue;
        }
        let removed = prune::prune(&root, &policy, Mode::Apply)?;
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
    let directory = directory.map_or_else(default, |directory| as_path(directory).to_owned());
    unpack::extract(payload, &manifest, &directory)?;
    say(&format!("{}\n", directory.display()))
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
