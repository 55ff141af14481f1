//! The packages of the deps layer, as the app's own site-packages.
//!
//! What is installed at run time lands in this directory, and never in a layer: site-packages is a directory of its
//! own, with a link for each top-level name of the layer. Directories that several distributions share are
//! directories here too, so that one more distribution can add to them: namespace packages, `__pycache__`, and
//! packages that consist of nothing but other packages. All others are links, so that their number is that of
//! packages and not that of files.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::dist_info::{self, Pins};
use super::plan::{Entry, Plan, entries};
use crate::sys;

/// How much of an `__init__.py` is read. Those of namespace packages are short.
const READ: u64 = 8 << 10;
/// What makes a package a namespace package of the kinds before PEP 420: `pkgutil`'s and `pkg_resources`'.
const NAMESPACE_WORDS: [&[u8]; 2] = [b"extend_path", b"declare_namespace"];

/// Adds the packages in `source`, a site-packages of a layer, as `path`; returns the distributions among them.
pub(super) fn add(plan: &mut Plan, source: &Path, path: &Path) -> io::Result<Pins> {
    let mut pins = Pins::default();
    plan.directory(path);
    for entry in entries(source)? {
        let at = path.join(&entry.name);
        if entry.is_directory && dist_info::is_one(&entry) {
            dist_info::add(plan, &entry, &at, &mut pins)?;
        } else {
            add_entry(plan, &entry, &at)?;
        }
    }
    Ok(pins)
}

fn add_entry(plan: &mut Plan, entry: &Entry, path: &Path) -> io::Result<()> {
    if !(entry.is_directory && is_shared(entry)?) {
        plan.link(path, &entry.source);
        return Ok(());
    }
    plan.directory(path);
    for below in entries(&entry.source)? {
        add_entry(plan, &below, &path.join(&below.name))?;
    }
    Ok(())
}

/// Whether several distributions may have files in a directory.
fn is_shared(entry: &Entry) -> io::Result<bool> {
    if entry.bytes() == b"__pycache__" {
        return Ok(true);
    }
    // No package, such as the shared libraries of one.
    if entry.bytes().iter().any(|byte| b".-".contains(byte)) {
        return Ok(false);
    }
    let inside = entries(&entry.source)?;
    if !inside.iter().any(is_init) {
        return holds_modules(&inside);
    }
    let is_alone = inside
        .iter()
        .all(|one| one.is_directory || is_init(one) || one.bytes() == b"py.typed");
    let has_packages = inside
        .iter()
        .any(|one| one.is_directory && one.bytes() != b"__pycache__");
    Ok(is_alone && has_packages || is_old_namespace(&entry.source.join("__init__.py")))
}

/// Whether there are modules in a directory that is no package itself, at any depth.
fn holds_modules(inside: &[Entry]) -> io::Result<bool> {
    for one in inside {
        let has_modules = if one.is_directory {
            let below = entries(&one.source)?;
            below.iter().any(is_init) || holds_modules(&below)?
        } else {
            one.bytes().ends_with(b".py")
        };
        if has_modules {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_init(entry: &Entry) -> bool {
    entry.bytes().starts_with(b"__init__.")
}

fn is_old_namespace(init: &Path) -> bool {
    let mut text = Vec::new();
    let read = fs::File::open(init).and_then(|file| file.take(READ).read_to_end(&mut text));
    read.is_ok()
        && NAMESPACE_WORDS
            .iter()
            .any(|word| sys::find(&text, word).is_some())
}
