//! Every name that more than one part of pyship relies on: environment variables, paths inside the file,
//! inside a layer and inside the cache, and exit codes. The launcher spells them nowhere else.

/// Environment variable that runs a built-in tool instead of the app: `PYSHIP=<tool> ./app.bin`.
pub const ENV_TOOL: &str = "PYSHIP";
/// The tool of [`ENV_TOOL`] by which a program starts its own file once more with the arguments that it has got: those
/// that stand before the caller's are among them.
pub const TOOL_RESTART: &str = "restart";
/// Environment variable that names the cache directory; a value that can't be used is an error.
pub const ENV_CACHE_DIR: &str = "PYSHIP_CACHE_DIR";
/// Environment variable with a `:` list of read-only caches that are searched first.
pub const ENV_STORE: &str = "PYSHIP_STORE";
/// Environment variable with the user's cache directory (XDG Base Directory Specification).
pub(crate) const ENV_XDG_CACHE_HOME: &str = "XDG_CACHE_HOME";
/// Environment variable with the user's home directory.
pub(crate) const ENV_HOME: &str = "HOME";
/// Environment variable with a directory for temporary files.
pub(crate) const ENV_TMPDIR: &str = "TMPDIR";
/// Environment variable that tells the interpreter where its standard library is.
pub(crate) const ENV_PYTHONHOME: &str = "PYTHONHOME";
/// Environment variable with directories that the interpreter puts on `sys.path`.
pub(crate) const ENV_PYTHONPATH: &str = "PYTHONPATH";

/// Prefix of the variables through which the launcher passes values to the start-up code, besides `PYTHONHOME` and
/// `PYTHONPATH`. They are the last ones of the environment; the start-up code removes them before the app's first
/// line runs.
pub const ENV_PRIVATE_PREFIX: &str = "_PYSHIP_";
/// Private: the absolute path of the packed file.
pub const ENV_PRIVATE_FILE: &str = "_PYSHIP_FILE";
/// Private: `argv[0]` as the caller gave it.
pub const ENV_PRIVATE_ARGV0: &str = "_PYSHIP_ARGV0";
/// Private, for [`START_RUN`]: the app's directory.
pub(crate) const ENV_PRIVATE_APP: &str = "_PYSHIP_APP";
/// Private, for [`START_RUN`]: before the name of a caller's variable that is renamed.
pub(crate) const ENV_PRIVATE_KEEP: &str = "_PYSHIP_KEEP_";
/// Replaces the first letter of a caller's `PYTHON*`, `LD_*` or `GCONV_PATH` variable while the interpreter starts without it;
/// the start-up code restores it. So the variable keeps its position and its length, which the kernel limits.
pub const ENV_HIDDEN: u8 = 1;
/// Where glibc looks for character sets before its own directory.
pub const ENV_GCONV_PATH: &str = "GCONV_PATH";
/// Variables by which a caller loads libraries into every program. They are made for the host's C library.
pub const ENV_OF_LOADER: [&str; 3] = ["LD_PRELOAD", "LD_AUDIT", ENV_GCONV_PATH];

/// The caller's variables that would change where the interpreter finds code. An app's interpreter starts without
/// them, and the start-up code restores them in `os.environ`. `sys.executable` starts without `PYTHONHOME` only.
pub(crate) const ENV_PYTHON_CODE: &[&str] = &[
    ENV_PYTHONHOME,
    ENV_PYTHONPATH,
    "PYTHONPLATLIBDIR",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONEXECUTABLE",
    "PYTHONCASEOK",
];

/// Prefixes of the variables that a set-user-ID start removes from the environment: those that pyship, Python and
/// the C library react to. The C library's are the ones that glibc itself removes in its secure-execution mode
/// (ld.so(8)).
pub const ENV_DISTRUSTED: &[&str] = &[
    ENV_TOOL,
    ENV_PRIVATE_PREFIX,
    "PYTHON",
    "\u{1}YTHON", // See `ENV_HIDDEN`.
    "\u{1}D_",
    "\u{1}CONV_PATH",
    "LD_",
    ENV_GCONV_PATH,
    "GETCONF_DIR",
    "GLIBC_TUNABLES",
    "HOSTALIASES",
    "LOCALDOMAIN",
    "LOCPATH",
    "MALLOC_",
    "NIS_PATH",
    "NLSPATH",
    "RESOLV_HOST_CONF",
    "RES_OPTIONS",
    ENV_TMPDIR,
    "TZDIR",
];

/// Exit code of the launcher when the app could not be started.
pub const EXIT_FAILURE: i32 = 125;

/// ZIP member that holds the manifest.
pub const MEMBER_MANIFEST: &str = "pyship.json";
/// ZIP member that makes `python3 app.bin` work (and `os.execv(sys.executable, [sys.executable, *sys.argv])`).
pub const MEMBER_MAIN: &str = "__main__.py";
/// ZIP member of a layer: `layers/<name>.tar.zst`.
pub const MEMBER_LAYER_PREFIX: &str = "layers/";
/// The other half of a layer's name: see [`MEMBER_LAYER_PREFIX`].
pub const MEMBER_LAYER_SUFFIX: &str = ".tar.zst";

