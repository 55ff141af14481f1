//! What a file was made from, in the shape of a SLSA build provenance (<https://slsa.dev/provenance/v1>).
//!
//! The predicate is the manifest's field `provenance`, so that whatever covers the manifest covers it too. The
//! launcher does not read it. The subject, which is the file itself, can't be named inside the file:
//! [`statement`] adds it. The same inputs give the same predicate on every machine: no times unless asked for,
//! no paths, users, hosts or credentials of the builder ([`inputs`]).
//!
//! Digests: `sha256` where there is one file to take it of; else `pyship-layer` (a layer's digest, as in the
//! manifest), `pyship-record` ([`crate::packages::digest`]) and `pyship-tree` ([`tree_digest`]).

pub mod inputs;
pub mod time;

use anyhow::{Context, Result};
use pyship_launcher::error::plain;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::format::names::{LAYER_LIBC, LAYER_RUNTIME};
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::layer::Packed;
use crate::options::PackOptions;
use crate::packages::metadata::{Distribution, normalized};
use crate::tree::{Node, Tree};

/// The in-toto predicate type.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// What goes into a file, as far as provenance tells of it.
pub struct Ingredients<'a> {
    /// The command line and `[tool.pyship]`, merged.
    pub options: &'a PackOptions,
    /// What pyproject.toml says the app needs.
    pub dependencies: &'a [String],
    /// The manifest so far, without its launcher and layers.
    pub manifest: &'a Manifest,
    /// `sys.version`
    pub build: &'a str,
    /// The launcher.
    pub launcher: &'a [u8],
    /// The packages.
    pub(crate) distributions: &'a [Distribution],
    /// [`tree_digest`] of the app, before anything was compiled.
    pub app: &'a str,
    /// The layers.
    pub layers: &'a [Packed],
}

/// The predicate.
///
/// # Errors
/// When a requirements file can't be read, or a time is asked for and can't be had.
pub fn predicate(from: &Ingredients<'_>) -> Result<Value> {
    let mut predicate = json!({
        "predicateType": PREDICATE_TYPE,
        "buildDefinition": {
            "buildType": format!("{REPOSITORY}/pack/v1"),
            "externalParameters": inputs::parameters(from.options, from.manifest, from.dependencies)?,
            "resolvedDependencies": dependencies(from),
        },
        "runDetails": {
            "builder": { "id": REPOSITORY, "version": { "pyship": env!("CARGO_PKG_VERSION") } },
        },
    });
    if from.options.build_time {
        predicate["runDetails"]["metadata"] = json!({ "finishedOn": time::rfc3339(time::seconds()?) });
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
            "uri": format!("pkg:generic/pyship-launcher@{}", env!("CARGO_PKG_VERSION")),
            "digest": { "sha256": hex(&Sha256::digest(from.launcher)) },
        }),
        json!({
            "name": "cpython",
            "uri": format!("pkg:generic/cpython@{python}"),
            "digest": layer(LAYER_RUNTIME),
            "annotations": { "implementation": "cpython", "build": from.build },
        }),
    ];
    if let (Some(libc), Some(digest)) = (&from.manifest.libc.carried, layer(LAYER_LIBC)) {
        let (major, minor) = libc.version;
        list.push(json!({
            "name": "glibc",
            "uri": format!("pkg:generic/glibc@{major}.{minor}"),
            "digest": digest,
        }));
    }
    list.extend(from.distributions.iter().map(|found| {
        json!({
            "name": found.name,
            "uri": purl(&found.name, &found.version),
            "digest": { "pyship-record": found.digest },
        })
    }));
    if from.options.app.is_some() {
        list.push(json!({ "name": from.manifest.name, "digest": { "pyship-tree": from.app } }));
    }
    list
}

/// A package of PyPI's kind as a package URL (<https://github.com/package-url/purl-spec>).
#[must_use]
pub fn purl(name: &str, version: &str) -> String {
    format!(
        "pkg:pypi/{}@{}",
        percent_encoded(&normalized(name)),
        percent_encoded(version)
    )
}

