//! `pyship inspect` and `extract`: they read a file and run nothing of it.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use pyship_launcher::error::plain_json;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::names::{LAYERS, MEMBER_MANIFEST};
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Progress, Sink, Write};
use sha2::{Digest, Sha256};

use crate::provenance::{self, Whole};
use crate::sign::Opened;
use crate::ui;

/// Opens a packed file.
pub(super) fn open(file: &Path) -> Result<(Payload, Manifest)> {
    let Some(payload) = Payload::open(file)? else {
        bail!(
            "failed to read `{}`: pyship did not make it, or its end is missing",
            file.display()
        );
    };
    let manifest = payload.manifest()?;
    Ok((payload, manifest))
}

/// Shows what a file holds.
pub(super) fn inspect(file: &Path, json: bool) -> Result<()> {
    let (payload, manifest) = open(file)?;
    if json {
        let whole = Whole {
            manifest: &manifest,
            provenance: &provenance::of(&payload)?,
        };
        let text = serde_json::to_string_pretty(&whole)?;
        return ui::data(&format!("{}\n", plain_json(&text)));
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
        "  entry     {}\n",
        serde_json::to_string(&manifest.entry)?
    ));
    let carried = libc.carried.as_ref().map_or_else(String::new, |carried| {
        format!(", carries glibc {}.{}", carried.version.0, carried.version.1)
    });
    text.push_str(&format!(
        "  libc      needs glibc {}.{}{carried}\n",
        libc.floor.0, libc.floor.1
    ));
    text.push_str(&format!("  launcher  {}\n", ui::size(manifest.launcher.size)));
    for layer in layers {
        text.push_str(&format!(
            "  {:<9} {:>10} packed, {:>10} unpacked, {} entries in {} frames, sha256 {}\n",
            layer.name,
            ui::size(layer.size),
            ui::size(layer.disk),
            layer.entries,
            layer.frames.len(),
            layer.digest
        ));
    }
    text.push_str(&format!("  file      {}\n", ui::size(payload.trailer.file_size)));
    ui::data(&text)
}

/// Shows what a file was made from; as JSON, a statement that can be attested.
pub(super) fn provenance(file: &Path, json: bool) -> Result<()> {
    let opened = Opened::new(file)?;
    let (payload, _) = open(file)?;
    let predicate = provenance::of(&payload)?;
    ensure!(
        !predicate.is_null(),
        "failed to show the provenance of `{}`: the pyship that made it wrote none",
        file.display()
    );
    if !json {
        return ui::data(&provenance::display(&predicate));
    }
    let mut hash = Sha256::new();
    opened.each_piece(|piece| hash.update(piece))?;
    opened.unchanged()?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let statement = provenance::statement(&name, &hex(&hash.finalize()), predicate);
    let text = serde_json::to_string_pretty(&statement)?;
    ui::data(&format!("{}\n", plain_json(&text)))
}

/// Lists the launchers that this program carries.
pub(super) fn targets(json: bool) -> Result<()> {
    let carried = crate::target::carried();
    if json {
        let list: Vec<_> = carried
            .iter()
            .map(|(target, stub)| serde_json::json!({"target": target, "launcher": stub.len()}))
            .collect();
        return ui::data(&format!("{}\n", serde_json::to_string_pretty(&list)?));
    }
    let lines = carried
        .iter()
        .map(|(target, stub)| format!("{target}  (launcher of {})\n", ui::size(stub.len() as u64)));
    ui::data(&lines.collect::<String>())
}

/// Unpacks a file's layers, each into a directory of its name.
pub(super) fn extract(file: &Path, directory: &Path) -> Result<()> {
    let (payload, manifest) = open(file)?;
    let failed = || format!("failed to extract to `{}`", directory.display());
    fs_err::create_dir(directory).with_context(failed)?;
    if let Err(error) = extract_to(&payload, &manifest, directory) {
        // Half a program is of no use; what can't be removed stays, and the first failure is the one to tell.
        fs_err::remove_dir_all(directory).unwrap_or_default();
        return Err(error);
    }
    ui::data(&format!("{}\n", directory.display()))
}

fn extract_to(payload: &Payload, manifest: &Manifest, directory: &Path) -> Result<()> {
    let failed = || format!("failed to extract to `{}`", directory.display());
    fs_err::write(directory.join(MEMBER_MANIFEST), payload.manifest_bytes()?).with_context(failed)?;
    for layer in LAYERS.iter().filter_map(|name| manifest.layer(name)) {
        let at = directory.join(&layer.name);
        fs_err::create_dir(&at).with_context(failed)?;
        let root = std::fs::File::open(&at).with_context(failed)?;
        let sink = Write::new(root.into(), &at);
        unpack::run(payload, &[(layer, &sink as &dyn Sink)], &Progress::default())?;
        sink.finish()?;
    }
    Ok(())
}