/// Layer with a glibc, its loader and the libraries that wheels may assume.
pub const LAYER_LIBC: &str = "libc";
/// Layer with the interpreter, laid out as PYTHONHOME: `bin/python3.X`, `lib/python3.X`, `lib/*.so`.
pub const LAYER_RUNTIME: &str = "runtime";
/// Layer with the third-party packages, laid out as a virtual environment's prefix.
pub const LAYER_DEPS: &str = "deps";
/// Layer with the app: [`APP_CODE`] and [`APP_START`].
pub const LAYER_APP: &str = "app";
/// Every layer, the one that changes least often first.
pub const LAYERS: &[&str] = &[LAYER_LIBC, LAYER_RUNTIME, LAYER_DEPS, LAYER_APP];

/// Directory of the app layer that holds the user's code; it is on `sys.path`.
pub const APP_CODE: &str = "code";
/// In the arguments that stand before the caller's: the path of [`APP_CODE`], where it is unpacked.
pub const APP_ARGUMENT: &str = "{app}";
/// Directory of the app layer that holds pyship's start-up code; PYTHONPATH names it until that code runs.
pub const APP_START: &str = "start";
/// File in [`APP_START`] of the first files of format 1: the script that the interpreter runs.
pub(crate) const START_RUN: &str = "_pyship_run.pyc";
/// File in [`APP_START`] that the interpreter imports as `encodings`, before any other module.
pub const START_EARLY: &str = "encodings.pyc";
/// File in [`APP_START`] that `sys.executable`, started by itself, imports as `_pyship`.
pub const START_ALONE: &str = "_pyship.pyc";
/// File in [`APP_START`] that `sys.executable`, started by a caller with a `PYTHONHOME`, imports as `encodings`:
/// PYTHONPATH names its directory.
pub const START_CHILD: &str = "child/encodings.pyc";
/// File in a deps layer's site-packages that gives `sys.executable`, started by itself, the app's `sys.path`.
pub const START_PTH: &str = "__pyship__.pth";

/// In the import directories of the runtime and deps layers, and in [`APP_START`]: the index of modules, which the
/// start-up code reads (`packer/src/startup/module_index/`).
pub const MODULE_INDEX: &str = "__pyship__.modules";

/// Directory of the libc layer that goes on the loader's `--library-path`.
pub const LIBC_LIB: &str = "lib";
/// Directory of the libc layer with glibc's character sets, in a file that was packed with `--gconv`.
pub const LIBC_GCONV: &str = "lib/gconv";
/// File in [`LIBC_GCONV`] that lists them, besides those in `gconv-modules.d`.
pub const GCONV_MODULES: &str = "gconv-modules";

/// First line of a script in a deps layer's `bin/`; the launcher writes the app's own interpreter in its place.
pub const SCRIPT_SHEBANG: &str = "#!pyship-python";

/// Directory of a cache root that this version of the layout owns.
pub const CACHE_VERSION: &str = "v1";
/// Unpacked layers, each in a directory named by its digest.
pub const CACHE_LAYERS: &str = "layers";
/// Apps as virtual environments.
pub const CACHE_APPS: &str = "apps";
/// Lock files.
pub(crate) const CACHE_LOCKS: &str = "locks";
/// Directories that are being written.
pub(crate) const CACHE_TMP: &str = "tmp";
/// In every directory of [`CACHE_LAYERS`] and [`CACHE_APPS`]: the index of its members.
pub const CACHE_INDEX: &str = ".pyship-members";
/// Below [`CACHE_LOCKS`]: shared by all cold starts, or held exclusively by one `prune`.
pub(crate) const CACHE_LOCK_ALL: &str = "all";
/// Its modification time says when a start last pruned the cache.
pub(crate) const CACHE_PRUNED: &str = "pruned";
/// The file that tells backup programs to skip the cache (<https://bford.info/cachedir/>).
pub(crate) const CACHE_TAG: &str = "CACHEDIR.TAG";
/// Contents of [`CACHE_TAG`].
pub(crate) const CACHE_TAG_CONTENT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This directory holds unpacked pyship files; it can be removed when none of them is running.\n";
/// Name of a cache root below `$XDG_CACHE_HOME`, and prefix of those in shared temporary directories.
pub const CACHE_NAME: &str = "pyship";
/// Root's first cache root. It is readable by the users that a program of root's turns into, and serves the others as
/// a store.
pub const SYSTEM_CACHE: &str = "/var/cache/pyship";
/// Below the home directory: the user's cache directory where `$XDG_CACHE_HOME` is not set.
pub(crate) const HOME_CACHE: &str = ".cache";

/// In an app's directory: the launch record.
pub(crate) const APP_RECORD: &str = "launch";
/// In an app's directory: the launch record while `prune` removes the app, so that no new start finds it.
pub(crate) const APP_RECORD_HIDDEN: &str = "launch.hidden";
/// In an app's directory: link to the app layer.
pub const APP_LINK: &str = "app";
/// In an app's directory: the launcher, as the virtual environment's interpreter.
pub const APP_PYTHON: &str = "bin/python3";
/// In an app's directory: what makes it a virtual environment (PEP 405).
pub const PYVENV_CFG: &str = "pyvenv.cfg";
/// In an app's directory: a Python installation without packages, for the virtual environments that are made from it.
pub const APP_BASE: &str = ".base";
/// In an app's directory: pip's configuration for this environment.
pub(crate) const APP_PIP_CONF: &str = "pip.conf";
/// In an app's directory: the versions of the packed packages, as pip's constraints. The name is seen by people.
pub(crate) const APP_CONSTRAINTS: &str = "pack-again-to-change-these-packages.txt";
/// In an app's directory: links to the programs in whose places the launcher stands, by the same paths.
pub const APP_PROGRAMS: &str = ".programs";
