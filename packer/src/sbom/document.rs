//! The document: CycloneDX 1.5 as JSON (<https://cyclonedx.org/docs/1.5/json/>).

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::names::{LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME};
use pyship_launcher::hex::hex;
use serde_json::{Value, json};

use super::components::{self, file, reference, sha256};
use super::contents::Contents;
use super::graph;
use super::package::Package;

/// Reference of the packed file itself.
const APP: &str = "app";

/// What a document is made from.
pub(crate) struct Subject<'a> {
    /// The file's manifest.
    pub(crate) manifest: &'a Manifest,
    /// Its SHA-256.
    pub(crate) sha256: [u8; 32],
    /// Its layers.
    pub(crate) contents: &'a Contents,
    /// Its packages.
    pub(crate) packages: &'a [Package],
    /// Requirements that it was packed for, as far as they are known.
    pub(crate) wanted: &'a [String],
    /// Whether to list every file.
    pub(crate) every_file: bool,
    /// RFC 3339.
    pub(crate) timestamp: Option<String>,
}

/// The document.
///
/// # Errors
/// When the manifest's Python version is not a version.
pub(crate) fn document(subject: &Subject<'_>) -> Result<Value> {
    let mut parts = Parts::default();
    add_runtime(&mut parts, subject);
    add_packages(&mut parts, subject)?;
    let dependencies: Vec<Value> = parts
        .needs
        .into_iter()
        .map(|(from, to)| json!({ "ref": from, "dependsOn": to }))
        .collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": serial(&subject.sha256),
        "version": 1,
        "metadata": metadata(subject),
        "components": parts.components,
        "dependencies": dependencies,
    }))
}

/// The components, and the references that each of their references needs.
#[derive(Default)]
struct Parts {
    components: Vec<Value>,
    needs: BTreeMap<String, BTreeSet<String>>,
}

impl Parts {
    /// Adds a component. Returns its reference.
    fn add(&mut self, component: Value) -> String {
        let name = reference(&component);
        self.needs.entry(name.clone()).or_default();
        self.components.push(component);
        name
    }

    /// Adds a component that another one needs. Returns its reference.
    fn add_for(&mut self, dependent: &str, component: Value) -> String {
        let name = self.add(component);
        self.needs
            .entry(dependent.to_owned())
            .or_default()
            .insert(name.clone());
        name
    }
}

/// Adds CPython, the libraries that it needs, glibc and the launcher.
fn add_runtime(parts: &mut Parts, subject: &Subject<'_>) {
    let (libraries, own): (Vec<_>, Vec<_>) = subject
        .contents
        .files(LAYER_RUNTIME)
        .iter()
        .partition(|(path, _)| components::is_library(path));
    let python = components::python(subject.manifest, &own, subject.every_file);
    let python = parts.add_for(APP, python);
    for (path, found) in libraries {
        parts.add_for(&python, components::library(LAYER_RUNTIME, path, found));
    }
    for component in components::glibc(subject.manifest, subject.contents.files(LAYER_LIBC)) {
        parts.add_for(&python, component);
    }
    parts.add_for(APP, components::launcher(subject.manifest));
}

/// Adds the packages, what they need, and the files of their layer that no package lists.
fn add_packages(parts: &mut Parts, subject: &Subject<'_>) -> Result<()> {
    let Subject {
        manifest, packages, ..
    } = subject;
    let files = subject.every_file.then(|| subject.contents.files(LAYER_DEPS));
    let names: Vec<String> = packages
        .iter()
        .map(|package| parts.add(components::package(package, files)))
        .collect();
    let requirements: Vec<(&str, &[String])> = packages
        .iter()
        .map(|package| (package.name.as_str(), package.requires.as_slice()))
        .collect();
    let edges = graph::edges(
        &requirements,
        &manifest.python.version,
        &manifest.target,
        subject.wanted,
    )?;
    let name = |index: &usize| names[*index].clone();
    let roots = graph::roots(&edges);
    let of_app = parts.needs.entry(APP.to_owned()).or_default();
    of_app.extend(roots.iter().map(name));
    for (dependent, needed) in names.iter().zip(&edges) {
        let needs = parts.needs.entry(dependent.clone()).or_default();
        needs.extend(needed.iter().map(name));
    }
    let listed: BTreeSet<&String> = packages.iter().flat_map(|package| &package.files).collect();
    for (path, found) in files.into_iter().flatten() {
        if !listed.contains(path) {
            parts.add(file(LAYER_DEPS, path, found));
        }
    }
    Ok(())
}

fn metadata(subject: &Subject<'_>) -> Value {
    let mut metadata = json!({
        "tools": { "components": [{
            "type": "application",
            "name": "pyship",
            "version": env!("CARGO_PKG_VERSION"),
        }]},
        "component": app(subject),
        "properties": [
            { "name": "pyship:target", "value": subject.manifest.target },
            { "name": "pyship:made-by", "value": subject.manifest.pyship },
        ],
    });
    if let Some(timestamp) = &subject.timestamp {
        metadata["timestamp"] = timestamp.as_str().into();
    }
    metadata
}

/// The packed file.
fn app(subject: &Subject<'_>) -> Value {
    let mut component = json!({
        "type": "application",
        "bom-ref": APP,
        "name": subject.manifest.name,
        "hashes": sha256(&hex(&subject.sha256)),
    });
    if let Some(version) = &subject.manifest.version {
        component["version"] = version.as_str().into();
    }
    if subject.every_file {
        let files = subject.contents.files(LAYER_APP).iter();
        component["components"] = files.map(|(path, found)| file(LAYER_APP, path, found)).collect();
    }
    component
}

/// The serial number: a UUID of version 8 (RFC 9562) made from a digest.
fn serial(digest: &[u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_is_a_uuid() {
        assert_eq!(
            serial(&[0xff; 32]),
            "urn:uuid:ffffffff-ffff-8fff-bfff-ffffffffffff"
        );
        assert_eq!(serial(&[0; 32]), "urn:uuid:00000000-0000-8000-8000-000000000000");
    }
}
