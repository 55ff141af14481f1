//! The files of an installation that name its directories, made to say where they lie now and not where the
//! interpreter was built.
//!
//! | file | how it finds the prefix |
//! |---|---|
//! | `_sysconfigdata*.py` | from its own path, when it is imported |
//! | `config-*/Makefile` | from its own path, in make's words |
//! | `pkgconfig/*.pc` | from its own path, by `${pcfiledir}` |
//! | `build-details.json` | relative paths (PEP 739) |
//! | `_sysconfig_vars*.json` | can't compute anything: the neutral `/install` |
//!
//! Where the prefix is `/usr`, most paths that begin with it are those of the system's programs. There only the
//! variables that name the interpreter's own directories change.

use anyhow::Result;

use super::facts::Interpreter;
use super::sysconfig;
use crate::tree::{Content, File, LayerPath, Node, Tree};

/// Variables that name directories of the interpreter.
const DIRECTORIES: &[&str] = &[
    "BINDIR",
    "BINLIBDEST",
    "CONFINCLUDEDIR",
    "CONFINCLUDEPY",
    "DESTDIRS",
    "DESTLIB",
    "DESTSHARED",
    "INCLDIRSTOMAKE",
    "INCLUDEDIR",
    "INCLUDEPY",
    "LIBDEST",
    "LIBDIR",
    "LIBPC",
    "LIBPL",
    "MACHDESTLIB",
    "MANDIR",
    "SCRIPTDIR",
    "datarootdir",
    "exec_prefix",
    "prefix",
];
/// Variables with the directory that the interpreter was built in.
const BUILT_IN: &[&str] = &["abs_builddir", "abs_srcdir"];
/// Stands for the prefix where nothing can be computed.
const NEUTRAL: &str = "/install";
/// The directory of a makefile, three directories below the prefix.
const MAKE_PREFIX: &str = "$(abspath $(dir $(lastword $(MAKEFILE_LIST)))../../..)";

/// Said in an installation without packages: pip and uv then install nothing there (PEP 668).
const EXTERNALLY_MANAGED: &str = "[externally-managed]\nError=This Python is shared by packed programs. Install into \
                                  the program's own environment, or into a virtual environment.\n";

/// A path of the builder, and what stands for it below the prefix.
struct Place {
    path: String,
    below: String,
}

/// Changes the files of a runtime tree.
///
/// # Errors
/// When a file can't be read.
pub(crate) fn relocate(tree: &mut Tree, interpreter: &Interpreter) -> Result<()> {
    let stdlib = interpreter.layer_stdlib();
    tree.insert_bytes(
        format!("{stdlib}/EXTERNALLY-MANAGED"),
        EXTERNALLY_MANAGED.as_bytes(),
        false,
    );
    let places = places(tree, interpreter, &stdlib);
    let files: Vec<(LayerPath, Content)> = tree
        .files()
        .filter(|(path, _)| path.starts_with(b"lib/"))
        .map(|(path, File { content, .. })| (path.clone(), content.clone()))
        .collect();
    for (path, content) in files {
        let Ok(name) = std::str::from_utf8(&path) else {
            continue;
        };
        let Some(change) = change_of(name, &stdlib) else {
            continue;
        };
        let bytes = content.read()?;
        let Ok(text) = std::str::from_utf8(&bytes) else {
            continue;
        };
        let changed = change(text, &places);
        if changed != text {
            let executable = matches!(tree.get(&path), Some(Node::File(file)) if file.mode.is_executable());
            tree.insert_bytes(path, changed.into_bytes(), executable);
        }
    }
    Ok(())
}

type Change = fn(&str, &[Place]) -> String;

/// What is done to a file.
fn change_of(path: &str, stdlib: &str) -> Option<Change> {
    let (directory, name) = path.rsplit_once('/')?;
    if directory == "lib/pkgconfig" && name.ends_with(".pc") {
        return Some(in_pkg_config);
    }
    let below = directory.strip_prefix(stdlib)?;
    let change: Change = match name {
        "Makefile" if below.starts_with("/config-") => in_makefile,
        "python-config.py" if below.starts_with("/config-") => in_script,
        "build-details.json" if below.is_empty() => in_build_details,
        _ if !below.is_empty() => return None,
        _ if name.starts_with("_sysconfigdata") && name.ends_with(".py") => in_python,
        _ if name.starts_with("_sysconfig_vars") && name.ends_with(".json") => in_json,
        _ => return None,
    };
    Some(change)
}

