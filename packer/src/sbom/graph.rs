//! Which packages need which: by `Requires-Dist`, with markers evaluated for the file's interpreter and machine, and
//! with the extras that other packages ask for.
//!
//! A requirement has no edge when it can't be parsed or is not installed: it was excluded, or its marker depends on the
//! running system.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use pep508_rs::{ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree};

use crate::packages::metadata::normalized;
use crate::packages::requirement;

/// The indexes of the packages that each of `packages`, by name and with every `Requires-Dist`, needs.
///
/// `wanted` are requirements that the file was packed for, as far as they are known; their extras count.
///
/// # Errors
/// When `python` is not a version.
pub(crate) fn edges(
    packages: &[(&str, &[String])],
    python: &str,
    target: &str,
    wanted: &[String],
) -> Result<Vec<BTreeSet<usize>>> {
    let environment = environment(python, target)?;
    let by_name: BTreeMap<String, usize> = packages
        .iter()
        .enumerate()
        .map(|(index, (name, _))| (normalized(name), index))
        .collect();
    let find = |requirement: &Requirement| by_name.get(&requirement.name).copied();
    let requires: Vec<Vec<Requirement>> = packages
        .iter()
        .map(|(_, requires)| requires.iter().filter_map(|text| parse(text)).collect())
        .collect();
    let mut extras: Vec<BTreeSet<ExtraName>> = vec![BTreeSet::new(); packages.len()];
    for requirement in wanted.iter().filter_map(|text| parse(text)) {
        if let Some(index) = find(&requirement) {
            extras[index].extend(requirement.extras);
        }
    }
    let mut edges: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); packages.len()];
    // An extra may add requirements to a package that was looked at before.
    let mut left: BTreeSet<usize> = (0..packages.len()).collect();
    while let Some(index) = left.pop_first() {
        let active: Vec<ExtraName> = extras[index].iter().cloned().collect();
        for requirement in &requires[index] {
            if !requirement.marker.evaluate(&environment, &active) {
                continue;
            }
            let Some(needed) = find(requirement) else {
                continue;
            };
            if needed != index {
                edges[index].insert(needed);
            }
            let before = extras[needed].len();
            extras[needed].extend(requirement.extras.iter().cloned());
            if extras[needed].len() > before {
                left.insert(needed);
            }
        }
    }
    Ok(edges)
}

/// The packages from which all others are reached: those that no other needs, and one of every cycle.
pub(super) fn roots(edges: &[BTreeSet<usize>]) -> Vec<usize> {
    let needed: BTreeSet<usize> = edges.iter().flatten().copied().collect();
    let mut roots: Vec<usize> = (0..edges.len()).filter(|index| !needed.contains(index)).collect();
    let mut reached = BTreeSet::new();
    let mut from = roots.clone();
    loop {
        while let Some(index) = from.pop() {
            if reached.insert(index) {
                from.extend(&edges[index]);
            }
        }
        let Some(unreached) = (0..edges.len()).find(|index| !reached.contains(index)) else {
            return roots;
        };
        roots.push(unreached);
        from.push(unreached);
    }
}

/// The name, normalized, in a requirement; none when it has another form.
pub(crate) fn name(text: &str) -> Option<String> {
    parse(text).map(|requirement| requirement.name)
}

/// A `Requires-Dist`, as far as edges need it.
struct Requirement {
    /// Normalized.
    name: String,
    extras: Vec<ExtraName>,
    marker: MarkerTree,
}

/// Parses `name [extra, …] anything ; marker`; none when `text` has another form. The library's own parser of whole
/// requirements assumes valid names, and expands environment variables in URLs.
fn parse(text: &str) -> Option<Requirement> {
    let text = text.trim();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let end = text.find(|letter| !is_name(letter)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let inside = rest.trim_start().strip_prefix('[');
    let extras = inside
        .and_then(|rest| rest.split_once(']'))
        .map_or("", |(list, _)| list);
    let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty());
    let marker = match rest.split_once(';') {
        Some((_, marker)) => requirement::marker(marker)?,
        None => MarkerTree::TRUE,
    };
    (!name.is_empty()).then_some(Requirement {
        name: normalized(name),
        extras: extras
            .filter_map(|extra| ExtraName::new(extra.to_owned()).ok())
            .collect(),
        marker,
    })
}

