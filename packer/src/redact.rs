//! Options as the provenance shows them: what the file depends on, and nothing that only the builder has. Paths
//! become the names of their files, URLs lose user, password and query, variables lose their values.
//!
//! The functions that take a serializer are for `#[serde(serialize_with = ...)]` of
//! [`PackOptions`](crate::options::PackOptions).

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::{include, url};

/// Replaces a directory of the builder.
const LOCAL: &str = "(local directory)";
/// The packages of an environment that was there already.
const VENV: &str = "(virtual environment)";
/// Endings of what installers take as a file.
const ARCHIVES: &[&str] = &[".whl", ".tar.gz", ".tar.bz2", ".zip"];

type Done<S> = Result<<S as Serializer>::Ok, <S as Serializer>::Error>;

/// APP's kind.
pub(crate) fn app<S: Serializer>(app: &Option<PathBuf>, serializer: S) -> Done<S> {
    let kind = |app: &PathBuf| match app.extension() {
        _ if app.is_dir() => "directory",
        Some(ending) if ending == "py" => "script",
        _ => "zipapp",
    };
    app.as_ref().map(kind).serialize(serializer)
}

/// Whether something was given.
pub(crate) fn presence<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Done<S> {
    path.is_some().serialize(serializer)
}

/// Where the packages come from, in words.
#[expect(clippy::option_option, reason = "as the field")]
pub(crate) fn venv<S: Serializer>(venv: &Option<Option<PathBuf>>, serializer: S) -> Done<S> {
    venv.is_some().then_some(VENV).serialize(serializer)
}

pub(crate) fn requirements<S: Serializer>(list: &[String], serializer: S) -> Done<S> {
    serializer.collect_seq(list.iter().map(|text| requirement(text)))
}

pub(crate) fn locations<S: Serializer>(list: &[String], serializer: S) -> Done<S> {
    serializer.collect_seq(list.iter().map(|text| index(text)))
}

pub(crate) fn location<S: Serializer>(text: &Option<String>, serializer: S) -> Done<S> {
    text.as_deref().map(index).serialize(serializer)
}

pub(crate) fn includes<S: Serializer>(list: &[String], serializer: S) -> Done<S> {
    serializer.collect_seq(list.iter().map(|text| included(text)))
}

/// The last part of each path.
pub(crate) fn file_names<S: Serializer>(list: &[String], serializer: S) -> Done<S> {
    serializer.collect_seq(list.iter().map(|text| text.rsplit('/').next().unwrap_or(text)))
}

/// The names of `NAME=value`.
pub(crate) fn variables<S: Serializer>(list: &[String], serializer: S) -> Done<S> {
    serializer.collect_seq(list.iter().map(|pair| pair.split('=').next().unwrap_or_default()))
}

pub(crate) fn python<S: Serializer>(spec: &Option<String>, serializer: S) -> Done<S> {
    let shown = |spec: &String| {
        if spec.contains("://") {
            url(spec)
        } else {
            spec.clone()
        }
    };
    spec.as_ref().map(shown).serialize(serializer)
}

/// Whether `--python` is left out: the provenance names the interpreter itself elsewhere.
pub(crate) fn is_local_python(spec: &Option<String>) -> bool {
    spec.as_ref()
        .is_none_or(|spec| spec.contains('/') && !spec.contains("://"))
}

/// `pkg[extra]>=1`, `pkg @ https://…`, a wheel, a directory.
pub(crate) fn requirement(text: &str) -> String {
    if text.contains("://") {
        return url::replaced(text, url);
    }
    let (what, marker) = text
        .split_once(';')
        .map_or((text, ""), |(what, marker)| (what.trim_end(), marker));
    if ARCHIVES.iter().any(|ending| what.ends_with(ending)) {
        return file_name(what);
    }
    if what.contains('/') || what.starts_with(['.', '~']) || what.contains("file:") {
        return LOCAL.to_owned();
    }
    if marker.is_empty() {
        text.to_owned()
    } else {
        format!("{what};{marker}")
    }
}

/// An index, or a directory or page with wheels.
fn index(text: &str) -> String {
    if text.contains("://") {
        url(text)
    } else {
        LOCAL.to_owned()
    }
}

/// `SRC[:DST]` with SRC's last part.
fn included(text: &str) -> String {
    match include::split(text) {
        (from, Some(to)) => format!("{}:{to}", file_name(from)),
        (from, None) => file_name(from),
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(|| LOCAL.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A URL without its secrets, and a `file:` URL without its directories.
pub(crate) fn url(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, path)) if scheme.ends_with("file") => format!("{scheme}:{}", file_name(path)),
        _ => url::scrubbed(text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_secrets_and_directories() {
        assert_eq!(url("https://me:hunter2@host/x"), "https://host/x");
        assert_eq!(url("file:///home/me/wheels/a-1.whl"), "file:a-1.whl");
    }

    #[test]
    fn requirements_lose_paths_and_passwords() {
        for (given, told) in [
            ("six", "six"),
            ("httpx[http2]>=0.27,<1", "httpx[http2]>=0.27,<1"),
            ("six; python_version < '4'", "six; python_version < '4'"),
            ("/home/me/six-1-py3-none-any.whl", "six-1-py3-none-any.whl"),
            ("./six-1.tar.gz", "six-1.tar.gz"),
            ("/home/me/lib", LOCAL),
            (".", LOCAL),
            ("../lib[extra]", LOCAL),
            ("lib @ file:///home/me/lib", "lib @ file:lib"),
            ("lib@https://me:hunter2@h/l.whl", "lib@https://h/l.whl"),
            (
                "lib @ https://me:hunter2@h/l.whl ; os_name == 'posix'",
                "lib @ https://h/l.whl ; os_name == 'posix'",
            ),
            ("https://h/l.whl", "https://h/l.whl"),
        ] {
            assert_eq!(requirement(given), told, "{given}");
        }
    }

    #[test]
    fn other_options_lose_paths() {
        assert_eq!(included("/home/me/data:share/d"), "data:share/d");
        assert_eq!(included("data.csv"), "data.csv");
        assert_eq!(index("/home/me/wheels"), LOCAL);
        assert!(is_local_python(&Some("/opt/python3.12/bin/python3".into())));
        assert!(!is_local_python(&Some("3.12".into())));
    }
}