/// The builder's paths, longest first.
fn places(tree: &Tree, interpreter: &Interpreter, stdlib: &str) -> Vec<Place> {
    let facts = &interpreter.facts;
    let variables = sysconfig::build_variables(&facts.stdlib).unwrap_or_default();
    let variable = |name: &str| {
        variables
            .get(name)
            .filter(|value| value.starts_with('/'))
            .cloned()
    };
    let mut prefixes = vec![facts.prefix.to_string_lossy().into_owned()];
    prefixes.extend(["prefix", "exec_prefix"].into_iter().filter_map(variable));
    let config = |(path, _): (&LayerPath, &Node)| {
        let path = std::str::from_utf8(path).ok()?;
        let name = path.strip_prefix(stdlib)?.strip_prefix("/config-")?;
        (!name.contains('/')).then(|| format!("/{path}"))
    };
    let config = tree.iter().find_map(config).unwrap_or_default();
    let built_in = BUILT_IN.iter().filter_map(|name| variable(name));
    let mut places: Vec<Place> = built_in
        .map(|path| Place {
            path,
            below: config.clone(),
        })
        .chain(prefixes.into_iter().map(|path| Place {
            path,
            below: String::new(),
        }))
        .filter(|place| place.path.len() > 1 && !place.path.contains(['\'', '"', '\\', '\n']))
        .collect();
    places.sort_by(|a, b| b.path.len().cmp(&a.path.len()).then(a.path.cmp(&b.path)));
    places.dedup_by(|a, b| a.path == b.path);
    places
}

/// Whether a place is a directory of the system, which others' files are in too.
fn is_systems(place: &Place) -> bool {
    place.path == "/usr"
}

/// Replaces the places in `text` by what `write` makes of each.
fn replace(text: &str, places: &[&Place], write: &dyn Fn(&Place) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let ends = |after: &str| !after.starts_with(|c: char| c.is_alphanumeric() || "._-+".contains(c));
        let found = places
            .iter()
            .find(|place| rest.strip_prefix(&place.path).is_some_and(ends));
        match found {
            Some(place) => {
                out.push_str(&write(place));
                rest = &rest[place.path.len()..];
            }
            None => {
                out.push('/');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn in_python(text: &str, places: &[Place]) -> String {
    const HEAD: &str = "_prefix = __file__.rsplit('/', 3)[0]\n";
    let Some(start) = text.find("build_time_vars") else {
        return text.to_owned();
    };
    let literals = in_literals(&text[start..], &|key| {
        let own = DIRECTORIES.contains(&key);
        places.iter().filter(|place| own || !is_systems(place)).collect()
    });
    [&text[..start], HEAD, &literals].concat()
}

/// Replaces places in the values of a Python dictionary by expressions; `places` tells which, by a value's key.
fn in_literals<'a>(text: &str, places: &dyn Fn(&str) -> Vec<&'a Place>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut key = String::new();
    let mut is_key = false;
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '{', ',', ':', '#']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let mark = &from[..1];
        let mut end = 1;
        match mark {
            "{" | "," => is_key = true,
            ":" => is_key = false,
            "#" => end = from.find('\n').unwrap_or(from.len()),
            quote => {
                let Some(length) = literal_length(from) else { break };
                end = length;
                let inside = &from[1..end - 1];
                if is_key {
                    inside.clone_into(&mut key);
                } else {
                    let write = |place: &Place| format!("{quote} + _prefix + {quote}{}", place.below);
                    let replaced = replace(inside, &places(&key), &write);
                    out.push_str(&[quote, &replaced, quote].concat());
                    rest = &from[end..];
                    continue;
                }
            }
        }
        out.push_str(&from[..end]);
        rest = &from[end..];
    }
    out + rest
}

