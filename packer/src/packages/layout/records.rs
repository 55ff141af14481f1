//! The `RECORD` files of installed distributions, read where they were installed and written for the layer.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

use super::origin::Origin;
use crate::packages::record::{self, Entry};
use crate::tree::{Content, Node, Tree};

/// The lines of each `RECORD`, by its path below the root; each line by the path of its file below the root, or in
/// the layer where that is another one.
pub(crate) type Records = BTreeMap<String, BTreeMap<String, Entry>>;

/// Reads every `RECORD`.
pub(super) fn read(origin: &Origin<'_>) -> Result<Records> {
    let (root, site) = match *origin {
        Origin::Venv { root, site, .. } | Origin::Environment { root, site, .. } => (root, site),
        Origin::Target { root, .. } => (root, ""),
    };
    let mut records = Records::new();
    for entry in fs_err::read_dir(root.join(site))? {
        let path = entry?.path().join("RECORD");
        if !path.is_file()
            || path
                .parent()
                .is_none_or(|info| info.extension() != Some("dist-info".as_ref()))
        {
            continue;
        }
        let mut lines = BTreeMap::new();
        let parsed = record::parse(&fs_err::read(&path)?);
        for line in parsed.with_context(|| format!("failed to read `{}`", path.display()))? {
            let full = match origin {
                Origin::Venv { .. } | Origin::Environment { .. } => record::resolve(site, &line.path),
                // pip's paths are relative to a site-packages two directories below, uv's to the root.
                Origin::Target { .. } => record::resolve("", line.path.trim_start_matches("../")),
            };
            let Some(full) = full else {
                // Nobody made it for this pack: what lies elsewhere was somebody's choice, and stays there.
                if matches!(origin, Origin::Environment { .. }) {
                    continue;
                }
                bail!(
                    "failed to read `{}`: it names `{}`, which is outside of the environment",
                    path.display(),
                    line.path
                );
            };
            lines.insert(full, line);
        }
        records.insert(relative(&path, root)?, lines);
    }
    Ok(records)
}

fn relative(path: &Path, root: &Path) -> Result<String> {
    let relative = path.strip_prefix(root).context("failed to walk")?;
    relative
        .to_str()
        .map(str::to_owned)
        .with_context(|| format!("failed to read `{}`: its name is not UTF-8", path.display()))
}

/// Adds each `RECORD` to the tree, with the files that are in it, as they are: a wheel's own `RECORD` may say anything.
pub(super) fn write(tree: &mut Tree, site: &str, records: &Records, origin: &Origin<'_>) -> Result<()> {
    for (record_path, lines) in records {
        let own_path = origin.layer_path(record_path.as_bytes());
        if matches!(origin, Origin::Environment { .. }) && tree.get(&own_path).is_none() {
            continue;
        }
        let entries = lines
            .par_iter()
            .filter_map(|(path, line)| {
                let layer_path = origin.layer_path(path.as_bytes());
                let Some(Node::File(file)) = tree.get(&layer_path) else {
                    return None;
                };
                Some(entry(
                    site,
                    &layer_path,
                    &file.content,
                    layer_path == own_path,
                    line,
                ))
            })
            .collect::<Result<Vec<Entry>>>()?;
        tree.insert_bytes(own_path, record::encode(entries)?, false);
    }
    Ok(())
}

/// The line for a file of the layer; `line` is the installer's.
fn entry(site: &str, layer_path: &[u8], content: &Content, is_record: bool, line: &Entry) -> Result<Entry> {
    let path = record::relative_to(site, std::str::from_utf8(layer_path)?);
    match content {
        _ if is_record => Ok(Entry {
            path,
            hash: String::new(),
            size: String::new(),
        }),
        Content::Bytes(bytes) => Ok(Entry::of(path, bytes)),
        // Bytecode, which every interpreter makes anew.
        _ if line.hash.is_empty() && line.path.ends_with(".pyc") => Ok(Entry { path, ..line.clone() }),
        content => Entry::of_content(path, content),
    }
}
