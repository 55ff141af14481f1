//! What APP declares and, when it is a project that is built, its wheel.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use pyship_launcher::hex::hex;
use pyship_launcher::target::HOST;
use sha2::{Digest, Sha256};

use super::{Pack, app, packages};
use crate::app::exclude::Excludes;
use crate::app::input::Input;
use crate::app::input::package::{self, Package};
use crate::app::own_extras;
use crate::app::pyproject::{self, ProjectFile};
use crate::app::script_metadata::Script;
use crate::environment::Environment;
use crate::hint::WithHint;
use crate::packages::declared::{Declared, Dependencies, Selection};
use crate::packages::metadata::{self, normalized};
use crate::packages::request::Request;
use crate::packages::tool::Tool;
use crate::packages::{directories, install, lock};
use crate::tree::Tree;
use crate::zipapp;

/// Directory of the wheel and of what it installs, in the scratch directory.
const SCRATCH: &str = "project";

/// A project, apart from its code.
#[derive(Default)]
pub(super) struct Project {
    /// What is to be installed with it.
    pub(super) declared: Declared,
    /// Its own files, when they belong among the packages.
    pub(super) installed: Option<Tree>,
}

/// The project that APP is. Builds it if it has to be built, and gives `source` its code.
///
/// # Errors
/// When it doesn't build, or what it declares can't be followed.
pub(super) fn prepare(pack: &Pack<'_>, source: &mut app::Source, tool: &Tool) -> Result<Project> {
    match &source.input {
        Input::Nothing | Input::Environment(_) | Input::Requirement(_) | Input::Directory(_) => {
            Ok(Project::default())
        }
        Input::Zipapp(path, zipapp) => {
            let scratch = pack.scratch.path().join(SCRATCH);
            let python = &pack.interpreters.packed;
            let contents = zipapp::read(path, zipapp, &scratch, python, &source.excludes);
            let contents = contents.with_context(|| format!("failed to pack `{}`", path.display()))?;
            source.app = contents.app;
            Ok(Project {
                declared: Declared::default(),
                installed: contents.packages,
            })
        }
        Input::Script(path, script) => {
            let declared = script_dependencies(pack, path, script, tool)?;
            Ok(Project {
                declared,
                installed: None,
            })
        }
        Input::Project(directory, file) => {
            let declared = declared(pack, directory, file, None, tool)?;
            Ok(Project {
                declared,
                installed: None,
            })
        }
        Input::Package(directory, file) => {
            let (wheel, package) = build(pack, directory, &source.excludes, tool)?;
            let built = Some((wheel.as_path(), &package));
            let declared = declared(pack, directory, file, built, tool)?;
            let Package {
                source: app,
                installed,
                ..
            } = package;
            source.app = Some(app);
            Ok(Project { declared, installed })
        }
    }
}

/// Builds the wheel of the project in `directory`, and installs it alone. Returns the wheel too.
fn build(pack: &Pack<'_>, directory: &Path, excludes: &Excludes, tool: &Tool) -> Result<(PathBuf, Package)> {
    let scratch = pack.scratch.path().join(SCRATCH);
    fs_err::create_dir(&scratch)?;
    let environment = &pack.interpreters.environment;
    let directory = &fs_err::canonicalize(directory)?;
    let settings = Declared {
        settings: Some(directory.clone()),
        ..Declared::default()
    };
    let request = packages::request(pack, settings);
    let mut print = |line: &str| pack.ui.detail(line);
    pack.ui.step("building the project");
    let wheel = install::build_wheel(&request, environment, directory, &scratch, tool, &mut print)?;
    let name = wheel.file_name().unwrap_or_default().to_string_lossy();
    if pack.target != HOST && !name.ends_with("-any.whl") {
        let triple = pack.target.triple;
        bail!("failed to pack for `{triple}`: the build made `{name}`, which is for this machine");
    }
    let request = Request {
        python: request.python,
        requirements: vec![wheel.to_string_lossy().into_owned()],
        no_deps: true,
        no_index: true,
        target: request.target,
        ..Request::default()
    };
    let tree = install::install(&request, environment, &scratch, tool, &mut print)?;
    let package = package::read(directory, tree, &pack.site_packages(), excludes);
    let package = package.with_context(|| format!("failed to read `{name}`"))?;
    Ok((wheel, package))
}

/// What the project in `directory` declares; `built` are its wheel and what that installs.
fn declared(
    pack: &Pack<'_>,
    directory: &Path,
    file: &ProjectFile,
    built: Option<(&Path, &Package)>,
    tool: &Tool,
) -> Result<Declared> {
    let directory = &fs_err::canonicalize(directory)?;
    let declared = Declared {
        settings: Some(directory.clone()),
        selection: selection(pack, file),
        volatile: file.has_directories(),
        dependencies: Dependencies::None,
    };
    if !pack.options.no_lock {
        let request = packages::request(pack, declared.clone());
        let environment = &pack.interpreters.environment;
        if let Some(lock) = lock::for_project(directory, tool, environment, &request)? {
            return Ok(Declared {
                dependencies: Dependencies::Lock(Box::new(lock)),
                ..declared
            });
        }
    }
    let dependencies = match (tool, built) {
        (Tool::Uv(_), _) => for_uv(directory, file, built, &declared.selection)?,
        (Tool::Pip, Some((wheel, package))) => {
            only_indexes(&directory.join("pyproject.toml"), file)?;
            for_pip(wheel, package)
        }
        (Tool::Pip, None) => {
            only_indexes(&directory.join("pyproject.toml"), file)?;
            static_list(file, &declared.selection)?
        }
    };
    let mut declared = Declared {
        dependencies,
        ..declared
    };
    if let (true, Dependencies::Wheel { .. }, Some((_, package))) =
        (pack.options.all_extras, &declared.dependencies, built)
    {
        declared.selection.extras = metadata::fields(&package.metadata, "Provides-Extra");
    }
    Ok(declared)
}

