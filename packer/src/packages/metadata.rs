//! The distributions in a deps tree, read from their dist-info: for the report, for `-c SCRIPT`, and for the
//! provenance. An environment can have some that setuptools installed with an egg-info in its place.

use anyhow::{Context, Result};
use mailparse::MailHeaderMap;
use serde::{Deserialize, Serialize};

use super::entry_points;
use super::record;
use crate::tree::{LayerPath, Node, Tree};

/// One installed distribution.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Distribution {
    /// Its name, not normalized: `PyYAML`.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Bytes of the files that its `RECORD` names.
    pub(crate) size: u64,
    /// Entry points of the group `console_scripts`: name and `module:attr`.
    pub(crate) console_scripts: Vec<(String, String)>,
    /// Entry points of the group `gui_scripts`.
    pub(crate) gui_scripts: Vec<(String, String)>,
    /// Names of its files in `bin/`, whether they are of entry points or not.
    pub(crate) scripts: Vec<String>,
    /// Its top-level packages with `__main__.py`.
    pub(crate) main_packages: Vec<String>,
    /// See [`super::digest`].
    pub(crate) digest: String,
    /// Every `Requires-Dist`.
    pub(crate) requires: Vec<String>,
}

/// The distributions in `site_packages` of `tree`, sorted by name.
///
/// # Errors
/// When a dist-info can't be read.
pub(crate) fn distributions(tree: &Tree, site_packages: &str) -> Result<Vec<Distribution>> {
    let mut distributions = Vec::new();
    for (path, _) in tree.files() {
        let Some(dist_info) = dist_info(path, site_packages) else {
            continue;
        };
        let distribution = distribution(tree, site_packages, dist_info);
        distributions.push(distribution.with_context(|| format!("failed to read `{dist_info}`"))?);
    }
    distributions.sort_by_key(|distribution| normalized(&distribution.name));
    Ok(distributions)
}

/// Removes the files of the distribution `name`.
///
/// # Errors
/// When its dist-info can't be read.
pub(crate) fn remove(tree: &mut Tree, site_packages: &str, name: &str) -> Result<()> {
    let paths: Vec<LayerPath> = tree.files().map(|(path, _)| path.clone()).collect();
    for dist_info in paths.iter().filter_map(|path| dist_info(path, site_packages)) {
        let found = distribution(tree, site_packages, dist_info)?;
        if normalized(&found.name) != normalized(name) {
            continue;
        }
        let record = read(tree, &format!("{dist_info}/RECORD"))?.unwrap_or_default();
        for entry in record::parse(&record)? {
            if let Some(path) = record::resolve(site_packages, &entry.path) {
                tree.remove(path);
            }
        }
        tree.remove(dist_info);
    }
    Ok(())
}

/// The METADATA of the only distribution in `tree`.
///
/// # Errors
/// When it can't be read.
pub(crate) fn text(tree: &Tree, site_packages: &str) -> Result<Vec<u8>> {
    let mut found = tree
        .files()
        .filter_map(|(path, _)| dist_info(path, site_packages));
    let path = found.next().map(|path| format!("{path}/METADATA"));
    let bytes = path.map(|path| read(tree, &path)).transpose()?.flatten();
    Ok(bytes.map(|bytes| bytes.to_vec()).unwrap_or_default())
}

/// Every value of a field of METADATA.
pub(crate) fn fields(metadata: &[u8], name: &str) -> Vec<String> {
    mailparse::parse_headers(metadata)
        .map_or_else(|_| Vec::new(), |(headers, _)| headers.get_all_values(name))
}

/// The value of a field of METADATA.
pub(crate) fn field(metadata: &[u8], name: &str) -> Option<String> {
    fields(metadata, name).into_iter().next()
}

/// A normalized name: `ruamel-yaml-clib` for `Ruamel.Yaml_clib` (PEP 503).
pub(crate) fn normalized(name: &str) -> String {
    let words: Vec<&str> = name
        .split(['-', '_', '.'])
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-").to_lowercase()
}

/// The name of the file with the metadata in a directory of each kind.
const KINDS: [(&str, &str); 2] = [(".dist-info", "METADATA"), (".egg-info", "PKG-INFO")];

/// `lib/python3.12/site-packages/x-1.dist-info` when `path` is the METADATA in it.
fn dist_info<'a>(path: &'a LayerPath, site_packages: &str) -> Option<&'a str> {
    let (dist_info, file) = std::str::from_utf8(path).ok()?.rsplit_once('/')?;
    let name = dist_info.strip_prefix(site_packages)?.strip_prefix('/')?;
    let is_kind = |(ending, metadata): &(&str, &str)| name.ends_with(ending) && file == *metadata;
    (KINDS.iter().any(is_kind) && !name.contains('/')).then_some(dist_info)
}