/// `text` as a part of a URL: `2.1.0+cpu` is `2.1.0%2Bcpu`.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// SHA-256 over every entry of a tree, sorted by path: its kind, its path, and a file's own SHA-256 or a link's
/// target, each ended by a NUL.
///
/// # Errors
/// When a file can't be read.
pub fn tree_digest(tree: &Tree) -> Result<String> {
    let mut hash = Sha256::new();
    for (path, node) in tree.iter() {
        let (kind, content) = match node {
            Node::Directory => ("directory", Vec::new()),
            Node::Symlink(target) => ("link", target.clone()),
            Node::File(file) => {
                let bytes = file.content.read().context("failed to read the app")?;
                let kind = if file.executable { "program" } else { "file" };
                (kind, hex(&Sha256::digest(&bytes)).into_bytes())
            }
        };
        for part in [kind.as_bytes(), path, &content] {
            hash.update(part);
            hash.update([0]);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// The predicate in a file, null when there is none. The manifest must have been read, and so checked, before.
///
/// # Errors
/// When the manifest can't be read.
pub fn of(payload: &Payload) -> Result<Value> {
    #[derive(serde::Deserialize)]
    struct Part {
        #[serde(default)]
        provenance: Value,
    }
    let part: Part =
        serde_json::from_slice(&payload.manifest_bytes()?).context("failed to read the manifest")?;
    Ok(part.provenance)
}

/// The predicate as an in-toto statement about the file of that name and SHA-256, ready to be attested.
#[must_use]
pub fn statement(name: &str, sha256: &str, mut predicate: Value) -> Value {
    let kind = predicate
        .as_object_mut()
        .and_then(|fields| fields.remove("predicateType"))
        .unwrap_or_else(|| PREDICATE_TYPE.into());
    json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "name": name, "digest": { "sha256": sha256 } }],
        "predicateType": kind,
        "predicate": predicate,
    })
}

/// The predicate for people.
#[must_use]
pub fn shown(predicate: &Value) -> String {
    let build = &predicate["buildDefinition"];
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned)
    };
    let mut lines = vec![format!(
        "made by  pyship {}",
        text(&predicate["runDetails"]["builder"]["version"]["pyship"])
    )];
    if let Some(time) = predicate["runDetails"]["metadata"]["finishedOn"].as_str() {
        lines.push(format!("made at  {time}"));
    }
    for (name, value) in build["externalParameters"].as_object().into_iter().flatten() {
        lines.push(format!("option   {name}: {}", text(value)));
    }
    for found in build["resolvedDependencies"].as_array().into_iter().flatten() {
        let digests = found["digest"].as_object().into_iter().flatten();
        let digests: Vec<String> = digests
            .map(|(kind, digest)| format!("{kind} {}", text(digest)))
            .collect();
        let what = found["uri"].as_str().or(found["name"].as_str()).unwrap_or("?");
        lines.push(format!("from     {what}  {}", digests.join(", ")));
    }
    // The file is someone else's, perhaps: its words are shown, not obeyed.
    lines.into_iter().map(|line| plain(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_names_are_those_of_package_urls() {
        assert_eq!(purl("Ruamel.Yaml", "2.1+cpu"), "pkg:pypi/ruamel-yaml@2.1%2Bcpu");
    }

    #[test]
    fn a_tree_has_another_digest_when_anything_of_it_differs() {
        let digest = |edit: &dyn Fn(&mut Tree)| {
            let mut tree = Tree::new();
            tree.insert_bytes("code/main.py", &b"1"[..], false);
            edit(&mut tree);
            tree_digest(&tree).unwrap()
        };
        let plain = digest(&|_| {});
        assert_eq!(plain, digest(&|_| {}));
        let edits: [&dyn Fn(&mut Tree); 4] = [
            &|tree| tree.insert_bytes("code/main.py", &b"2"[..], false),
            &|tree| tree.insert_bytes("code/main.py", &b"1"[..], true),
            &|tree| tree.insert_bytes("code/more.py", &b"1"[..], false),
            &|tree| tree.insert("code/main.py", Node::Symlink(b"1".to_vec())),
        ];
        for edit in edits {
            assert_ne!(plain, digest(edit));
        }
    }
}