pub(super) fn selection(pack: &Pack<'_>, file: &ProjectFile) -> Selection {
    let options = pack.options;
    let default = (!options.no_default_groups).then(|| file.default_groups());
    Selection {
        extras: options.extra.clone(),
        all_extras: options.all_extras,
        groups: default
            .into_iter()
            .flatten()
            .chain(options.group.clone())
            .collect(),
    }
}

/// The file that uv resolves, unless it is known to declare nothing.
fn for_uv(
    directory: &Path,
    file: &ProjectFile,
    built: Option<(&Path, &Package)>,
    selection: &Selection,
) -> Result<Dependencies> {
    let declares_nothing = file.project.as_ref().map_or(built.is_none(), |project| {
        project.dependencies.is_empty() && project.dynamic.is_empty()
    });
    if declares_nothing && *selection == Selection::default() {
        return Ok(Dependencies::None);
    }
    let candidates = ["pyproject.toml", "setup.py"].map(|name| directory.join(name));
    let path = candidates.into_iter().find(|path| path.is_file());
    let path = path.with_context(|| format!("failed to find a project in `{}`", directory.display()))?;
    let mut digest = Sha256::new_with_prefix(fs_err::read(&path)?);
    if let Some((_, package)) = built {
        digest.update(&package.metadata);
    }
    Ok(Dependencies::File {
        path,
        digest: hex(&digest.finalize()),
    })
}

/// The wheel, whose dependencies pip resolves.
fn for_pip(wheel: &Path, package: &Package) -> Dependencies {
    Dependencies::Wheel {
        name: package.distribution.name.clone(),
        path: wheel.to_owned(),
        digest: hex(&Sha256::digest(&package.metadata)),
    }
}

/// The dependencies that a pyproject.toml lists, for pip, which can't read them there.
fn static_list(file: &ProjectFile, selection: &Selection) -> Result<Dependencies> {
    let Some(project) = &file.project else {
        return Ok(Dependencies::None);
    };
    if project.dynamic.iter().any(|field| field == "dependencies") {
        return Err(anyhow!(
            "failed to find out what the project depends on: `dependencies` is dynamic, and without a [build-system] \
             there is nothing that could tell"
        ))
        .hint("install uv, or pass the requirements with -r");
    }
    let list = own_extras::resolved(project, &selection.extras, selection.all_extras)?;
    Ok(Dependencies::List(list))
}

/// Refuses directories among the requirements whose projects map names elsewhere, when pip installs.
///
/// # Errors
/// When there is one, or its pyproject.toml can't be read.
pub(super) fn check_directories(request: &Request, environment: &Environment, tool: &Tool) -> Result<()> {
    if matches!(tool, Tool::Uv(_)) {
        return Ok(());
    }
    for directory in directories::of(request, environment) {
        if let Some(file) = pyproject::read(&directory)? {
            only_indexes(&directory.join("pyproject.toml"), &file)?;
        }
    }
    Ok(())
}

/// Refuses names that uv takes from elsewhere: pip would look for them in an index, where they may be something else.
fn only_indexes(path: &Path, file: &ProjectFile) -> Result<()> {
    let failed = format!("failed to follow `{}`", path.display());
    let hint = "install uv, which follows it";
    if let Some(name) = file.mapped_names().next() {
        return Err(anyhow!(
            "{failed}: [tool.uv.sources] says where `{}` comes from, and pip doesn't know that",
            normalized(name)
        ))
        .hint(hint);
    }
    if !file.uv.index.is_empty() {
        return Err(anyhow!(
            "{failed}: [[tool.uv.index]] names an index, and pip doesn't know that"
        ))
        .hint(hint);
    }
    Ok(())
}

/// What the metadata of a script declares.
fn script_dependencies(pack: &Pack<'_>, path: &Path, script: &Script, tool: &Tool) -> Result<Declared> {
    let Some(text) = &script.metadata else {
        return Ok(Declared::default());
    };
    let path = fs_err::canonicalize(path)?;
    let declared = Declared {
        volatile: script.file.has_directories(),
        ..Declared::default()
    };
    let request = packages::request(pack, declared.clone());
    let environment = &pack.interpreters.environment;
    if !pack.options.no_lock
        && let Some(lock) = lock::for_script(&path, tool, environment, &request)?
    {
        return Ok(Declared {
            dependencies: Dependencies::Lock(Box::new(lock)),
            ..declared
        });
    }
    let list = script
        .file
        .project
        .as_ref()
        .map_or(&[][..], |project| &project.dependencies);
    let dependencies = match tool {
        _ if list.is_empty() => Dependencies::None,
        Tool::Uv(_) => Dependencies::Script {
            path,
            digest: hex(&Sha256::digest(text)),
        },
        Tool::Pip => {
            only_indexes(&path, &script.file)?;
            Dependencies::List(list.to_vec())
        }
    };
    Ok(Declared {
        dependencies,
        ..declared
    })
}
