//! The groups of a standard library that can be pruned, and which of them are.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow};

use crate::hint::WithHint;

/// A group of files that are kept or pruned together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// CPython's own tests and the modules that serve them; `test.support` is kept.
    Tests,
    /// The editor IDLE.
    Idle,
    /// Demonstrations of the turtle module.
    Turtledemo,
    /// The wheels from which `python -m venv` installs pip; the package is kept.
    Ensurepip,
    /// Static libpython and what is needed to link it; the Makefile is kept.
    Static,
    /// `Python.h` and others, with pkg-config's files, for programs that compile C at run time.
    Headers,
    /// Modules and programs that only work on Windows.
    Foreign,
    /// The module nis, with Kerberos and RPC libraries that only it needs.
    Nis,
    /// tkinter, turtle, and the Tcl and Tk libraries.
    Tk,
}

/// Each group, its name for `--keep` and `--prune`, and whether it is pruned by default.
const GROUPS: &[(Group, &str, bool)] = &[
    (Group::Tests, "tests", true),
    (Group::Idle, "idle", true),
    (Group::Turtledemo, "turtledemo", true),
    (Group::Ensurepip, "ensurepip", true),
    (Group::Static, "static", true),
    (Group::Headers, "headers", true),
    (Group::Foreign, "foreign", true),
    (Group::Tk, "tk", false),
    (Group::Nis, "nis", false),
];

/// Groups that are kept when a source of the app or of a package has one of these words. Nothing else of the standard
/// library needs them.
pub(crate) const ON_DEMAND: &[(&str, &[&str])] = &[
    ("tk", &["tkinter", "turtle", "Tkinter"]),
    ("nis", &["import nis", "\"nis\"", "'nis'"]),
    ("idle", &["idlelib"]),
    ("turtledemo", &["turtledemo"]),
    (
        "ensurepip",
        &[
            "import ensurepip",
            "\"ensurepip\"",
            "'ensurepip'",
            "with_pip=True",
        ],
    ),
    (
        "tests",
        &[
            "from test import test_",
            "from test.test_",
            "import test.test_",
            "test.libregrtest",
        ],
    ),
];

/// Which groups are pruned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pruning {
    groups: BTreeSet<Group>,
}

impl Default for Pruning {
    fn default() -> Self {
        let by_default = GROUPS.iter().filter(|(.., pruned)| *pruned);
        Self {
            groups: by_default.map(|(group, ..)| *group).collect(),
        }
    }
}

impl Pruning {
    /// `--no-prune`: every group is kept.
    pub(crate) const fn none() -> Self {
        Self {
            groups: BTreeSet::new(),
        }
    }

    /// `--keep NAME`
    ///
    /// # Errors
    /// When there is no group of this name; it lists them all.
    pub(crate) fn keep(mut self, name: &str) -> Result<Self> {
        self.groups.remove(&named(name)?);
        Ok(self)
    }

    /// `--prune NAME`
    ///
    /// # Errors
    /// When there is no group of this name; it lists them all.
    pub(crate) fn prune(mut self, name: &str) -> Result<Self> {
        self.groups.insert(named(name)?);
        Ok(self)
    }

    /// Whether a group is pruned.
    pub(super) fn removes(&self, group: Group) -> bool {
        self.groups.contains(&group)
    }
}

impl Group {
    /// Its name for `--keep` and `--prune`.
    pub(crate) fn name(self) -> &'static str {
        let mut groups = GROUPS.iter();
        groups
            .find(|(group, ..)| *group == self)
            .map_or("", |(_, name, _)| name)
    }
}

fn named(name: &str) -> Result<Group> {
    let mut groups = GROUPS.iter();
    if let Some((group, ..)) = groups.find(|(_, known, _)| *known == name) {
        return Ok(*group);
    }
    let names: Vec<&str> = GROUPS.iter().map(|(_, name, _)| *name).collect();
    Err(anyhow!("failed to find the group `{name}`")).hint(format!("the groups are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named() {
        let pruning = Pruning::default().keep("tests").unwrap().prune("tk").unwrap();
        assert!(!pruning.removes(Group::Tests) && pruning.removes(Group::Tk) && pruning.removes(Group::Idle));
        let error = Pruning::default().keep("docs").unwrap_err();
        assert_eq!(error.to_string(), "failed to find the group `docs`");
        assert!(
            crate::hint::of(&error)
                .unwrap()
                .starts_with("the groups are tests, idle,")
        );
        assert!(GROUPS.iter().all(|(group, name, _)| group.name() == *name));
    }
}
