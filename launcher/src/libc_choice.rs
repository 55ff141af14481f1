//! Which C library the interpreter is started with: the host's or the carried one.
//!
//! The decision requires a search for version strings in the host's libraries, which a warm start can't afford. So the
//! cold start decides and stores the result in the launch record. The name of the app's directory depends on what a
//! warm start can see with at most five `stat`s ([`Host`]): the host's loader and the compiler's libraries, by size
//! and time. In a cache that two systems share (a home directory on NFS, or one mounted into a container) each of
//! them has an app directory. The loader alone doesn't tell systems apart: two images of one distribution have the
//! same, and one of them may lack libstdc++.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::error::{Error, Kind, Result};
use crate::format::manifest::{Libc, LibcPolicy};
use crate::host_libraries::{find, has_version, release};
use crate::target::HOST;

/// A file's size and modification time (seconds, nanoseconds), when there is one.
pub type Stamp = Option<(u64, i64, i64)>;

/// What a start can see of the system with a few `stat`s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The loader of [`HOST`].
    pub loader: Stamp,
    /// Whether the loader expands `$ORIGIN` for the interpreter: it needs `/proc` for that, and doesn't do it in a
    /// set-user-ID start.
    pub proc: bool,
    /// The compiler's libraries; not looked at where the host's C library can't be used anyway.
    pub compilers: [Stamp; 2],
}

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The interpreter is exec'd as it is.
    Host,
    /// The carried loader is executed with the libraries to load as arguments.
    Carried,
}

impl Host {
    /// Inspects the system.
    #[must_use]
    pub fn look(proc: bool) -> Self {
        let loader = stamp(HOST.loader);
        let compilers = match (loader, proc) {
            (Some(_), true) => compilers(),
            _ => [None; 2],
        };
        Self {
            loader,
            proc,
            compilers,
        }
    }

    /// Bytes that differ between different systems.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        let Self {
            loader,
            proc,
            compilers,
        } = self;
        format!("{:?}", (loader, proc, compilers)).into_bytes()
    }
}

/// Two `stat`s on Debian and its derivatives, three on others, four without libstdc++.
fn compilers() -> [Stamp; 2] {
    for [cxx, gcc] in HOST.compiler_libraries {
        if let Some(found) = stamp(cxx) {
            return [Some(found), stamp(gcc)];
        }
    }
    [
        None,
        HOST.compiler_libraries
            .into_iter()
            .find_map(|[_, gcc]| stamp(gcc)),
    ]
}

fn stamp(path: &str) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.mtime(), found.mtime_nsec()))
}

/// Decides for a file with these requirements.
///
/// # Errors
/// When the host's C library can't be used and none is carried; names the required and the present version.
pub fn decide(libc: &Libc, host: &Host) -> Result<Choice> {
    let suits = || suits(libc, host);
    match (libc.policy, &libc.carried) {
        (LibcPolicy::Bundled, Some(_)) => Ok(Choice::Carried),
        (LibcPolicy::Auto, Some(_)) => Ok(if host.proc && suits().is_ok() {
            Choice::Host
        } else {
            Choice::Carried
        }),
        (LibcPolicy::Auto | LibcPolicy::Host, None) | (LibcPolicy::Host, Some(_)) => {
            if host.loader.is_some() && !host.proc {
                return Err(no_proc());
            }
            suits().map(|()| Choice::Host).map_err(|reason| {
                let (major, minor) = libc.floor;
                Error::new(
                    Kind::Other,
                    format!("failed to start the interpreter: it needs glibc {major}.{minor} or newer, and {reason}"),
                )
                .hint("pack the file with `--libc auto`, so that it carries its own glibc")
            })
        }
        (LibcPolicy::Bundled, None) => Err(Error::damaged("it has policy `bundled` but carries no glibc")),
    }
}

/// Reported here because the host's loader would only say that it can't find libpython.
fn no_proc() -> Error {
    let message = "failed to start the interpreter: the host's loader finds its libraries through /proc, which is not mounted, or not used in a set-user-ID start";
    Error::new(Kind::Other, message)
        .hint("mount /proc, or pack the file with `--libc auto`, so that it carries its own glibc")
}

