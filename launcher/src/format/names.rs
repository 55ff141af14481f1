//! Every name that more than one part of pyship relies on: environment variables, paths inside the file,
//! inside a layer and inside the cache, and exit codes. Nothing else in the workspace spells them out.

/// Environment variable that opens the file's own door: `PYSHIP=<tool> ./app.bin`.
pub const ENV_TOOL: &str = "PYSHIP";
/// Environment variable that names the cache root; a value that can't be used is an error.
pub const ENV_CACHE_DIR: &str = "PYSHIP_CACHE_DIR";
/// Environment variable with a `:` list of read-only caches that are looked in first.
pub const ENV_STORE: &str = "PYSHIP_STORE";

/// Prefix of everything that the launcher tells the start-up code through the environment, besides `PYTHONHOME` and
/// `PYTHONPATH`. All of that lies at the environment's end, and the start-up code takes it out before the app's first line.
pub const ENV_PRIVATE_PREFIX: &str = "_PYSHIP_";
/// Private: the absolute path of the packed file.
pub const ENV_PRIVATE_FILE: &str = "_PYSHIP_FILE";
/// Private: `argv[0]` as the caller gave it.
pub const ENV_PRIVATE_ARGV0: &str = "_PYSHIP_ARGV0";
/// In place of the first letter of a caller's `PYTHON*` variable that the interpreter must not see while it starts; the
/// start-up code puts the letter back. So the variable keeps its place and its length, which the kernel limits.
pub const ENV_HIDDEN: u8 = 1;

/// The caller's variables that would change where the interpreter finds its code; app mode starts without
/// them and hands them back to the app's environment. Interpreter mode keeps `PYTHONPATH` and friends.
pub const ENV_PYTHON_CODE: &[&str] = &[
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONSAFEPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PYTHONPYCACHEPREFIX",
    "PYTHONEXECUTABLE",
    "PYTHONCASEOK",
];

/// Prefixes of what a set-user-ID start drops from the environment: all that pyship, Python and the C library
/// would act on. The C library's part is the list of variables that glibc itself drops then (ld.so(8),
/// "secure-execution mode").
pub const ENV_DISTRUSTED: &[&str] = &[
    ENV_TOOL,
    ENV_PRIVATE_PREFIX,
    "PYTHON",
    "\u{1}YTHON", // See [`ENV_HIDDEN`].
    "LD_",
    "GCONV_PATH",
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
    "TMPDIR",
    "TZDIR",
];

/// Exit code of every failure of the launcher's own.
pub const EXIT_FAILURE: i32 = 125;

/// ZIP member that holds the manifest.
pub const MEMBER_MANIFEST: &str = "pyship.json";
/// ZIP member that lets any `python3 app.bin` (and `os.execv(sys.executable, [sys.executable, *sys.argv])`) work.
pub const MEMBER_MAIN: &str = "__main__.py";
/// ZIP member of a layer: `layers/<name>.tar.zst`.
pub const MEMBER_LAYER_PREFIX: &str = "layers/";
/// See [`MEMBER_LAYER_PREFIX`].
pub const MEMBER_LAYER_SUFFIX: &str = ".tar.zst";

/// Layer with a glibc, its loader and the libraries that wheels may assume.
pub const LAYER_LIBC: &str = "libc";
/// Layer with the interpreter, laid out as PYTHONHOME: `bin/python3.X`, `lib/python3.X`, `lib/*.so`.
pub const LAYER_RUNTIME: &str = "runtime";
/// Layer with the third-party packages, laid out as a virtual environment's prefix.
pub const LAYER_DEPS: &str = "deps";
/// Layer with the app: [`APP_CODE`] and [`APP_START`].
pub const LAYER_APP: &str = "app";
/// Every layer, in the order in which they change.
pub const LAYERS: &[&str] = &[LAYER_LIBC, LAYER_RUNTIME, LAYER_DEPS, LAYER_APP];

/// Directory of the app layer that holds the user's code; it is on `sys.path`.
pub const APP_CODE: &str = "code";
/// Directory of the app layer that holds pyship's start-up code; PYTHONPATH names it for an instant.
pub const APP_START: &str = "start";
/// File in [`APP_START`] that is imported in place of `encodings`, before anything else is.
pub const START_EARLY: &str = "encodings.pyc";
/// File in [`APP_START`] that `sys.executable`, started by itself, imports as `_pyship`.
pub const START_ALONE: &str = "_pyship.pyc";
/// File in [`APP_START`] that is imported in place of `encodings` by `sys.executable`, started by itself for a caller
/// with a PYTHONHOME: PYTHONPATH names its directory for an instant.
pub const START_CHILD: &str = "child/encodings.pyc";
/// File in a deps layer's site-packages that gives `sys.executable`, started by itself, the app's `sys.path`.
pub const START_PTH: &str = "__pyship__.pth";

/// In the import directories of the runtime and deps layers, and in [`APP_START`]: the index of modules, which the
/// start-up code reads (`packer/src/startup/module_index/`).
pub const MODULE_INDEX: &str = "__pyship__.modules";

/// Directory of the libc layer that goes on the loader's `--library-path`.
pub const LIBC_LIB: &str = "lib";

/// First line of a script in a deps layer's `bin/`; the launcher writes the app's own interpreter in its place.
pub const SCRIPT_SHEBANG: &str = "#!pyship-python";

/// Directory of a cache root that this version of the layout owns.
pub const CACHE_VERSION: &str = "v1";
/// Unpacked layers, each in a directory named by its digest.
pub const CACHE_LAYERS: &str = "layers";
/// Apps as virtual environments.
pub const CACHE_APPS: &str = "apps";
/// Lock files.
pub const CACHE_LOCKS: &str = "locks";
/// What is being unpacked.
pub const CACHE_TMP: &str = "tmp";
/// In every directory of [`CACHE_LAYERS`] and [`CACHE_APPS`]: what it holds.
pub const CACHE_INDEX: &str = ".pyship-members";
/// Below [`CACHE_LOCKS`]: held by all cold starts, each for itself, or by one `prune` alone.
pub const CACHE_LOCK_ALL: &str = "all";
/// Its time says when the cache was last pruned by a start.
pub const CACHE_PRUNED: &str = "pruned";
/// The file that tells backup programs to skip the cache (<https://bford.info/cachedir/>).
pub const CACHE_TAG: &str = "CACHEDIR.TAG";
/// Its content.
pub const CACHE_TAG_CONTENT: &str = "Signature: 8a477f597d28d172789f06886806bc55\n\
    # This directory holds unpacked pyship files; it can be removed when none of them runs.\n";
/// Name of a cache directory below `$XDG_CACHE_HOME`, and prefix of those in shared temporary directories.
pub const CACHE_NAME: &str = "pyship";

/// In an app's directory: what a warm start needs to know.
pub const APP_RECORD: &str = "launch";
/// In an app's directory: the record while it is being removed, so that no new start finds it.
pub const APP_RECORD_HIDDEN: &str = "launch.hidden";
/// In an app's directory: link to the app layer.
pub const APP_LINK: &str = "app";
