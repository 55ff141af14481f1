//! A zipapp as APP: a ZIP archive behind an optional `#!` line, whose `__main__.py` Python runs.
//!
//! ```text
//! plain   its files are the app's code, `__main__.py` starts
//! shiv    environment.json: entry_point; site-packages/: the packages, as `pip install --target` writes them
//! pex     PEX-INFO: entry_point or script; .deps/NAME.whl: the packages; other files: the app's code
//! ```
//!
//! The code by which shiv and pex unpack themselves is not packed. Nothing is resolved or downloaded, and nothing of the
//! archive is run.

mod archive;
mod contents;
mod pex;
mod shiv;
mod tags;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::hint::WithHint as _;

pub(crate) use contents::read;

/// The file that Python runs.
const MAIN: &str = "__main__.py";
/// The endings that zipapps usually have; without one a file is looked into too.
const ENDINGS: &[&str] = &["pyz", "pyzw", "pex", "shiv", "zip"];

/// What is known of a zipapp before it is unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zipapp {
    /// Who made it.
    kind: Kind,
    /// What starts.
    start: Start,
    /// Variables that it sets for the program unless the caller does.
    pub(crate) environment: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Shiv,
    Pex,
}

/// What a zipapp starts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Start {
    /// Its own `__main__.py`.
    Main,
    /// `package.module:function`
    Function(String),
    /// `python -m package.module`
    Module(String),
    /// A script of a package.
    Script(String),
    /// An interpreter.
    Interpreter,
}

impl Start {
    /// From the text of an entry point.
    fn of_entry_point(text: &str) -> Self {
        match text.contains(':') {
            true => Self::Function(text.to_owned()),
            false => Self::Module(text.to_owned()),
        }
    }
}

impl Zipapp {
    /// The zipapp at `path`; none when the file is something else.
    ///
    /// # Errors
    /// When it is a ZIP archive that is no app, or says what can't be followed.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        if !archive::is_zip(path)? {
            let ending = path.extension().and_then(|ending| ending.to_str());
            if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
                bail!("it is no ZIP archive, and a zipapp is one");
            }
            return Ok(None);
        }
        let mut archive = archive::Archive::open(path)?;
        if let Some(info) = archive.text("PEX-INFO")? {
            return pex::describe(&info)
                .map(Some)
                .context("its PEX-INFO can't be followed");
        }
        if let Some(environment) = archive.text("environment.json")?
            && archive.has_below("_bootstrap/")
        {
            let described = shiv::describe(&environment);
            return described
                .map(Some)
                .context("its environment.json can't be followed");
        }
        if archive.text(MAIN)?.is_none() {
            return Err(anyhow!("it is a ZIP archive without `{MAIN}`"))
                .hint("unpack it, and pack the directory");
        }
        Ok(Some(Self {
            kind: Kind::Plain,
            start: Start::Main,
            environment: BTreeMap::new(),
        }))
    }
}

/// Refuses a pex that is a directory.
///
/// # Errors
/// When `directory` is one.
pub(crate) fn check_directory(directory: &Path) -> Result<()> {
    if directory.join("PEX-INFO").is_file() {
        return Err(anyhow!(
            "it is a pex in the layout `loose` or `packed`, and only single files can be packed"
        ))
        .hint("make it with `pex --layout zipapp`");
    }
    Ok(())
}
