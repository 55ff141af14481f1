//! What a zipapp brings: code, packages, and what starts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};

use super::archive::Archive;
use super::{Kind, MAIN, Start, Zipapp, pex, shiv, tags};
use crate::app::exclude::Excludes;
use crate::app::input;
use crate::app::source::{AppSource, project_with_script};
use crate::hint::WithHint as _;
use crate::interpreter::Interpreter;
use crate::packages::layout::{self, Origin};
use crate::packages::metadata::{self, normalized};
use crate::tree::Tree;

/// A zipapp's parts.
pub(crate) struct Contents {
    /// Its code; none when it has packages alone and starts an interpreter.
    pub(crate) app: Option<AppSource>,
    /// Its packages, in their places in the deps layer.
    pub(crate) packages: Option<Tree>,
}

/// Unpacks the zipapp `path` into the new directory `scratch`.
///
/// # Errors
/// When it can't be unpacked, or a package of it is for another Python or machine.
pub(crate) fn read(
    path: &Path,
    zipapp: &Zipapp,
    scratch: &Path,
    python: &Interpreter,
    excludes: &Excludes,
) -> Result<Contents> {
    let all = scratch.join("archive");
    fs_err::create_dir_all(&all)?;
    Archive::open(path)?.unpack(&all)?;
    let packages = packages(zipapp.kind, &all, &scratch.join("packages"), python)?;
    let code = code(zipapp.kind, &all, &scratch.join("code"))?;
    let app = AppSource {
        notes: Vec::new(),
        left_out: Vec::new(),
        ..match code {
            Some(code) => input::directory(&code, excludes)?,
            None => AppSource::new(path, Tree::new()),
        }
    };
    let app = AppSource {
        path: path.to_owned(),
        ..app
    };
    let is_empty = app.tree.files().next().is_none();
    let site = format!("{}/site-packages", python.layer_stdlib());
    let app = match &zipapp.start {
        Start::Interpreter if is_empty => None,
        start => Some(started(app, start, packages.as_ref(), &site)?),
    };
    Ok(Contents { app, packages })
}

/// The app with what starts.
fn started(mut app: AppSource, start: &Start, packages: Option<&Tree>, site: &str) -> Result<AppSource> {
    let function = match start {
        Start::Main => {
            app.script = Some(MAIN.to_owned());
            return Ok(app);
        }
        Start::Module(module) => {
            app.module = Some(module.clone());
            return Ok(app);
        }
        Start::Interpreter => return Ok(app),
        Start::Function(function) => function.clone(),
        Start::Script(script) => {
            let distributions = packages.map(|tree| metadata::distributions(tree, site));
            let distributions = distributions.transpose()?.unwrap_or_default();
            let mut scripts = distributions.iter().flat_map(|one| &one.console_scripts);
            let found = scripts.find(|(name, _)| name == script);
            let (_, function) = found.with_context(|| {
                format!("it starts the script `{script}`, which none of its packages has")
            })?;
            function.clone()
        }
    };
    let name = app
        .path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    app.project = Some(project_with_script(name, function));
    Ok(app)
}

/// The directory with the app's own code; none when there is none.
fn code(kind: Kind, all: &Path, place: &Path) -> Result<Option<PathBuf>> {
    if kind == Kind::Shiv {
        return Ok(None);
    }
    fs_err::create_dir_all(place)?;
    let mut is_empty = true;
    for entry in fs_err::read_dir(all)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if kind == Kind::Pex && name.to_str().is_some_and(pex::is_own) {
            continue;
        }
        fs_err::rename(&path, place.join(name))?;
        is_empty = false;
    }
    Ok((!is_empty).then(|| place.to_owned()))
}

/// The bundled packages as the deps layer's tree.
fn packages(kind: Kind, all: &Path, place: &Path, python: &Interpreter) -> Result<Option<Tree>> {
    match kind {
        Kind::Plain => return Ok(None),
        Kind::Shiv => {
            let bundled = all.join(shiv::PACKAGES);
            if !bundled.is_dir() {
                bail!("it has no `{}`", shiv::PACKAGES);
            }
            fs_err::rename(bundled, place)?;
            check(&[place.to_owned()], python)?;
        }
        Kind::Pex => {
            let packages = pex::packages(all)?;
            fs_err::create_dir_all(place)?;
            for package in check(&packages, python)? {
                pex::merge(&package, place)?;
            }
        }
    }
    let site = format!("{}/site-packages", python.layer_stdlib());
    layout::collect(&Origin::Target {
        root: place,
        site: &site,
    })
    .map(Some)
}

/// Checks the tags of the packages in these directories. Returns the directories whose packages fit; others may be there
/// for other machines, unless no directory has the package for this one.
fn check(directories: &[PathBuf], python: &Interpreter) -> Result<Vec<PathBuf>> {
    let (mut fitting, mut found) = (Vec::new(), BTreeMap::<String, Option<String>>::new());
    for directory in directories {
        let mut fits = true;
        for entry in fs_err::read_dir(directory)? {
            let info = entry?.path();
            let name = info
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let (Some(stem), true) = (name.strip_suffix(".dist-info"), info.join("WHEEL").is_file()) else {
                continue;
            };
            let wheel = fs_err::read_to_string(info.join("WHEEL"))?;
            let project = normalized(stem.split('-').next().unwrap_or(stem));
            if tags::Supported::by(python).has(&wheel) {
                found.insert(project, None);
            } else {
                fits = false;
                let tags: Vec<&str> = tags::of(&wheel).collect();
                let misfit = format!("`{stem}` ({})", tags.join(", "));
                found.entry(project).or_insert(Some(misfit));
            }
        }
        if fits {
            fitting.push(directory.clone());
        }
    }
    let misfits: Vec<String> = found.into_values().flatten().collect();
    if misfits.is_empty() {
        return Ok(fitting);
    }
    Err(anyhow!(
        "it bundles packages that are not for Python {} on {}: {}",
        python.version,
        python.facts.machine,
        misfits.join(", ")
    ))
    .hint("name an interpreter that they are for with --python")
}
