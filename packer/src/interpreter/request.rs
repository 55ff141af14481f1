//! The interpreter that a user asks for by its version.
//!
//! ```text
//! 3   3.12   3.12.4   3.15.0rc1     the numbers that are given
//! >=3.11   >=3.11,<3.13             version specifiers (PEP 440)
//! 3.13t   3.13+freethreaded         a build without the global interpreter lock
//! 3.12.4+20240726                   a build of that release of python-build-standalone
//! cpython-3.12   cpython@3.12       the same as 3.12
//! ```

use std::fmt;
use std::str::FromStr;

use anyhow::{Result, anyhow};
use pep508_rs::pep440_rs::{self, VersionSpecifiers};

use super::facts::Interpreter;
use super::version::{OLDEST, Version, micro, number};
use crate::hint::WithHint as _;

/// Minor versions of Python 3 that are looked for.
const MINORS: std::ops::RangeInclusive<u32> = OLDEST.1..=40;
/// No minor version has had more patches.
const MAX_MICRO: u32 = 40;
/// What a version specifier begins with.
const COMPARATORS: [char; 5] = ['<', '>', '=', '!', '~'];

/// A version that a user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionRequest {
    versions: Versions,
    free_threaded: bool,
    /// A release of python-build-standalone: `20240726`.
    release: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Versions {
    /// `3`, `3.12`, `3.12.4`, `3.15.0rc1`
    Numbers {
        major: u32,
        minor: Option<u32>,
        micro: Option<u32>,
        pre: String,
    },
    /// `>=3.11,<3.13`
    Within(VersionSpecifiers),
}

impl VersionRequest {
    /// `None` when `text` isn't spelled like a version.
    ///
    /// # Errors
    /// When `text` begins like a version specifier and is none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>> {
        let text = text.trim();
        let text = ["cpython-", "cpython@", "cpython"]
            .iter()
            .find_map(|name| text.strip_prefix(name))
            .filter(|rest| rest.starts_with(COMPARATORS) || rest.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(text);
        if text.starts_with(COMPARATORS) {
            let specifiers = VersionSpecifiers::from_str(text)
                .map_err(|error| {
                    // The next lines show where in the text.
                    let reason = error.to_string();
                    let reason = reason.lines().next().unwrap_or_default().trim_end_matches(':');
                    anyhow!("failed to read the version specifier `{text}`: {reason}")
                })
                .hint("write it as in `>=3.11,<3.13`")?;
            return Ok(Some(Self::within(specifiers)));
        }
        Ok(Self::numbers(text))
    }

    /// Any version that meets `specifiers`.
    pub(crate) const fn within(specifiers: VersionSpecifiers) -> Self {
        Self {
            versions: Versions::Within(specifiers),
            free_threaded: false,
            release: None,
        }
    }

    /// Any Python 3.
    pub(super) const fn newest() -> Self {
        Self {
            versions: Versions::Numbers {
                major: 3,
                minor: None,
                micro: None,
                pre: String::new(),
            },
            free_threaded: false,
            release: None,
        }
    }

    /// The same without the global interpreter lock.
    pub(super) fn newest_free_threaded() -> Self {
        Self {
            free_threaded: true,
            ..Self::newest()
        }
    }

    /// Any patch of the interpreter's minor version.
    pub(super) fn minor_of(interpreter: &Interpreter) -> Self {
        Self {
            versions: Versions::Numbers {
                major: interpreter.version.major,
                minor: Some(interpreter.version.minor),
                micro: None,
                pre: String::new(),
            },
            free_threaded: interpreter.is_free_threaded(),
            release: None,
        }
    }

    fn numbers(text: &str) -> Option<Self> {
        let (text, suffix) = text.split_once('+').unwrap_or((text, ""));
        let (text, release, free_threaded) = match (text.strip_suffix('t'), suffix) {
            (Some(text), "") => (text, None, true),
            (None, "") => (text, None, false),
            (None, "freethreaded") => (text, None, true),
            (Some(text), release) => (text, Some(release_of(release)?), true),
            (None, release) => (text, Some(release_of(release)?), false),
        };
        let mut parts = text.splitn(3, '.');
        let major = number(parts.next()?)?;
        let minor = match parts.next() {
            Some(part) => Some(number(part)?),
            None => None,
        };
        let (micro, pre) = match parts.next() {
            Some(part) => micro(part).map(|(micro, pre)| (Some(micro), pre))?,
            None => (None, String::new()),
        };
        Some(Self {
            versions: Versions::Numbers {
                major,
                minor,
                micro,
                pre,
            },
            free_threaded,
            release,
        })
    }

