//! The document: CycloneDX 1.5 as JSON (<https://cyclonedx.org/docs/1.5/json/>).
//!
//! `hashes` of one file are that file's. Those of a package are of its RECORD ([`crate::packages::digest`]),
//! those of CPython and glibc of the list of their files ([`super::contents::digest_of`]); the property
//! `pyship:hash-of` says which.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::names::{LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME};
use pyship_launcher::hex::hex;
use serde_json::{Value, json};

use super::contents::{Contents, Entries, Entry, digest_of};
use super::graph;
use super::license::License;
use super::package::Package;
use crate::provenance::{percent_encoded, purl};

/// CPython's licences, from 2.0.1 on.
const PYTHON_LICENSE: &str = "Python-2.0.1";
const GLIBC_LICENSE: &str = "LGPL-2.1-or-later";
/// Of libgcc_s and libstdc++.
const GCC_LICENSE: &str = "GPL-3.0-or-later WITH GCC-exception-3.1";
const APP: &str = "app";

/// What a document is made of.
pub struct Subject<'a> {
    /// The file's manifest.
    pub manifest: &'a Manifest,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// Its layers.
    pub contents: &'a Contents,
    /// Its packages.
    pub packages: &'a [Package],
    /// Requirements that it was packed for, as far as they are known.
    pub wanted: &'a [String],
    /// A component for each file too.
    pub every_file: bool,
    /// RFC 3339.
    pub timestamp: Option<String>,
}

/// Writes it down.
///
/// # Errors
/// When the manifest's Python version is none.
pub fn document(subject: &Subject<'_>) -> Result<Value> {
    let Subject {
        manifest, packages, ..
    } = subject;
    let empty = Entries::new();
    let layer = |name: &str| subject.contents.layers.get(name).unwrap_or(&empty);

    let mut components = Vec::new();
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut of_python = BTreeSet::new();
    let mut of_app = BTreeSet::new();

    let (libraries, own): (Vec<_>, Vec<_>) = layer(LAYER_RUNTIME)
        .iter()
        .partition(|(path, _)| is_library(path));
    let python = python(manifest, &own, subject.every_file);
    let python_ref = reference(&python);
    of_app.insert(python_ref.clone());
    components.push(python);
    for (path, entry) in libraries {
        let component = library(LAYER_RUNTIME, path, entry);
        of_python.insert(reference(&component));
        components.push(component);
    }
    for component in glibc(manifest, layer(LAYER_LIBC)) {
        of_python.insert(reference(&component));
        components.push(component);
    }
    let launcher = launcher(manifest);
    of_app.insert(reference(&launcher));
    components.push(launcher);

    let deps = subject.every_file.then(|| layer(LAYER_DEPS));
    let described: Vec<Value> = packages.iter().map(|found| package(found, deps)).collect();
    let edges = graph::edges(
        packages,
        &manifest.python.version,
        &manifest.target,
        subject.wanted,
    )?;
    of_app.extend(
        graph::roots(&edges)
            .into_iter()
            .map(|index| reference(&described[index])),
    );
    for (component, needed) in described.iter().zip(&edges) {
        let needed = needed.iter().map(|&index| reference(&described[index]));
        needs.entry(reference(component)).or_default().extend(needed);
    }
    components.extend(described);
    if let Some(entries) = deps {
        let claimed: BTreeSet<&String> = packages.iter().flat_map(|package| &package.files).collect();
        let rest = entries.iter().filter(|(path, _)| !claimed.contains(path));
        components.extend(rest.map(|(path, entry)| file(LAYER_DEPS, path, entry)));
    }

    needs.insert(python_ref, of_python);
    needs.insert(APP.to_owned(), of_app);
    for component in &components {
        needs.entry(reference(component)).or_default();
    }
    let mut metadata = json!({
        "tools": { "components": [{
            "type": "application",
            "name": "pyship",
            "version": env!("CARGO_PKG_VERSION"),
        }]},
        "component": app(subject, layer(LAYER_APP)),
        "properties": [
            { "name": "pyship:target", "value": manifest.target },
            { "name": "pyship:made-by", "value": manifest.pyship },
        ],
    });
    if let Some(timestamp) = &subject.timestamp {
        metadata["timestamp"] = timestamp.as_str().into();
    }
    let dependencies: Vec<Value> = needs
        .into_iter()
        .map(|(from, to)| json!({ "ref": from, "dependsOn": to }))
        .collect();
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": serial(&subject.sha256),
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    }))
}

