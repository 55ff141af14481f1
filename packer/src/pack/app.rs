//! The app's part of a pack: its code, its name, what starts, what is put beside it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::manifest::Entry;
use pyship_launcher::format::names::APP_CODE;

use crate::app::entry::{self, EntryFlags};
use crate::app::exclude::Excludes;
use crate::app::input::{self, Input};
use crate::app::settings::Settings;
use crate::app::source::AppSource;
use crate::options::PackOptions;
use crate::packages::metadata::Distribution;
use crate::tree::{LayerPath, Node, Tree};

/// The app as it was given.
pub(super) struct Source {
    /// None when the file is packages alone.
    pub(super) app: Option<AppSource>,
    /// `[tool.pyship]`.
    pub(super) settings: Option<Settings>,
}

impl Source {
    /// What the project says it needs.
    pub(super) fn dependencies(&self) -> &[String] {
        let project = self.app.as_ref().and_then(|app| app.project.as_ref());
        project.map_or(&[], |project| &project.dependencies)
    }

    /// The version that the project gives itself.
    pub(super) fn version(&self) -> Option<&str> {
        self.app.as_ref()?.project.as_ref()?.version.as_deref()
    }
}

/// Reads the settings first, since they say what to leave out, then the code.
pub(super) fn read(options: &PackOptions) -> Result<Source> {
    let input = Input::detect(options.app.as_deref())?;
    let settings = input.settings().cloned();
    let own = settings.iter().flat_map(|settings| &settings.exclude);
    let globs: Vec<&String> = own.chain(&options.exclude).collect();
    let excludes = Excludes::new(&globs, Some(&options.output))?;
    Ok(Source {
        app: input.read(&excludes)?,
        settings,
    })
}

/// The app layer's tree so far: the code, and what `--include` adds to it.
pub(super) fn tree(options: &PackOptions, source: &Source) -> Result<Tree> {
    let mut tree = source.app.as_ref().map_or_else(Tree::new, |app| app.tree.clone());
    tree.insert(APP_CODE, Node::Directory);
    for include in &options.include {
        let (from, to) = split_include(include);
        let name = Path::new(from)
            .file_name()
            .map(|name| name.as_encoded_bytes().to_vec())
            .unwrap_or_default();
        let to = to.map_or(name, |to| to.trim_matches('/').as_bytes().to_vec());
        ensure!(
            pyship_launcher::format::member::is_safe(&to),
            "failed to include `{from}`: `{}` is not a path below the app's code",
            String::from_utf8_lossy(&to)
        );
        put(
            &mut tree,
            &[APP_CODE.as_bytes(), b"/", &to].concat(),
            Path::new(from),
        )
        .with_context(|| format!("failed to include `{from}`"))?;
    }
    Ok(tree)
}

/// Puts a file, or what a directory holds, at `place`.
fn put(tree: &mut Tree, place: &[u8], from: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs_err::metadata(from)?;
    if !metadata.is_dir() {
        let executable = metadata.permissions().mode() & 0o111 != 0;
        tree.insert_path(place, fs_err::canonicalize(from)?, executable);
        return Ok(());
    }
    let inside = input::included(from)?;
    for (path, node) in inside.iter() {
        if let Some(below) = path.strip_prefix(APP_CODE.as_bytes()) {
            tree.insert([place, below].concat(), node.clone());
        }
    }
    Ok(())
}

/// `SRC[:DST]`; a SRC with a `:` in its name is taken as it is when it is there.
fn split_include(include: &str) -> (&str, Option<&str>) {
    match include.rsplit_once(':') {
        Some((from, to)) if !Path::new(include).exists() => (from, Some(to)),
        _ => (include, None),
    }
}

/// What starts.
pub(super) fn entry(options: &PackOptions, source: &Source, distributions: &[Distribution]) -> Result<Entry> {
    let flags = EntryFlags {
        module: options.module.clone(),
        function: options.entry.clone(),
        commands: options.command.clone(),
    };
    entry::decide(&flags, source.app.as_ref(), distributions)
}

/// The app's name: given, else the file's without its extension.
pub(super) fn name(options: &PackOptions) -> Result<String> {
    let of_file = || {
        options
            .output
            .file_stem()
            .and_then(|stem| stem.to_str())
            .map(str::to_owned)
    };
    let name = options.name.clone().or_else(of_file);
    let name = name.with_context(|| {
        format!(
            "failed to name the app after `{}`: give --name",
            options.output.display()
        )
    })?;
    ensure!(
        !name.is_empty() && !name.contains(['/', '\0', '\n']),
        "failed to use the name `{}`: it is empty, or has a slash or a line end",
        name.escape_debug()
    );
    Ok(name)
}

/// Where imports look, below the code directory.
pub(super) fn directories(source: &Source) -> Vec<LayerPath> {
    source.app.as_ref().map_or_else(
        || vec![LayerPath::new()],
        |app| {
            app.import_directories
                .iter()
                .map(|directory| directory.clone().into_bytes())
                .collect()
        },
    )
}

/// The two forms that a `sitecustomize` can have.
const SITECUSTOMIZE: [&str; 2] = ["sitecustomize.py", "sitecustomize/__init__.py"];

/// Whether `import sitecustomize` finds something in this directory of a layer.
pub(super) fn has_sitecustomize(tree: &Tree, directory: &str) -> bool {
    SITECUSTOMIZE
        .iter()
        .any(|form| tree.get(format!("{directory}/{form}")).is_some())
}

/// The same for wherever the app's imports look.
pub(super) fn app_has_sitecustomize(app: &Tree, source: &Source) -> bool {
    directories(source).iter().any(|directory| {
        let directory = String::from_utf8_lossy(directory);
        if directory.is_empty() {
            has_sitecustomize(app, APP_CODE)
        } else {
            has_sitecustomize(app, &format!("{APP_CODE}/{directory}"))
        }
    })
}
