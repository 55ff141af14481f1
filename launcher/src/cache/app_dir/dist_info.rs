//! The metadata of packed distributions, so that no installer replaces or removes them at run time.
//!
//! Their files are links into a layer that other apps share, and an installer would write through those. The means
//! are those of system packagers (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/>):
//! a distribution without RECORD is left alone by installers. Here a link to a path below a file stands in its place.
//! Every pip, `pkg_resources` and `importlib.metadata` take that for a missing file; uv, which would go on without one,
//! ends with an error that names it: "not a directory" is another error than "not found". The file that the link names
//! says what can be done. INSTALLER names who can change the packages, and SOURCES.txt lists the files for
//! `importlib.metadata.files`. pip also gets the versions as constraints, and so chooses what fits them.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::plan::{Entry, Plan, entries};
use crate::format::names::{APP_CONSTRAINTS, APP_PIP_CONF};
use crate::sort::order;

const ENDING: &[u8] = b".dist-info";
const RECORD: &str = "RECORD";
const INSTALLER: &str = "INSTALLER";
const README: &str = "README";
/// Below [`README`], so that it can't be opened. `ls -l` shows it.
const NO_RECORD: &str = "README/pack-the-program-again-to-change-this-package";
const SOURCES: &str = "SOURCES.txt";

/// pip shows it as `The package was installed by ...`.
const INSTALLED_BY: &[u8] = b"pyship, in a file that has to be packed again to change it\n";
const WAY_OUT: &[u8] = b"\
This package was packed into a program by pyship and can't be replaced or removed at run time.
Pack the program again to change it, or install into another directory with --target.
";
const CONSTRAINTS_HEAD: &[u8] = b"\
# These packages were packed into the program by pyship and can't be replaced at run time.
# Pack the program again to change them. Other packages can be installed beside them.
";

/// Distributions as pip's constraints: `name==version`, a line each.
#[derive(Debug, Default)]
pub(super) struct Pins {
    lines: Vec<Vec<u8>>,
}

/// Whether an entry of a site-packages is a distribution's metadata.
pub(super) fn is_one(entry: &Entry) -> bool {
    entry.bytes().ends_with(ENDING)
}

/// Adds the metadata in `entry` as `path`.
pub(super) fn add(plan: &mut Plan, entry: &Entry, path: &Path, pins: &mut Pins) -> io::Result<()> {
    let stem = entry.bytes().strip_suffix(ENDING).unwrap_or_default();
    if let Some(at) = stem.iter().rposition(|&byte| byte == b'-') {
        pins.lines
            .push([&stem[..at], b"==", &stem[at + 1..], b"\n"].concat());
    }
    plan.directory(path);
    plan.file(&path.join(INSTALLER), INSTALLED_BY.to_vec(), false);
    let inside = entries(&entry.source)?;
    plan.file(&path.join(README), WAY_OUT.to_vec(), false);
    plan.link(&path.join(RECORD), NO_RECORD);
    let has = |name: &str| inside.iter().any(|one| one.name == name);
    if has(RECORD) && !has(SOURCES) {
        let record = fs::read(entry.source.join(RECORD))?;
        plan.file(&path.join(SOURCES), paths(&record), false);
    }
    for one in &inside {
        plan.link(&path.join(&one.name), &one.source);
    }
    Ok(())
}

/// Adds pip's configuration for an environment in `directory`.
pub(super) fn add_configuration(plan: &mut Plan, directory: &Path, pins: Pins) {
    let lines = pins.lines;
    if lines.is_empty() {
        return;
    }
    let keys: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    let lines = order(&keys).into_iter().flat_map(|at| keys[at]).copied();
    let text: Vec<u8> = CONSTRAINTS_HEAD.iter().copied().chain(lines).collect();
    plan.file(Path::new(APP_CONSTRAINTS), text, false);
    let url = url(directory.join(APP_CONSTRAINTS).as_os_str().as_bytes());
    let text = [b"[install]\nconstraint = ", url.as_slice(), b"\n"].concat();
    plan.file(Path::new(APP_PIP_CONF), text, false);
}

/// A `file:` URL: pip splits paths at spaces.
fn url(path: &[u8]) -> Vec<u8> {
    let mut url = b"file://".to_vec();
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(byte);
        } else {
            url.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    url
}

/// The paths in a RECORD, a line each: the first fields of its CSV lines. The few that `importlib.metadata` could not
/// read from SOURCES.txt are left out: those with a quote or a line end in them.
fn paths(record: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in record.split(|&byte| byte == b'\n') {
        let (text, end) = match line.strip_prefix(b"\"") {
            Some(quoted) => (quoted, b'"'),
            None => (line, b','),
        };
        let path = text.split(|&byte| byte == end).next().unwrap_or_default();
        let is_whole = end == b',' || text[path.len()..].starts_with(b"\",");
        if !path.is_empty() && is_whole {
            out.extend_from_slice(path);
            out.push(b'\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fields_of_a_record_are_its_paths() {
        let record =
            b"six.py,sha256=x,3\n\"a,b.py\",sha256=y,4\n../../../bin/six,,\n\"a\"\"b.py\",,\nx/RECORD,,\n";
        let want = "six.py\na,b.py\n../../../bin/six\nx/RECORD\n";
        assert_eq!(String::from_utf8(paths(record)).unwrap(), want);
    }

    #[test]
    fn urls_have_no_spaces() {
        assert_eq!(url(b"/a b/c%d"), b"file:///a%20b/c%25d");
    }
}
