//! A package as APP: a wheel, or one of an index by its name. It is installed like any other, and its script starts.

use std::path::Path;

use anyhow::{Result, bail};

use crate::packages::metadata::normalized;

/// The prefix of a package of an index.
const PREFIX: &str = "pypi:";
/// The version that stands for any, as in `uvx httpie@latest`.
const LATEST: &str = "latest";

/// A package that is to be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// As `--with` takes it.
    pub(crate) text: String,
    /// Its name, normalized.
    pub(crate) name: String,
}

impl Requirement {
    /// The wheel at `path`.
    ///
    /// # Errors
    /// When its name is not that of a wheel.
    pub(super) fn of_wheel(path: &Path) -> Result<Self> {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let Some(stem) = stem.filter(|stem| (5..=6).contains(&stem.split('-').count())) else {
            bail!("the name of a wheel is of the form NAME-VERSION-PYTHON-ABI-PLATFORM.whl");
        };
        let Some(text) = path.to_str() else {
            bail!("its path is not UTF-8");
        };
        Ok(Self {
            text: match text.contains('/') {
                true => text.to_owned(),
                false => format!("./{text}"),
            },
            name: normalized(stem.split('-').next().unwrap_or(stem)),
        })
    }

    /// `pypi:httpie`, `pypi:httpie[http2]==3.2` or `httpie@1.2`; none when it is neither.
    pub(super) fn named(text: &str) -> Option<Self> {
        if let Some(requirement) = text.strip_prefix(PREFIX) {
            let name = name_of(requirement)?;
            let requirement = match requirement.split_once('@') {
                Some((name, version)) => at(name, version)?,
                None => requirement.to_owned(),
            };
            return Some(Self {
                text: requirement,
                name,
            });
        }
        let (named, version) = text.split_once('@')?;
        Some(Self {
            text: at(named, version)?,
            name: name_of(named)?,
        })
    }

    /// The same with extras.
    pub(crate) fn with_extras(&self, extras: &[String]) -> String {
        if extras.is_empty() {
            return self.text.clone();
        }
        let (name, version) = match self.text.contains('/') {
            true => (self.text.as_str(), ""),
            false => self
                .text
                .split_at(self.text.find("==").unwrap_or(self.text.len())),
        };
        format!("{name}[{}]{version}", extras.join(","))
    }

    /// How the package of that name is written as APP, when `text` can be one.
    pub(super) fn suggestion(text: &str) -> Option<String> {
        let is_name = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.[],".contains(c));
        let name = name_of(text).filter(|_| is_name && !text.ends_with(".py"))?;
        (!name.is_empty()).then(|| format!("{PREFIX}{text}"))
    }
}

/// `httpie==1.2` for `httpie@1.2`.
fn at(name: &str, version: &str) -> Option<String> {
    if version == LATEST {
        return Some(name.to_owned());
    }
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-+!".contains(c));
    (is_version && name_of(name).is_some()).then(|| format!("{name}=={version}"))
}

/// The normalized name at the start of a requirement.
fn name_of(requirement: &str) -> Option<String> {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    let name = &requirement[..end.unwrap_or(requirement.len())];
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let rest = &requirement[name.len()..];
    let goes_on = rest.is_empty() || rest.starts_with(['[', '=', '<', '>', '~', '!', ' ', '@', ';']);
    (is_name && goes_on).then(|| normalized(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_told_from_paths() {
        for (text, requirement, name) in [
            ("pypi:httpie", "httpie", "httpie"),
            ("pypi:Http_ie==3.2", "Http_ie==3.2", "http-ie"),
            (
                "pypi:uvicorn[standard]>=0.30,<1",
                "uvicorn[standard]>=0.30,<1",
                "uvicorn",
            ),
            ("pypi:ruff@0.5.0", "ruff==0.5.0", "ruff"),
            ("httpie@3.2.1", "httpie==3.2.1", "httpie"),
            ("httpie@latest", "httpie", "httpie"),
        ] {
            let found = Requirement::named(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (found.text.as_str(), found.name.as_str()),
                (requirement, name),
                "{text}"
            );
        }
        for text in ["httpie", "./httpie@1.2", "me@host", "pypi:", "pypi:./x", "a/b@1"] {
            assert_eq!(Requirement::named(text), None, "{text}");
        }
        let extras = ["cli".to_owned()];
        assert_eq!(
            Requirement::named("a@1").unwrap().with_extras(&extras),
            "a[cli]==1"
        );
        assert_eq!(Requirement::suggestion("httpie").as_deref(), Some("pypi:httpie"));
        for text in ["./httpie", "main.py", "a/b", "-x"] {
            assert_eq!(Requirement::suggestion(text), None, "{text}");
        }
    }

    #[test]
    fn a_wheel_has_the_name_of_its_project() {
        let wheel = Requirement::of_wheel(Path::new("Demo_Thing-1.0-py3-none-any.whl")).unwrap();
        assert_eq!(wheel.text, "./Demo_Thing-1.0-py3-none-any.whl");
        assert_eq!(wheel.name, "demo-thing");
        assert!(Requirement::of_wheel(Path::new("demo.whl")).is_err());
    }
}
