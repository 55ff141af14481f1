//! What build backends leave in the directory that they build: setuptools `build/`, from which its next build would take
//! modules that are gone, and `*.egg-info`; pdm `.pdm-build/`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The directories of a project that were there before it was built.
pub(super) struct Leftovers<'a> {
    project: &'a Path,
    before: BTreeSet<PathBuf>,
}

impl<'a> Leftovers<'a> {
    /// To be called before the build.
    pub(super) fn of(project: &'a Path) -> Self {
        Self {
            project,
            before: found(project).collect(),
        }
    }

    /// Removes what the build left. What was there before stays: somebody else made it.
    pub(super) fn remove(self) {
        for path in found(self.project).filter(|path| !self.before.contains(path)) {
            // Nothing depends on it; a user who may not remove it could not have made it.
            fs_err::remove_dir_all(path).unwrap_or_default();
        }
    }
}

fn found(project: &Path) -> impl Iterator<Item = PathBuf> {
    let directories = [project.to_owned(), project.join("src"), project.join("lib")];
    let entries = directories
        .into_iter()
        .filter_map(|directory| fs_err::read_dir(directory).ok());
    let root = project.to_owned();
    entries
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(move |path| {
            let is_egg_info = path.extension() == Some("egg-info".as_ref());
            let is_build =
                path.parent() == Some(&root) && (path.ends_with("build") || path.ends_with(".pdm-build"));
            (is_egg_info || is_build) && path.is_dir()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_build_made_goes() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| fs_err::create_dir_all(place.path().join(name)).unwrap();
        for name in ["old.egg-info", "src/demo"] {
            make(name);
        }
        let leftovers = Leftovers::of(place.path());
        for name in ["build/lib", "src/demo.egg-info", "old.egg-info/new", "src/build"] {
            make(name);
        }
        leftovers.remove();
        let is_there = |name: &str| place.path().join(name).exists();
        assert!(!is_there("build") && !is_there("src/demo.egg-info"));
        assert!(is_there("old.egg-info/new") && is_there("src/build") && is_there("src/demo"));
    }
}
