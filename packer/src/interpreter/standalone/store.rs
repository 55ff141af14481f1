//! The builds that pyship has downloaded.
//!
//! ```text
//! $PYSHIP_PYTHON_INSTALL_DIR, else $XDG_CACHE_HOME/pyship/downloads, else ~/.cache/pyship/downloads
//! <directory>/cpython-3.12.4+20240726-x86_64-unknown-linux-gnu/bin/python3
//! ```
//!
//! A build's directory appears by one rename and is complete. There may be archives beside them, which `--python URL`
//! has downloaded.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fs_err as fs;
use pyship_launcher::format::names::CACHE_NAME;
use pyship_launcher::target::Target;

use super::build::Build;
use crate::environment::Environment;
use crate::interpreter::prefix::python_in;
use crate::interpreter::request::VersionRequest;
use crate::names::{DOWNLOADS, ENV_PYTHON_INSTALL_DIR};

/// The directory of downloads.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// It may not exist yet.
    pub(crate) directory: PathBuf,
}

/// A build that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Which one.
    pub(crate) build: Build,
    /// Its prefix.
    pub(crate) directory: PathBuf,
}

impl Store {
    /// The directory that the environment names.
    ///
    /// # Errors
    /// When it names none: HOME isn't set.
    pub(crate) fn of(environment: &Environment) -> Result<Self> {
        let by_default = || {
            let cache = environment.cache_directory.as_ref()?;
            Some(cache.join(CACHE_NAME).join(DOWNLOADS))
        };
        let directory = environment.path(ENV_PYTHON_INSTALL_DIR).or_else(by_default);
        let directory = directory.context("failed to find a directory for downloads: HOME is not set")?;
        Ok(Self { directory })
    }

    /// Every build that is here, the newest first.
    pub(crate) fn installed(&self) -> Vec<Installed> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let mut found: Vec<Installed> = entries
            .filter_map(|entry| {
                let build = Build::parse(entry.file_name().to_str()?)?;
                let directory = entry.path();
                directory.is_dir().then_some(Installed { build, directory })
            })
            .collect();
        found.sort_by_key(|installed| {
            let Build {
                version,
                free_threaded,
                release,
                target,
            } = &installed.build;
            (version.clone(), *release, !free_threaded, target.triple)
        });
        found.reverse();
        found
    }

    /// The newest build for `target` that is asked for.
    pub(crate) fn find(&self, wanted: &VersionRequest, target: &Target) -> Option<Installed> {
        self.newest(|build| build.target == target && build.meets(wanted))
    }

    /// The newest build that has its interpreter and of which `is_wanted` says so.
    pub(crate) fn newest(&self, is_wanted: impl Fn(&Build) -> bool) -> Option<Installed> {
        let found = self.installed().into_iter();
        found
            .filter(|installed| is_wanted(&installed.build) && installed.python().is_some())
            .max_by_key(|installed| installed.build.rank())
    }

    /// The directory that `build` has, or would have.
    pub(super) fn place(&self, build: &Build) -> PathBuf {
        self.directory.join(build.name())
    }
}

impl Installed {
    /// Its interpreter, unless someone has removed it.
    pub(crate) fn python(&self) -> Option<PathBuf> {
        python_in(&self.directory)
    }

    /// Removes it.
    ///
    /// # Errors
    /// When the directory can't be removed.
    pub(crate) fn remove(&self) -> Result<()> {
        // Its name goes first: what is left of an interrupted removal is no installation.
        let parent = self.directory.parent().unwrap_or_else(|| Path::new("."));
        let aside = tempfile::Builder::new().prefix(".removed-").tempdir_in(parent)?;
        fs::rename(&self.directory, aside.path().join("python"))?;
        Ok(aside.close()?)
    }
}

#[cfg(test)]
mod tests {
    use pyship_launcher::target::HOST;

    use super::*;

    #[test]
    fn what_is_no_build_of_this_target_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let environment = Environment {
            cache_directory: Some(directory.path().to_path_buf()),
            ..Environment::default()
        };
        let store = Store::of(&environment).unwrap();
        assert_eq!(store.directory, directory.path().join("pyship/downloads"));
        assert_eq!(store.installed(), []);
        let other = pyship_launcher::target::TARGETS
            .iter()
            .find(|target| *target != HOST)
            .unwrap();
        for (name, target, has_python) in [
            ("cpython-3.12.4+20240726", HOST, true),
            ("cpython-3.12.10+20250409", HOST, true),
            ("cpython-3.12.11+20250612", HOST, false),
            ("cpython-3.12.12+20260114", other, true),
            ("python-x7", HOST, true),
        ] {
            let prefix = store.directory.join(format!("{name}-{}", target.triple));
            fs::create_dir_all(prefix.join("bin")).unwrap();
            if has_python {
                std::os::unix::fs::symlink("/bin/sh", prefix.join("bin/python3")).unwrap();
            }
        }
        let find = |text| {
            let request = VersionRequest::parse(text).unwrap().unwrap();
            store
                .find(&request, HOST)
                .map(|found| found.build.version.to_string())
        };
        assert_eq!(find("3.12").as_deref(), Some("3.12.10"));
        assert_eq!(find("3.12.4+20240726").as_deref(), Some("3.12.4"));
        assert_eq!(find("3.12.4+20240727"), None);
        assert_eq!(find("3.12.11"), None);
        let versions = |store: &Store| -> Vec<String> {
            store
                .installed()
                .iter()
                .map(|found| found.build.version.to_string())
                .collect()
        };
        assert_eq!(versions(&store), ["3.12.12", "3.12.11", "3.12.10", "3.12.4"]);
        store.installed()[2].remove().unwrap();
        assert_eq!(versions(&store), ["3.12.12", "3.12.11", "3.12.4"]);
        assert!(Store::of(&Environment::default()).is_err());
    }
}