/// The values that markers are evaluated with. Those of the kernel stay empty.
fn environment(python: &str, target: &str) -> Result<MarkerEnvironment> {
    let minor = python.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let builder = MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: python,
        os_name: "posix",
        platform_machine: target.split('-').next().unwrap_or(target),
        platform_python_implementation: "CPython",
        platform_release: "",
        platform_system: "Linux",
        platform_version: "",
        python_full_version: python,
        python_version: &minor,
        sys_platform: "linux",
    };
    MarkerEnvironment::try_from(builder)
        .with_context(|| format!("failed to read the Python version `{python}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Package = (&'static str, Vec<String>);

    fn package(name: &'static str, requires: &[&str]) -> Package {
        (name, requires.iter().map(|text| (*text).to_owned()).collect())
    }

    fn found(packages: &[Package], wanted: &[&str]) -> Vec<Vec<usize>> {
        let wanted: Vec<String> = wanted.iter().map(|text| (*text).to_owned()).collect();
        let packages: Vec<(&str, &[String])> = packages
            .iter()
            .map(|(name, requires)| (*name, requires.as_slice()))
            .collect();
        let edges = edges(&packages, "3.12.1", "x86_64-unknown-linux-gnu", &wanted).unwrap();
        edges.into_iter().map(|set| set.into_iter().collect()).collect()
    }

    #[test]
    fn markers_are_those_of_the_file() {
        let packages = [
            package(
                "a",
                &[
                    "b; python_version >= '3.8'",
                    "c; sys_platform == 'win32'",
                    "gone",
                    "= not one",
                    "b[-]; os_name ==",
                    "b; extra == '-'",
                ],
            ),
            package("b", &["C_ ; platform_machine == 'aarch64'"]),
            package("c", &[]),
        ];
        assert_eq!(found(&packages, &[]), [vec![1], vec![], vec![]]);
    }

    #[test]
    fn extras_count_when_they_are_asked_for() {
        let packages = [
            package("a", &["c; extra == 'fast'"]),
            package("b", &["A[fast]>=1"]),
            package("c", &[]),
        ];
        assert_eq!(found(&packages, &[]), [vec![2], vec![0], vec![]]);
        let alone = [package("a", &["c; extra == 'fast'"]), package("c", &[])];
        assert_eq!(found(&alone, &[]).concat(), Vec::<usize>::new());
        assert_eq!(found(&alone, &["a[fast]"]), [vec![1], vec![]]);
    }

    #[test]
    fn a_marker_of_hundreds_of_parentheses_has_no_edge() {
        let deep = format!("b; {}os_name == 'posix'{}", "(".repeat(900), ")".repeat(900));
        let less = format!("b; {}os_name == 'posix'{}", "(".repeat(40), ")".repeat(40));
        assert_eq!(
            found(&[package("a", &[&deep]), package("b", &[])], &[]).concat(),
            Vec::<usize>::new()
        );
        assert_eq!(
            found(&[package("a", &[&less]), package("b", &[])], &[]),
            [vec![1], vec![]]
        );
    }

    #[test]
    fn everything_is_reached_from_the_roots() {
        let set = |items: &[usize]| items.iter().copied().collect::<BTreeSet<usize>>();
        assert_eq!(roots(&[set(&[1]), set(&[]), set(&[1])]), [0, 2]);
        // 1 and 2 need each other.
        assert_eq!(roots(&[set(&[]), set(&[2]), set(&[1])]), [0, 1]);
    }
}
