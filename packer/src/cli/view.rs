//! `pyship inspect`, `verify` and `extract`: they read a file and run nothing of it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use pyship_launcher::error::plain_json;
use pyship_launcher::manifest::Manifest;
use pyship_launcher::names::{LAYERS, MEMBER_MANIFEST};
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Check, Progress, Sink, Write};

use super::ui;

fn open(file: &Path) -> Result<(Payload, Manifest)> {
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
        let text = serde_json::to_string_pretty(&manifest)?;
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

/// Lists the launchers that this program carries.
pub(super) fn targets(json: bool) -> Result<()> {
    let carried = crate::stub::carried();
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

/// Checks every byte against its digest: decodes every frame, and the launcher's.
pub(super) fn verify(file: &Path, json: bool) -> Result<()> {
    let (payload, manifest) = open(file)?;
    payload.launcher(&manifest)?;
    for layer in &manifest.layers {
        let sink = Check::default();
        unpack::run(&payload, &[(layer, &sink as &dyn Sink)], &Progress::default())?;
    }
    if json {
        let digests = manifest
            .layers
            .iter()
            .map(|layer| (layer.name.clone(), layer.digest.clone().into()));
        let report = serde_json::json!({
            "file": file.display().to_string(),
            "intact": true,
            "manifest": pyship_launcher::manifest::hex(&payload.trailer.manifest_sha256),
            "launcher": manifest.launcher.sha256,
            "layers": digests.collect::<serde_json::Map<_, _>>(),
        });
        return ui::data(&format!("{}\n", serde_json::to_string_pretty(&report)?));
    }
    ui::data(&format!("{}: intact\n", file.display()))
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
    fs_err::write(directory.join(MEMBER_MANIFEST), manifest.encode()?).with_context(failed)?;
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
