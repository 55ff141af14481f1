//! The Python code that starts a packed app, rendered for one app: what is compiled into the app layer's
//! `start/`, the `.pth` file of the deps layer, and the `__main__.py` of the ZIP archive.
//!
//! The interpreter imports `encodings` before anything else and finds ours, because PYTHONPATH names
//! `start/` for that instant. It restores the environment, makes the interpreter that of the app, puts a
//! stand-in for `site` where nothing needs the real one, and hands over to the real `encodings`. What runs as
//! `__main__` is a file of the app, named on the command line: from there on all is the interpreter's own doing.
//! `sys.executable` started by itself is a plain virtual environment whose [`pth`] imports `_pyship`.
//!
//! What an app's sources have of their own are a few constants in place of one line, all of them ASCII.

mod literal;
pub mod module_index;

use pyship_launcher::format::manifest::{Entry, Python};
use pyship_launcher::format::names;
use pyship_launcher::unpack::UNPACKED_TIME;

use crate::tree::LayerPath;

/// The file name that the compiled code shows, in the rare places where it can be seen.
pub const SHOWN_AS: &str = "<pyship>";

/// In place of `encodings`, then `_pyship`: app mode.
const EARLY: &str = concat!(
    include_str!("public.py"),
    include_str!("environment.py"),
    include_str!("index.py"),
    include_str!("site.py"),
    include_str!("begin.py"),
);
/// `_pyship` in an interpreter that was started by itself.
const ALONE: &str = concat!(
    include_str!("public.py"),
    include_str!("environment.py"),
    include_str!("index.py"),
    include_str!("join.py"),
);
/// In place of `encodings` in an interpreter that was started by itself for a caller with a PYTHONHOME.
const CHILD: &str = concat!(include_str!("environment.py"), include_str!("child.py"));
/// The line that the constants replace.
const CONFIG: &str = "# CONFIG\n";

/// What the start-up code must know of an app.
#[derive(Debug, Clone, Copy)]
pub struct StartConfig<'a> {
    /// Name of the app.
    pub name: &'a str,
    /// Version of the app, when one is known.
    pub version: Option<&'a str>,
    /// The interpreter.
    pub python: &'a Python,
    /// What starts: an interpreter alone has no app mode.
    pub entry: &'a Entry,
    /// The directories that the app's code is imported from, relative to the app layer's code directory,
    /// in the order of `sys.path`; an empty path is the code directory itself.
    pub directories: &'a [LayerPath],
    /// Whether `site` has something to do: `.pth` files of packages, or a `sitecustomize`.
    pub site: bool,
    /// Whether a module of the app has the name of one of [`EARLY_MODULES`].
    pub shadows: bool,
    /// Whether imports use the [index](crate::startup::module_index).
    pub index_imports: bool,
}

/// The modules of `start/`: each one's name without `.pyc`, and its source.
///
/// They are compiled by the target's interpreter with [`SHOWN_AS`] as their file name, to `.pyc` files with
/// an unchecked hash that lie right in `start/`. The sources themselves aren't shipped.
#[must_use]
pub fn sources(config: &StartConfig<'_>) -> Vec<(LayerPath, Vec<u8>)> {
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

/// Modules that every interpreter has loaded before it looks at an app's, in the order of their imports.
pub const EARLY_MODULES: [&str; 8] = [
    "codecs",
    "io",
    "abc",
    "stat",
    "posixpath",
    "genericpath",
    "_collections_abc",
    "os",
];

/// What stands before `.pyc` in a file's name.
fn module_name(file: &str) -> LayerPath {
    file.trim_end_matches(".pyc").as_bytes().to_vec()
}

/// The content of [`names::START_PTH`], the same for every app.
#[must_use]
pub fn pth() -> &'static [u8] {
    include_bytes!("__pyship__.pth")
}

/// The content of [`names::MEMBER_MAIN`], the same for every app.
#[must_use]
pub fn zip_main() -> &'static [u8] {
    include_bytes!("zip_main.py")
}

/// The assignments that stand in place of [`CONFIG`].
fn constants(config: &StartConfig<'_>) -> String {
    let StartConfig {
        name,
        version,
        python,
        entry: _,
        directories,
        site,
        shadows,
        index_imports,
    } = *config;
    let directories = directories.iter().map(literal::text);
    [
        ("name", literal::text(name)),
        ("version", version.map_or_else(|| "None".into(), literal::text)),
        ("_EXECUTABLE", literal::text(&python.executable)),
        ("_STDLIB", literal::text(&python.stdlib)),
        ("_SITE_PACKAGES", literal::text(&python.site_packages)),
        ("_DIRECTORIES", literal::tuple(directories)),
        ("_SITE", literal::boolean(site)),
        (
            "_SHADOWED",
            literal::tuple(EARLY_MODULES.iter().filter(|_| shadows).map(literal::text)),
        ),
        ("_INDEX", literal::boolean(index_imports)),
        ("_MODULES", literal::text(format!("/{}", names::MODULE_INDEX))),
        ("_UNPACKED", UNPACKED_TIME.to_string()),
    ]
    .map(|(constant, value)| format!("{constant} = {value}\n"))
    .concat()
}

#[cfg(test)]
mod tests;
