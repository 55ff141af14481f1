//! From requirements to the deps layer's tree.
//!
//! For the builder's own kind of machine, packages go into a real virtual environment in `scratch`, so that
//! wheels, source builds and scripts come out as after `pip install`. For another machine wheels are unpacked
//! without ever running its interpreter; what exists only as source is an error there.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::child::ChildError;
use super::editable;
use super::installer::Tool;
use super::layout::{self, Origin};
use crate::tree::Tree;

/// What is to be installed, for which interpreter, from where.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// An interpreter of the builder: the one to install for, or, with [`Request::target`], any.
    pub python: PathBuf,
    /// Files with requirements (`-r`).
    pub requirements_files: Vec<PathBuf>,
    /// Single requirements (`--with`): a specifier, a wheel, a directory, a URL.
    pub requirements: Vec<String>,
    /// Files with constraints.
    pub constraints: Vec<PathBuf>,
    /// Directories or URLs with wheels.
    pub find_links: Vec<String>,
    /// No index is asked.
    pub no_index: bool,
    /// The index in place of PyPI.
    pub index_url: Option<String>,
    /// Further indexes.
    pub extra_index_url: Vec<String>,
    /// Every requirement must come with a hash.
    pub require_hashes: bool,
    /// The network isn't used.
    pub offline: bool,
    /// Another kind of machine than the builder.
    pub target: Option<Target>,
}

/// A machine that can't run on the builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As wheels call it: `x86_64`, `aarch64`.
    pub machine: String,
    /// The newest glibc that wheels may ask for, as major and minor.
    pub glibc: (u32, u32),
    /// The interpreter's version, as major and minor: `3.12`.
    pub python: String,
}

impl Request {
    /// Whether nothing is asked for: no requirement, and only blank lines and comments in every file.
    ///
    /// # Errors
    /// When a file can't be read.
    pub fn is_empty(&self) -> Result<bool> {
        for file in &self.requirements_files {
            let bytes = fs_err::read(file)?;
            let is_blank = |line: &[u8]| matches!(line.trim_ascii().first(), None | Some(b'#'));
            if !bytes.split(|&byte| byte == b'\n').all(is_blank) {
                return Ok(false);
            }
        }
        Ok(self.requirements.is_empty())
    }

    /// The options about indexes and constraints, which `uv pip` and `pip` spell alike.
    pub(super) fn index_options(&self) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        let mut put = |name: &str, value: OsString| options.extend([name.into(), value]);
        self.constraints
            .iter()
            .for_each(|file| put("--constraint", file.into()));
        self.find_links
            .iter()
            .for_each(|place| put("--find-links", place.into()));
        self.index_url
            .iter()
            .for_each(|url| put("--index-url", url.into()));
        self.extra_index_url
            .iter()
            .for_each(|url| put("--extra-index-url", url.into()));
        if self.no_index {
            options.push("--no-index".into());
        }
        options
    }

    /// What to install, as the last arguments of the command line.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        for file in &self.requirements_files {
            arguments.extend(["--requirement".into(), file.into()]);
        }
        if !self.requirements.is_empty() {
            // A requirement that begins with `-` is no option.
            arguments.push("--".into());
            arguments.extend(self.requirements.iter().map(OsString::from));
        }
        arguments
    }
}

/// Installs what `request` asks for and returns it as the deps layer's tree, whose files lie in `scratch`.
///
/// `scratch` is an empty directory of the caller's that lives as long as the tree. Every line that the tool
/// prints goes to `on_line`. No tool is called, and no network used, when nothing is asked for.
///
/// # Errors
/// When the tool fails, with a [`super::child::ChildError`] that holds all it said, or is missing.
pub fn install(
    request: &Request,
    scratch: &Path,
    tool: &Tool,
    on_line: &mut dyn FnMut(&str),
) -> Result<Tree> {
    if request.is_empty()? {
        return Ok(Tree::new());
    }
    // Scripts name the environment by its real path.
    let scratch = fs_err::canonicalize(scratch)?;
    match &request.target {
        None => install_here(request, &scratch, tool, on_line),
        Some(target) => install_elsewhere(request, target, &scratch, tool, on_line),
    }
}

fn install_here(
    request: &Request,
    scratch: &Path,
    tool: &Tool,
    on_line: &mut dyn FnMut(&str),
) -> Result<Tree> {
    let venv = scratch.join("venv");
    let python = venv.join("bin/python");
    let installer = tool.prepare(request, scratch)?;
    installer.make_venv(request, &venv, on_line)?;
    let site = site_packages(&venv)?;
    let before = layout::files(&venv)?;

    installer.install(request, &python, on_line)?;
    let sources = editable::sources(&venv.join(&site))?;
    if !sources.is_empty() {
        installer.install_copies(request, &python, &sources, on_line)?;
    }
    if let Some(source) = editable::sources(&venv.join(&site))?.first() {
        bail!(
            "failed to pack `{source}`: it is installed in editable mode, so its code stays outside; remove `-e`"
        );
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
    scratch: &Path,
    tool: &Tool,
    on_line: &mut dyn FnMut(&str),
) -> Result<Tree> {
    let root = scratch.join("target");
    let installer = tool.prepare(request, scratch)?;
    let done = installer.install_for(request, target, &root, on_line);
    done.map_err(|error| without_wheel(error, target))?;
    let site = format!("lib/python{}/site-packages", target.python);
    layout::collect(&Origin::Target {
        root: &root,
        site: &site,
    })
}

/// Says for which package there was no wheel, before the tool's own words, when it was that.
fn without_wheel(error: anyhow::Error, target: &Target) -> anyhow::Error {
    let Some(ChildError::Failed { output, .. }) = error.downcast_ref() else {
        return error;
    };
    let Some(package) = package_without_wheel(output) else {
        return error;
    };
    let Target { machine, python, .. } = target;
    let sentence = format!(
        "failed to find a wheel of `{package}` for {machine} and Python {python}, \
         and packages that exist only as source can't be built for another machine"
    );
    error.context(sentence)
}

/// The package that `uv` or `pip` found no wheel for. They say so to people only; another wording than these
/// costs a sentence, since all that they said is shown too.
fn package_without_wheel(output: &str) -> Option<&str> {
    let uv = || {
        output
            .split_once("Wheels are required for `")?
            .1
            .split('`')
            .next()
    };
    let pip = || {
        output
            .split_once("No matching distribution found for ")?
            .1
            .split_whitespace()
            .next()
    };
    uv().or_else(pip)
}

/// `lib/python3.12/site-packages`, of a virtual environment that was just made.
fn site_packages(venv: &Path) -> Result<String> {
    let mut found = BTreeSet::new();
    for entry in fs_err::read_dir(venv.join("lib"))? {
        let entry = entry?;
        if entry.path().join("site-packages").is_dir() {
            found.insert(format!(
                "lib/{}/site-packages",
                entry.file_name().to_string_lossy()
            ));
        }
    }
    found
        .pop_first()
        .with_context(|| format!("failed to find site-packages in `{}`", venv.display()))
}
