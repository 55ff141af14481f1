//! What the fuzzers call: the packer's readers of bytes that others made. It is no part of the public interface.
//!
//! A function returns whether it accepted the input, and panics when a promise is broken.
#![expect(clippy::expect_used, reason = "a fuzzer looks for panics")]

use std::path::Path;

use crate::app::{pyproject, script_metadata};
use crate::elf::edit::edit;
use crate::elf::inspect;
use crate::packages::{metadata, pins, record, requirement, requirements_file};
use crate::sbom::graph;
use crate::sign::{Opened, key, signature};

const SITE_PACKAGES: &str = "lib/python3.12/site-packages";
/// The search path that a file is given.
const RPATH: &str = "$ORIGIN/../lib";

/// METADATA of a distribution, as far as a bill of materials needs it. Accepted: it has a name.
pub fn metadata(data: &[u8]) -> bool {
    let requires = metadata::fields(data, "Requires-Dist");
    let name = metadata::field(data, "Name");
    let packages = [("one", &requires[..]), ("other", &requires[..])];
    let edges = graph::edges(&packages, "3.12.1", "x86_64-unknown-linux-gnu", &requires);
    let edges = edges.expect("the version is one");
    assert!(
        edges
            .iter()
            .enumerate()
            .all(|(at, needs)| needs.iter().all(|to| *to < 2 && *to != at))
    );
    name.is_some()
}

/// A `RECORD`. Accepted: it is CSV.
pub fn record(data: &[u8]) -> bool {
    let Ok(entries) = record::parse(data) else {
        return false;
    };
    for entry in &entries {
        if let Some(path) = record::resolve(SITE_PACKAGES, &entry.path) {
            assert!(path.split('/').all(|part| part != ".." && part != "."), "{path}");
            let back = record::relative_to(SITE_PACKAGES, &path);
            assert_eq!(record::resolve(SITE_PACKAGES, &back), Some(path));
        }
    }
    let bytes = record::encode(entries.clone()).expect("it was read");
    let again = record::parse(&bytes).expect("it was written");
    let mut entries = entries;
    entries.sort();
    entries.dedup();
    // An entry without any field is a blank line, which is none.
    entries.retain(|entry| !(entry.path.is_empty() && entry.hash.is_empty() && entry.size.is_empty()));
    let kept = |list: Vec<record::Entry>| -> Vec<record::Entry> {
        let has_field = |entry: &record::Entry| {
            !(entry.path.is_empty() && entry.hash.is_empty() && entry.size.is_empty())
        };
        list.into_iter().filter(has_field).collect()
    };
    assert_eq!(kept(again), entries);
    true
}

/// A requirement with its marker. Accepted: both are well-formed and within bounds.
pub fn requirement(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let what = requirement::without_marker(text);
    let marker = text
        .split_once(';')
        .map(|(_, marker)| requirement::marker(marker));
    what.is_some() && marker.is_none_or(|marker| marker.is_some())
}

/// A requirements file. Accepted: it has a line that asks for something.
pub fn requirements(data: &[u8]) -> bool {
    let lines = requirements_file::parse(data);
    let asks = lines.iter().filter(|line| match line {
        requirements_file::Line::Requirement(text) => {
            assert!(!text.contains('\n') && !text.is_empty());
            // A path is a part of what was written.
            assert!(pins::local_path(text).is_none_or(|path| text.contains(path)));
            true
        }
        requirements_file::Line::File(_) | requirements_file::Line::Editable(_) => true,
        _ => false,
    });
    asks.count() > 0
}

/// An ELF file. Accepted: it is one. What is edited is one too and needs the same.
pub fn elf(data: &[u8]) -> bool {
    let Ok(Some(before)) = inspect(data) else {
        return false;
    };
    for rpath in [None, Some(RPATH)] {
        if let Ok(edited) = edit(data, rpath) {
            let after = inspect(&edited).expect("it was written").expect("it is ELF");
            assert_eq!(
                (after.needed, after.interpreter),
                (before.needed.clone(), before.interpreter.clone())
            );
        }
    }
    true
}

/// A signature of the file `signed` in `place` by the key whose public half is `public`. Accepted: it is valid.
pub fn signature(data: &[u8], place: &Path, signed: &[u8], public: &str) -> bool {
    let (file, signature) = (place.join("file"), place.join("file.minisig"));
    fs_err::write(&file, signed).expect("scratch space");
    fs_err::write(&signature, data).expect("scratch space");
    let public = key::public(public).expect("a key");
    let opened = Opened::new(&file).expect("it was written");
    signature::verify(&opened, &signature, &public, |_| {}).is_ok()
}

/// A pyproject.toml. Accepted: it is one, with sound options.
pub fn project(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    match pyproject::parse(text, Path::new("/app")) {
        Ok(file) => {
            let _ = (file.has_directories(), file.mapped_names().count());
            true
        }
        Err(error) => one_line(&error),
    }
}

/// A script with metadata. Accepted: it has sound metadata.
pub fn script(data: &[u8]) -> bool {
    match script_metadata::parse(data, Path::new("/app")) {
        Ok(script) => script.metadata.is_some(),
        Err(error) => one_line(&error),
    }
}

/// An error is shown in one line; false, for what was not accepted.
fn one_line(error: &anyhow::Error) -> bool {
    let text = pyship_launcher::error::plain(format!("{error:#}"));
    assert!(!text.contains(char::is_control), "{text:?}");
    false
}
