//! Every option of `pyship pack`, once: on the command line (clap), in `[tool.pyship]` of pyproject.toml
//! (deserialized), and in the provenance of the file (serialized, without what is the builder's own).
//!
//! A new option is a field of [`PackOptions`], its line in [`PackOptions::over`] (`merge.rs`), and the place that uses it.

mod aliases;
mod app_extras;
mod merge;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

pub(crate) use self::values::LibcOption;
use self::values::{LEVELS, arguments, is_false, level, pairs, venv};
use crate::redact;

const EXAMPLES: &str = "\
Examples:
  pyship pack hello.py -o hello.bin                     a script
  pyship pack app/ -r app/requirements.txt -o app.bin   a directory with main.py, and its packages
  pyship pack . -o tool.bin                             a project: built, with its locked dependencies
  pyship pack app/ -m uvicorn -r req.txt -o web.bin     run it as `./web.bin main:app`
  pyship pack --with httpie -c http -o http.bin         a command of a package
  pyship pack app/ --venv .venv -o app.bin              with the packages of a virtual environment
  pyship pack --with numpy -o py.bin                    an environment that behaves like python
  pyship pack app/ --python 3.12 --release -o app.bin   another Python, optimised for size

Options can also be set in pyproject.toml under [tool.pyship], by their long names.";

const ENTRY: &str = "Entry point";
const PACKAGES: &str = "Packages";
const PYTHON: &str = "Python";
const CONTENTS: &str = "Contents";
const OUTPUT: &str = "Output";

