//! The trial run: starts the finished file's interpreter in a cache of its own and finds the entry point, so that
//! what is checked is what users get, down to the shared libraries. With `--trial` the program itself runs too, with
//! `--check-in` all of it is done once more in another root directory.

pub(super) mod check_in;
mod limit;
mod program;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use pyship_launcher::format::manifest::{Entry, Manifest};
use pyship_launcher::format::names::{ENV_CACHE_DIR, ENV_STORE, ENV_TOOL};
use pyship_launcher::target::{HOST, Target};
use serde::Deserialize;

use self::limit::{DidNotEnd, Limit, Watch};
use super::Pack;
use super::interpreter::CHILDREN;
use super::problems::{self, Problem};
use crate::assemble::Assembled;
use crate::child::bounded;
use crate::environment::ENV_TMPDIR;
use crate::hint::WithHint;
use crate::interrupt;
use crate::options::PackOptions;

/// Imports the entry point and runs nothing of it. The first arguments are those of [`Watch`], the next one says whether
/// packages are imported too, the one after it which kind of entry point it is.
const SCRIPT: &str = concat!(
    include_str!("../imports.py"),
    include_str!("../databases.py"),
    include_str!("trial.py"),
    include_str!("loads.py"),
    "\n\nfile = try_out(*sys.argv[1:])\n"
);
/// The script's exit code when its last line says what is missing.
const MISSING: i32 = 3;
/// What the line begins with that a plan says the same in.
pub(super) const NOT_THERE: &str = "not there: ";

/// What came of a trial run.
#[derive(Debug, Default)]
pub(super) struct Tried {
    /// What the app's modules import that is not in the file.
    pub(super) problems: Vec<Problem>,
    /// What became of the packages that they import, when these were imported: nothing, or why it failed.
    pub(super) imports: BTreeMap<String, Option<String>>,
    /// The files with code that were loaded.
    pub(super) mapped: Vec<PathBuf>,
}

/// Where a trial run takes place.
struct Place<'a> {
    /// What starts the file there, or the file.
    command: Command,
    /// The cache directory, as the file sees it.
    cache: &'a Path,
    /// A directory with layers.
    store: Option<&'a Path>,
    /// Where the script writes where it is, as the script sees it and as this process does.
    watched: [PathBuf; 2],
}

impl<'a> Place<'a> {
    /// This machine: `file` starts as it is.
    fn here(file: &Path, scratch: &Path, cache: &'a Path, store: Option<&'a Path>) -> Self {
        let mut command = Command::new(file);
        command.env(ENV_TMPDIR, scratch.join(CHILDREN));
        Self {
            command,
            cache,
            store,
            watched: [scratch.join("where"), scratch.join("where")],
        }
    }
}

/// Tries `file` out, unless the options or the target forbid it; gives nothing when it was not tried.
///
/// Layers that an earlier trial run has unpacked are read from the build cache.
///
/// # Errors
/// When the interpreter does not start, or the entry point is not found: says which, with Python's own words. When the
/// trial does not end: nothing shows then that the file would ever start. When the program fails with arguments of
/// `--trial`.
pub(super) fn run(pack: &Pack<'_>, file: &Assembled) -> Result<Option<Tried>> {
    if !is_wanted(pack) {
        return Ok(None);
    }
    pack.ui.step("trial run");
    let (manifest, scratch) = (&file.manifest, pack.scratch.path());
    let path = &executable(file.path(), scratch)?;
    let limit = Limit::of(&pack.interpreters.environment)?;
    if let Some(trial) = pack.cache.trial() {
        let cache = trial.cache();
        let place = || Place::here(path, scratch, &cache, Some(trial.store()));
        match start(pack, place(), manifest, &limit) {
            Ok(mut tried) => {
                tried.mapped.extend(program::run(pack, &place, &limit)?);
                pack.cache.keep_unpacked(&trial, manifest);
                return Ok(Some(tried));
            }
            Err(error) if error.is::<DidNotEnd>() => return Err(error).hint(limit.hint()),
            Err(_) => {}
        }
        // A cache that is full, damaged or on a file system without programs says nothing about the file.
        pack.cache.forget_unpacked(&trial, manifest);
    }
    let cache = scratch.join("cache");
    let place = || Place::here(path, scratch, &cache, None);
    let mut tried = match start(pack, place(), manifest, &limit) {
        Err(error) if error.is::<DidNotEnd>() => return Err(error).hint(limit.hint()),
        tried => tried?,
    };
    tried.mapped.extend(program::run(pack, &place, &limit)?);
    Ok(Some(tried))
}

