//! Interpreters that a pack downloads: the archive that `--python` names by its URL, and what isn't installed.

use std::path::PathBuf;

use anyhow::Result;

use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::interpreter::discover::Missing;
use crate::interpreter::download::Downloads;
use crate::interpreter::standalone::catalog::Known;
use crate::interpreter::standalone::install;
use crate::interpreter::standalone::mirror::Mirror;
use crate::interpreter::standalone::store::Store;
use crate::interpreter::{Interpreter, describe};
use crate::options::PackOptions;
use crate::ui::Ui;
use crate::url;

/// Downloads the archive at `url`, unless it is here.
pub(super) fn archive(url: &str, sha256: &str, environment: &Environment, ui: &Ui) -> Result<PathBuf> {
    let url = Mirror::choose(None, environment)?.replace(url);
    ui.step(format!("downloading {}", url::scrubbed(&url, "")));
    let directory = Store::of(environment)?.directory;
    Downloads::new(environment, ui)?.archive(&url, sha256, &directory)
}

/// Downloads a build that isn't here, unless that is forbidden.
pub(super) fn build(
    known: &Known,
    missing: &Missing,
    options: &PackOptions,
    environment: &Environment,
    ui: &Ui,
) -> Result<Interpreter> {
    if let Some(reason) = install::forbidden(options.no_python_downloads, environment) {
        return Err(missing.error()).hint(format!("{} can be downloaded, but {reason}", known.build));
    }
    let mirror = Mirror::choose(None, environment)?;
    let installed = install::install(known, &missing.notice(), &mirror, environment, ui)?;
    describe::installation(&installed.directory, environment)
}
