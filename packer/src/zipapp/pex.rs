//! pex: `PEX-INFO` (<https://docs.pex-tool.org>).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use serde::Deserialize;

use super::archive::Archive;
use super::{Kind, MAIN, Start, Zipapp};
use crate::hint::WithHint as _;

/// The directory of the packages in the archive: a directory or a wheel each.
const PACKAGES: &str = ".deps";
/// What belongs to pex itself.
const OWN: &[&str] = &[
    PACKAGES,
    ".bootstrap",
    "PEX-INFO",
    "__pex__",
    ".layout.json",
    "__pycache__",
    MAIN,
];
/// In the directory of a package: what it installs beside its modules.
const PREFIX: &str = ".prefix";

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    entry_point: Option<String>,
    #[serde(default)]
    script: Option<String>,
    #[serde(default)]
    inject_args: Vec<String>,
    #[serde(default)]
    inject_env: BTreeMap<String, String>,
}

/// What its `PEX-INFO` says.
///
/// # Errors
/// When the program gets arguments that a packed file can't have.
pub(super) fn describe(text: &str) -> Result<Zipapp> {
    let info: Info = serde_json::from_str(text)?;
    if !info.inject_args.is_empty() {
        return Err(anyhow!(
            "it gives the program the arguments `{}`",
            info.inject_args.join(" ")
        ))
        .hint("make it without --inject-args");
    }
    let start = match (info.entry_point, info.script) {
        (Some(entry), _) => Start::of_entry_point(&entry),
        (None, Some(script)) => Start::Script(script),
        (None, None) => Start::Interpreter,
    };
    Ok(Zipapp {
        kind: Kind::Pex,
        start,
        environment: info.inject_env,
    })
}

/// Whether a name at the top of the archive belongs to pex itself.
pub(super) fn is_own(name: &str) -> bool {
    OWN.contains(&name)
}

/// The packages of the archive that is unpacked in `directory`, each as a directory with its modules at the top.
///
/// # Errors
/// When a wheel can't be unpacked.
pub(super) fn packages(directory: &Path) -> Result<Vec<PathBuf>> {
    let place = directory.join(PACKAGES);
    if !place.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs_err::read_dir(place)? {
        let path = entry?.path();
        if path.is_dir() {
            lay_out_prefix(&path)?;
            found.push(path);
        } else if path.extension() == Some("whl".as_ref()) {
            let unpacked = path.with_extension("unpacked");
            Archive::open(&path)?.unpack(&unpacked)?;
            lay_out_data(&unpacked)?;
            found.push(unpacked);
        }
    }
    found.sort();
    Ok(found)
}

/// Moves what lies in [`PREFIX`] to the top, where `pip install --target` writes it.
fn lay_out_prefix(package: &Path) -> Result<()> {
    let prefix = package.join(PREFIX);
    if prefix.is_dir() {
        merge(&prefix, package)?;
        fs_err::remove_dir_all(prefix)?;
    }
    Ok(())
}

/// Moves what lies in a wheel's directory of data to where it is installed.
fn lay_out_data(wheel: &Path) -> Result<()> {
    for entry in fs_err::read_dir(wheel)? {
        let data = entry?.path();
        if data.extension() != Some("data".as_ref()) || !data.is_dir() {
            continue;
        }
        for (kind, place) in [("purelib", ""), ("platlib", ""), ("data", ""), ("scripts", "bin")] {
            if data.join(kind).is_dir() {
                merge(&data.join(kind), &wheel.join(place))?;
            }
        }
        fs_err::remove_dir_all(data)?;
    }
    Ok(())
}

/// Moves the files of `from` into `to`. What is there already stays.
pub(super) fn merge(from: &Path, to: &Path) -> Result<()> {
    fs_err::create_dir_all(to)?;
    for entry in fs_err::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() && target.is_dir() {
            merge(&path, &target)?;
        } else if !target.exists() {
            fs_err::rename(path, target)?;
        }
    }
    Ok(())
}