/// The metadata in a dist-info or egg-info.
fn metadata(tree: &Tree, dist_info: &str) -> Result<std::sync::Arc<[u8]>> {
    for (_, file) in KINDS {
        if let Some(found) = read(tree, &format!("{dist_info}/{file}"))? {
            return Ok(found);
        }
    }
    Ok(std::sync::Arc::default())
}

fn distribution(tree: &Tree, site_packages: &str, dist_info: &str) -> Result<Distribution> {
    let metadata = metadata(tree, dist_info)?;
    let (headers, _) = mailparse::parse_headers(&metadata)?;
    let header = |name| {
        headers
            .get_first_value(name)
            .filter(|value| !value.is_empty() && value != "UNKNOWN")
    };

    let entry_points = read(tree, &format!("{dist_info}/entry_points.txt"))?.unwrap_or_default();
    let entry_points = entry_points::parse(&String::from_utf8_lossy(&entry_points));

    let mut distribution = Distribution {
        name: header("Name").context("METADATA has no Name")?,
        version: header("Version").context("METADATA has no Version")?,
        console_scripts: entry_points::group(&entry_points, "console_scripts"),
        gui_scripts: entry_points::group(&entry_points, "gui_scripts"),
        requires: headers.get_all_values("Requires-Dist"),
        ..Distribution::default()
    };

    let record = read(tree, &format!("{dist_info}/RECORD"))?.unwrap_or_default();
    distribution.digest = super::digest::of_record(&record)?;
    for entry in record::parse(&record)? {
        let Some(path) = record::resolve(site_packages, &entry.path) else {
            continue;
        };
        if let Some(Node::File(file)) = tree.get(&path) {
            distribution.size += file.content.size()?;
        }
        if let Some(package) = entry.path.strip_suffix("/__main__.py")
            && !package.contains('/')
        {
            distribution.main_packages.push(package.to_owned());
        }
        if let Some(script) = path.strip_prefix("bin/") {
            distribution.scripts.push(script.to_owned());
        }
    }
    Ok(distribution)
}

fn read(tree: &Tree, path: &str) -> Result<Option<std::sync::Arc<[u8]>>> {
    match tree.get(path) {
        Some(Node::File(file)) => Ok(Some(file.content.read()?)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::digest;

    const SITE: &str = "lib/python3.12/site-packages";

    #[test]
    fn a_distribution_is_read_from_its_dist_info() {
        let mut tree = Tree::new();
        let mut put = |path: &str, text: &str| tree.insert_bytes(path, text.as_bytes(), false);
        put("bin/demo", "#!pyship-python\n");
        put(&format!("{SITE}/demo/__init__.py"), "x = 1\n");
        put(&format!("{SITE}/_demo.cpython-312-x86_64-linux-gnu.so"), "12345");
        put(
            &format!("{SITE}/Demo.Thing-2.0.dist-info/METADATA"),
            "Metadata-Version: 2.4\nName: Demo.Thing\nVersion: 2.0\nRequires-Python: >=3.9\nRequires-Dist: six>=1\n\
             License-Expression: MIT\n\nName: not this\n",
        );
        put(
            &format!("{SITE}/Demo.Thing-2.0.dist-info/RECORD"),
            "../../../bin/demo,,\nDemo.Thing-2.0.dist-info/METADATA,,\nDemo.Thing-2.0.dist-info/RECORD,,\n\
             _demo.cpython-312-x86_64-linux-gnu.so,,\ndemo/__init__.py,,\ngone.py,,\n",
        );
        put(
            &format!("{SITE}/Demo.Thing-2.0.dist-info/entry_points.txt"),
            "[console_scripts]\ndemo = demo:main\n",
        );
        let sizes: u64 = tree
            .files()
            .filter(|(path, _)| !path.ends_with(b"entry_points.txt"))
            .map(|(_, file)| file.content.size().unwrap())
            .sum();

        let found = distributions(&tree, SITE).unwrap();
        assert_eq!(
            found,
            [Distribution {
                name: "Demo.Thing".to_owned(),
                version: "2.0".to_owned(),
                size: sizes,
                console_scripts: vec![("demo".to_owned(), "demo:main".to_owned())],
                gui_scripts: Vec::new(),
                scripts: vec!["demo".to_owned()],
                main_packages: Vec::new(),
                digest: digest::of_record(b"").unwrap(),
                requires: vec!["six>=1".to_owned()],
            }]
        );
        assert_eq!(normalized(&found[0].name), "demo-thing");
    }

    #[test]
    fn a_dist_info_without_a_name_is_named() {
        let mut tree = Tree::new();
        tree.insert_bytes(
            format!("{SITE}/bad-1.dist-info/METADATA"),
            &b"Version: 1\n\n"[..],
            false,
        );
        let error = format!("{:#}", distributions(&tree, SITE).unwrap_err());
        assert_eq!(
            error,
            format!("failed to read `{SITE}/bad-1.dist-info`: METADATA has no Name")
        );
    }
}
