//! Why each package is in the file.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;

use super::super::{Pack, app, packages};
use super::asked::Asked;
use crate::packages::metadata::normalized;
use crate::sbom::graph;

/// How many of the packages that need one are named.
const NAMED: usize = 3;

/// Why a package is in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(super) enum Reason {
    /// It is asked for.
    Requirement {
        /// Where.
        from: String,
        /// As it is written there.
        requirement: String,
    },
    /// A package needs it: one of its `Requires-Dist` names it.
    Package {
        /// That package.
        name: String,
    },
    /// It is the project itself.
    Project,
    /// It is in the environment that is packed.
    Environment,
    /// The lock names it.
    Lock {
        /// The file.
        name: String,
    },
    /// It came with a requirement whose text does not name it: a directory, an sdist, a bundled package.
    Unnamed,
}

/// The reasons for each of the distributions, in their order.
///
/// # Errors
/// When the version of the interpreter can't be read.
pub(super) fn reasons(
    pack: &Pack<'_>,
    facts: &packages::Facts,
    asked: &[Asked],
    app: &app::Facts,
) -> Result<Vec<Vec<Reason>>> {
    let distributions = &facts.distributions;
    let requirements: Vec<(&str, &[String])> = distributions
        .iter()
        .map(|one| (one.name.as_str(), one.requires.as_slice()))
        .collect();
    let wanted: Vec<String> = asked.iter().map(|one| one.requirement.clone()).collect();
    let version = pack.interpreters.packed.version.to_string();
    let edges = graph::edges(&requirements, &version, pack.target.triple, &wanted)?;
    let project = app.project.as_deref().map(normalized);
    let mut reasons = Vec::new();
    for (index, distribution) in distributions.iter().enumerate() {
        let name = normalized(&distribution.name);
        let direct = asked.iter().filter(|one| one.name.as_ref() == Some(&name));
        let mut why: Vec<Reason> = direct
            .map(|one| Reason::Requirement {
                from: one.from.clone(),
                requirement: one.requirement.clone(),
            })
            .collect();
        if project.as_ref() == Some(&name) {
            why.insert(0, Reason::Project);
        }
        let needed_by = edges.iter().zip(distributions);
        let is_said = !why.is_empty();
        // What the project needs stands in its pyproject.toml, too.
        let is_new = |by: &str| !is_said || Some(normalized(by)) != project;
        let needed_by = needed_by.filter(|(needs, by)| needs.contains(&index) && is_new(&by.name));
        why.extend(needed_by.map(|(_, by)| Reason::Package {
            name: by.name.clone(),
        }));
        if why.is_empty() {
            why.push(fallback(pack, facts));
        }
        reasons.push(why);
    }
    Ok(reasons)
}

/// The reason for a package that nothing known here asks for.
fn fallback(pack: &Pack<'_>, facts: &packages::Facts) -> Reason {
    match (&pack.venv, &facts.lock) {
        (Some(_), _) => Reason::Environment,
        (None, Some(lock)) => Reason::Lock {
            name: lock.name.clone(),
        },
        (None, None) => Reason::Unnamed,
    }
}

/// All reasons on one line.
pub(super) fn line(reasons: &[Reason]) -> String {
    let mut parts = Vec::new();
    let mut needed_by = BTreeSet::new();
    for reason in reasons {
        match reason {
            Reason::Requirement { from, requirement } => parts.push(format!("{from}: {requirement}")),
            Reason::Package { name } => {
                needed_by.insert(name.as_str());
            }
            Reason::Project => parts.push("the project".to_owned()),
            Reason::Environment => parts.push("in the environment".to_owned()),
            Reason::Lock { name } => parts.push(format!("in {name}")),
            Reason::Unnamed => parts.push("of a requirement that does not name it".to_owned()),
        }
    }
    let more = needed_by.len().saturating_sub(NAMED);
    let mut names: Vec<String> = needed_by.iter().take(NAMED).map(ToString::to_string).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    if !names.is_empty() {
        parts.push(format!("needed by {}", names.join(", ")));
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_some_of_those_who_need_it() {
        let package = |name: &str| Reason::Package { name: name.into() };
        let asked = Reason::Requirement {
            from: "r.txt".into(),
            requirement: "six>=1".into(),
        };
        let all = [
            asked,
            package("d"),
            package("a"),
            package("c"),
            package("b"),
            package("e"),
        ];
        assert_eq!(line(&all), "r.txt: six>=1; needed by a, b, c, 2 more");
        assert_eq!(line(&[Reason::Project]), "the project");
        assert_eq!(
            serde_json::to_string(&package("a")).unwrap(),
            r#"{"kind":"package","name":"a"}"#
        );
    }
}