/// The length of the string literal at the beginning of `text`, with its quotes.
fn literal_length(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn in_makefile(text: &str, places: &[Place]) -> String {
    let own: Vec<&Place> = places.iter().filter(|place| !is_systems(place)).collect();
    let lines = text.split_inclusive('\n').map(|line| {
        let is_definition = line
            .strip_prefix("prefix")
            .is_some_and(|rest| rest.trim_start().starts_with('='));
        let prefix = if is_definition { MAKE_PREFIX } else { "$(prefix)" };
        replace(line, &own, &|place| format!("{prefix}{}", place.below))
    });
    lines.collect()
}

fn in_pkg_config(text: &str, places: &[Place]) -> String {
    let all: Vec<&Place> = places.iter().collect();
    let lines = text.split_inclusive('\n').map(|line| {
        let prefix = if line.starts_with("prefix=") {
            "${pcfiledir}/../.."
        } else {
            "${prefix}"
        };
        replace(line, &all, &|place| format!("{prefix}{}", place.below))
    });
    lines.collect()
}

fn in_script(text: &str, _: &[Place]) -> String {
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => format!("#!/usr/bin/env python3\n{rest}"),
        _ => text.to_owned(),
    }
}

fn in_json(text: &str, places: &[Place]) -> String {
    let own: Vec<&Place> = places.iter().filter(|place| !is_systems(place)).collect();
    replace(text, &own, &|place| format!("{NEUTRAL}{}", place.below))
}

/// Paths are relative to `base_prefix`, and that to the file's own directory, `lib/python3.14`.
fn in_build_details(text: &str, places: &[Place]) -> String {
    let prefixes: Vec<&Place> = places.iter().filter(|place| place.below.is_empty()).collect();
    let quoted = prefixes.iter().fold(text.to_owned(), |text, place| {
        text.replace(&format!("\"{}\"", place.path), "\"../..\"")
            .replace(&format!("\"{}/", place.path), "\"")
    });
    in_json(&quoted, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(prefix: &str) -> Vec<Place> {
        let place = |path: &str, below: &str| Place {
            path: path.to_owned(),
            below: below.to_owned(),
        };
        vec![place("/tmp/build/Python-3.12", "/lib/config"), place(prefix, "")]
    }

    #[test]
    fn values_are_computed_from_the_files_path() {
        let text = "# x\nbuild_time_vars = {'BINDIR': '/opt/py/bin',\n 'A': \"it's -L/opt/py/lib \"\n      '-I/opt/py',\n \
                    'B': 1, 'C': '/opt/py2', 'abs_srcdir': '/tmp/build/Python-3.12'}\n";
        assert_eq!(
            in_python(text, &places("/opt/py")),
            "# x\n_prefix = __file__.rsplit('/', 3)[0]\nbuild_time_vars = {'BINDIR': '' + _prefix + '/bin',\n \
             'A': \"it's -L\" + _prefix + \"/lib \"\n      '-I' + _prefix + '',\n 'B': 1, 'C': '/opt/py2', \
             'abs_srcdir': '' + _prefix + '/lib/config'}\n"
        );
    }

    #[test]
    fn of_a_systems_prefix_only_the_interpreters_directories_change() {
        let text = "build_time_vars = {'BINDIR': '/usr/bin', 'INSTALL': '/usr/bin/install -c'}";
        let found = in_python(text, &places("/usr"));
        assert!(
            found.ends_with("{'BINDIR': '' + _prefix + '/bin', 'INSTALL': '/usr/bin/install -c'}"),
            "{found}"
        );
        assert_eq!(in_makefile("prefix= /usr\n", &places("/usr")), "prefix= /usr\n");
    }

    #[test]
    fn other_files_say_it_in_their_own_words() {
        let all = places("/opt/py");
        assert_eq!(
            in_makefile("prefix=\t/opt/py\nLIBDIR= /opt/py/lib\n", &all),
            format!("prefix=\t{MAKE_PREFIX}\nLIBDIR= $(prefix)/lib\n")
        );
        assert_eq!(
            in_pkg_config("prefix=/opt/py\nLibs: -L/opt/py/lib\n", &all),
            "prefix=${pcfiledir}/../..\nLibs: -L${prefix}/lib\n"
        );
        assert_eq!(
            in_build_details(r#"{"base_prefix": "/opt/py", "x": "/opt/py/bin/python3"}"#, &all),
            r#"{"base_prefix": "../..", "x": "bin/python3"}"#
        );
        assert_eq!(
            in_json(r#"{"CFLAGS": "-I/opt/py/include"}"#, &all),
            r#"{"CFLAGS": "-I/install/include"}"#
        );
    }
}
