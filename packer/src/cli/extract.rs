//! `pyship extract`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use pyship_launcher::unpack;

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
    unpack::extract(&payload, &manifest, directory)?;
    ui::path(directory)
}
