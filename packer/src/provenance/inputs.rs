//! The options of a pack as its provenance shows them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::hex::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::options::PackOptions;
use crate::packages::requirements_file::{self, Line};
use crate::redact::{self, file_name, requirement};

/// The `externalParameters`; options that were not given are absent. `dependencies` are those of pyproject.toml, and
/// `lock` is the name and the SHA-256 of the lock that was used.
///
/// # Errors
/// When a requirements file can't be read.
pub(crate) fn parameters(
    options: &PackOptions,
    manifest: &Manifest,
    dependencies: &[String],
    lock: Option<(&str, &str)>,
) -> Result<Value> {
    let mut parameters = serde_json::to_value(options)?;
    let dependencies = dependencies.iter().map(|text| Value::from(requirement(text)));
    for (name, value) in [
        ("name", manifest.name.clone().into()),
        ("app-version", manifest.version.clone().into()),
        ("target", manifest.target.clone().into()),
        ("entry", serde_json::to_value(&manifest.entry)?),
        ("arguments", manifest.arguments.clone().into()),
        ("requirements", files(&options.requirements)?),
        ("dependencies", dependencies.collect()),
        ("constraint", files(&options.constraint)?),
        (
            "lock",
            lock.map_or(
                Value::Null,
                |(name, sha256)| json!({ "name": name, "digest": { "sha256": sha256 } }),
            ),
        ),
    ] {
        let is_absent = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !is_absent {
            parameters[name] = value;
        }
    }
    Ok(parameters)
}

fn files(paths: &[PathBuf]) -> Result<Value> {
    let described = paths.iter().map(|path| {
        let text = path.to_string_lossy();
        if text.contains("://") {
            return Ok(json!({ "name": redact::url(&text) }));
        }
        let bytes = fs_err::read(path).context("failed to read a requirements file")?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let lines = lines(&bytes);
        let name = file_name(&text);
        Ok(json!({ "name": name, "digest": { "sha256": sha256 }, "lines": lines }))
    });
    Ok(Value::Array(described.collect::<Result<_>>()?))
}

/// The requirements of a requirements file, without its options and hashes.
fn lines(bytes: &[u8]) -> Vec<String> {
    requirements_file::parse(bytes)
        .iter()
        .filter_map(|line| match line {
            Line::Requirement(text) => Some(requirement(text)),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_requirements_file_its_requirements_are_told() {
        let text = "# all\n--index-url https://me:hunter2@h/simple\n-e /home/me/lib\nsix>=1  # a comment\n\
                    idna==3.7 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def\n\nuvicorn[standard]\n/home/me/lib\n";
        assert_eq!(
            lines(text.as_bytes()),
            ["six>=1", "idna==3.7", "uvicorn[standard]", "(local directory)"]
        );
    }
}
