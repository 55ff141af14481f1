//! `entry_points.txt`: an INI file of groups with lines `name = module:attr [extras]`
//! (<https://packaging.python.org/en/latest/specifications/entry-points/>).

use std::collections::BTreeMap;

/// The lines of each group, in their order.
pub(super) type EntryPoints = BTreeMap<String, Vec<(String, String)>>;

/// Reads them as `importlib.metadata` does: blank lines, comments and lines without `=` are skipped.
pub(super) fn parse(text: &str) -> EntryPoints {
    let mut groups = EntryPoints::new();
    let mut group = String::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            name.trim().clone_into(&mut group);
        } else if let Some((name, value)) = line.split_once('=') {
            let line = (name.trim().to_owned(), without_extras(value));
            groups.entry(group.clone()).or_default().push(line);
        }
    }
    groups
}

/// The entry points of a group that name a function; others can't be scripts.
pub(super) fn group(groups: &EntryPoints, name: &str) -> Vec<(String, String)> {
    let lines = groups.get(name).map(Vec::as_slice).unwrap_or_default();
    lines
        .iter()
        .filter(|(_, value)| value.contains(':'))
        .cloned()
        .collect()
}

fn without_extras(value: &str) -> String {
    let value = value.split('[').next().unwrap_or(value);
    value.split_ascii_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_comments_spaces_and_extras() {
        let text = "# made by hand\n[console_scripts]\nruff-lsp = ruff.server : main\nfull=pkg.cli:run [all]\n\
                    broken = pkg\n\n[ gui_scripts ]\n; none\n[x.plugins]\na = b\n";
        let groups = parse(text);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            group(&groups, "console_scripts"),
            [pair("ruff-lsp", "ruff.server:main"), pair("full", "pkg.cli:run")]
        );
        assert_eq!(group(&groups, "gui_scripts"), []);
        assert_eq!(groups["x.plugins"], [pair("a", "b")]);
    }
}
