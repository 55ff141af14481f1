//! A build, and its names.

use std::fmt;

use pyship_launcher::target::{TARGETS, Target};

use crate::interpreter::request::VersionRequest;
use crate::interpreter::version::Version;

/// Archives of these flavours hold an installation and nothing else. The first one has no debugging symbols, and exists
/// since 2024.
pub(super) const FLAVOURS: [&str; 2] = ["install_only_stripped", "install_only"];

/// One build of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Build {
    /// Of its interpreter.
    pub(crate) version: Version,
    /// Whether it is without the global interpreter lock.
    pub(crate) free_threaded: bool,
    /// The release of python-build-standalone: `20260114`.
    pub(crate) release: u32,
    /// The machine that it is for.
    pub(crate) target: &'static Target,
}

impl Build {
    /// `cpython-3.12.4+20240726-x86_64-unknown-linux-gnu`, with `-freethreaded`: the beginning of its archives' names, and
    /// the name of its directory.
    pub(crate) fn name(&self) -> String {
        let threading = if self.free_threaded { "-freethreaded" } else { "" };
        format!(
            "cpython-{}+{}-{}{threading}",
            self.version, self.release, self.target.triple
        )
    }

    /// The name of its archive of that flavour.
    pub(super) fn archive(&self, flavour: &str) -> String {
        format!("{}-{flavour}.tar.gz", self.name())
    }

    /// The build of that [name](Self::name).
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (rest, free_threaded) = name
            .strip_suffix("-freethreaded")
            .map_or((name, false), |rest| (rest, true));
        let (version, triple) = rest.strip_prefix("cpython-")?.split_once('-')?;
        let (version, release) = version.split_once('+')?;
        Some(Self {
            version: Version::parse(version)?,
            free_threaded,
            release: release.parse().ok()?,
            target: TARGETS.iter().find(|target| target.triple == triple)?,
        })
    }

    /// Where it comes from, for people.
    pub(crate) fn origin(&self) -> String {
        format!("python-build-standalone {}", self.release)
    }

    /// Whether it is what is asked for.
    pub(crate) fn meets(&self, wanted: &VersionRequest) -> bool {
        wanted.matches(&self.version, self.free_threaded)
            && wanted.release().is_none_or(|release| release == self.release)
    }

    /// What [`max_by_key`](Iterator::max_by_key) compares: releases of Python are better than candidates for one.
    pub(crate) fn rank(&self) -> (bool, Version, u32) {
        (self.version.is_release(), self.version.clone(), self.release)
    }
}

impl fmt::Display for Build {
    /// `CPython 3.13.2t`, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threading = if self.free_threaded { "t" } else { "" };
        write!(f, "CPython {}{threading}", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for name in [
            "cpython-3.12.4+20240726-x86_64-unknown-linux-gnu",
            "cpython-3.15.0rc1+20260814-aarch64-unknown-linux-gnu-freethreaded",
        ] {
            assert_eq!(Build::parse(name).unwrap().name(), name);
        }
        for other in [
            "cpython-3.12.4+20240726-x86_64-unknown-linux-musl",
            "cpython-3.12.4-x86_64-unknown-linux-gnu",
            "cpython-3.12+20240726-x86_64-unknown-linux-gnu",
            "cpython-3.12.4+20240726-x86_64-unknown-linux-gnu-debug",
            "pypy-3.12.4+20240726-x86_64-unknown-linux-gnu",
            "x",
        ] {
            assert_eq!(Build::parse(other), None, "{other}");
        }
        let build = Build::parse("cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-freethreaded").unwrap();
        assert_eq!(
            build.archive(FLAVOURS[0]),
            "cpython-3.13.2+20250317-x86_64-unknown-linux-gnu-freethreaded-install_only_stripped.tar.gz"
        );
        assert_eq!(build.to_string(), "CPython 3.13.2t");
    }
}
