//! The Python code that starts a packed app, rendered for one app: the modules of the app layer's `start/`, the
//! `.pth` file of the deps layer, and the `__main__.py` of the ZIP archive.
//!
//! The interpreter imports `encodings` before any other module, and finds pyship's, because the launcher sets
//! PYTHONPATH to `start/`. That module restores the environment, sets up the interpreter for the app, replaces
//! `site` when that has nothing to do, and loads the real `encodings`. Then the interpreter runs the app's own script
//! or module, which its command line names. `sys.executable` started by itself is a plain virtual environment whose
//! [`pth`] imports `_pyship`.
//!
//! The sources are the same for every app except for constants in place of one line, all of them ASCII.

mod literal;
pub(crate) mod module_index;

use pyship_launcher::format::manifest::{Entry, Python};
use pyship_launcher::format::names;
use pyship_launcher::unpack::{UNPACKED_TIME, UNPACKED_TIME_BEFORE};

use crate::tree::{LayerPath, Tree};

/// The file name of the compiled code, in tracebacks.
pub(crate) const SHOWN_AS: &str = "<pyship>";

/// `encodings`, and later `_pyship`, in app mode.
const EARLY: &str = concat!(
    include_str!("public.py"),
    include_str!("data.py"),
    include_str!("read.py"),
    include_str!("environment.py"),
    include_str!("index.py"),
    include_str!("site.py"),
    include_str!("begin.py"),
);
/// `_pyship` in an interpreter that was started by itself.
const ALONE: &str = concat!(
    include_str!("public.py"),
    include_str!("data.py"),
    include_str!("read.py"),
    include_str!("index.py"),
    include_str!("join.py"),
);
/// `encodings` in an interpreter that was started by itself by a caller with a PYTHONHOME.
const CHILD: &str = concat!(
    include_str!("read.py"),
    include_str!("environment.py"),
    include_str!("child.py"),
);
/// Modules that every interpreter loads before those of an app, in the order of their imports.
const EARLY_MODULES: [&str; 8] = [
    "codecs",
    "io",
    "abc",
    "stat",
    "posixpath",
    "genericpath",
    "_collections_abc",
    "os",
];
/// The line that the constants replace.
const CONFIG: &str = "# CONFIG\n";

/// What the start-up code depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartConfig<'a> {
    /// Name of the app.
    pub(crate) name: &'a str,
    /// Version of the app, when one is known.
    pub(crate) version: Option<&'a str>,
    /// The name of the directory for the app's data, when it has one.
    pub(crate) data: Option<&'a str>,
    /// The interpreter.
    pub(crate) python: &'a Python,
    /// The entry point.
    pub(crate) entry: &'a Entry,
    /// The directories that the app's code is imported from, relative to the app layer's code directory,
    /// in the order of `sys.path`; an empty path is the code directory itself.
    pub(crate) directories: &'a [LayerPath],
    /// Whether there are packages.
    pub(crate) packages: bool,
    /// Whether `site` has something to do: `.pth` files of packages, or a `sitecustomize`.
    pub(crate) site: bool,
    /// Whether a module of the app [has the name](has_early_module) of one that the interpreter loads first.
    pub(crate) shadows: bool,
    /// Whether imports use the [index](crate::startup::module_index).
    pub(crate) index_imports: bool,
}

/// The modules of `start/`: each one's name without `.pyc`, and its source.
///
/// They are compiled with [`SHOWN_AS`] as their file name to `.pyc` files in `start/`. The sources aren't shipped.
pub(crate) fn sources(config: &StartConfig<'_>) -> Vec<(LayerPath, Vec<u8>)> {
    let constants = constants(config);
    let render = |source: &str| source.replacen(CONFIG, &constants, 1).into_bytes();
    let mut sources = vec![
        (module_name(names::START_ALONE), render(ALONE)),
        (module_name(names::START_CHILD), CHILD.as_bytes().to_vec()),
    ];
    if *config.entry != Entry::Interpreter {
        sources.push((module_name(names::START_EARLY), render(EARLY)));
    }
    sources
}

/// A file's name without `.pyc`.
fn module_name(file: &str) -> LayerPath {
    file.trim_end_matches(".pyc").as_bytes().to_vec()
}

/// The content of [`names::START_PTH`], the same for every app.
pub(crate) fn pth() -> &'static [u8] {
    include_bytes!("__pyship__.pth")
}

/// The content of [`names::MEMBER_MAIN`], the same for every app.
pub(crate) fn zip_main() -> &'static [u8] {
    include_bytes!("zip_main.py")
}

/// The assignments that replace [`CONFIG`].
fn constants(config: &StartConfig<'_>) -> String {
    let StartConfig {
        name,
        version,
        data,
        python,
        entry: _,
        directories,
        packages,
        site,
        shadows,
        index_imports,
    } = *config;
    let directories = directories.iter().map(literal::text);
    let shadowed = EARLY_MODULES.iter().filter(|_| shadows).map(literal::text);
    [
        ("name", literal::text(name)),
        ("version", version.map_or_else(|| "None".into(), literal::text)),
        ("_DATA", data.map_or_else(|| "None".into(), literal::text)),
        ("_BASE", literal::text(names::APP_BASE)),
        ("_EXECUTABLE", literal::text(&python.executable)),
        ("_STDLIB", literal::text(&python.stdlib)),
        ("_SITE_PACKAGES", literal::text(&python.site_packages)),
        ("_DIRECTORIES", literal::tuple(directories)),
        ("_PACKAGES", literal::boolean(packages)),
        ("_SITE", literal::boolean(site)),
        ("_SHADOWED", literal::tuple(shadowed)),
        ("_INDEX", literal::boolean(index_imports)),
        ("_MODULES", literal::text(format!("/{}", names::MODULE_INDEX))),
        ("_MEMBERS", literal::text(format!("/{}", names::CACHE_INDEX))),
        ("_UNPACKED", format!("({UNPACKED_TIME}, {UNPACKED_TIME_BEFORE})")),
    ]
    .map(|(constant, value)| format!("{constant} = {value}\n"))
    .concat()
}

/// Whether the directory `site_packages` of the deps layer holds a `.pth` file that `site` reads, or one that newer
/// Pythons read, `.start`. pyship's own doesn't count.
pub(crate) fn has_site_files(deps: &Tree, site_packages: &str) -> bool {
    deps.files().any(|(path, _)| {
        let below = path.strip_prefix(site_packages.as_bytes());
        let name = below.and_then(|rest| rest.strip_prefix(b"/")).unwrap_or_default();
        let is_read = name.ends_with(b".pth") || name.ends_with(b".start");
        is_read && !name.starts_with(b".") && !name.contains(&b'/') && name != names::START_PTH.as_bytes()
    })
}

/// Whether this directory of a layer holds a module that has the name of one of [`EARLY_MODULES`].
pub(crate) fn has_early_module(tree: &Tree, directory: &str) -> bool {
    let has = |path: String| tree.get(path).is_some();
    EARLY_MODULES
        .iter()
        .any(|name| has(format!("{directory}/{name}.py")) || has(format!("{directory}/{name}")))
}

/// Whether `import sitecustomize` finds something in this directory of a layer.
pub(crate) fn has_sitecustomize(tree: &Tree, directory: &str) -> bool {
    ["sitecustomize.py", "sitecustomize/__init__.py"]
        .iter()
        .any(|form| tree.get(format!("{directory}/{form}")).is_some())
}

#[cfg(test)]
mod tests;
