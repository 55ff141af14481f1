//! What of a standard library stays at home: named groups of files that no program imports. Which group a
//! file belongs to is decided by its path alone, and each group's loss is counted.
//!
//! What each adds to a packed CPython 3.12 (stripped, with bytecode, zstd 9): tests 13.0 MB, static 13.0 MB,
//! ensurepip 2.0 MB, idle 0.9 MB, nis 0.6 MB, headers 0.2 MB, turtledemo 50 KB, foreign 10 KB; tk, which stays,
//! 0.8 MB of scripts and 2.8 MB of Tcl's, Tk's and X11's libraries.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::tree::{LayerPath, Node, Tree};

/// A group of files that go or stay together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// CPython's own tests.
    Tests,
    /// The editor.
    Idle,
    /// Turtle's show.
    Turtledemo,
    /// The wheel of pip.
    Ensurepip,
    /// What embedders link with.
    Static,
    /// C headers.
    Headers,
    /// What only works on Windows.
    Foreign,
    /// A client of Sun's Yellow Pages.
    Nis,
    /// Graphical interfaces.
    Tk,
}

/// A group's name, what it is for people, and whether it is left out unless asked for.
#[derive(Debug)]
pub struct Description {
    /// The group.
    pub group: Group,
    /// Its name for `--keep` and `--prune`.
    pub name: &'static str,
    /// One line about it.
    pub doc: &'static str,
    /// Whether it is left out by default.
    pub pruned: bool,
}

const fn describe(group: Group, name: &'static str, doc: &'static str, pruned: bool) -> Description {
    Description {
        group,
        name,
        doc,
        pruned,
    }
}

/// Every group.
pub const GROUPS: &[Description] = &[
    describe(
        Group::Tests,
        "tests",
        "CPython's own tests and the modules that serve them; `test.support` stays",
        true,
    ),
    describe(Group::Idle, "idle", "the editor IDLE", true),
    describe(
        Group::Turtledemo,
        "turtledemo",
        "demonstrations of the turtle module",
        true,
    ),
    describe(
        Group::Ensurepip,
        "ensurepip",
        "the wheels from which `python -m venv` installs pip; the package stays",
        true,
    ),
    describe(
        Group::Static,
        "static",
        "static libpython and what is needed to link it; the Makefile stays",
        true,
    ),
    describe(
        Group::Headers,
        "headers",
        "Python.h and its kind, for programs that compile C at run time",
        true,
    ),
    describe(
        Group::Foreign,
        "foreign",
        "modules and programs that only work on Windows",
        true,
    ),
    describe(
        Group::Tk,
        "tk",
        "tkinter, turtle, and the Tcl and Tk libraries; stays when the app or a package names tkinter",
        false,
    ),
    describe(
        Group::Nis,
        "nis",
        "the module nis, with Kerberos and RPC libraries that only it needs; stays when something imports it",
        false,
    ),
];

/// Groups that stay only when a source of the app or of a package holds one of these words: they are large, and
/// nothing else of the standard library needs them.
pub const ON_DEMAND: &[(&str, &[&str])] = &[
    ("tk", &["tkinter", "turtle", "Tkinter"]),
    ("nis", &["import nis", "\"nis\"", "'nis'"]),
];

/// Which groups stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    pruned: BTreeSet<Group>,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            pruned: GROUPS
                .iter()
                .filter(|one| one.pruned)
                .map(|one| one.group)
                .collect(),
        }
    }
}

impl Keep {
    /// `--no-prune`: everything stays.
    #[must_use]
    pub const fn everything() -> Self {
        Self {
            pruned: BTreeSet::new(),
        }
    }

    /// `--keep NAME`
    ///
    /// # Errors
    /// When there is no group of this name; it names them all.
    pub fn keep(mut self, name: &str) -> Result<Self> {
        self.pruned.remove(&named(name)?);
        Ok(self)
    }

    /// `--prune NAME`
    ///
    /// # Errors
    /// When there is no group of this name; it names them all.
    pub fn prune(mut self, name: &str) -> Result<Self> {
        self.pruned.insert(named(name)?);
        Ok(self)
    }

    /// Whether a group stays.
    #[must_use]
    pub fn has(&self, group: Group) -> bool {
        !self.pruned.contains(&group)
    }
}

/// What was left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// By group: files and their bytes. Groups that had nothing aren't there.
    pub groups: BTreeMap<Group, Loss>,
}

/// How much a group was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loss {
    /// Files and links.
    pub files: u64,
    /// Their bytes on the builder.
    pub bytes: u64,
}

impl PruneReport {
    pub(super) fn count(&mut self, group: Group, bytes: u64) {
        let loss = self.groups.entry(group).or_default();
        loss.files += 1;
        loss.bytes += bytes;
    }
}

impl Group {
    /// Its name for `--keep` and `--prune`.
    #[must_use]
    pub fn name(self) -> &'static str {
        GROUPS
            .iter()
            .find(|one| one.group == self)
            .map_or("", |one| one.name)
    }
}

fn named(name: &str) -> Result<Group> {
    match GROUPS.iter().find(|one| one.name == name) {
        Some(found) => Ok(found.group),
        None => {
            let names: Vec<&str> = GROUPS.iter().map(|one| one.name).collect();
            bail!(
                "failed to find the group `{name}`: there are {}",
                names.join(", ")
            )
        }
    }
}

