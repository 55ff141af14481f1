//! The provenance of a packed file: read, as text, and as a statement.

use anyhow::{Context, Result};
use pyship_launcher::error::plain;
use pyship_launcher::payload::Payload;
use serde_json::{Value, json};

use super::PREDICATE_TYPE;

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The predicate of a packed file; null when it has none. The manifest must have been read, and so verified, before.
///
/// # Errors
/// When the manifest can't be read.
pub(crate) fn of(payload: &Payload) -> Result<Value> {
    #[derive(serde::Deserialize)]
    struct Part {
        #[serde(default)]
        provenance: Value,
    }
    let part: Part =
        serde_json::from_slice(&payload.manifest_bytes()?).context("failed to read the manifest")?;
    Ok(part.provenance)
}

/// The predicate as an in-toto statement about the file of that name and SHA-256, for tools that attest it.
pub(crate) fn statement(name: &str, sha256: &str, mut predicate: Value) -> Value {
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

/// The predicate as text.
pub(crate) fn display(predicate: &Value) -> String {
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
    // The file may be anyone's: control characters must not reach a terminal.
    lines.into_iter().map(|line| plain(line) + "\n").collect()
}
