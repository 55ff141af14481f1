//! Every option, with the help that teaches it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  pyship pack hello.py -o hello.bin                  a script
  pyship pack app/ -r app/requirements.txt -o app.bin  a directory with main.py, and its packages
  pyship pack app/ -m uvicorn -r req.txt -o web.bin    arguments come at run time: ./web.bin main:app
  pyship pack --with httpie -c http -o http.bin        a command of a package
  pyship pack --with numpy -o py.bin                   an environment that behaves like python
  pyship pack app/ --python 3.12 --release -o app.bin  another Python; smaller and slower to make

Every option can stand in pyproject.toml under [tool.pyship], with its long name.";

/// `pyship pack`
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct PackOptions {
    /// Directory, project with pyproject.toml, or .py script; none: an environment that behaves like python
    pub app: Option<PathBuf>,

    /// The file to make
    #[arg(short, long, value_name = "OUT")]
    pub output: PathBuf,

    /// Run this module, as `python -m` does
    #[arg(short, long, value_name = "MODULE", help_heading = "What starts", conflicts_with_all = ["entry", "command"])]
    pub module: Option<String>,

    /// Call this function
    #[arg(
        short,
        long,
        value_name = "PKG.MOD:FUNC",
        help_heading = "What starts",
        conflicts_with = "command"
    )]
    pub entry: Option<String>,

    /// Run this script of a package; several make a file that is called by their names
    #[arg(short, long, value_name = "SCRIPT", help_heading = "What starts")]
    pub command: Vec<String>,

    /// Packages from a requirements file
    #[arg(short, long, value_name = "FILE", help_heading = "Packages")]
    pub requirements: Vec<PathBuf>,

    /// A package, as pip spells it: `numpy`, `httpx>=0.27`, `./wheels/x.whl`
    #[arg(long, value_name = "REQ", help_heading = "Packages")]
    pub with: Vec<String>,

    /// Directory or page with wheels
    #[arg(long, value_name = "PATH", help_heading = "Packages")]
    pub find_links: Vec<String>,

    /// Ask no index: --find-links only
    #[arg(long, help_heading = "Packages")]
    pub no_index: bool,

    /// The index to ask in place of PyPI
    #[arg(long, value_name = "URL", help_heading = "Packages")]
    pub index_url: Option<String>,

    /// Another index to ask
    #[arg(long, value_name = "URL", help_heading = "Packages")]
    pub extra_index_url: Vec<String>,

    /// Versions that packages may have when they are wanted
    #[arg(long, value_name = "FILE", help_heading = "Packages")]
    pub constraint: Vec<PathBuf>,

    /// Refuse packages whose hash the requirements don't give
    #[arg(long, help_heading = "Packages")]
    pub require_hashes: bool,

    /// Carry certifi's certificates, for systems that have none
    #[arg(long, help_heading = "Packages")]
    pub with_ca: bool,

    /// Interpreter, install directory, python-build-standalone archive, URL#sha256=..., or a version
    #[arg(long, value_name = "SPEC", help_heading = "Python")]
    pub python: Option<String>,

    /// Machine that the file is for
    #[arg(long, value_name = "TRIPLE", help_heading = "Python")]
    pub target: Option<String>,

    /// Where the libraries and the glibc of another machine lie: its root directory, or a copy of it
    #[arg(long, value_name = "DIR", help_heading = "Python")]
    pub sysroot: Option<PathBuf>,

    /// C library to start the interpreter with [default: auto]
    #[arg(long, value_enum, help_heading = "Python")]
    pub libc: Option<LibcOption>,

    /// Interpreter option that is fixed: `-X utf8` is `--option=-Xutf8`
    #[arg(long, value_name = "OPT", allow_hyphen_values = true, help_heading = "Python")]
    pub option: Vec<String>,

    /// Let imports search directories, as a virtual environment's do, in place of asking an index of modules
    #[arg(long, help_heading = "Python")]
    pub no_index_imports: bool,

    /// Environment variable for the app, unless its caller sets it
    #[arg(long, value_name = "K=V", help_heading = "Python")]
    pub set_env: Vec<String>,

    /// File or directory to put beside the app's code
    #[arg(long, value_name = "SRC[:DST]", help_heading = "What goes in")]
    pub include: Vec<String>,

    /// Leave out what matches, relative to APP: `docs/**`, `*.csv`
    #[arg(long, value_name = "GLOB", help_heading = "What goes in")]
    pub exclude: Vec<String>,

    /// Keep all of the standard library
    #[arg(long, help_heading = "What goes in")]
    pub no_prune: bool,

    /// Keep a group that is left out by default: tests, idle, headers ... (the report lists them)
    #[arg(long, value_name = "GROUP", help_heading = "What goes in")]
    pub keep: Vec<String>,

    /// Also leave out a group that is kept by default: tk
    #[arg(long, value_name = "GROUP", help_heading = "What goes in")]
    pub prune: Vec<String>,

    /// zstd level, 1 to 22: 19 is a tenth smaller and takes many times as long [default: 6]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=22), help_heading = "What goes in")]
    pub level: Option<i32>,

    /// Make the file as small as can be, however long that takes; its first start takes longer too
    #[arg(long, conflicts_with = "level", help_heading = "What goes in")]
    pub release: bool,

    /// Name of the app [default: that of OUT]
    #[arg(long, help_heading = "What goes in")]
    pub name: Option<String>,

    /// Version of the app
    #[arg(long, value_name = "VERSION", help_heading = "What goes in")]
    pub app_version: Option<String>,

    /// Choose packages anew, although an answer of the last 24 hours is in the build cache
    #[arg(long, help_heading = "Packages")]
    pub refresh: bool,

    /// Where prepared layers are kept for the next pack [default: PYSHIP_BUILD_CACHE_DIR, else ~/.cache/pyship/build]
    #[arg(long, value_name = "DIR", conflicts_with = "no_build_cache")]
    pub build_cache: Option<PathBuf>,

    /// Prepare everything anew and keep nothing
    #[arg(long)]
    pub no_build_cache: bool,

    /// Write into the file when it was made: now, or SOURCE_DATE_EPOCH; else the same inputs give the same bytes
    #[arg(long)]
    pub build_time: bool,

    /// Don't try out what starts
    #[arg(long)]
    pub no_check: bool,

    /// Make an error of a library that nobody provides
    #[arg(long)]
    pub strict: bool,

    /// Print a report as JSON to standard output
    #[arg(long)]
    pub json: bool,

    /// Say nothing but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more: the installer's own lines, every pruned group
    #[arg(short, long)]
    pub verbose: bool,
}

/// `--libc`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LibcOption {
    /// Carry a glibc, use it where the host's is missing or too old
    Auto,
    /// Carry none
    Host,
    /// Carry one and always use it
    Bundled,
}
