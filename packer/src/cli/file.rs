//! Opening a packed file.

use std::path::Path;

use anyhow::{Result, bail};
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::payload::Payload;

/// Opens a packed file.
pub(super) fn open(file: &Path) -> Result<(Payload, Manifest)> {
    let Some(payload) = Payload::open(file)? else {
        bail!(
            "failed to read `{}`: not a pyship file, or truncated",
            file.display()
        );
    };
    let manifest = payload.manifest()?;
    Ok((payload, manifest))
}
