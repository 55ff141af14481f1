//! The app layer: the code, what `--include` adds to it, what starts, and its name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use pyship_launcher::error::{plain, steers};
use pyship_launcher::format::manifest::Entry;
use pyship_launcher::format::names::APP_CODE;

use super::destination::Destination;
use super::{Pack, arguments, includes, packages, settings};
use crate::app::entry::{self, EntryFlags};
use crate::app::exclude::Excludes;
use crate::app::input::files::in_code;
use crate::app::input::{Input, Requirement};
use crate::app::left_out::LeftOut;
use crate::app::note::Note;
use crate::app::source::AppSource;
use crate::elf::LayerElf;
use crate::interpreter::mentions::mentioned;
use crate::options::PackOptions;
use crate::tree::{LayerPath, Node, Tree};
use crate::ui::Ui;
use crate::{provenance, startup};

/// Bytes of the app that are kept in memory during a pack.
const HELD: u64 = 64 << 20;

/// What APP is, and its files. There are none when the file is packages alone.
pub(super) struct Source {
    pub(super) input: Input,
    pub(super) app: Option<AppSource>,
    pub(super) excludes: Excludes,
    /// OUT.
    pub(super) output: Destination,
}

impl Source {
    /// The `options` of the command line over `[tool.pyship]`. An environment given as APP is the one of `--venv`, and a
    /// package one of `--with`.
    pub(super) fn over(&self, options: &PackOptions) -> PackOptions {
        let mut options = options.clone();
        match &self.input {
            Input::Environment(path) => {
                options.venv = Some(Some(path.clone()));
                options.app = None;
            }
            Input::Requirement(requirement) => {
                let extras = std::mem::take(&mut options.extra);
                options.with.push(requirement.with_extras(&extras));
                options.app = None;
            }
            Input::Zipapp(_, zipapp) => {
                let defaults = zipapp.environment.iter();
                let defaults = defaults.map(|(name, value)| format!("{name}={value}"));
                options.set_env.splice(0..0, defaults);
            }
            _ => {}
        }
        options.over(self.input.options().cloned().unwrap_or_default())
    }

    /// The builder's directories with the app's modules, links resolved.
    pub(super) fn code(&self) -> Vec<PathBuf> {
        let app = self.app.iter().filter(|app| app.script.is_none());
        let directories = app.flat_map(|app| app.import_directories.iter().map(|name| app.path.join(name)));
        directories
            .filter_map(|directory| fs_err::canonicalize(directory).ok())
            .collect()
    }

    /// The package that APP is.
    pub(super) fn requirement(&self) -> Option<&Requirement> {
        match &self.input {
            Input::Requirement(requirement) => Some(requirement),
            _ => None,
        }
    }

    /// What the project or script depends on.
    pub(super) fn dependencies(&self) -> &[String] {
        let built = self.app.as_ref().and_then(|app| app.project.as_ref());
        let written = self.input.project().and_then(|file| file.project.as_ref());
        built.or(written).map_or(&[], |project| &project.dependencies)
    }

    /// The version that the project gives itself.
    fn version(&self) -> Option<String> {
        self.app.as_ref()?.project.as_ref()?.version.clone()
    }

    /// Where imports look, below the code directory.
    fn directories(&self) -> Vec<LayerPath> {
        let directories = self.app.as_ref().map(|app| &app.import_directories);
        directories.map_or_else(
            || vec![LayerPath::new()],
            |directories| directories.iter().map(|name| name.clone().into_bytes()).collect(),
        )
    }
}

/// Reads the project's options first, since they say what to leave out, then the code.
pub(super) fn read(options: &PackOptions, ui: &Ui) -> Result<Source> {
    ui.step("reading the app");
    let mut input = Input::detect(options.app.as_deref())?;
    let of_project = input.options().and_then(|options| options.venv.as_ref());
    if options.venv.is_some() || of_project.is_some() {
        input = input.unbuilt();
    }
    let project = input.options().into_iter().flat_map(|options| &options.exclude);
    let globs: Vec<&String> = project.chain(&options.exclude).collect();
    let output = Destination::new(options, &input)?;
    let no_gitignore = options.no_gitignore || input.options().is_some_and(|options| options.no_gitignore);
    let excludes = Excludes::new(&globs, Some(&output.path))?.of_project(!no_gitignore);
    let app = input.read(&excludes)?;
    Ok(Source {
        input,
        app,
        excludes,
        output,
    })
}

/// The app layer.
pub(super) struct App {
    pub(super) tree: Tree,
    pub(super) facts: Facts,
}

