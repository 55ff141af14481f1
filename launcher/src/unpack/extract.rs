//! Extraction of a packed file to a directory that is not a cache.

use std::fs;
use std::io;
use std::path::Path;

use super::{Progress, Sink, Write, run};
use crate::error::{Error, Kind, Result, cause};
use crate::format::manifest::Manifest;
use crate::format::names::MEMBER_MANIFEST;
use crate::payload::Payload;

/// Creates `directory` with the manifest and a subdirectory for each layer.
///
/// # Errors
/// When `directory` exists, can't be written to, or the file is damaged; what was created is removed again.
pub fn extract(payload: &Payload, manifest: &Manifest, directory: &Path) -> Result<()> {
    fs::create_dir(directory).map_err(|error| failed(directory, &error))?;
    fill(payload, manifest, directory).inspect_err(|_| {
        // An incomplete tree is useless. Where it can't be removed, the first failure is the one to report.
        fs::remove_dir_all(directory).unwrap_or_default();
    })
}

fn fill(payload: &Payload, manifest: &Manifest, directory: &Path) -> Result<()> {
    let json = payload.manifest_bytes()?;
    fs::write(directory.join(MEMBER_MANIFEST), json).map_err(|error| failed(directory, &error))?;
    for layer in &manifest.layers {
        let path = directory.join(&layer.name);
        let root = fs::create_dir(&path).and_then(|()| fs::File::open(&path));
        let sink = Write::new(root.map_err(|error| failed(directory, &error))?.into(), &path);
        run(payload, &[(layer, &sink as &dyn Sink)], &Progress::default())?;
        sink.finish()?;
    }
    Ok(())
}

fn failed(directory: &Path, error: &io::Error) -> Error {
    Error::path(Kind::Other, "extract to", directory, cause(error))
}
