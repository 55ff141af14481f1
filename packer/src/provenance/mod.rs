//! What a file was made from, as a SLSA build provenance (<https://slsa.dev/provenance/v1>).
//!
//! The predicate is the field `provenance` of the manifest, so it is signed and verified with the manifest. The launcher
//! does not read it. The subject is the file itself, which has no digest while it is being written: [`statement()`] adds
//! it. The same inputs give the same predicate on every machine: without times unless they are asked for, and without
//! paths, users, hosts or credentials of the builder ([`inputs`]).
//!
//! Digests: `sha256` of a single file, else `pyship-layer` (a layer's digest, as in the manifest), `pyship-record`
//! ([`crate::packages::digest`]) or `pyship-tree` ([`tree_digest()`]).

pub(crate) mod inputs;
pub(crate) mod purl;
mod statement;
pub(crate) mod time;
mod tree_digest;

use anyhow::Result;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::names::{LAYER_LIBC, LAYER_RUNTIME};
use pyship_launcher::hex::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::layer::Packed;
use crate::options::PackOptions;
use crate::packages::metadata::Distribution;

pub(crate) use statement::{display, of, statement};
pub(crate) use tree_digest::tree_digest;

/// The in-toto predicate type.
pub(crate) const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// What the provenance of a file is made from.
pub(crate) struct Ingredients<'a> {
    /// The command line and `[tool.pyship]`, merged.
    pub(crate) options: &'a PackOptions,
    /// The dependencies in pyproject.toml.
    pub(crate) dependencies: &'a [String],
    /// Name and SHA-256 of the lock that was used.
    pub(crate) lock: Option<(&'a str, &'a str)>,
    /// The manifest without its launcher and layers.
    pub(crate) manifest: &'a Manifest,
    /// `sys.version`
    pub(crate) build: &'a str,
    /// The launcher.
    pub(crate) launcher: &'a [u8],
    /// The packages.
    pub(crate) distributions: &'a [Distribution],
    /// [`tree_digest()`] of the app, before it is compiled.
    pub(crate) app: &'a str,
    /// The layers.
    pub(crate) layers: &'a [Packed],
}

/// The predicate.
///
/// # Errors
/// When a requirements file can't be read, or SOURCE_DATE_EPOCH is not a time.
pub(crate) fn predicate(from: &Ingredients<'_>) -> Result<Value> {
    let mut predicate = json!({
        "predicateType": PREDICATE_TYPE,
        "buildDefinition": {
            "buildType": format!("{REPOSITORY}/pack/v1"),
            "externalParameters": inputs::parameters(from.options, from.manifest, from.dependencies, from.lock)?,
            "resolvedDependencies": dependencies(from),
        },
        "runDetails": {
            "builder": { "id": REPOSITORY, "version": { "pyship": env!("CARGO_PKG_VERSION") } },
        },
    });
    if from.options.build_time {
        predicate["runDetails"]["metadata"] = json!({ "finishedOn": time::timestamp()?.to_string() });
    }
    Ok(predicate)
}

fn dependencies(from: &Ingredients<'_>) -> Vec<Value> {
    let layer = |name: &str| {
        let found = from.layers.iter().find(|packed| packed.layer.name == name);
        found.map(|packed| json!({ "pyship-layer": packed.layer.digest }))
    };
    let python = &from.manifest.python.version;
    let mut list = vec![
        json!({
            "name": "pyship-launcher",
            "uri": purl::generic("pyship-launcher", env!("CARGO_PKG_VERSION")),
            "digest": { "sha256": hex(&Sha256::digest(from.launcher)) },
        }),
        json!({
            "name": "cpython",
            "uri": purl::generic("cpython", python),
            "digest": layer(LAYER_RUNTIME),
            "annotations": { "implementation": "cpython", "build": from.build },
        }),
    ];
    if let (Some(libc), Some(digest)) = (&from.manifest.libc.carried, layer(LAYER_LIBC)) {
        let (major, minor) = libc.version;
        list.push(json!({
            "name": "glibc",
            "uri": purl::generic("glibc", &format!("{major}.{minor}")),
            "digest": digest,
        }));
    }
    list.extend(from.distributions.iter().map(|found| {
        json!({
            "name": found.name,
            "uri": purl::pypi(&found.name, &found.version),
            "digest": { "pyship-record": found.digest },
        })
    }));
    if from.options.app.is_some() {
        list.push(json!({ "name": from.manifest.name, "digest": { "pyship-tree": from.app } }));
    }
    list
}
