//! `pyship inspect`: reads a file and runs nothing of it.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;
use pyship_launcher::error::plain;
use pyship_launcher::format::manifest::{Manifest, ManifestFile};
use pyship_launcher::hex::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::file::open;
use crate::app::entry::starts;
use crate::assemble::skeleton;
use crate::json;
use crate::pack::arguments::shown;
use crate::provenance;
use crate::sign::Opened;
use crate::size;
use crate::ui;

/// `pyship inspect`
#[derive(Debug, Clone, Args)]
pub(super) struct InspectOptions {
    /// File that pyship made
    file: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Show the provenance: options, interpreter, packages and their digests
    #[arg(long)]
    provenance: bool,
}

/// Shows the contents of a file, or its provenance.
pub(super) fn command(options: &InspectOptions) -> Result<()> {
    let InspectOptions { file, json, .. } = options;
    match options.provenance {
        true => provenance(file, *json),
        false => inspect(file, *json),
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Inspected<'a> {
    /// What starts, in words.
    starts: String,
    #[serde(flatten)]
    file: ManifestFile<'a>,
}

fn inspect(file: &Path, as_json: bool) -> Result<()> {
    let (payload, manifest) = open(file)?;
    if as_json {
        let main = skeleton::main_of(&payload.manifest_bytes()?)?;
        return json::print(&Inspected {
            starts: starts(&manifest.entry, None, &[]),
            file: ManifestFile {
                manifest: &manifest,
                main: main.as_ref(),
                provenance: &provenance::of(&payload)?,
            },
        });
    }
    let Manifest {
        name,
        version,
        target,
        python,
        libc,
        layers,
        ..
    } = &manifest;
    let mut text = format!("{name} {}\n", version.as_deref().unwrap_or(""));
    text.push_str(&format!("  made by   pyship {}\n", manifest.pyship));
    text.push_str(&format!(
        "  target    {target}\n  python    CPython {}\n",
        python.version
    ));
    text.push_str(&format!(
        "  starts    {}\n",
        plain(starts(&manifest.entry, None, &[]))
    ));
    if !manifest.arguments.is_empty() {
        text.push_str(&format!("  arguments {}\n", shown(&manifest.arguments)));
    }
    let carried = libc.carried.as_ref().map_or_else(String::new, |carried| {
        format!(", carries glibc {}.{}", carried.version.0, carried.version.1)
    });
    text.push_str(&format!(
        "  libc      needs glibc {}.{}{carried}\n",
        libc.floor.0, libc.floor.1
    ));
    text.push_str(&format!(
        "  launcher  {}\n",
        size::display(manifest.launcher.size)
    ));
    for layer in layers {
        text.push_str(&format!(
            "  {:<9} {:>10} packed, {:>10} unpacked, {} entries in {} frames, sha256 {}\n",
            layer.name,
            size::display(layer.size),
            size::display(layer.disk),
            layer.entries,
            layer.frames.len(),
            layer.digest
        ));
    }
    text.push_str(&format!(
        "  file      {}\n",
        size::display(payload.trailer.file_size)
    ));
    ui::data(&text)
}

/// As JSON this is an in-toto statement, ready to be attested.
fn provenance(file: &Path, as_json: bool) -> Result<()> {
    let opened = Opened::new(file)?;
    let (payload, _) = open(file)?;
    let predicate = provenance::of(&payload)?;
    ensure!(
        !predicate.is_null(),
        "failed to show the provenance of `{}`: the pyship that made it recorded none",
        file.display()
    );
    if !as_json {
        return ui::data(&provenance::display(&predicate));
    }
    let mut hash = Sha256::new();
    opened.each_piece(|piece| hash.update(piece))?;
    opened.unchanged()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let statement = provenance::statement(&name, &hex(&hash.finalize()), predicate);
    json::print_as_it_is(&statement)
}