fn reference(component: &Value) -> String {
    component["bom-ref"].as_str().unwrap_or_default().to_owned()
}

fn sha256(digest: &str) -> Value {
    json!([{ "alg": "SHA-256", "content": digest }])
}

/// A UUID of version 8 (RFC 9562) made of a digest.
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

fn app(subject: &Subject<'_>, files: &Entries) -> Value {
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
        component["components"] = files
            .iter()
            .map(|(path, entry)| file(LAYER_APP, path, entry))
            .collect();
    }
    component
}

fn python(manifest: &Manifest, files: &[(&String, &Entry)], every_file: bool) -> Value {
    let version = &manifest.python.version;
    let mut component = json!({
        "type": "platform",
        "bom-ref": format!("pkg:generic/cpython@{}", percent_encoded(version)),
        "name": "cpython",
        "version": version,
        "description": "The Python interpreter and its standard library",
        "purl": format!("pkg:generic/cpython@{}", percent_encoded(version)),
        "licenses": [{ "license": { "id": PYTHON_LICENSE } }],
        "hashes": sha256(&digest_of(files.iter().copied())),
        "externalReferences": [{ "type": "website", "url": "https://www.python.org/" }],
        "properties": [{ "name": "pyship:hash-of", "value": "the list of its files" }],
    });
    if version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        component["cpe"] = format!("cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*").into();
    }
    if every_file {
        component["components"] = files
            .iter()
            .map(|(path, entry)| file(LAYER_RUNTIME, path, entry))
            .collect();
    }
    component
}

/// The carried glibc with its parts, and the libraries of GCC beside it.
fn glibc(manifest: &Manifest, files: &Entries) -> Vec<Value> {
    let Some(carried) = &manifest.libc.carried else {
        return Vec::new();
    };
    let version = format!("{}.{}", carried.version.0, carried.version.1);
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let (gcc, own): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| {
        ["libgcc_s.", "libstdc++."]
            .iter()
            .any(|start| name(path).starts_with(start))
    });
    let parts: Vec<Value> = own
        .iter()
        .map(|(path, entry)| file(LAYER_LIBC, path, entry))
        .collect();
    let mut components = vec![json!({
        "type": "library",
        "bom-ref": format!("pkg:generic/glibc@{version}"),
        "name": "glibc",
        "version": version,
        "description": "The GNU C library, for systems whose own is missing or older",
        "purl": format!("pkg:generic/glibc@{version}"),
        "cpe": format!("cpe:2.3:a:gnu:glibc:{version}:*:*:*:*:*:*:*"),
        "licenses": [{ "license": { "id": GLIBC_LICENSE } }],
        "hashes": sha256(&digest_of(own.iter().copied())),
        "components": parts,
        "properties": [{ "name": "pyship:hash-of", "value": "the list of its files" }],
    })];
    for (path, entry) in gcc {
        let mut component = library(LAYER_LIBC, path, entry);
        component["licenses"] = json!([{ "expression": GCC_LICENSE }]);
        components.push(component);
    }
    components
}

/// `lib/libssl.so.3`: a library that the interpreter needs, from the machine that it was packed on or from the
/// interpreter's own archive.
fn is_library(path: &str) -> bool {
    path.strip_prefix("lib/").is_some_and(|name| {
        !name.contains('/')
            && !name.starts_with("libpython")
            && (name.ends_with(".so") || name.contains(".so."))
    })
}