/// Takes the groups out of `tree` that don't stay, and with them the links that then lead nowhere. `stdlib` is
/// where the standard library lies in it.
pub(super) fn prune(tree: Tree, stdlib: &str, keep: &Keep) -> Result<(Tree, PruneReport)> {
    let mut report = PruneReport::default();
    let mut kept = Tree::new();
    for (path, node) in tree.iter() {
        let within = path
            .strip_prefix(stdlib.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"/"));
        let group = match within {
            Some(within) => group_of(&String::from_utf8_lossy(within)),
            None => group_beside(&String::from_utf8_lossy(path)),
        };
        match (group.filter(|&group| !keep.has(group)), node) {
            (None, node) => kept.insert(path.clone(), node.clone()),
            (Some(_), Node::Directory) => {}
            (Some(group), Node::File(file)) => report.count(group, file.content.size()?),
            (Some(group), Node::Symlink(_)) => report.count(group, 0),
        }
    }
    let dangling: Vec<LayerPath> = kept
        .iter()
        .filter(|(path, node)| dangles(&tree, &kept, path, node))
        .map(|(path, _)| path.clone())
        .collect();
    for path in dangling {
        kept.remove(&path);
    }
    Ok((kept, report))
}

/// Whether a link had a target and has lost it.
fn dangles(before: &Tree, after: &Tree, path: &[u8], node: &Node) -> bool {
    let Node::Symlink(target) = node else { return false };
    let target = crate::bytecode::join(path, target);
    target.is_some_and(|target| before.get(&target).is_some() && after.get(&target).is_none())
}

/// The group of a file or directory of the standard library, by its path within it.
pub(super) fn group_of(path: &str) -> Option<Group> {
    let parts: Vec<&str> = path.split('/').collect();
    let name = *parts.last()?;
    let group = match parts[0] {
        // Debian, which has the tests in a package of their own, keeps these for the programs that import them.
        "test" if parts.len() == 1 || matches!(parts[1], "__init__.py" | "support") => return None,
        "test" => Group::Tests,
        "idlelib" => Group::Idle,
        "turtledemo" => Group::Turtledemo,
        "ensurepip" if name.ends_with(".whl") => Group::Ensurepip,
        "tkinter" | "turtle.py" if parts.get(1) != Some(&"test") => Group::Tk,
        "__phello__" | "__hello__.py" | "__phello__.foo.py" => Group::Tests,
        "msilib" => Group::Foreign,
        "lib-dynload" => return extension_group(name),
        first if first.starts_with("config-") && name != "Makefile" && parts.len() > 1 => Group::Static,
        // unittest/test, ctypes/test, distutils/tests, lib2to3/tests, sqlite3/test, tkinter/test
        _ if parts.len() > 1 && matches!(parts[1], "test" | "tests") => Group::Tests,
        _ if path == "distutils/command/bdist_msi.py" => Group::Foreign,
        _ if name.starts_with("wininst-") && name.ends_with(".exe") => Group::Foreign,
        _ => return None,
    };
    Some(group)
}

fn extension_group(name: &str) -> Option<Group> {
    let module = name.split('.').next().unwrap_or_default();
    match module {
        "_tkinter" => Some(Group::Tk),
        "nis" => Some(Group::Nis),
        "_ctypes_test" | "_xxtestfuzz" | "xxlimited" | "xxlimited_35" | "xxsubtype" => Some(Group::Tests),
        _ if module.starts_with("_test") => Some(Group::Tests),
        _ => None,
    }
}

/// The group of a file outside the standard library.
fn group_beside(path: &str) -> Option<Group> {
    let in_lib = path
        .strip_prefix("lib/")
        .map(|rest| rest.split('/').next().unwrap_or_default());
    match in_lib {
        _ if path.starts_with("include") => Some(Group::Headers),
        Some(name) if super::tcltk::is_data(name) => Some(Group::Tk),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_paths() {
        let cases = [
            ("test/test_os.py", Some(Group::Tests)),
            ("test/support/__init__.py", None),
            ("test/__init__.py", None),
            ("test", None),
            ("unittest/test/test_case.py", Some(Group::Tests)),
            ("tkinter/test/support.py", Some(Group::Tests)),
            ("tkinter/__init__.py", Some(Group::Tk)),
            ("turtle.py", Some(Group::Tk)),
            ("idlelib/idle_test/x.py", Some(Group::Idle)),
            ("lib2to3/Grammar.txt", None),
            ("ensurepip/__init__.py", None),
            ("ensurepip/_bundled/__init__.py", None),
            (
                "ensurepip/_bundled/pip-24.0-py3-none-any.whl",
                Some(Group::Ensurepip),
            ),
            ("config-3.12-x86_64-linux-gnu/Makefile", None),
            (
                "config-3.12-x86_64-linux-gnu/libpython3.12.a",
                Some(Group::Static),
            ),
            (
                "lib-dynload/_testcapi.cpython-312-x86_64-linux-gnu.so",
                Some(Group::Tests),
            ),
            ("lib-dynload/_ctypes.cpython-312-x86_64-linux-gnu.so", None),
            (
                "lib-dynload/_xxsubinterpreters.cpython-312-x86_64-linux-gnu.so",
                None,
            ),
            (
                "lib-dynload/nis.cpython-312-x86_64-linux-gnu.so",
                Some(Group::Nis),
            ),
            ("pydoc_data/topics.py", None),
            ("distutils/command/wininst-9.0.exe", Some(Group::Foreign)),
        ];
        for (path, group) in cases {
            assert_eq!(group_of(path), group, "{path}");
        }
    }

    #[test]
    fn groups_are_named() {
        let keep = Keep::default().keep("tests").unwrap().prune("tk").unwrap();
        assert!(keep.has(Group::Tests) && !keep.has(Group::Tk) && !keep.has(Group::Idle));
        let error = Keep::default().keep("docs").unwrap_err().to_string();
        assert!(
            error.starts_with("failed to find the group `docs`: there are tests, idle,"),
            "{error}"
        );
        assert!(GROUPS.iter().all(|one| one.group.name() == one.name));
    }
}