    /// Whether an interpreter of this version is what is asked for.
    pub(crate) fn matches(&self, version: &Version, free_threaded: bool) -> bool {
        free_threaded == self.free_threaded
            && match &self.versions {
                Versions::Numbers {
                    major,
                    minor,
                    micro,
                    pre,
                } => {
                    *major == version.major
                        && minor.is_none_or(|minor| minor == version.minor)
                        && micro.is_none_or(|micro| micro == version.micro && *pre == version.pre)
                }
                Versions::Within(specifiers) => contains(specifiers, version),
            }
    }

    /// Whether this interpreter is what is asked for, but for the release of python-build-standalone.
    pub(crate) fn is_met_by(&self, interpreter: &Interpreter) -> bool {
        self.matches(&interpreter.version, interpreter.is_free_threaded())
    }

    /// The minor versions that can match, the newest first; one when the request names it.
    pub(super) fn minors(&self) -> Vec<(u32, u32)> {
        match &self.versions {
            Versions::Numbers {
                major,
                minor: Some(minor),
                ..
            } => vec![(*major, *minor)],
            _ => MINORS
                .rev()
                .map(|minor| (3, minor))
                .filter(|minor| self.has_match(*minor))
                .collect(),
        }
    }

    fn has_match(&self, (major, minor): (u32, u32)) -> bool {
        let version = |micro| Version {
            major,
            minor,
            micro,
            pre: String::new(),
        };
        (0..=MAX_MICRO).any(|micro| self.matches(&version(micro), self.free_threaded))
    }

    /// Whether the request names one minor version.
    pub(super) const fn names_minor(&self) -> bool {
        matches!(self.versions, Versions::Numbers { minor: Some(_), .. })
    }

    /// `python3.12`, `python3.13t`: the name of its executable, if it is of this minor version.
    pub(super) fn program(&self, (major, minor): (u32, u32)) -> String {
        let threading = if self.free_threaded { "t" } else { "" };
        format!("python{major}.{minor}{threading}")
    }

    /// The one version that meets it, when it names all three numbers.
    pub(crate) fn whole(&self) -> Option<Version> {
        match &self.versions {
            Versions::Numbers {
                major,
                minor: Some(minor),
                micro: Some(micro),
                pre,
            } => Some(Version {
                major: *major,
                minor: *minor,
                micro: *micro,
                pre: pre.clone(),
            }),
            _ => None,
        }
    }

    /// Whether a build without the global interpreter lock is asked for.
    pub(crate) const fn is_free_threaded(&self) -> bool {
        self.free_threaded
    }

    /// The release of python-build-standalone that it has to be of.
    pub(crate) const fn release(&self) -> Option<u32> {
        self.release
    }
}

/// Whether `version` meets the specifiers of a `requires-python`: a candidate for 3.13.0 counts as 3.13.0 there, unless
/// the specifiers name a pre-release themselves.
pub(crate) fn contains(specifiers: &VersionSpecifiers, version: &Version) -> bool {
    let version = version.to_pep440();
    let names_pre = specifiers.iter().any(pep440_rs::VersionSpecifier::any_prerelease);
    specifiers.contains(&version) || (!names_pre && specifiers.contains(&version.only_release()))
}

/// Releases are named by their dates.
fn release_of(text: &str) -> Option<u32> {
    number(text).filter(|_| text.len() == 8)
}

