//! Tries out what starts, by starting the finished file's interpreter in a cache of its own: what is checked
//! is what users will get, down to the libraries.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use pyship_launcher::format::manifest::{Entry, Manifest};
use pyship_launcher::format::names::{ENV_CACHE_DIR, ENV_STORE, ENV_TOOL};

use crate::build_cache::BuildCache;

/// What the interpreter is told to do: as far as an import goes, and no further. The first argument says which
/// kind of entry it is.
const CHECK: &str = include_str!("trial.py");
/// It ended for a reason that it has said on its last line.
const SAID: i32 = 3;

/// Checks the entry of `file`, unpacking it below `scratch`, but for layers that an earlier check has unpacked
/// into the build cache.
///
/// Gives the modules that a script imports and that are nowhere in the file.
///
/// # Errors
/// When the interpreter does not come up, or what starts is not there: says which, with what Python said.
pub(super) fn check(
    file: &Path,
    manifest: &Manifest,
    scratch: &Path,
    cache: &BuildCache,
) -> Result<Vec<String>> {
    if let Some(trial) = cache.trial() {
        if let Ok(missing) = start(file, manifest, scratch, &trial.cache(), Some(trial.store())) {
            cache.keep_unpacked(&trial, manifest);
            return Ok(missing);
        }
        // A cache that is full, damaged or on a file system without programs says nothing about the file.
        cache.forget_unpacked(&trial, manifest);
    }
    start(file, manifest, scratch, &scratch.join("cache"), None)
}

/// Says of each missing module where it can come from: a file that lies beside what was packed, or a package.
pub(super) fn warnings(missing: &[String], app: Option<&Path>) -> Vec<String> {
    missing
        .iter()
        .map(|name| {
            let advice = advice(name, app.unwrap_or(Path::new("")));
            format!("what starts imports `{name}`, which is nowhere in the file: add it with {advice}")
        })
        .collect()
}

fn advice(name: &str, app: &Path) -> String {
    let requirements = app.join("requirements.txt");
    let beside = app.with_file_name(name);
    let sources = [beside.with_extension("py"), beside];
    if let Some(source) = sources.iter().find(|source| app.is_file() && source.exists()) {
        return format!("--include {}", source.display());
    }
    let package = format!("--with {name}");
    if requirements.is_file() {
        format!("-r {}, or {package}", requirements.display())
    } else {
        package
    }
}

fn start(
    file: &Path,
    manifest: &Manifest,
    scratch: &Path,
    cache: &Path,
    store: Option<&Path>,
) -> Result<Vec<String>> {
    let mut command = Command::new(file);
    command
        .env(ENV_TOOL, "python")
        .env(ENV_CACHE_DIR, cache)
        .env_remove(ENV_STORE)
        .envs(store.map(|store| (ENV_STORE, store)))
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .current_dir(scratch)
        .stdin(Stdio::null())
        .arg("-c")
        .arg(CHECK)
        .args(arguments(&manifest.entry));
    let output = command
        .output()
        .with_context(|| format!("failed to start `{}`", file.display()))?;
    if output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        let missing = said.lines().filter_map(|line| line.strip_prefix("missing "));
        return Ok(missing.map(str::to_owned).collect());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim_end();
    if output.status.code() == Some(SAID) {
        let (before, last) = said.rsplit_once('\n').unwrap_or(("", said));
        let before = if before.is_empty() {
            String::new()
        } else {
            format!("\n{before}")
        };
        bail!("failed to find what starts: {last}{before}");
    }
    let how = crate::child::in_words(output.status);
    bail!("failed to try out the packed interpreter: it {how}\n{said}");
}

fn arguments(entry: &Entry) -> Vec<String> {
    match entry {
        Entry::Interpreter => vec!["interpreter".into()],
        Entry::Script { path } => vec!["script".into(), path.clone()],
        Entry::Module { name } => vec!["module".into(), name.clone()],
        Entry::Function { module, attr } => vec!["function".into(), format!("{module}:{attr}")],
        Entry::Commands { commands } => {
            let targets = commands.iter().map(|command| match &command.function {
                Some(function) => format!("function={function}"),
                None => format!("bin={}", command.name),
            });
            std::iter::once("commands".to_owned()).chain(targets).collect()
        }
    }
}
