//! A project that is built: the app is what its wheel installs.
//!
//! The wheel's modules and its dist-info become the app's code, so that an edit of the project makes the app's layer
//! anew and no other. A wheel that installs more than modules (data, programs, `.pth` files) is kept among the packages.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use pyship_launcher::format::names::APP_CODE;

use crate::app::exclude::Excludes;
use crate::app::note::Note;
use crate::app::pyproject::Project;
use crate::app::source::AppSource;
use crate::packages::metadata::{self, Distribution};
use crate::tree::{Node, Tree};

/// What the wheel of a project installs.
pub(crate) struct Package {
    /// The app.
    pub(crate) source: AppSource,
    /// All its files, when they belong among the packages; the app has no files then.
    pub(crate) installed: Option<Tree>,
    /// What it is and has.
    pub(crate) distribution: Distribution,
    /// Its METADATA.
    pub(crate) metadata: Vec<u8>,
}

/// Takes the project in `directory` from `tree`, which has nothing but its wheel, in `site_packages`.
///
/// # Errors
/// When the tree has no distribution.
pub(crate) fn read(
    directory: &Path,
    tree: Tree,
    site_packages: &str,
    excludes: &Excludes,
) -> Result<Package> {
    let distribution = metadata::distributions(&tree, site_packages)?
        .into_iter()
        .next()
        .context("its wheel has no dist-info")?;
    let metadata = metadata::text(&tree, site_packages)?;
    let (files, installed) = match only_modules(&tree, site_packages, &distribution) {
        true => (code(&tree, site_packages), None),
        false => (Tree::new(), Some(tree)),
    };
    let (files, notes) = excluded(files, excludes);
    let source = AppSource {
        project: Some(project(&distribution, &metadata)),
        notes,
        ..AppSource::new(directory, files)
    };
    Ok(Package {
        source,
        installed,
        distribution,
        metadata,
    })
}

fn project(distribution: &Distribution, metadata: &[u8]) -> Project {
    let pairs = |list: &[(String, String)]| list.iter().cloned().collect::<BTreeMap<_, _>>();
    Project {
        name: Some(distribution.name.clone()),
        version: Some(distribution.version.clone()),
        requires_python: metadata::field(metadata, "Requires-Python"),
        dependencies: metadata::fields(metadata, "Requires-Dist"),
        scripts: pairs(&distribution.console_scripts),
        gui_scripts: pairs(&distribution.gui_scripts),
        ..Project::default()
    }
}

/// Whether a wheel installs modules, and nothing beside them but its entry points.
fn only_modules(tree: &Tree, site_packages: &str, distribution: &Distribution) -> bool {
    let scripts = distribution
        .console_scripts
        .iter()
        .chain(&distribution.gui_scripts);
    let scripts: Vec<&[u8]> = scripts.map(|(name, _)| name.as_bytes()).collect();
    tree.files().all(|(path, _)| match below(path, site_packages) {
        Some(name) => !name.ends_with(b".pth") || name.contains(&b'/'),
        None => path
            .strip_prefix(b"bin/")
            .is_some_and(|name| scripts.contains(&name)),
    })
}

/// The modules as the app's code. `RECORD` stays out: with it, an installer that runs in the app would remove files of
/// the app's layer.
fn code(tree: &Tree, site_packages: &str) -> Tree {
    let mut files = Tree::new();
    for (path, node) in tree.iter() {
        let name = below(path, site_packages).filter(|name| !name.ends_with(b".dist-info/RECORD"));
        if let Some(name) = name {
            files.insert([APP_CODE.as_bytes(), b"/", name].concat(), node.clone());
        }
    }
    files
}

fn below<'a>(path: &'a [u8], site_packages: &str) -> Option<&'a [u8]> {
    path.strip_prefix(site_packages.as_bytes())?.strip_prefix(b"/")
}

/// The files that no `--exclude` matches.
fn excluded(mut files: Tree, excludes: &Excludes) -> (Tree, Vec<Note>) {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let mut used = Vec::new();
    let mut doomed = Vec::new();
    for (path, node) in files.iter() {
        let Some(name) = below(path, APP_CODE) else {
            continue;
        };
        let name = Path::new(OsStr::from_bytes(name));
        let is_directory = matches!(node, Node::Directory(_));
        if let Some(number) = excludes.rule(name, is_directory) {
            used.push(number);
            doomed.push(path.clone());
        }
    }
    for path in doomed {
        files.remove(&path);
    }
    let unused = excludes.rule_texts().enumerate();
    let unused = unused.filter(|(number, _)| !used.contains(number));
    let notes = unused.map(|(_, text)| Note::Unused(text.to_owned()));
    let notes = notes.collect();
    (files, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: &str = "lib/python3.12/site-packages";

    fn wheel(more: &[&str]) -> Package {
        let mut tree = Tree::new();
        let mut put = |path: &str, text: &str| tree.insert_bytes(path, text.as_bytes(), false);
        put(&format!("{SITE}/demo/__init__.py"), "");
        put(&format!("{SITE}/demo/notes.txt"), "");
        let info = format!("{SITE}/demo-1.dist-info");
        put(
            &format!("{info}/METADATA"),
            "Name: demo\nVersion: 1\nRequires-Dist: six\nRequires-Python: >=3.9\n\n",
        );
        put(&format!("{info}/RECORD"), "");
        put(
            &format!("{info}/entry_points.txt"),
            "[console_scripts]\nd = demo:main\n",
        );
        put("bin/d", "#!pyship-python\n");
        more.iter().for_each(|path| put(path, ""));
        let excludes = Excludes::new(&["*.txt", "*.csv"], None).unwrap();
        read(Path::new("p"), tree, SITE, &excludes).unwrap()
    }

    fn files(tree: &Tree) -> Vec<String> {
        tree.files()
            .map(|(path, _)| String::from_utf8(path.clone()).unwrap())
            .collect()
    }

    #[test]
    fn modules_and_metadata_become_the_code() {
        let found = wheel(&[]);
        assert!(found.installed.is_none());
        assert_eq!(
            files(&found.source.tree),
            ["code/demo-1.dist-info/METADATA", "code/demo/__init__.py"]
        );
        assert_eq!(found.source.notes, [Note::Unused("*.csv".to_owned())]);
        let project = found.source.project.unwrap();
        assert_eq!(project.scripts["d"], "demo:main");
        assert_eq!(project.dependencies, ["six"]);
        assert_eq!(project.requires_python.as_deref(), Some(">=3.9"));
    }

    #[test]
    fn data_programs_and_pth_files_belong_among_the_packages() {
        for more in [
            "share/demo/x",
            "bin/tool",
            "lib/python3.12/site-packages/demo.pth",
        ] {
            let found = wheel(&[more]);
            assert!(found.source.tree.is_empty(), "{more}");
            assert!(
                found.installed.is_some_and(|tree| tree.get(more).is_some()),
                "{more}"
            );
        }
    }
}