/// What later steps must know of it.
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) entry: Entry,
    /// Arguments that stand before the caller's, as in the manifest.
    pub(super) arguments: Vec<String>,
    /// The name of the directory for the app's data.
    pub(super) data: Option<String>,
    /// What starts, in words.
    pub(super) starts: String,
    /// Whether it is what the wheel of a project installs.
    pub(super) is_built: bool,
    /// Where imports look, below the code directory.
    pub(super) directories: Vec<LayerPath>,
    pub(super) elf: LayerElf,
    /// Groups of the standard library that the app names.
    pub(super) mentioned: BTreeSet<String>,
    pub(super) sitecustomize: bool,
    /// Whether a module has the name of one that the interpreter loads first.
    pub(super) shadows: bool,
    /// Digest of the tree before anything is compiled.
    pub(super) digest: String,
    /// The name of the project.
    pub(super) project: Option<String>,
    /// What the project depends on.
    pub(super) dependencies: Vec<String>,
    /// Files that were not packed as they are.
    pub(super) notes: Vec<String>,
    /// What is left out, relative to the app.
    pub(super) left_out: Vec<LeftOut>,
}

/// Completes the code that was read, and decides what starts.
pub(super) fn prepare(pack: &Pack<'_>, mut source: Source, packages: &packages::Facts) -> Result<App> {
    let options = pack.options;
    let flags = EntryFlags {
        module: options.module.clone(),
        function: options.entry.clone(),
        commands: options.command.clone(),
    };
    let mut tree = source.app.as_ref().map_or_else(Tree::new, |app| app.tree.clone());
    tree.insert(APP_CODE, Node::DIRECTORY);
    let mut included = includes::add(&mut tree, &options.include, &source.output.path)?;
    if let (Some(of_project), Some(app)) = (source.input.options(), &source.app) {
        included
            .notes
            .extend(includes::outside(&of_project.include, &app.path));
    }
    tree.hold(HELD)?;
    if let Some(app) = &mut source.app {
        // What was included can be what starts.
        app.tree = tree.clone();
    }
    let requirement = source.requirement();
    let entry = match requirement.filter(|_| flags == EntryFlags::default()) {
        Some(requirement) => entry::of_requirement(&requirement.name, &packages.distributions)?,
        None => entry::decide(&flags, source.app.as_ref(), &packages.distributions)?,
    };
    let of_package = requirement.and_then(|requirement| packages.version(&requirement.name));
    let directories = source.directories();
    // What was left out may have been included.
    let is_in = |path: &Path| tree.get(in_code(path)).is_some();
    let app_notes = source.app.iter().flat_map(|app| &app.notes);
    let app_notes = app_notes.filter(|note| !matches!(note, Note::Secret(path) if is_in(path)));
    let notes = app_notes.chain(&included.notes).map(ToString::to_string);
    let notes = notes.chain(arguments::missing(&options.arg, &tree));
    let left_out = source.app.iter().flat_map(|app| &app.left_out);
    let left_out = left_out.filter(|one| !is_in(Path::new(&one.path)));
    let left_out = left_out.chain(&included.left_out).cloned();
    let facts = Facts {
        left_out: left_out.collect(),
        name: name(options, &source.output)?,
        version: options
            .app_version
            .clone()
            .or_else(|| source.version())
            .or(of_package),
        arguments: arguments::of(&options.arg, &entry)?,
        data: settings::data_directory(options.data_dir.as_deref())?,
        starts: entry::starts(
            &entry,
            source.app.as_ref().and_then(|app| app.project.as_ref()),
            &packages.distributions,
        ),
        is_built: matches!(source.input, Input::Package(..)),
        entry,
        elf: LayerElf::of(&tree)?,
        mentioned: mentioned(&tree)?,
        sitecustomize: directories
            .iter()
            .any(|directory| startup::has_sitecustomize(&tree, &code_directory(directory))),
        shadows: directories
            .iter()
            .any(|directory| startup::has_early_module(&tree, &code_directory(directory))),
        digest: provenance::tree_digest(&tree)?,
        project: match &source.input {
            Input::Script(..) => None,
            input => input.project().and(input.project_name()).map(str::to_owned),
        },
        dependencies: source.dependencies().to_vec(),
        notes: notes.collect(),
        directories,
    };
    Ok(App { tree, facts })
}

/// `--name`, else the name of OUT without its extension.
fn name(options: &PackOptions, output: &Destination) -> Result<String> {
    let of_file = || output.path.file_stem()?.to_str().map(str::to_owned);
    let name = options
        .name
        .clone()
        .or_else(|| output.name.clone())
        .or_else(of_file);
    let name = name.with_context(|| {
        format!(
            "failed to name the app after `{}`: give --name",
            output.path.display()
        )
    })?;
    ensure!(
        !name.is_empty() && !name.contains('/') && !name.contains(steers),
        "failed to use the name `{}`: it is empty, or has a slash or a control character",
        plain(name)
    );
    Ok(name)
}

/// A directory below the code directory, as a path in the layer.
fn code_directory(directory: &[u8]) -> String {
    match String::from_utf8_lossy(directory) {
        path if path.is_empty() => APP_CODE.to_owned(),
        path => format!("{APP_CODE}/{path}"),
    }
}
