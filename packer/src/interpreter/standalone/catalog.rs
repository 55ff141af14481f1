//! The builds that this pyship knows: `builds.txt`, which `scripts/update-pythons` writes.
//!
//! The newest patch of each minor version has its SHA-256 there, others have their release only: their SHA-256 comes
//! from that release's `SHA256SUMS`.

use std::sync::LazyLock;

use anyhow::{Result, ensure};
use pyship_launcher::target::{TARGETS, Target};

use super::build::{Build, FLAVOURS};
use super::mirror::Mirror;
use crate::interpreter::request::VersionRequest;
use crate::interpreter::version::Version;

/// Lines of version, release, target, flavour, and SHA-256 or `-`.
const TABLE: &str = include_str!("builds.txt");

/// A build that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// Which one.
    pub(crate) build: Build,
    /// Flavours that its archive may have, the best first.
    pub(super) flavours: Vec<&'static str>,
    /// Of its archive, 64 hexadecimal digits; none when `SHA256SUMS` tells.
    pub(crate) sha256: Option<&'static str>,
}

impl Known {
    /// Whether the table has no newer patch of its minor version for the same target.
    pub(crate) fn is_newest(&self) -> bool {
        let minor = |build: &Build| (build.version.major, build.version.minor, build.free_threaded);
        let same = |build: &Build| build.target == self.build.target && minor(build) == minor(&self.build);
        newest(same).is_some_and(|newest| newest.build == self.build)
    }

    /// The URL of its archive.
    pub(crate) fn url(&self, mirror: &Mirror) -> String {
        let flavour = self.flavours.first().copied().unwrap_or(FLAVOURS[0]);
        mirror.file(&self.build.release.to_string(), &self.build.archive(flavour))
    }
}

/// Every build of the table: by version and target, the newest first.
pub(crate) fn known() -> &'static [Known] {
    static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(parse).collect()
    });
    &KNOWN
}

fn parse(line: &'static str) -> Option<Known> {
    let mut words = line.split(' ');
    let version = words.next()?;
    let (version, free_threaded) = version
        .strip_suffix('t')
        .map_or((version, false), |version| (version, true));
    let release = words.next()?.parse().ok()?;
    let triple = words.next()?;
    let build = Build {
        version: Version::parse(version)?,
        free_threaded,
        release,
        target: TARGETS.iter().find(|target| target.triple == triple)?,
    };
    let flavours = vec![words.next()?];
    let sha256 = words.next().filter(|sha256| *sha256 != "-");
    Some(Known {
        build,
        flavours,
        sha256,
    })
}

/// The newest build of the table of which `is_wanted` says so.
pub(crate) fn newest(is_wanted: impl Fn(&Build) -> bool) -> Option<&'static Known> {
    let wanted = known().iter().filter(|known| is_wanted(&known.build));
    wanted.max_by_key(|known| known.build.rank())
}

/// The newest build for `target` that is asked for. One of a release that the table doesn't have is taken on trust: its
/// `SHA256SUMS` tells whether it exists.
///
/// # Errors
/// When a release is named without a whole version.
pub(crate) fn find(wanted: &VersionRequest, target: &'static Target) -> Result<Option<Known>> {
    let of_table = newest(|build| build.target == target && build.meets(wanted));
    let (Some(release), None) = (wanted.release(), of_table) else {
        return Ok(of_table.cloned());
    };
    let version = wanted.whole();
    ensure!(
        version.is_some(),
        "failed to find Python {wanted}: a release needs a whole version, as in 3.12.4+{release}"
    );
    Ok(version.map(|version| Known {
        build: Build {
            version,
            free_threaded: wanted.is_free_threaded(),
            release,
            target,
        },
        flavours: FLAVOURS.to_vec(),
        sha256: None,
    }))
}

#[cfg(test)]
mod tests {
    use pyship_launcher::target::HOST;

    use super::*;

    fn find_on_host(text: &str) -> Option<Known> {
        find(&VersionRequest::parse(text).unwrap().unwrap(), HOST).unwrap()
    }

    #[test]
    fn the_table_is_whole() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(known().len(), lines.count(), "a line can't be read");
        for target in TARGETS {
            for minor in 9..=15 {
                let find = |threading| {
                    let request = VersionRequest::parse(&format!("3.{minor}{threading}")).unwrap();
                    find(&request.unwrap(), target).unwrap()
                };
                let newest = find("").unwrap();
                assert_eq!(newest.flavours, [FLAVOURS[0]]);
                assert!(newest.build.version.is_release());
                let free_threaded = find("t");
                assert_eq!(free_threaded.is_some(), minor >= 13, "3.{minor}t");
                for known in [Some(newest), free_threaded].into_iter().flatten() {
                    let sha256 = known.sha256.unwrap();
                    assert!(sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()));
                }
            }
        }
        for known in known() {
            assert!(FLAVOURS.contains(&known.flavours[0]) && known.build.release > 20_220_000);
            assert!(known.sha256.is_none_or(|sha256| sha256.len() == 64));
        }
    }

    #[test]
    fn the_newest_that_is_asked_for_is_found() {
        let newest = find_on_host("3.12").unwrap();
        assert_eq!(
            find_on_host(&newest.build.version.to_string()),
            Some(newest.clone())
        );
        assert_eq!(find_on_host(">=3.12,<3.13"), Some(newest));
        let old = find_on_host("3.12.4").unwrap();
        assert_eq!((old.build.release, old.sha256), (20240726, None));
        assert_eq!(find_on_host("3.12.99"), None);
        assert_eq!(find_on_host(">=3.99"), None);
        assert!(find_on_host("3").unwrap().build.version.is_release());
    }

    #[test]
    fn releases_that_the_table_does_not_have() {
        let other = find_on_host("3.12.4t+20990101").unwrap();
        assert_eq!(
            other.build.name(),
            format!("cpython-3.12.4+20990101-{}-freethreaded", HOST.triple)
        );
        assert_eq!((other.flavours.len(), other.sha256), (2, None));
        let request = VersionRequest::parse("3.12+20990101").unwrap().unwrap();
        let error = find(&request, HOST).unwrap_err().to_string();
        assert_eq!(
            error,
            "failed to find Python 3.12+20990101: a release needs a whole version, as in 3.12.4+20990101"
        );
    }
}
