//! `pyship extract`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::names::{LAYERS, MEMBER_MANIFEST};
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Progress, Sink, Write};

use super::file::open;
use crate::ui;

/// `pyship extract`
#[derive(Debug, Clone, Args)]
pub(super) struct ExtractOptions {
    /// File that pyship made
    file: PathBuf,

    /// Directory to create; it must not exist yet
    directory: PathBuf,
}

/// Unpacks a file's layers, each into a directory of its name.
pub(super) fn command(options: &ExtractOptions) -> Result<()> {
    let ExtractOptions { file, directory } = options;
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
