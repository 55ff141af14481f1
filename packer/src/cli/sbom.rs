//! `pyship sbom`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::Value;
use sha2::{Digest, Sha256};

use pyship_launcher::error::plain_json;

use super::file::open;
use crate::output;
use crate::provenance::{self, time};
use crate::sbom::document::{Subject, document};
use crate::sbom::{contents, package};
use crate::sign::Opened;
use crate::ui;

const EXAMPLES: &str = "\
Examples:
  pyship sbom app.bin -o app.cdx.json          then scan it: grype sbom:app.cdx.json
  pyship sbom app.bin | jq -r '.components[] | [.name, .version] | @tsv'
  pyship sbom app.bin --files -o full.json     with every file and its SHA-256

The document is made from the file alone; files for other targets work too. Licences are those that the packages \
declare: an SPDX expression where they name exactly one licence, else their own words. The same file gives the same \
document, unless --timestamp adds the time.";

/// `pyship sbom`
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SbomOptions {
    /// File that pyship made
    file: PathBuf,

    /// File to write [default: standard output]
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// List every file with its hash
    #[arg(long)]
    files: bool,

    /// Add the time: now, or SOURCE_DATE_EPOCH
    #[arg(long)]
    timestamp: bool,
}

/// Writes the bill of materials of a file.
pub(super) fn command(options: &SbomOptions) -> Result<()> {
    let SbomOptions {
        file, output: out, ..
    } = options;
    if let Some(out) = out {
        output::check(out, &[file])?;
    }
    let opened = Opened::new(file)?;
    let (payload, manifest) = open(file)?;
    let contents = contents::read(&payload, &manifest, options.files)?;
    let packages = package::packages(&contents, &manifest.python.site_packages)?;
    let mut hash = Sha256::new();
    opened.each_piece(|piece| hash.update(piece))?;
    opened.unchanged()?;
    let timestamp = match options.timestamp {
        true => Some(time::timestamp()?.to_string()),
        false => None,
    };
    let made = document(&Subject {
        manifest: &manifest,
        sha256: hash.finalize().into(),
        contents: &contents,
        packages: &packages,
        wanted: &wanted(&provenance::of(&payload)?),
        every_file: options.files,
        timestamp,
    })?;
    let text = format!("{}\n", serde_json::to_string_pretty(&made)?);
    match out {
        Some(out) => output::write_text(out, &text),
        None => ui::data(&plain_json(&text)),
    }
}

/// What the file's provenance knows of the requirements that it was packed for.
fn wanted(predicate: &Value) -> Vec<String> {
    let given = &predicate["buildDefinition"]["externalParameters"];
    let files = given["requirements"].as_array().into_iter().flatten();
    let lists = [&given["with"], &given["dependencies"]];
    let lists = lists.into_iter().chain(files.map(|file| &file["lines"]));
    let texts = lists.filter_map(Value::as_array).flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}