impl fmt::Display for VersionRequest {
    /// As uv reads it, but for the release.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.versions {
            Versions::Numbers {
                major,
                minor,
                micro,
                pre,
            } => {
                write!(f, "{major}")?;
                for part in [minor, micro].into_iter().flatten() {
                    write!(f, ".{part}")?;
                }
                f.write_str(pre)?;
            }
            Versions::Within(specifiers) => {
                let parts: Vec<String> = specifiers.iter().map(ToString::to_string).collect();
                f.write_str(&parts.join(","))?;
            }
        }
        f.write_str(if self.free_threaded { "t" } else { "" })?;
        self.release.map_or(Ok(()), |release| write!(f, "+{release}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> VersionRequest {
        VersionRequest::parse(text).unwrap().unwrap()
    }

    fn version(text: &str) -> Version {
        let (numbers, level) = text.split_once("rc").map_or((text, None), |(a, b)| (a, Some(b)));
        let numbers: Vec<u32> = numbers.split('.').map(|part| part.parse().unwrap()).collect();
        let (level, serial) = level.map_or(("final", 0), |serial| ("candidate", serial.parse().unwrap()));
        Version::from_info((numbers[0], numbers[1], numbers[2], level, serial))
    }

    #[test]
    fn versions_are_told_from_paths_and_names() {
        for (text, shown) in [
            ("3", "3"),
            ("3.12", "3.12"),
            ("3.12.1", "3.12.1"),
            ("3.15.0rc2", "3.15.0rc2"),
            ("3.13t", "3.13t"),
            ("3.13.2t", "3.13.2t"),
            ("3.13+freethreaded", "3.13t"),
            ("3.12.4+20240726", "3.12.4+20240726"),
            ("3.13.0t+20241016", "3.13.0t+20241016"),
            ("cpython-3.12", "3.12"),
            ("cpython@3.12.4", "3.12.4"),
            ("cpython>=3.12", ">=3.12"),
            (">=3.11, <3.13", ">=3.11,<3.13"),
            ("==3.12.*", "==3.12.*"),
            ("~=3.12", "~=3.12"),
        ] {
            assert_eq!(request(text).to_string(), shown);
        }
        for other in [
            "3.",
            "3.12.",
            "3.12.1.0",
            "3.12rc1",
            "3.12.0x1",
            "3.12+2024",
            "python3.12",
            "cpython",
            "cpython-old",
            "cpython-3.12.4+20240726-x86_64-unknown-linux-gnu-install_only.tar.gz",
            "./3.12",
            "3.+1",
            "",
            "t",
        ] {
            assert_eq!(VersionRequest::parse(other).unwrap(), None, "{other}");
        }
        let error = VersionRequest::parse(">=3.x").unwrap_err().to_string();
        assert!(
            error.starts_with("failed to read the version specifier `>=3.x`: ") && !error.contains('\n'),
            "{error}"
        );
    }

    #[test]
    fn what_meets_a_request() {
        for (text, meets, others) in [
            ("3", &["3.9.1", "3.14.0"][..], &["4.0.0"][..]),
            ("3.12", &["3.12.0", "3.12.9"], &["3.11.9"]),
            ("3.12.4", &["3.12.4"], &["3.12.5"]),
            ("3.15.0", &["3.15.0"], &["3.15.0rc1"]),
            ("3.15.0rc1", &["3.15.0rc1"], &["3.15.0"]),
            (">=3.11", &["3.11.0", "3.14.1"], &["3.10.9"]),
            (">=3.11,<3.13", &["3.12.9"], &["3.10.9", "3.13.0", "3.13.0rc1"]),
            // As pip and uv do it: a candidate is good enough for the version itself.
            (">=3.13", &["3.13.0rc1"], &["3.12.9"]),
            (">=3.13.0rc2", &["3.13.0rc2"], &["3.13.0rc1"]),
            ("==3.12.*", &["3.12.9"], &["3.13.0"]),
        ] {
            let request = request(text);
            assert!(
                meets.iter().all(|text| request.matches(&version(text), false)),
                "{text}"
            );
            assert!(
                others.iter().all(|text| !request.matches(&version(text), false)),
                "{text}"
            );
        }
        assert!(!request("3.13").matches(&version("3.13.0"), true));
        assert!(request("3.13t").matches(&version("3.13.0"), true));
        assert!(!request(">=3.13").matches(&version("3.13.0"), true));
    }

    #[test]
    fn minor_versions_come_newest_first() {
        assert_eq!(request("3.12.4").minors(), [(3, 12)]);
        assert_eq!(request(">=3.11,<3.13").minors(), [(3, 12), (3, 11)]);
        assert_eq!(request("<3.11").minors(), [(3, 10), (3, 9)]);
        assert_eq!(request(">=3.12.3,!=3.13.*").minors().last(), Some(&(3, 12)));
        assert_eq!(request("3").minors().len(), 32);
        assert!(request("3.12").names_minor() && !request("==3.12.*").names_minor());
    }
}