/// Its version is what the soname says; which release it is, the file does not tell.
fn library(layer: &str, path: &str, entry: &Entry) -> Value {
    let soname = path.rsplit('/').next().unwrap_or(path);
    let (name, version) = soname.split_once(".so").unwrap_or((soname, ""));
    let mut component = json!({
        "type": "library",
        "bom-ref": format!("{layer}:{path}"),
        "name": name,
        "hashes": sha256(&hex(&entry.sha256)),
        "properties": [{ "name": "pyship:file", "value": format!("{layer}:{path}") }],
    });
    if let Some(version) = version.strip_prefix('.') {
        component["version"] = version.into();
    }
    component
}

fn launcher(manifest: &Manifest) -> Value {
    json!({
        "type": "application",
        "bom-ref": "pyship-launcher",
        "name": "pyship-launcher",
        "version": manifest.pyship,
        "description": "The program at the front of the file, which unpacks and starts the rest",
        "licenses": [{ "expression": env!("CARGO_PKG_LICENSE") }],
        "hashes": sha256(&manifest.launcher.sha256),
    })
}

fn package(found: &Package, files: Option<&Entries>) -> Value {
    let purl = purl(&found.name, &found.version);
    let mut component = json!({
        "type": "library",
        "bom-ref": purl,
        "name": found.name,
        "version": found.version,
        "purl": purl,
        "hashes": sha256(&found.digest),
    });
    if let Some(summary) = &found.summary {
        component["description"] = summary.as_str().into();
    }
    if let Some(author) = &found.author {
        component["author"] = author.as_str().into();
    }
    if !found.licenses.is_empty() {
        component["licenses"] = found.licenses.iter().map(license).collect();
    }
    if !found.links.is_empty() {
        component["externalReferences"] = found
            .links
            .iter()
            .map(|(kind, url)| json!({ "type": kind, "url": url }))
            .collect();
    }
    let mut properties = vec![json!({ "name": "pyship:hash-of", "value": "its RECORD" })];
    properties.extend(
        found
            .license_files
            .iter()
            .map(|path| json!({ "name": "pyship:license-file", "value": path })),
    );
    component["properties"] = properties.into();
    if let Some(entries) = files {
        let own: BTreeSet<&String> = found.files.iter().collect();
        component["components"] = own
            .into_iter()
            .filter_map(|path| Some(file(LAYER_DEPS, path, entries.get(path)?)))
            .map(|mut part| {
                // A file may be claimed by two packages; a reference is there once.
                part["bom-ref"] = format!("{purl}#{}", part["name"].as_str().unwrap_or_default()).into();
                part
            })
            .collect();
    }
    component
}

fn license(license: &License) -> Value {
    match license {
        License::Expression(expression) => json!({ "expression": expression }),
        License::Id(id) => json!({ "license": { "id": id } }),
        License::Name(name) => json!({ "license": { "name": name } }),
        License::Text(name, text) => json!({ "license": { "name": name, "text": { "content": text } } }),
    }
}

fn file(layer: &str, path: &str, entry: &Entry) -> Value {
    json!({
        "type": "file",
        "bom-ref": format!("{layer}:{path}"),
        "name": path,
        "hashes": sha256(&hex(&entry.sha256)),
    })
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

    #[test]
    fn libraries_are_told_from_the_interpreters_own() {
        for (path, is) in [
            ("lib/libssl.so.3", true),
            ("lib/libtcl8.6.so", true),
            ("lib/libpython3.12.so.1.0", false),
            ("lib/python3.12/lib-dynload/_ssl.so", false),
            ("bin/python3.12", false),
        ] {
            assert_eq!(is_library(path), is, "{path}");
        }
        let entry = Entry {
            size: 1,
            sha256: [0; 32],
        };
        let component = library("runtime", "lib/libssl.so.3", &entry);
        assert_eq!(
            (&component["name"], &component["version"]),
            (&"libssl".into(), &"3".into())
        );
        assert_eq!(
            library("runtime", "lib/libtcl8.6.so", &entry).get("version"),
            None
        );
    }
}