/// Whether the host's libraries suffice; the error completes "it needs glibc x.y or newer, and".
fn suits(libc: &Libc, host: &Host) -> std::result::Result<(), String> {
    if host.loader.is_none() {
        return Err(format!("this system has none (no `{}`)", HOST.loader));
    }
    let (major, minor) = libc.floor;
    let c_library = find("libc.so.6").ok_or("this system has none (no `libc.so.6`)")?;
    if !has_version(&c_library, &format!("GLIBC_{major}.{minor}")) {
        return Err(match release(&c_library) {
            Some(version) => format!("this system has glibc {version}"),
            None => "this system's is older".to_owned(),
        });
    }
    for (name, versions) in &libc.system {
        let library = find(name).ok_or_else(|| format!("this system has no `{name}`"))?;
        let lacks = |version: &&str| !version.is_empty() && !has_version(&library, version);
        if let Some(version) = versions.split(' ').find(lacks) {
            return Err(format!("this system's `{name}` has no {version}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::manifest::CarriedLibc;

    fn libc(policy: LibcPolicy, floor: (u32, u32), carried: bool) -> Libc {
        let carried = carried.then(|| CarriedLibc {
            version: (2, 36),
            loader: "lib/ld.so".into(),
        });
        Libc {
            policy,
            floor,
            loader: HOST.loader.into(),
            system: Default::default(),
            carried,
        }
    }

    #[test]
    fn the_host_is_used_when_it_is_new_enough() {
        let host = Host::look(true);
        assert!(host.loader.is_some(), "this test needs a glibc system");
        assert_eq!(
            decide(&libc(LibcPolicy::Auto, (2, 17), true), &host).unwrap(),
            Choice::Host
        );
        assert_eq!(
            decide(&libc(LibcPolicy::Auto, (2, 99), true), &host).unwrap(),
            Choice::Carried
        );
        assert_eq!(
            decide(&libc(LibcPolicy::Bundled, (2, 17), true), &host).unwrap(),
            Choice::Carried
        );
        let error = decide(&libc(LibcPolicy::Host, (2, 99), false), &host).unwrap_err();
        assert!(
            error
                .message
                .contains("needs glibc 2.99 or newer, and this system has glibc 2."),
            "{error}"
        );
    }

    #[test]
    fn musl_and_no_proc_use_the_carried_one() {
        let musl = Host {
            compilers: [None; 2],
            loader: None,
            proc: true,
        };
        assert_eq!(
            decide(&libc(LibcPolicy::Auto, (2, 17), true), &musl).unwrap(),
            Choice::Carried
        );
        assert!(decide(&libc(LibcPolicy::Host, (2, 17), false), &musl).is_err());
        let bare = Host {
            proc: false,
            ..Host::look(true)
        };
        assert_eq!(
            decide(&libc(LibcPolicy::Auto, (2, 17), true), &bare).unwrap(),
            Choice::Carried
        );
    }

    #[test]
    fn a_missing_system_library_counts() {
        let mut libc = libc(LibcPolicy::Auto, (2, 17), true);
        libc.system.insert("libnowhere.so.9".into(), String::new());
        assert_eq!(decide(&libc, &Host::look(true)).unwrap(), Choice::Carried);
    }

    #[test]
    fn each_version_of_a_system_library_counts() {
        let chosen = |versions: &str| {
            let mut libc = libc(LibcPolicy::Auto, (2, 17), true);
            libc.system.insert("libm.so.6".into(), versions.into());
            decide(&libc, &Host::look(true)).unwrap()
        };
        assert_eq!(chosen("GLIBC_2.27"), Choice::Host);
        assert_eq!(chosen("GLIBC_2.27 GLIBC_2.29"), Choice::Host);
        for versions in [
            "GLIBC_2.27 NONE_1",
            "NONE_1 GLIBC_2.27",
            "GLIBC_2",
            "GLIBC_2.27 GLIBC_2.29 NONE",
        ] {
            assert_eq!(chosen(versions), Choice::Carried, "{versions}");
        }
    }

    #[test]
    fn systems_that_differ_in_the_compilers_libraries_alone_have_different_keys() {
        let with = Host {
            loader: Some((1, 2, 3)),
            proc: true,
            compilers: [Some((4, 5, 6)), Some((7, 8, 9))],
        };
        for compilers in [[None; 2], [None, with.compilers[1]], [with.compilers[0], None]] {
            let without = Host {
                compilers,
                ..with.clone()
            };
            assert_ne!(with.key(), without.key());
        }
    }

    #[test]
    fn the_hosts_loader_needs_proc() {
        let bare = Host {
            proc: false,
            ..Host::look(true)
        };
        let error = decide(&libc(LibcPolicy::Host, (2, 17), false), &bare).unwrap_err();
        assert!(error.message.contains("/proc, which is not mounted"), "{error}");
    }
}
