//! `pylock.toml` (PEP 751, <https://packaging.python.org/en/latest/specifications/pylock-toml/>), as far as uv is not
//! asked to read it: the names in it, and a requirements file of the same meaning for pip.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use serde::Deserialize;

/// The version of the format that is understood.
const LOCK_VERSION: &str = "1.";

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    lock_version: String,
    #[serde(default)]
    packages: Vec<Package>,
}

/// One package.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: Option<String>,
    marker: Option<String>,
    directory: Option<Place>,
    vcs: Option<Vcs>,
    archive: Option<Artifact>,
    sdist: Option<Artifact>,
    wheels: Vec<Artifact>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Place {
    path: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Vcs {
    r#type: String,
    url: Option<String>,
    path: Option<String>,
    commit_id: String,
    subdirectory: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Artifact {
    url: Option<String>,
    path: Option<String>,
    hashes: BTreeMap<String, String>,
}

impl Package {
    /// Whether it comes from a directory.
    pub(super) const fn is_directory(&self) -> bool {
        self.directory.is_some()
    }

    /// Its line in a requirements file.
    fn requirement(&self, directory: &Path) -> Result<String> {
        let name = &self.name;
        let mut hashed: Vec<&Artifact> = Vec::new();
        let mut line = if let Some(place) = &self.directory {
            format!("{name} @ {}", file_url(directory, &place.path))
        } else if let Some(vcs) = &self.vcs {
            let place = match (&vcs.url, &vcs.path) {
                (Some(url), _) => url.clone(),
                (None, Some(path)) => file_url(directory, path),
                (None, None) => bail!("`{name}` has a repository without an address"),
            };
            let below = vcs
                .subdirectory
                .as_ref()
                .map(|path| format!("#subdirectory={path}"));
            let (kind, commit) = (&vcs.r#type, &vcs.commit_id);
            format!("{name} @ {kind}+{place}@{commit}{}", below.unwrap_or_default())
        } else if let Some(archive) = &self.archive {
            hashed.push(archive);
            format!("{name} @ {}", archive.place(directory)?)
        } else {
            hashed.extend(self.wheels.iter().chain(&self.sdist));
            let version = self.version.as_ref();
            let version = version.ok_or_else(|| anyhow!("`{name}` has neither a version nor a place"))?;
            ensure!(!hashed.is_empty(), "`{name}` has no files");
            format!("{name}=={version}")
        };
        if let Some(marker) = &self.marker {
            write!(line, " ; {marker}")?;
        }
        for (kind, digest) in hashed.iter().flat_map(|artifact| &artifact.hashes) {
            write!(line, " --hash={kind}:{digest}")?;
        }
        Ok(line)
    }
}

impl Artifact {
    fn place(&self, directory: &Path) -> Result<String> {
        match (&self.url, &self.path) {
            (_, Some(path)) => Ok(file_url(directory, path)),
            (Some(url), None) => Ok(url.clone()),
            (None, None) => bail!("a file has neither a URL nor a path"),
        }
    }
}

fn file_url(directory: &Path, path: &str) -> String {
    format!("file://{}", directory.join(path).display())
}

/// The packages of a pylock.toml.
///
/// # Errors
/// When it is not one, or one of a later version.
pub(super) fn parse(text: &str) -> Result<Vec<Package>> {
    let file: File = toml::from_str(text).map_err(|error| anyhow!("{}", error.message()))?;
    ensure!(
        file.lock_version.starts_with(LOCK_VERSION),
        "its version {} is not known here",
        file.lock_version
    );
    Ok(file.packages)
}

/// The same as a requirements file; `directory` is what its paths are relative to.
///
/// # Errors
/// When it can't be said with requirements.
pub(super) fn requirements(text: &str, directory: &Path) -> Result<String> {
    let mut lines = String::new();
    for package in parse(text)? {
        writeln!(lines, "{}", package.requirement(directory)?)?;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_package_becomes_a_requirement() {
        let text = r#"
            lock-version = "1.0"
            [[packages]]
            name = "six"
            version = "1.17.0"
            marker = "python_version > '3'"
            sdist = { url = "https://h/six.tar.gz", hashes = { sha256 = "aa" } }
            wheels = [{ url = "https://h/six.whl", hashes = { sha256 = "bb" } }]
            [[packages]]
            name = "lib"
            directory = { path = "../lib" }
            [[packages]]
            name = "tool"
            vcs = { type = "git", url = "https://h/tool", commit-id = "0123", subdirectory = "py" }
            [[packages]]
            name = "one"
            archive = { path = "one-1.whl", hashes = { sha256 = "cc" } }
        "#;
        let packages = parse(text).unwrap();
        assert_eq!(packages[0].version.as_deref(), Some("1.17.0"));
        assert!(packages[1].is_directory() && !packages[2].is_directory());
        assert_eq!(
            requirements(text, Path::new("/p")).unwrap(),
            "six==1.17.0 ; python_version > '3' --hash=sha256:bb --hash=sha256:aa\n\
             lib @ file:///p/../lib\n\
             tool @ git+https://h/tool@0123#subdirectory=py\n\
             one @ file:///p/one-1.whl --hash=sha256:cc\n"
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let refused = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert_eq!(
            refused("lock-version = '2.0'"),
            "its version 2.0 is not known here"
        );
        assert_eq!(refused("packages = []"), "missing field `lock-version`");
        let bare = "lock-version = '1.0'\n[[packages]]\nname = 'six'\nversion = '1'\n";
        let error = requirements(bare, Path::new("/p")).unwrap_err();
        assert_eq!(error.to_string(), "`six` has no files");
    }
}
