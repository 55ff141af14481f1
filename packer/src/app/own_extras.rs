//! Dependencies of a project with its extras. A project may name itself with an extra: `demo[all]` among the
//! dependencies of `demo` means the packages of that extra, not a package of an index.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};

use super::pyproject::Project;
use crate::packages::metadata::normalized;
use crate::packages::requirement;

/// The dependencies of `project` with those of `extras`, or of all extras, where pip can't read them.
///
/// # Errors
/// When an extra does not exist.
pub(crate) fn resolved(project: &Project, extras: &[String], all: bool) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    add(project, &project.dependencies, "", &mut seen, &mut found)?;
    let all: Vec<String> = project
        .optional_dependencies
        .keys()
        .filter(|_| all)
        .cloned()
        .collect();
    for extra in extras.iter().chain(&all) {
        add_extra(project, extra, "", &mut seen, &mut found)?;
    }
    Ok(found)
}

fn add_extra(
    project: &Project,
    extra: &str,
    marker: &str,
    seen: &mut BTreeSet<(String, String)>,
    found: &mut Vec<String>,
) -> Result<()> {
    if !seen.insert((normalized(extra), marker.to_owned())) {
        return Ok(());
    }
    let mut extras = project.optional_dependencies.iter();
    let of_extra = extras.find(|(name, _)| normalized(name) == normalized(extra));
    let (_, list) = of_extra.ok_or_else(|| {
        let name = project.name.as_deref().unwrap_or("the project");
        anyhow!("failed to find the extra `{extra}` of `{name}` in its pyproject.toml")
    })?;
    add(project, list, marker, seen, found)
}

fn add(
    project: &Project,
    list: &[String],
    marker: &str,
    seen: &mut BTreeSet<(String, String)>,
    found: &mut Vec<String>,
) -> Result<()> {
    let own = project.name.as_deref().map(normalized);
    for text in list {
        let (what, own_marker) = text.split_once(';').unwrap_or((text, ""));
        let marker = both(marker, own_marker.trim());
        let parsed = requirement::without_marker(text);
        match parsed.filter(|parsed| Some(normalized(parsed.name.as_ref())) == own) {
            Some(parsed) => {
                for extra in &parsed.extras {
                    add_extra(project, extra.as_ref(), &marker, seen, found)?;
                }
            }
            None if marker.is_empty() => found.push(text.clone()),
            None => found.push(format!("{} ; {marker}", what.trim())),
        }
    }
    Ok(())
}

fn both(one: &str, other: &str) -> String {
    match (one, other) {
        ("", only) | (only, "") => only.to_owned(),
        // Extras that name each other would go on for ever.
        _ if one.contains(other) => one.to_owned(),
        _ => format!("({one}) and ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_that_names_itself_means_its_extras() {
        let list = |items: &[&str]| items.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
        let extras = [
            (
                "cli",
                list(&["click ; python_version > '3'", "demo[color] ; os_name == 'posix'"]),
            ),
            ("color", list(&["rich", "demo[cli]"])),
        ];
        let project = Project {
            name: Some("Demo".to_owned()),
            dependencies: list(&["six", "demo[cli]"]),
            optional_dependencies: extras.map(|(name, list)| (name.to_owned(), list)).into(),
            ..Project::default()
        };
        assert_eq!(
            resolved(&project, &[], false).unwrap(),
            [
                "six",
                "click ; python_version > '3'",
                "rich ; os_name == 'posix'",
                "click ; (os_name == 'posix') and (python_version > '3')"
            ]
        );
        let error = resolved(&project, &["web".to_owned()], false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to find the extra `web` of `Demo` in its pyproject.toml"
        );
    }
}
