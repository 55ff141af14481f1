//! shiv: `environment.json` (<https://shiv.readthedocs.io>).

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use super::{Kind, Start, Zipapp};

/// The directory of the packages in the archive.
pub(super) const PACKAGES: &str = "site-packages";

#[derive(Deserialize)]
struct Environment {
    #[serde(default)]
    entry_point: Option<String>,
    #[serde(default)]
    script: Option<String>,
}

/// What its `environment.json` says.
pub(super) fn describe(text: &str) -> Result<Zipapp> {
    let found: Environment = serde_json::from_str(text)?;
    let start = match (found.entry_point, found.script) {
        (Some(entry), _) => Start::of_entry_point(&entry),
        (None, Some(script)) => Start::Script(script),
        (None, None) => Start::Interpreter,
    };
    Ok(Zipapp {
        kind: Kind::Shiv,
        start,
        environment: BTreeMap::new(),
    })
}
