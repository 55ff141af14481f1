//! Projects: what `pyship pack .` makes of a directory that its author builds, locks and runs with other tools.

mod backends;
mod directories;
mod indexes;
mod locks;
mod python_versions;
mod requirements;
mod scripts;

use std::path::{Path, PathBuf};

use harness::{Outcome, Pack, Run, repository, scratch};
use tempfile::TempDir;

/// A directory for a test's projects.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(scratch())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the directories that it is in.
    pub(crate) fn put(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
        self
    }

    /// A project `demo-app` 3.2 in `directory`, with its backend; `more` is appended to its pyproject.toml.
    pub(crate) fn project(&self, directory: &str, more: &str) -> &Self {
        self.named_project(directory, "demo-app", "3.2", more)
    }

    /// Another project.
    pub(crate) fn named_project(&self, directory: &str, name: &str, version: &str, more: &str) -> &Self {
        let build = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n";
        let requires = more.lines().find_map(|line| line.strip_prefix("dependencies = "));
        let requires = requires.unwrap_or_default().trim_matches(['[', ']']);
        let requires = requires.split(", ").filter(|text| !text.is_empty());
        let requires: String = requires
            .map(|text| format!("Requires-Dist: {}\n", text.trim_matches(['\'', '"'])))
            .collect();
        self.put(
            &format!("{directory}/pyproject.toml"),
            &format!("{build}[project]\nname = '{name}'\nversion = '{version}'\n{more}"),
        )
        .put(
            &format!("{directory}/METADATA"),
            &format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n"),
        );
        fs_err::copy(
            repository().join("tests/apps/backend/backend.py"),
            self.path(directory).join("backend.py"),
        )
        .unwrap();
        self
    }

    /// Packs `app` with these arguments.
    pub(crate) fn pack(&self, app: &str) -> Pack {
        Pack::new(self.path(app))
    }

    /// Packs, which has to fail; what it said.
    #[track_caller]
    pub(crate) fn refused(&self, pack: &Pack) -> Outcome {
        let out = self.path("refused.bin");
        let outcome = pack.clone().arg("-q").command_to(&out).stderr_any().exits(1);
        assert!(!out.exists(), "a file was made\n{}", outcome.report());
        outcome
    }

    /// The error without the test's directory.
    #[track_caller]
    pub(crate) fn sentence(&self, pack: &Pack) -> String {
        let said = self.refused(pack).err();
        said.replace(&*self.0.path().canonicalize().unwrap().to_string_lossy(), "PLACE")
            .replace(&*self.0.path().to_string_lossy(), "PLACE")
    }

    /// Runs uv in a directory of this place.
    #[track_caller]
    pub(crate) fn uv(&self, directory: &str, arguments: &[&str]) {
        let python = &harness::interpreters::usual().path;
        Run::inheriting("uv")
            .args(arguments)
            .arg("--quiet")
            .env("UV_PYTHON", python)
            .directory(self.path(directory))
            .stderr_any()
            .stdout_any()
            .success();
    }
}

/// A directory without uv, in place of PATH.
pub(crate) fn without_uv(place: &Place) -> PathBuf {
    let directory = place.path("bin");
    fs_err::create_dir_all(&directory).unwrap();
    for name in ["python3", "sh", "git"] {
        let program = Run::inheriting("which").arg(name).stdout_any().output().out();
        let link = directory.join(name);
        if !link.exists() && !program.trim().is_empty() {
            std::os::unix::fs::symlink(Path::new(program.trim()), link).unwrap();
        }
    }
    directory
}
