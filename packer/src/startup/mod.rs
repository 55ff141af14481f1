//! The Python code that starts a packed app, rendered for one app: what is compiled into the app layer's
//! `start/`, the `.pth` file of the deps layer, and the `__main__.py` of the ZIP archive.
//!
//! The interpreter imports `encodings` before anything else and finds ours, because PYTHONPATH names
//! `start/` for that instant. It restores the environment, makes the interpreter that of the app, puts a
//! stand-in for `site` and hands over to the real `encodings`; `_pyship_run` then becomes the app's `__main__`.
//! `sys.executable` started by itself is a plain virtual environment whose [`pth`] imports `_pyship`.
//!
//! What an app's sources have of their own are a few constants in place of one line, all of them ASCII.

mod literal;
pub mod module_index;
mod pth_file;

use pyship_launcher::format::manifest::{Command, Entry, Python};
use pyship_launcher::format::names;
use pyship_launcher::unpack::UNPACKED_TIME;

pub use self::pth_file::{PthFile, pth_files};
use crate::tree::LayerPath;

/// The file name that the compiled code shows, in the rare places where it can be seen.
pub const SHOWN_AS: &str = "<pyship>";

/// In place of `encodings`, then `_pyship`: app mode.
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
/// `__main__` in app mode, for an instant.
const RUN: &str = include_str!("run.py");
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
    /// What starts.
    pub entry: &'a Entry,
    /// The directories that the app's code is imported from, relative to the app layer's code directory,
    /// in the order of `sys.path`; an empty path is the code directory itself.
    pub directories: &'a [LayerPath],
    /// The `.pth` files of site-packages, from [`pth_files`].
    pub pth: &'a [PthFile],
    /// Whether `import sitecustomize` finds something.
    pub sitecustomize: bool,
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
    let mut sources = vec![(b"_pyship".to_vec(), render(ALONE))];
    if *config.entry != Entry::Interpreter {
        sources.push((module_name(names::START_EARLY), render(EARLY)));
        sources.push((module_name(names::START_RUN), RUN.as_bytes().to_vec()));
    }
    sources
}

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

/// The kind of `entry` and its arguments, as `start/entry.py` takes them.
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

/// A command's name and its function; without one its script is run.
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

#[cfg(test)]
mod tests;
