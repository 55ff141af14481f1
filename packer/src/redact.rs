//! Options as the provenance shows them: what the file depends on, and nothing that only the builder has. Paths
//! become the names of their files, URLs lose user, password and query, variables lose their values.
//!
//! The functions that take a serializer are for `#[serde(serialize_with = ...)]` of
//! [`PackOptions`](crate::options::PackOptions).

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

/// Replaces a directory of the builder.
const LOCAL: &str = "(local directory)";
/// Replaces a URL that can't be told apart from a password.
const HIDDEN: &str = "(not shown)";
/// Endings of what installers take as a file.
const ARCHIVES: &[&str] = &[".whl", ".tar.gz", ".tar.bz2", ".zip"];

type Done<S> = Result<<S as Serializer>::Ok, <S as Serializer>::Error>;

/// APP's kind.
pub(crate) fn app<S: Serializer>(app: &Option<PathBuf>, serializer: S) -> Done<S> {
    let kind = |app: &PathBuf| if app.is_dir() { "directory" } else { "script" };
    app.as_ref().map(kind).serialize(serializer)
}

/// Whether something was given.
pub(crate) fn presence<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Done<S> {
    path.is_some().serialize(serializer)
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
    serializer.collect_seq(list.iter().map(|text| include(text)))
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
    if let Some(scheme_end) = text.find("://") {
        let before = &text[..scheme_end];
        let start = before
            .rfind(|letter: char| !(letter.is_ascii_alphanumeric() || "+.-".contains(letter)))
            .map_or(0, |at| at + 1);
        let length = text[start..].find([' ', ';']).unwrap_or(text.len() - start);
        let (found, after) = text[start..].split_at(length);
        // What follows a URL is a marker; a password with a space in it is not.
        let after = if after.contains('@') { "" } else { after };
        return format!("{}{}{after}", &text[..start], url(found));
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
fn include(text: &str) -> String {
    match text.rsplit_once(':') {
        Some((from, to)) => format!("{}:{to}", file_name(from)),
        None => file_name(text),
    }
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(|| LOCAL.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A URL without user, password, query, and any fragment but a digest or a place in an archive. A token that is
/// part of the path can't be told from a path.
pub(crate) fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return HIDDEN.to_owned();
    };
    if scheme.ends_with("file") {
        return format!("{scheme}:{}", file_name(rest));
    }
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let rest = rest.split('?').next().unwrap_or_default();
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit('@').next().unwrap_or_default();
    // `user:pass/word@host` is no URL, but people write it: what would be a port is no number then.
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    let is_host = port.bytes().all(|byte| byte.is_ascii_digit()) || host.ends_with(']');
    if !is_host || (fragment.contains('@') && !authority.contains('@')) {
        return format!("{scheme}://{HIDDEN}");
    }
    let kept = ["sha256=", "sha384=", "sha512=", "subdirectory=", "egg="];
    let fragment = if kept.iter().any(|start| fragment.starts_with(start)) {
        format!("#{fragment}")
    } else {
        String::new()
    };
    format!("{scheme}://{host}{path}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_what_is_secret() {
        for (given, told) in [
            ("https://pypi.org/simple", "https://pypi.org/simple"),
            (
                "https://me:hunter2@host:8080/simple/",
                "https://host:8080/simple/",
            ),
            ("https://hunter2@host/x?token=hunter2", "https://host/x"),
            ("https://me:hun@ter2@host/x", "https://host/x"),
            ("https://me:hun/ter2@host/x", "https://(not shown)"),
            ("https://me:hun#ter2@host/x", "https://(not shown)"),
            ("https://[::1]:80/x", "https://[::1]:80/x"),
            ("https://h/p.tar.gz#sha256=abc", "https://h/p.tar.gz#sha256=abc"),
            ("https://h/p.tar.gz#hunter2", "https://h/p.tar.gz"),
            ("git+https://me:hunter2@h/r@v1#egg=r", "git+https://h/r@v1#egg=r"),
            ("git+ssh://git@h/r", "git+ssh://h/r"),
            ("file:///home/me/wheels/a-1.whl", "file:a-1.whl"),
        ] {
            assert_eq!(url(given), told, "{given}");
        }
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
        assert_eq!(include("/home/me/data:share/d"), "data:share/d");
        assert_eq!(include("data.csv"), "data.csv");
        assert_eq!(index("/home/me/wheels"), LOCAL);
        assert!(is_local_python(&Some("/opt/python3.12/bin/python3".into())));
        assert!(!is_local_python(&Some("3.12".into())));
    }
}
