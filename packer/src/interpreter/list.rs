//! The interpreters of this machine that can be packed, and the builds that can be downloaded: `pyship python list`.

use std::path::PathBuf;

use anyhow::Result;
use pyship_launcher::target::{HOST, Target};
use rayon::prelude::*;
use serde::Serialize;

use super::facts::Interpreter;
use super::standalone::catalog::{self, Known};
use super::standalone::mirror::Mirror;
use super::standalone::store::Store;
use super::{installed, probe};
use crate::environment::Environment;

/// What is listed.
#[derive(Debug, Serialize)]
pub(crate) struct List {
    /// Of downloads.
    directory: PathBuf,
    installed: Vec<Installed>,
    available: Vec<Available>,
}

/// An interpreter that is here.
#[derive(Debug, Serialize)]
struct Installed {
    version: String,
    free_threaded: bool,
    target: &'static str,
    path: PathBuf,
    /// `pyship`, `uv`, `pyenv`, `PATH`
    source: &'static str,
    /// The release of python-build-standalone, of a download of pyship's.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<u32>,
}

/// A build that can be downloaded.
#[derive(Debug, Serialize)]
struct Available {
    version: String,
    free_threaded: bool,
    target: &'static str,
    release: u32,
    url: String,
    /// None when the release's `SHA256SUMS` tells it.
    sha256: Option<&'static str>,
}

/// Lists what is installed, and the builds for `target`: the newest of each minor version, or all.
///
/// # Errors
/// When there is no directory for downloads, or a mirror can't be used.
pub(crate) fn list(target: &'static Target, all_versions: bool, environment: &Environment) -> Result<List> {
    let store = Store::of(environment)?;
    let mirror = Mirror::choose(None, environment)?;
    let mut installed = downloads(&store);
    for found in of_others(environment) {
        let is_known =
            |known: &Installed| fs_err::canonicalize(&known.path).is_ok_and(|path| path == found.path);
        if !installed.iter().any(is_known) {
            installed.push(found);
        }
    }
    let available = catalog::known()
        .iter()
        .filter(|known| known.build.target == target)
        .filter(|known| all_versions || known.is_newest())
        .map(|known| Available::of(known, &mirror))
        .collect();
    Ok(List {
        directory: store.directory,
        installed,
        available,
    })
}

fn downloads(store: &Store) -> Vec<Installed> {
    let found = store.installed().into_iter();
    found
        .filter_map(|found| {
            Some(Installed {
                version: found.build.version.to_string(),
                free_threaded: found.build.free_threaded,
                target: found.build.target.triple,
                path: found.python()?,
                source: "pyship",
                release: Some(found.build.release),
            })
        })
        .collect()
}

/// Those that others have installed, each once, the newest first: uv's, pyenv's, those on `PATH`.
fn of_others(environment: &Environment) -> Vec<Installed> {
    let candidates = installed::candidates(environment);
    let probed: Vec<Option<(&'static str, Interpreter)>> = candidates
        .par_iter()
        .map(|(source, path)| Some((*source, probe::probe(path, environment).ok()?)))
        .collect();
    let mut found: Vec<(&str, Interpreter)> = Vec::new();
    for (source, interpreter) in probed.into_iter().flatten() {
        if !found
            .iter()
            .any(|(_, known)| known.executable == interpreter.executable)
        {
            found.push((source, interpreter));
        }
    }
    found.sort_by(|(_, a), (_, b)| b.version.cmp(&a.version));
    let entry = |(source, interpreter): (&'static str, Interpreter)| Installed {
        version: interpreter.version.to_string(),
        free_threaded: interpreter.is_free_threaded(),
        target: HOST.triple,
        path: interpreter.executable,
        source,
        release: None,
    };
    found.into_iter().map(entry).collect()
}

impl Available {
    fn of(known: &Known, mirror: &Mirror) -> Self {
        Self {
            version: known.build.version.to_string(),
            free_threaded: known.build.free_threaded,
            target: known.build.target.triple,
            release: known.build.release,
            // Of a mirror with a password everything but that.
            url: crate::url::scrubbed(&known.url(mirror), ""),
            sha256: known.sha256,
        }
    }
}

impl List {
    /// For people.
    pub(crate) fn table(&self) -> String {
        let shown =
            |version: &str, free_threaded: bool| format!("{version}{}", if free_threaded { "t" } else { "" });
        let mut text = String::from("installed:\n");
        for found in &self.installed {
            let source = match found.release {
                Some(release) => format!("{}, {release}", found.source),
                None => found.source.to_owned(),
            };
            let target = if found.target == HOST.triple {
                String::new()
            } else {
                format!("  {}", found.target)
            };
            text.push_str(&format!(
                "  {:<10} {} ({source}){target}\n",
                shown(&found.version, found.free_threaded),
                found.path.display()
            ));
        }
        if self.installed.is_empty() {
            text.push_str("  none\n");
        }
        text.push_str("can be downloaded:\n");
        for build in &self.available {
            text.push_str(&format!(
                "  {:<10} python-build-standalone {}\n",
                shown(&build.version, build.free_threaded),
                build.release
            ));
        }
        text
    }
}
