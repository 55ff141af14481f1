//! The options of a pack as its provenance tells them: what the file depends on, and nothing that only the
//! builder has. Paths become the names of their files, URLs lose user, password and query, variables their
//! values.

use std::path::Path;

use anyhow::{Context, Result};
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::hex::hex;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::options::{LibcOption, PackOptions};

/// In place of a directory of the builder.
const LOCAL: &str = "(local directory)";
/// In place of a URL that can't be told apart from a password.
const HIDDEN: &str = "(not shown)";
/// Endings of what installers take as a file.
const ARCHIVES: &[&str] = &[".whl", ".tar.gz", ".tar.bz2", ".zip"];

/// The `externalParameters`; what was not asked for is not there. `dependencies` are those of pyproject.toml.
///
/// # Errors
/// When a requirements file can't be read.
pub(crate) fn parameters(
    options: &PackOptions,
    manifest: &Manifest,
    dependencies: &[String],
) -> Result<Value> {
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| {
        let nothing = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if !nothing {
            map.insert(name.to_owned(), value);
        }
    };
    let each = |texts: &[String], shown: fn(&str) -> String| -> Value {
        texts.iter().map(|text| Value::from(shown(text))).collect()
    };
    put("app", options.app.as_deref().map(kind_of).into());
    put("name", manifest.name.clone().into());
    put("app-version", manifest.version.clone().into());
    put("target", manifest.target.clone().into());
    put("entry", serde_json::to_value(&manifest.entry)?);
    put("requirements", files(&options.requirements)?);
    put("dependencies", each(dependencies, requirement));
    put("with", each(&options.with, requirement));
    put("constraint", files(&options.constraint)?);
    put("find-links", each(&options.find_links, place));
    put("index-url", options.index_url.as_deref().map(place).into());
    put("extra-index-url", each(&options.extra_index_url, place));
    put("no-index", options.no_index.into());
    put("require-hashes", options.require_hashes.into());
    put("with-ca", options.with_ca.into());
    put("python", options.python.as_deref().and_then(python).into());
    put("sysroot", options.sysroot.is_some().into());
    let libc = options.libc.map(|libc| match libc {
        LibcOption::Auto => "auto",
        LibcOption::Host => "host",
        LibcOption::Bundled => "bundled",
    });
    put("libc", libc.into());
    put("option", options.option.clone().into());
    put("set-env", each(&options.set_env, variable));
    put("include", each(&options.include, include));
    put("exclude", options.exclude.clone().into());
    put("no-prune", options.no_prune.into());
    put("keep", options.keep.clone().into());
    put("prune", options.prune.clone().into());
    put("level", options.level.into());
    put("release", options.release.into());
    put("no-index-imports", options.no_index_imports.into());
    Ok(Value::Object(map))
}

fn kind_of(app: &Path) -> &'static str {
    if app.is_dir() { "directory" } else { "script" }
}

fn files(paths: &[std::path::PathBuf]) -> Result<Value> {
    let described = paths.iter().map(|path| {
        let bytes = fs_err::read(path).context("failed to read a requirements file")?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let lines = lines(&String::from_utf8_lossy(&bytes));
        let name = file_name(&path.to_string_lossy());
        Ok(json!({ "name": name, "digest": { "sha256": sha256 }, "lines": lines }))
    });
    Ok(Value::Array(described.collect::<Result<_>>()?))
}

/// The requirements of a requirements file, without its options and hashes.
fn lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    joined
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default())
        .map(|line| line.split(" --").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '-']))
        .map(requirement)
        .collect()
}

/// `pkg[extra]>=1`, `pkg @ https://…`, a wheel, a directory.
#[must_use]
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
    let is_archive = ARCHIVES.iter().any(|ending| what.ends_with(ending));
    if is_archive {
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

/// An index or a place with wheels.
fn place(text: &str) -> String {
    if text.contains("://") {
        url(text)
    } else {
        LOCAL.to_owned()
    }
}

/// `--python`, unless it is a path: the interpreter itself is told of elsewhere.
fn python(spec: &str) -> Option<String> {
    if spec.contains("://") {
        Some(url(spec))
    } else if spec.contains('/') {
        None
    } else {
        Some(spec.to_owned())
    }
}

/// The name of `NAME=value`.
fn variable(pair: &str) -> String {
    pair.split('=').next().unwrap_or_default().to_owned()
}

/// `SRC[:DST]` with SRC's last part.
fn include(text: &str) -> String {
    match text.rsplit_once(':') {
        Some((from, to)) => format!("{}:{to}", file_name(from)),
        None => file_name(text),
    }
}

fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name();
    name.map_or_else(|| LOCAL.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// A URL without user, password, query, and any fragment but a digest or a place in an archive. A token that is
/// part of the path can't be told from a path.
#[must_use]
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
    fn of_a_requirements_file_its_requirements_are_told() {
        let text = "# all\n--index-url https://me:hunter2@h/simple\n-e /home/me/lib\nsix>=1  # a comment\n\
                    idna==3.7 \\\n    --hash=sha256:abc \\\n    --hash=sha256:def\n\nuvicorn[standard]\n/home/me/lib\n";
        assert_eq!(lines(text), ["six>=1", "idna==3.7", "uvicorn[standard]", LOCAL]);
    }

    #[test]
    fn other_options_lose_paths_and_values() {
        assert_eq!(include("/home/me/data:share/d"), "data:share/d");
        assert_eq!(include("data.csv"), "data.csv");
        assert_eq!(variable("TOKEN=hunter2"), "TOKEN");
        assert_eq!(python("/opt/python3.12/bin/python3"), None);
        assert_eq!(python("3.12").as_deref(), Some("3.12"));
        assert_eq!(place("/home/me/wheels"), LOCAL);
    }
}
