//! `[dependency-groups]` (<https://packaging.python.org/en/latest/specifications/dependency-groups/>): which group asks
//! for which package. The installer resolves them; this only tells where a requirement stands.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use toml::{Table, Value};

use crate::packages::metadata::normalized;

/// The requirements of `names` in the pyproject.toml `path`, each with the group in which it stands. None when there are
/// no such groups.
///
/// # Errors
/// When the file can't be read.
pub(super) fn requirements(path: &Path, names: &[String]) -> Result<Vec<(String, String)>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let document: Table = toml::from_str(&fs_err::read_to_string(path)?)?;
    let Some(Value::Table(groups)) = document.get("dependency-groups") else {
        return Ok(Vec::new());
    };
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for name in names {
        add(groups, name, &mut seen, &mut found);
    }
    Ok(found)
}

fn add(groups: &Table, name: &str, seen: &mut BTreeSet<String>, found: &mut Vec<(String, String)>) {
    if !seen.insert(normalized(name)) {
        return;
    }
    let mut items = groups.iter();
    let list = items.find(|(group, _)| normalized(group) == normalized(name));
    let Some((group, Value::Array(list))) = list else {
        return;
    };
    for item in list {
        match item {
            Value::String(text) => found.push((group.clone(), text.clone())),
            Value::Table(table) => {
                if let Some(Value::String(other)) = table.get("include-group") {
                    add(groups, other, seen, found);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_include_groups() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("pyproject.toml");
        let text = "[dependency-groups]\ndocs = ['sphinx', { include-group = 'Base_' }]\nbase = ['six', { include-group = 'docs' }]\nrest = ['no']\n";
        fs_err::write(&file, text).unwrap();
        let pair = |group: &str, text: &str| (group.to_owned(), text.to_owned());
        assert_eq!(
            requirements(&file, &["DOCS".to_owned()]).unwrap(),
            [pair("docs", "sphinx"), pair("base", "six")]
        );
        assert_eq!(requirements(Path::new("/nonexistent"), &[]).unwrap(), []);
    }
}