/// The options of `pyship pack`.
///
/// Options without `#[serde(skip_deserializing)]` or `#[serde(skip)]` can stand in `[tool.pyship]` under their long
/// name. What is serialized goes into the file and must hold no path, password or value of the builder: see
/// [`redact`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Deserialize, Serialize)]
#[command(after_help = EXAMPLES)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PackOptions {
    /// Directory, project, .py script, wheel, zipapp, pypi:NAME or virtual environment; without it the file behaves like
    /// python
    #[serde(
        skip_deserializing,
        serialize_with = "redact::app",
        skip_serializing_if = "Option::is_none"
    )]
    pub(crate) app: Option<PathBuf>,

    /// File to write [default: dist/NAME, after the project or the app]
    #[arg(short, long, value_name = "OUT")]
    #[serde(skip)]
    pub(crate) output: Option<PathBuf>,

    /// Run this module, like `python -m`
    #[arg(short, long, value_name = "MODULE", help_heading = ENTRY, conflicts_with_all = ["entry", "command"])]
    #[serde(skip_serializing)]
    pub(crate) module: Option<String>,

    /// Call this function
    #[arg(short, long, alias = "entry-point", value_name = "PKG.MOD:FUNC", help_heading = ENTRY, conflicts_with = "command")]
    #[serde(skip_serializing)]
    pub(crate) entry: Option<String>,

    /// Run this script of a package; with several, the name that the file is called by chooses
    #[arg(short, long, aliases = ["console-script", "script"], value_name = "SCRIPT", help_heading = ENTRY)]
    #[serde(skip_serializing)]
    pub(crate) command: Vec<String>,

    /// Pass this argument to the app, before those of its caller; `{app}` in it is the directory of the app's files
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true, help_heading = ENTRY)]
    #[serde(deserialize_with = "arguments", skip_serializing)]
    pub(crate) arg: Vec<OsString>,

    /// Install the packages of a requirements file
    #[arg(short, long, alias = "requirement", value_name = "FILE", help_heading = PACKAGES)]
    #[serde(skip_serializing)]
    pub(crate) requirements: Vec<PathBuf>,

    /// Install a package, as pip spells it: `numpy`, `httpx>=0.27`, `./wheels/x.whl`
    #[arg(long, value_name = "REQ", help_heading = PACKAGES)]
    #[serde(
        serialize_with = "redact::requirements",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) with: Vec<String>,

    /// Take the packages of this virtual or conda environment as they are; without DIR, of the active one
    #[arg(long, value_name = "DIR", num_args = 0..=1, conflicts_with_all = ["requirements", "with"], help_heading = PACKAGES)]
    #[serde(
        deserialize_with = "venv",
        serialize_with = "redact::venv",
        skip_serializing_if = "Option::is_none"
    )]
    #[expect(
        clippy::option_option,
        reason = "clap's form of an option with an optional value"
    )]
    pub(crate) venv: Option<Option<PathBuf>>,

    /// Look for wheels in this directory or page
    #[arg(long, value_name = "PATH", help_heading = PACKAGES)]
    #[serde(serialize_with = "redact::locations", skip_serializing_if = "Vec::is_empty")]
    pub(crate) find_links: Vec<String>,

    /// Ignore package indexes; use only --find-links
    #[arg(long, help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_index: bool,

    /// Use this index instead of PyPI
    #[arg(long, alias = "default-index", value_name = "URL", help_heading = PACKAGES)]
    #[serde(serialize_with = "redact::location", skip_serializing_if = "Option::is_none")]
    pub(crate) index_url: Option<String>,

    /// Use another index as well
    #[arg(long, alias = "index", value_name = "URL", help_heading = PACKAGES)]
    #[serde(serialize_with = "redact::locations", skip_serializing_if = "Vec::is_empty")]
    pub(crate) extra_index_url: Vec<String>,

    /// Constrain the versions of packages by this file
    #[arg(long, alias = "constraints", value_name = "FILE", help_heading = PACKAGES)]
    #[serde(skip_serializing)]
    pub(crate) constraint: Vec<PathBuf>,

    /// Require a hash for every package
    #[arg(long, help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) require_hashes: bool,

    /// Install the packages of an extra of the project too: `pack '.[web]'` is the same
    #[arg(long, value_name = "EXTRA", help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) extra: Vec<String>,

    /// Install the packages of all extras of the project
    #[arg(long, help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) all_extras: bool,

    /// Install a dependency group of the project too
    #[arg(long, value_name = "GROUP", help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) group: Vec<String>,

    /// Leave out the groups of `default-groups` in [tool.uv]; `dev` is left out anyway
    #[arg(long, help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_default_groups: bool,

    /// Resolve the project's dependencies anew, even if it has a lock (uv.lock, pylock.toml, poetry.lock, ...)
    #[arg(long, help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_lock: bool,

    /// Include certifi's certificates, for systems that have none
    #[arg(long, help_heading = PACKAGES)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) with_ca: bool,

    /// Re-resolve packages even if a result from the last 24 hours is cached
    #[arg(long, help_heading = PACKAGES)]
    #[serde(skip)]
    pub(crate) refresh: bool,

    /// Interpreter, install directory, python-build-standalone archive, URL#sha256=..., or a version: `3.12`, `>=3.11`,
    /// `3.13t`; see `pyship python`
    #[arg(long, value_name = "SPEC", help_heading = PYTHON)]
    #[serde(
        serialize_with = "redact::python",
        skip_serializing_if = "redact::is_local_python"
    )]
    pub(crate) python: Option<String>,

    /// Don't download an interpreter that is not installed
    #[arg(long, help_heading = PYTHON)]
    #[serde(skip_serializing)]
    pub(crate) no_python_downloads: bool,

    /// Pack for this target: see `pyship targets`
    #[arg(long, alias = "platform", value_name = "TRIPLE", value_parser = aliases::target, help_heading = PYTHON)]
    #[serde(skip_serializing)]
    pub(crate) target: Option<String>,

    /// Root directory of the target, or a copy of its libraries, for a target that is not this machine
    #[arg(long, value_name = "DIR", help_heading = PYTHON)]
    #[serde(serialize_with = "redact::presence", skip_serializing_if = "Option::is_none")]
    pub(crate) sysroot: Option<PathBuf>,

    /// C library to start the interpreter with [default: auto]
    #[arg(long, value_enum, help_heading = PYTHON)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) libc: Option<LibcOption>,

    /// Always pass this option to the interpreter: `-X utf8` is `--option=-Xutf8`
    #[arg(long, value_name = "OPT", allow_hyphen_values = true, help_heading = PYTHON)]
    #[serde(alias = "python-options", skip_serializing_if = "Vec::is_empty")]
    pub(crate) option: Vec<String>,

    /// PyInstaller's spelling of `--option`
    #[arg(long, hide = true, value_parser = aliases::python_option, allow_hyphen_values = true)]
    #[serde(skip)]
    pub(crate) python_option: Vec<String>,

    /// Set an environment variable for the app, unless the caller sets it
    #[arg(long, alias = "env", value_name = "K=V", help_heading = PYTHON)]
    #[serde(
        deserialize_with = "pairs",
        serialize_with = "redact::variables",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(crate) set_env: Vec<String>,

    /// Give the app a directory for its data, `_pyship.data`: ~/.local/share/NAME
    #[arg(long, value_name = "NAME", help_heading = PYTHON)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data_dir: Option<String>,

    /// Import modules by searching directories, without the index of modules
    #[arg(long, help_heading = PYTHON)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_index_imports: bool,

    /// Add a file or directory beside the app's code
    #[arg(long, value_name = "SRC[:DST]", help_heading = CONTENTS)]
    #[serde(serialize_with = "redact::includes", skip_serializing_if = "Vec::is_empty")]
    pub(crate) include: Vec<String>,

    /// Carry a shared library of this machine, with all that it needs: `pango-1.0`, `libpq.so.5`, a path
    #[arg(long, value_name = "NAME|PATH", help_heading = CONTENTS)]
    #[serde(serialize_with = "redact::file_names", skip_serializing_if = "Vec::is_empty")]
    pub(crate) lib: Vec<String>,

    /// Carry glibc's character sets, for libraries that convert with iconv (1.3 MB)
    #[arg(long, help_heading = CONTENTS)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) gconv: bool,

    /// PyInstaller's spelling of `--include`
    #[arg(long, hide = true, value_parser = aliases::add_data)]
    #[serde(skip)]
    pub(crate) add_data: Vec<String>,

    /// Leave out files that match, relative to APP: `docs/**`, `*.csv`
    ///
    /// Left out by default, and packed with --include or a line `!NAME` in .pyshipignore: what .gitignore and
    /// .pyshipignore files list, version control (.git, .hg, .svn, .jj), caches (__pycache__, .mypy_cache, .ruff_cache,
    /// .pytest_cache, .tox, .nox, ...), virtual environments, settings of editors (.idea, .vscode), node_modules outside
    /// of Python packages, dist, build and *.egg-info in APP itself, and files that may hold passwords or keys (.env,
    /// .netrc, .npmrc, .aws, .ssh, id_rsa, ...). Files that pyship made are packed with --include only.
    #[arg(long, value_name = "GLOB", help_heading = CONTENTS)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) exclude: Vec<String>,

    /// Pack what .gitignore files leave out
    #[arg(long, help_heading = CONTENTS)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_gitignore: bool,

    /// Keep the whole standard library
    #[arg(long, help_heading = CONTENTS)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_prune: bool,

    /// Keep a group of the standard library that is left out by default: tests, idle, headers, ...
    #[arg(long, value_name = "GROUP", help_heading = CONTENTS)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) keep: Vec<String>,

    /// Leave out a group of the standard library that is kept by default: tk
    #[arg(long, value_name = "GROUP", help_heading = CONTENTS)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) prune: Vec<String>,

    /// zstd level, 1 to 22: 19 is a tenth smaller and takes many times as long [default: 6]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(LEVELS), help_heading = CONTENTS)]
    #[serde(deserialize_with = "level", skip_serializing_if = "Option::is_none")]
    pub(crate) level: Option<i32>,

    /// Optimise for size (slower to pack and to unpack)
    #[arg(long, conflicts_with = "level", help_heading = CONTENTS)]
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) release: bool,

    /// Name of the app [default: the name of OUT]
    #[arg(long, help_heading = CONTENTS)]
    #[serde(skip_serializing)]
    pub(crate) name: Option<String>,

    /// Version of the app [default: the project's]
    #[arg(long, value_name = "VERSION", help_heading = CONTENTS)]
    #[serde(skip_serializing)]
    pub(crate) app_version: Option<String>,

    /// Record the build time (now, or SOURCE_DATE_EPOCH); the same inputs then give other bytes
    #[arg(long, help_heading = CONTENTS)]
    #[serde(skip)]
    pub(crate) build_time: bool,

    /// Directory of the build cache [default: PYSHIP_BUILD_CACHE_DIR, else ~/.cache/pyship/build]
    #[arg(long, value_name = "DIR", conflicts_with = "no_build_cache")]
    #[serde(skip)]
    pub(crate) build_cache: Option<PathBuf>,

    /// Don't use the build cache
    #[arg(long)]
    #[serde(skip)]
    pub(crate) no_build_cache: bool,

    /// Skip the trial run
    #[arg(long)]
    #[serde(skip_serializing)]
    pub(crate) no_check: bool,

    /// Run the file with these arguments too, and carry the libraries that it loads: `--trial 'report --to /dev/null'`
    ///
    /// The arguments are split as a shell does. The program runs in an empty directory, without input, and must end with
    /// exit code 0. With several, it runs once with each.
    #[arg(
        long,
        value_name = "ARGS",
        conflicts_with = "no_check",
        allow_hyphen_values = true
    )]
    #[serde(skip_serializing)]
    pub(crate) trial: Vec<String>,

    /// Try the file out in a root directory too: `empty`, `busybox`, `musl` or a directory
    #[arg(long, value_name = "ROOT", conflicts_with = "no_check")]
    #[serde(skip)]
    pub(crate) check_in: Option<String>,

    /// Fail if a required shared library is missing
    #[arg(long)]
    #[serde(skip_serializing)]
    pub(crate) strict: bool,

    /// Print what would be packed and why, and write nothing
    #[arg(long, help_heading = OUTPUT)]
    #[serde(skip)]
    pub(crate) plan: bool,

    /// Print the report as JSON to standard output
    #[arg(long, help_heading = OUTPUT)]
    #[serde(skip)]
    pub(crate) json: bool,

    /// Print errors only
    #[arg(short, long, conflicts_with = "verbose", help_heading = OUTPUT)]
    #[serde(skip)]
    pub(crate) quiet: bool,

    /// Print more: what the installer prints, every group that was left out
    #[arg(short, long, help_heading = OUTPUT)]
    #[serde(skip)]
    pub(crate) verbose: bool,
}

#[cfg(test)]
mod tests;
