//! From requirements to the deps layer's tree.
//!
//! For the builder's own kind of machine, packages are installed into a real virtual environment in `scratch`, so
//! that wheels, source builds and scripts are as after `pip install`. For another machine wheels are unpacked
//! without running its interpreter; packages that exist only as source are an error there.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow};

use super::editable;
use super::installer::{Installer, Place};
use super::layout::{self, Origin};
use super::leftovers::Leftovers;
use super::pins::{self, Local};
use super::request::{Request, Target};
use super::stale;
use super::tool::Tool;
use crate::child::ChildError;
use crate::environment::Environment;
use crate::hint::WithHint;
use crate::tree::Tree;

/// Installs what `request` asks for and returns it as the deps layer's tree, whose files are in `scratch`.
///
/// `scratch` is an empty directory of the caller's that exists as long as the tree. Every line that the tool
/// prints is passed to `on_line`. When nothing is asked for, no tool is run, and no network used.
///
/// # Errors
/// When the tool fails, with a [`ChildError`] that holds its output, or is missing.
pub(crate) fn install(
    request: &Request,
    environment: &Environment,
    scratch: &Path,
    tool: &Tool,
    on_line: &mut dyn FnMut(&str),
) -> Result<Tree> {
    if request.is_empty()? {
        return Ok(Tree::new());
    }
    // Scripts name the environment by its real path.
    let scratch = fs_err::canonicalize(scratch)?;
    let installer = tool.installer(request, environment, &scratch)?;
    let local = pins::local(request, environment);
    match &request.target {
        None => install_here(request, &*installer, &local, &scratch, on_line),
        Some(target) => install_elsewhere(request, target, &*installer, &local, &scratch, on_line),
    }
}

/// Builds the wheel of the project in the directory `source`; returns its file, in the directory `scratch`.
///
/// # Errors
/// When the tool is missing or the project doesn't build, with a [`ChildError`] that holds what the build printed.
pub(crate) fn build_wheel(
    request: &Request,
    environment: &Environment,
    source: &Path,
    scratch: &Path,
    tool: &Tool,
    on_line: &mut dyn FnMut(&str),
) -> Result<PathBuf> {
    let installer = tool.installer(request, environment, scratch)?;
    let out = scratch.join("wheel");
    let leftovers = Leftovers::of(source);
    let built = installer.build_wheel(request, source, &out, on_line);
    leftovers.remove();
    built.with_context(|| format!("failed to build the project `{}`", source.display()))?;
    let mut found = Vec::new();
    for entry in fs_err::read_dir(&out)? {
        found.push(entry?.path());
    }
    found.retain(|path| path.extension() == Some("whl".as_ref()));
    found.pop().with_context(|| {
        let source = source.display();
        format!("failed to build the project `{source}`: the build made no wheel")
    })
}

fn install_here(
    request: &Request,
    installer: &dyn Installer,
    local: &Local,
    scratch: &Path,
    on_line: &mut dyn FnMut(&str),
) -> Result<Tree> {
    let venv = scratch.join("venv");
    let python = venv.join("bin/python");
    installer.make_venv(request, &venv, on_line)?;
    let site = site_packages(&venv)?;
    let before = layout::files(&venv)?;

    let mut place = Place::venv(&python);
    let began = SystemTime::now();
    installer.install(request, &place, scratch, on_line)?;
    place.rebuild = rebuild_options(installer, &venv.join(&site), local, began)?;
    if !place.rebuild.is_empty() {
        // What they need now may be less than what is installed.
        fs_err::remove_dir_all(&venv)?;
        installer.make_venv(request, &venv, on_line)?;
        installer.install(request, &place, scratch, on_line)?;
    }
    check_installed(local, layout::files(&venv)? == before)?;
    let sources = editable::sources(&venv.join(&site))?;
    if !sources.is_empty() {
        installer.install_copies(request, &python, &sources, on_line)?;
    }
    if let Some(source) = editable::sources(&venv.join(&site))?.first() {
        return Err(anyhow!(
            "failed to pack `{source}`: it is installed in editable mode, so its code is outside of the environment"
        ))
        .hint("remove `-e`");
    }
    layout::collect(&Origin::Venv {
        root: &venv,
        site: &site,
        before: &before,
    })
}

fn install_elsewhere(
    request: &Request,
    target: &Target,
    installer: &dyn Installer,
    local: &Local,
    scratch: &Path,
    on_line: &mut dyn FnMut(&str),
) -> Result<Tree> {
    let root = scratch.join("target");
    let options = installer.target_options(target, on_line)?;
    let mut place = Place::target(&request.python, &root, options);
    let mut install = |place: &Place<'_>| {
        installer
            .install(request, place, scratch, on_line)
            .map_err(|error| without_wheel(error, target))
    };
    let began = SystemTime::now();
    install(&place)?;
    // There, packages are in the root itself.
    place.rebuild = rebuild_options(installer, &root, local, began)?;
    if !place.rebuild.is_empty() {
        fs_err::remove_dir_all(&root)?;
        install(&place)?;
    }
    check_installed(local, !root.exists() || fs_err::read_dir(&root)?.next().is_none())?;
    let site = format!("lib/python{}/site-packages", target.python);
    layout::collect(&Origin::Target {
        root: &root,
        site: &site,
    })
}

/// An installer may end with success although its settings have it install elsewhere, or nothing at all.
///
/// # Errors
/// When nothing was installed, and something was asked for.
fn check_installed(local: &Local, is_nothing: bool) -> Result<()> {
    if !is_nothing || !local.asks {
        return Ok(());
    }
    Err(anyhow!("failed to install the packages: the installer put none of them where it was told to"))
        .hint("its settings may name a `target`, `prefix` or `root`, or a `dry-run`: see uv.toml, `[tool.uv.pip]`, `pip config list`")
}

/// Options of another install, when the installer took what it had kept of a directory or wheel of the builder.
fn rebuild_options(
    installer: &dyn Installer,
    site: &Path,
    local: &Local,
    began: SystemTime,
) -> Result<Vec<OsString>> {
    let names = stale::distributions(site, &local.links, began)?;
    installer.rebuild_options(&names)
}

/// Names the package that has no wheel, before the tool's own output, when that is why it failed.
fn without_wheel(error: anyhow::Error, target: &Target) -> anyhow::Error {
    let output = error
        .downcast_ref::<ChildError>()
        .map_or("", |failed| &failed.output);
    let Some(package) = package_without_wheel(output) else {
        return error;
    };
    let Target { machine, python, .. } = target;
    let message = format!(
        "failed to find a wheel of `{package}` for {machine} and Python {python}, \
         and packages that exist only as source can't be built for another machine"
    );
    error.context(message)
}

/// The package that `uv` or `pip` found no wheel for. Their output is meant for people and may change; then only
/// the sentence is lost, since the output is shown too.
fn package_without_wheel(output: &str) -> Option<&str> {
    let after = |words: &str| output.split_once(words).map(|(_, rest)| rest);
    let uv = || after("Wheels are required for `")?.split('`').next();
    let pip = || {
        after("No matching distribution found for ")?
            .split_whitespace()
            .next()
    };
    uv().or_else(pip)
}

/// `lib/python3.12/site-packages`, of a virtual environment that was just made.
fn site_packages(venv: &Path) -> Result<String> {
    let names = fs_err::read_dir(venv.join("lib"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<String>>>()?;
    names
        .into_iter()
        .map(|name| format!("lib/{name}/site-packages"))
        .filter(|site| venv.join(site).is_dir())
        .min()
        .with_context(|| format!("failed to find site-packages in `{}`", venv.display()))
}
