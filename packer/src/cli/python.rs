//! `pyship python`: the interpreters that can be packed, on this machine and for download.

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use pyship_launcher::target::{HOST, Target};

use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::interpreter::discover::{self, Source};
use crate::interpreter::list;
use crate::interpreter::request::VersionRequest;
use crate::interpreter::standalone::catalog;
use crate::interpreter::standalone::install;
use crate::interpreter::standalone::mirror::Mirror;
use crate::interpreter::standalone::store::Store;
use crate::json;
use crate::target;
use crate::ui::{self, Ui, Volume};

const ABOUT: &str = "\
`--python` of `pyship pack` takes a version: 3, 3.12, 3.12.4, 3.13t (free-threaded), '>=3.11,<3.13'. An installed \
interpreter is taken when there is one: pyship's downloads, python3.X on PATH, pyenv's, what `uv python find` finds. Else \
one is downloaded from python-build-standalone and kept in $PYSHIP_PYTHON_INSTALL_DIR, else \
$XDG_CACHE_HOME/pyship/downloads or ~/.cache/pyship/downloads.

PYSHIP_PYTHON_MIRROR, UV_PYTHON_INSTALL_MIRROR and UV_ASTRAL_MIRROR_URL name a mirror (http, https, file).";

/// `pyship python`
#[derive(Debug, Args)]
#[command(long_about = ABOUT)]
pub(super) struct PythonOptions {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List installed interpreters, and those that can be downloaded
    List(List),
    /// Print the path of the interpreter that `--python SPEC` packs
    Find {
        /// As `pyship pack --python` takes it [default: the interpreter that is packed without --python]
        spec: Option<String>,
    },
    /// Download interpreters
    #[command(after_help = EXAMPLES)]
    Install(Install),
    /// Remove downloaded interpreters
    Uninstall(Uninstall),
}

const EXAMPLES: &str = "\
Examples:
  pyship python install 3.12                      the newest 3.12
  pyship python install 3.12.4 3.13t              a patch, and a free-threaded build
  pyship python install 3.12.4+20240726           a build of that release of python-build-standalone
  pyship python install 3.12 --target aarch64-unknown-linux-gnu
  pyship python install 3.12 --mirror file:///srv/python-build-standalone";

#[derive(Debug, Args)]
struct List {
    /// List every patch, not only the newest of each minor version
    #[arg(long)]
    all_versions: bool,
    /// List what can be downloaded for this target: see `pyship targets` [default: this machine's]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Install {
    /// 3.12, 3.12.4, 3.13t, '>=3.11'
    #[arg(required = true, value_name = "VERSION")]
    versions: Vec<String>,
    /// For this target: see `pyship targets` [default: this machine's]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Where builds are downloaded from.
    #[arg(
        help = "URL in place of https://github.com/astral-sh/python-build-standalone/releases/download",
        long,
        value_name = "URL"
    )]
    mirror: Option<String>,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct Uninstall {
    /// 3.12, 3.12.4, 3.13t, '<3.11'
    #[arg(required_unless_present = "all", value_name = "VERSION")]
    versions: Vec<String>,
    /// Remove all of them
    #[arg(long, conflicts_with = "versions")]
    all: bool,
    /// Only those for this target
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
}

/// Runs one of them.
pub(super) fn command(options: &PythonOptions) -> Result<()> {
    let environment = Environment::current().context("failed to find the working directory")?;
    match &options.what {
        What::List(options) => show(options, &environment),
        What::Find { spec } => find(spec.as_deref(), &environment),
        What::Install(options) => install(options, &environment),
        What::Uninstall(options) => uninstall(options, &environment),
    }
}

fn show(options: &List, environment: &Environment) -> Result<()> {
    let target = target_of(options.target.as_deref())?;
    let list = list::list(target, options.all_versions, environment)?;
    if options.json {
        return json::print(&list);
    }
    ui::data(&list.table())
}

fn find(spec: Option<&str>, environment: &Environment) -> Result<()> {
    let chosen = discover::choose(spec, environment)?;
    match (chosen.interpreter, chosen.source) {
        (Some(interpreter), _) => ui::path(&interpreter.executable),
        (None, Source::Executable(path)) => ui::path(&path),
        (None, Source::Download(known, missing)) => {
            let version = known.build.version;
            let threading = if known.build.free_threaded { "t" } else { "" };
            Err(missing.error()).hint(format!(
                "`pyship python install {version}{threading}` downloads it"
            ))
        }
        (None, Source::Archive(_) | Source::Url { .. }) => {
            bail!(
                "failed to find an interpreter: `{}` is an archive",
                spec.unwrap_or_default()
            )
        }
    }
}

fn install(options: &Install, environment: &Environment) -> Result<()> {
    let target = target_of(options.target.as_deref())?;
    let mirror = Mirror::choose(options.mirror.as_deref(), environment)?;
    let store = Store::of(environment)?;
    let mut wanted = Vec::new();
    for text in &options.versions {
        let request = request(text)?;
        let known = catalog::find(&request, target)?
            .ok_or_else(|| anyhow!("failed to find Python {request} for `{}`: pyship knows no such build", target.triple))
            .hint("`pyship python list --all-versions` shows those that it knows; a newer one needs its release, as in 3.12.4+20240726")?;
        wanted.push((text, known));
    }
    let ui = Ui::new(if options.quiet {
        Volume::Quiet
    } else {
        Volume::Normal
    });
    for (text, known) in wanted {
        let here = store.newest(|build| *build == known.build);
        let installed = match here {
            Some(installed) => {
                ui.note(&format!(
                    "{} is already installed: {}",
                    known.build,
                    installed.directory.display()
                ));
                continue;
            }
            None => install::install(
                &known,
                &format!("Python {text} is asked for"),
                &mirror,
                environment,
                &ui,
            ),
        };
        ui.finish();
        ui.note(&format!(
            "installed {} in {}",
            known.build,
            installed?.directory.display()
        ));
    }
    Ok(())
}

fn uninstall(options: &Uninstall, environment: &Environment) -> Result<()> {
    let target = options
        .target
        .as_deref()
        .map(|triple| target_of(Some(triple)))
        .transpose()?;
    let store = Store::of(environment)?;
    let requests = options
        .versions
        .iter()
        .map(|text| request(text))
        .collect::<Result<Vec<_>>>()?;
    let of_target: Vec<_> = store
        .installed()
        .into_iter()
        .filter(|found| target.is_none_or(|target| target == found.build.target))
        .collect();
    for request in &requests {
        if !of_target.iter().any(|found| found.build.meets(request)) {
            return Err(anyhow!(
                "failed to uninstall Python {request}: it is not among pyship's downloads in `{}`",
                store.directory.display()
            ))
            .hint("`pyship python list` shows them");
        }
    }
    for found in of_target {
        if options.all || requests.iter().any(|request| found.build.meets(request)) {
            let directory = found.directory.display();
            found
                .remove()
                .with_context(|| format!("failed to remove `{directory}`"))?;
            ui::note(&format!("removed {} from {directory}", found.build));
        }
    }
    Ok(())
}

/// Only versions: what is found by a path can't be downloaded.
fn request(text: &str) -> Result<VersionRequest> {
    VersionRequest::parse(text)?
        .ok_or_else(|| anyhow!("failed to read `{text}`: it isn't a version"))
        .hint("write it as in 3.12, 3.12.4, 3.13t or '>=3.11'")
}

fn target_of(triple: Option<&str>) -> Result<&'static Target> {
    triple.map_or(Ok(HOST), target::known)
}
