//! The Python code that starts a packed app, rendered for one app: the modules of the app layer's `start/`, the
//! `.pth` file of the deps layer, and the `__main__.py` of the ZIP archive.
//!
//! The interpreter imports `encodings` before any other module, and finds pyship's, because the launcher sets
//! PYTHONPATH to `start/`. That module restores the environment, sets up the interpreter for the app, replaces
//! `site` and loads the real `encodings`; `_pyship_run` then becomes the app's `__main__`. `sys.executable` started
//! by itself is a plain virtual environment whose [`pth`] imports `_pyship`.
//!
//! The sources are the same for every app except for constants in place of one line, all of them ASCII.

mod literal;
pub(crate) mod module_index;
mod pth_file;

use pyship_launcher::format::manifest::{Command, Entry, Python};
use pyship_launcher::format::names;
use pyship_launcher::unpack::UNPACKED_TIME;

pub(crate) use self::pth_file::{PthFile, pth_files};
use crate::tree::{LayerPath, Tree};

/// The file name of the compiled code, in tracebacks.
pub(crate) const SHOWN_AS: &str = "<pyship>";

/// `encodings`, and later `_pyship`, in app mode.
const EARLY: &str = concat!(
    include_str!("public.py"),
    include_str!("index.py"),
    include_str!("site.py"),
    include_str!("prepare.py"),
    include_str!("entry.py"),
    include_str!("begin.py"),
);
/// `_pyship` in an interpreter that was started by itself.
const ALONE: &str = concat!(
    include_str!("public.py"),
    include_str!("index.py"),
    include_str!("join.py"),
);
/// The first `__main__` in app mode.
const RUN: &str = include_str!("run.py");
/// The line that the constants replace.
const CONFIG: &str = "# CONFIG\n";

/// What the start-up code depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StartConfig<'a> {
    /// Name of the app.
    pub(crate) name: &'a str,
    /// Version of the app, when one is known.
    pub(crate) version: Option<&'a str>,
    /// The interpreter.
    pub(crate) python: &'a Python,
    /// The entry point.
    pub(crate) entry: &'a Entry,
    /// The directories that the app's code is imported from, relative to the app layer's code directory,
    /// in the order of `sys.path`; an empty path is the code directory itself.
    pub(crate) directories: &'a [LayerPath],
    /// The `.pth` files of site-packages, from [`pth_files`].
    pub(crate) pth: &'a [PthFile],
    /// Whether `import sitecustomize` finds something.
    pub(crate) sitecustomize: bool,
    /// Whether imports use the [index](crate::startup::module_index).
    pub(crate) index_imports: bool,
}

/// The modules of `start/`: each one's name without `.pyc`, and its source.
///
/// They are compiled with [`SHOWN_AS`] as their file name to `.pyc` files in `start/`. The sources aren't shipped.
pub(crate) fn sources(config: &StartConfig<'_>) -> Vec<(LayerPath, Vec<u8>)> {
    let constants = constants(config);
    let render = |source: &str| source.replacen(CONFIG, &constants, 1).into_bytes();
    let mut sources = vec![(b"_pyship".to_vec(), render(ALONE))];
    if *config.entry != Entry::Interpreter {
        sources.push((module_name(names::START_EARLY), render(EARLY)));
        sources.push((module_name(names::START_RUN), RUN.as_bytes().to_vec()));
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
        python,
        entry,
        directories,
        pth,
        sitecustomize,
        index_imports,
    } = *config;
    let directories = directories.iter().map(literal::text);
    let pth = pth.iter().map(|file| {
        let lines = file
            .lines
            .iter()
            .map(|(number, line)| format!("({number}, {})", literal::text(line)));
        literal::tuple([literal::text(&file.name), literal::tuple(lines)])
    });
    [
        ("name", literal::text(name)),
        ("version", version.map_or_else(|| "None".into(), literal::text)),
        ("_EXECUTABLE", literal::text(&python.executable)),
        ("_STDLIB", literal::text(&python.stdlib)),
        ("_SITE_PACKAGES", literal::text(&python.site_packages)),
        ("_DIRECTORIES", literal::tuple(directories)),
        ("_ENTRY", entry_literal(entry)),
        ("_PTH", literal::tuple(pth)),
        ("_SITECUSTOMIZE", literal::boolean(sitecustomize)),
        ("_INDEX", literal::boolean(index_imports)),
        ("_MODULES", literal::text(format!("/{}", names::MODULE_INDEX))),
        ("_UNPACKED", UNPACKED_TIME.to_string()),
    ]
    .map(|(constant, value)| format!("{constant} = {value}\n"))
    .concat()
}

/// The kind of `entry` and its arguments, as `entry.py` takes them.
fn entry_literal(entry: &Entry) -> String {
    let (kind, arguments) = match entry {
        Entry::Script { path } => ("script", vec![literal::text(path)]),
        Entry::Module { name } => ("module", vec![literal::text(name)]),
        Entry::Function { module, attr } => ("function", vec![literal::text(module), literal::text(attr)]),
        Entry::Commands { commands } => (
            "commands",
            vec![literal::tuple(commands.iter().map(command_literal))],
        ),
        Entry::Interpreter => ("interpreter", vec![]),
    };
    literal::tuple([literal::text(kind)].into_iter().chain(arguments))
}

/// A command's name and its function; without a function its script is run.
fn command_literal(command: &Command) -> String {
    let function = command
        .function
        .as_deref()
        .and_then(|function| function.split_once(':'));
    let function = function.map_or_else(
        || "None".into(),
        |(module, attr)| literal::tuple([literal::text(module.trim()), literal::text(attr.trim())]),
    );
    literal::tuple([literal::text(&command.name), function])
}

/// Whether `import sitecustomize` finds something in this directory of a layer.
pub(crate) fn has_sitecustomize(tree: &Tree, directory: &str) -> bool {
    ["sitecustomize.py", "sitecustomize/__init__.py"]
        .iter()
        .any(|form| tree.get(format!("{directory}/{form}")).is_some())
}

#[cfg(test)]
mod tests;
