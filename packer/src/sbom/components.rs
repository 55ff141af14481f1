//! The components of a document: CPython, glibc and other libraries, the launcher, packages and files.
//!
//! `hashes` of one file are that file's. Those of a package are of its RECORD ([`crate::packages::digest`]), those of
//! CPython and glibc of the list of their files ([`digest_of`]); the property `pyship:hash-of` says which.

use std::collections::BTreeSet;

use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::names::{LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME};
use pyship_launcher::hex::hex;
use serde_json::{Value, json};

use super::contents::{FileDigest, Files, digest_of};
use super::license::License;
use super::package::Package;
use crate::elf::is_provided;
use crate::provenance::purl;

/// CPython's licences, from 2.0.1 on.
const PYTHON_LICENSE: &str = "Python-2.0.1";
const GLIBC_LICENSE: &str = "LGPL-2.1-or-later";
/// Of libgcc_s and libstdc++.
const GCC_LICENSE: &str = "GPL-3.0-or-later WITH GCC-exception-3.1";

/// The reference by which others name a component.
pub(super) fn reference(component: &Value) -> String {
    component["bom-ref"].as_str().unwrap_or_default().to_owned()
}

/// The hashes of a component.
pub(super) fn sha256(digest: &str) -> Value {
    json!([{ "alg": "SHA-256", "content": digest }])
}

/// The interpreter with its standard library; `files` are its own, each listed with `every_file`.
pub(super) fn python(manifest: &Manifest, files: &[(&String, &FileDigest)], every_file: bool) -> Value {
    let version = &manifest.python.version;
    let purl = purl::generic("cpython", version);
    let mut component = json!({
        "type": "platform",
        "bom-ref": purl,
        "name": "cpython",
        "version": version,
        "description": "The Python interpreter and its standard library",
        "purl": purl,
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
            .map(|(path, found)| file(LAYER_RUNTIME, path, found))
            .collect();
    }
    component
}

/// The carried glibc with its files, and the libraries of GCC and of the builder that are carried with it.
pub(super) fn glibc(manifest: &Manifest, files: &Files) -> Vec<Value> {
    let Some(carried) = &manifest.libc.carried else {
        return Vec::new();
    };
    let version = format!("{}.{}", carried.version.0, carried.version.1);
    let purl = purl::generic("glibc", &version);
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    // What is neither is a library of the builder that a packed file needs.
    let (parts, others): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| is_provided(&name(path)));
    let (gcc, own): (Vec<_>, Vec<_>) = parts.into_iter().partition(|(path, _)| {
        ["libgcc_s.", "libstdc++."]
            .iter()
            .any(|start| name(path).starts_with(start))
    });
    let parts: Vec<Value> = own
        .iter()
        .map(|(path, found)| file(LAYER_LIBC, path, found))
        .collect();
    let mut components = vec![json!({
        "type": "library",
        "bom-ref": purl,
        "name": "glibc",
        "version": version,
        "description": "The GNU C library, for systems whose own is missing or older",
        "purl": purl,
        "cpe": format!("cpe:2.3:a:gnu:glibc:{version}:*:*:*:*:*:*:*"),
        "licenses": [{ "license": { "id": GLIBC_LICENSE } }],
        "hashes": sha256(&digest_of(own.iter().copied())),
        "components": parts,
        "properties": [{ "name": "pyship:hash-of", "value": "the list of its files" }],
    })];
    for (path, found) in gcc {
        let mut component = library(LAYER_LIBC, path, found);
        component["licenses"] = json!([{ "expression": GCC_LICENSE }]);
        components.push(component);
    }
    components.extend(
        others
            .into_iter()
            .map(|(path, found)| library(LAYER_LIBC, path, found)),
    );
    components
}

/// Whether `path` of the runtime layer is a library that the interpreter needs, like `lib/libssl.so.3`, and not its own
/// libpython.
pub(super) fn is_library(path: &str) -> bool {
    path.strip_prefix("lib/").is_some_and(|name| {
        !name.contains('/')
            && !name.starts_with("libpython")
            && (name.ends_with(".so") || name.contains(".so."))
    })
}

/// A shared library. Its version is that of its soname: a file does not say which release it is from.
pub(super) fn library(layer: &str, path: &str, found: &FileDigest) -> Value {
    let soname = path.rsplit('/').next().unwrap_or(path);
    let (name, version) = soname.split_once(".so").unwrap_or((soname, ""));
    let mut component = json!({
        "type": "library",
        "bom-ref": format!("{layer}:{path}"),
        "name": name,
        "hashes": sha256(&hex(&found.sha256)),
        "properties": [{ "name": "pyship:file", "value": format!("{layer}:{path}") }],
    });
    if let Some(version) = version.strip_prefix('.') {
        component["version"] = version.into();
    }
    component
}

/// The launcher.
pub(super) fn launcher(manifest: &Manifest) -> Value {
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

/// A package; `files` of the deps layer are listed where they are its own.
pub(super) fn package(found: &Package, files: Option<&Files>) -> Value {
    let purl = purl::pypi(&found.name, &found.version);
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
    if let Some(files) = files {
        component["components"] = files_of(found, &purl, files);
    }
    component
}

/// The files that a package lists and that are there.
fn files_of(found: &Package, purl: &str, files: &Files) -> Value {
    let paths: BTreeSet<&String> = found.files.iter().collect();
    let components = paths.into_iter().filter_map(|path| {
        let mut component = file(LAYER_DEPS, path, files.get(path)?);
        // Two packages may list the same file, and references must be unique.
        component["bom-ref"] = format!("{purl}#{path}").into();
        Some(component)
    });
    components.collect()
}

fn license(license: &License) -> Value {
    match license {
        License::Expression(expression) => json!({ "expression": expression }),
        License::Id(id) => json!({ "license": { "id": id } }),
        License::Name(name) => json!({ "license": { "name": name } }),
        License::Text(name, text) => json!({ "license": { "name": name, "text": { "content": text } } }),
    }
}

/// A file of a layer.
pub(super) fn file(layer: &str, path: &str, found: &FileDigest) -> Value {
    json!({
        "type": "file",
        "bom-ref": format!("{layer}:{path}"),
        "name": path,
        "hashes": sha256(&hex(&found.sha256)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let found = FileDigest {
            size: 1,
            sha256: [0; 32],
        };
        let component = library("runtime", "lib/libssl.so.3", &found);
        assert_eq!(
            (&component["name"], &component["version"]),
            (&"libssl".into(), &"3".into())
        );
        assert_eq!(
            library("runtime", "lib/libtcl8.6.so", &found).get("version"),
            None
        );
    }
}
