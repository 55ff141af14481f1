//! Downloads a build, verifies it, and unpacks it into the [`Store`].

use anyhow::{Context, Result, anyhow, ensure};
use fs_err as fs;

use super::build::Build;
use super::catalog::Known;
use super::mirror::Mirror;
use super::store::{Installed, Store};
use super::sums;
use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::interpreter::download::Downloads;
use crate::interpreter::{archive, describe};
use crate::ui::Ui;

/// uv's variables that forbid downloads.
const ENV_UV_DOWNLOADS: &str = "UV_PYTHON_DOWNLOADS";
const ENV_UV_OFFLINE: &str = "UV_OFFLINE";

/// Why an interpreter that nobody has asked to install is not to be downloaded: by an option, or by a variable of uv.
pub(crate) fn forbidden(option: bool, environment: &Environment) -> Option<String> {
    let is = |name: &str, values: &[&str]| {
        let value = environment
            .get(name)
            .unwrap_or_default()
            .to_string_lossy()
            .to_ascii_lowercase();
        values
            .contains(&value.as_str())
            .then(|| format!("{name}={value} is set"))
    };
    option
        .then(|| "--no-python-downloads is given".to_owned())
        .or_else(|| is(ENV_UV_DOWNLOADS, &["never", "manual", "false", "0"]))
        .or_else(|| is(ENV_UV_OFFLINE, &["1", "true", "yes", "on"]))
}

/// Downloads and unpacks `known`, after a line that says what, why, from where and where to.
///
/// # Errors
/// When it can't be downloaded, has another SHA-256, or holds another version; nothing of it is kept then.
pub(crate) fn install(
    known: &Known,
    why: &str,
    mirror: &Mirror,
    environment: &Environment,
    ui: &Ui,
) -> Result<Installed> {
    let store = Store::of(environment)?;
    let build = &known.build;
    ui.note(&format!(
        "{why}: downloading {build} for {} (python-build-standalone {}) from {} to {}",
        build.target.triple,
        build.release,
        mirror.shown(),
        store.directory.display()
    ));
    let downloads = Downloads::new(environment, ui)?;
    let (archive, sha256) = archive_of(known, mirror, &downloads)?;
    let url = mirror.file(&build.release.to_string(), &archive);
    let file = downloads.archive(&url, &sha256, &store.directory)?;
    let installed = unpack(build, &file, &store, environment, ui);
    // Its files are there now, or it is of no use.
    fs::remove_file(&file).unwrap_or_default();
    installed
}

/// The name and the SHA-256 of its archive.
fn archive_of(known: &Known, mirror: &Mirror, downloads: &Downloads<'_>) -> Result<(String, String)> {
    let names: Vec<String> = known
        .flavours
        .iter()
        .map(|flavour| known.build.archive(flavour))
        .collect();
    if let (Some(sha256), Some(name)) = (known.sha256, names.first()) {
        return Ok((name.clone(), sha256.to_owned()));
    }
    let url = mirror.file(&known.build.release.to_string(), sums::FILE);
    let list = downloads
        .text(&url, sums::MAX_BYTES)
        .with_context(|| format!("failed to find the SHA-256 of `{}`", known.build.name()))?;
    let found = names
        .iter()
        .find_map(|name| Some((name.clone(), sums::find(&list, name)?)));
    found
        .ok_or_else(|| {
            anyhow!(
                "failed to find the SHA-256 of `{}`: `{}` doesn't list it",
                names.join("` or `"),
                crate::url::scrubbed(&url, "")
            )
        })
        .hint("`pyship python list --all-versions` shows what there is")
}

fn unpack(
    build: &Build,
    file: &std::path::Path,
    store: &Store,
    environment: &Environment,
    ui: &Ui,
) -> Result<Installed> {
    let length = fs::metadata(file).map_or(0, |found| found.len());
    ui.measured_step("unpacking the interpreter", length);
    let mut before = 0;
    let unpacked = archive::unpack(file, &store.directory, &mut |bytes| {
        ui.advance(bytes.saturating_sub(before));
        before = bytes;
    })?;
    let interpreter = describe::installation(&unpacked.prefix, environment)?;
    ensure!(
        interpreter.version == build.version && interpreter.is_free_threaded() == build.free_threaded,
        "failed to use `{}`: it holds Python {}",
        file.display(),
        interpreter.version
    );
    ensure!(
        interpreter.facts.machine == build.target.cpu,
        "failed to use `{}`: its interpreter is for {}",
        file.display(),
        interpreter.facts.machine
    );
    let directory = store.place(build);
    if let Err(error) = fs::rename(&unpacked.prefix, &directory) {
        // Another pyship was faster, or something else is in the way.
        ensure!(directory.join("bin").is_dir(), error);
    }
    Ok(Installed {
        build: build.clone(),
        directory,
    })
}