/// Refuses what can't be tried out, before anything is packed.
///
/// # Errors
/// When the options ask for a root or for arguments that can't be had.
pub(super) fn refuse(options: &PackOptions, target: &Target) -> Result<()> {
    for text in &options.trial {
        program::split(text)?;
    }
    check_in::refuse(options, target)
}

/// Whether an app is tried out: the options and the target don't forbid it.
pub(super) fn is_wanted(pack: &Pack<'_>) -> bool {
    let is_foreign = pack.target != HOST;
    if is_foreign && !pack.options.no_check {
        let triple = pack.target.triple;
        pack.ui
            .note(&format!("no trial run: it takes a machine of `{triple}`"));
    }
    !is_foreign && !pack.options.no_check
}

/// The file, or a copy of it in `scratch` when it lies on a file system without programs.
fn executable(file: &Path, scratch: &Path) -> Result<PathBuf> {
    let refused = |path: &Path| {
        let mut tool = Command::new(path);
        let status = tool.env(ENV_TOOL, "help").stdout(Stdio::null()).status();
        status.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
    };
    if !refused(file) {
        return Ok(file.to_owned());
    }
    let mode = fs_err::metadata(file)?.permissions().mode();
    if mode & 0o111 == 0 {
        let error = anyhow!("failed to start the file: the umask leaves nobody the permission to execute it");
        return Err(error).hint("pack with `umask 022`");
    }
    let copy = scratch.join("trial");
    fs_err::copy(file, &copy)?;
    if refused(&copy) {
        let error = anyhow!(
            "failed to start the file: its directory and `{}` are mounted noexec",
            scratch.display()
        );
        return Err(error).hint("set TMPDIR to a directory where programs can run, or pass --no-check");
    }
    Ok(copy)
}

/// Runs the script in that place.
fn start(pack: &Pack<'_>, place: Place<'_>, manifest: &Manifest, limit: &Limit) -> Result<Tried> {
    let scratch = pack.scratch.path();
    let [inside, outside] = place.watched;
    let mut watch = Watch::new(pack.ui, limit, outside);
    let mut command = place.command;
    let file = PathBuf::from(command.get_program());
    command
        .env(ENV_TOOL, "python")
        .env(ENV_CACHE_DIR, place.cache)
        .env_remove(ENV_STORE)
        .envs(place.store.map(|store| (ENV_STORE, store)))
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .envs(defaults(manifest))
        .current_dir(scratch)
        .stdin(Stdio::null())
        .args(options(manifest))
        .arg("-c")
        .arg(SCRIPT)
        .args(watch.arguments(&inside))
        .arg(match pack.options.check_in {
            Some(_) => "imports",
            None => "-",
        })
        .args(arguments(&manifest.entry));
    let output = bounded::run(&mut command, scratch, &mut |time| watch.look(time))
        .with_context(|| format!("failed to start `{}`", file.display()))?;
    interrupt::wait_if_received();
    let Some(status) = output.status else {
        return Err(watch.did_not_end().into());
    };
    if status.success() {
        return Ok(Tried::parse(&String::from_utf8_lossy(&output.stdout)));
    }
    let output = String::from_utf8_lossy(&output.stderr);
    let output = output.trim_end();
    if status.code() == Some(MISSING) {
        let (before, last) = output.rsplit_once('\n').unwrap_or(("", output));
        let before = if before.is_empty() {
            String::new()
        } else {
            format!("\n{before}")
        };
        bail!("failed to find the entry point: {last}{before}");
    }
    let how = crate::child::in_words(status);
    bail!("failed to start the packed interpreter: it {how}\n{output}");
}

impl Tried {
    fn parse(output: &str) -> Self {
        #[derive(Deserialize)]
        struct Import {
            name: String,
            why: Option<String>,
        }
        let lines = |start: &'static str| output.lines().filter_map(move |line| line.strip_prefix(start));
        let imports = lines("import ").filter_map(|line| serde_json::from_str::<Import>(line).ok());
        Self {
            problems: problems::parse(output),
            imports: imports.map(|one| (one.name, one.why)).collect(),
            mapped: lines("mapped ").map(PathBuf::from).collect(),
        }
    }
}

/// The fixed options, without `-S`: the trial needs `site`.
fn options(manifest: &Manifest) -> impl Iterator<Item = &String> {
    let skips_site = |option: &str| option.starts_with('-') && option.contains('S');
    manifest.options.iter().filter(move |option| !skips_site(option))
}

/// What `--set-env` gives the program where the caller's environment has no such variable.
fn defaults(manifest: &Manifest) -> impl Iterator<Item = (&String, &String)> {
    let defaults = manifest.environment.iter();
    defaults.filter(|(name, _)| std::env::var_os(name).is_none())
}

/// The arguments of the script that say what starts.
pub(super) fn arguments(entry: &Entry) -> Vec<String> {
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
