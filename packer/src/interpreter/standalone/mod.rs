//! Builds of [python-build-standalone](https://github.com/astral-sh/python-build-standalone): which there are
//! ([`catalog`]), from where they are downloaded ([`mirror`]), and which are on this machine ([`store`]).
//!
//! A build is an archive of a release of that project, for one target, with or without the global interpreter lock:
//!
//! ```text
//! cpython-3.14.2+20260114-x86_64-unknown-linux-gnu-freethreaded-install_only_stripped.tar.gz
//!         version release target                   threading    flavour
//! ```

mod build;
pub(crate) mod catalog;
pub(crate) mod install;
pub(crate) mod mirror;
pub(crate) mod store;
mod sums;

pub(crate) use build::Build;
