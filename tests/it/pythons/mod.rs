//! Interpreters by their versions: which one is found, and what is downloaded where none is.

mod downloads;
mod list;
mod mirror;
mod refused;

use harness::{Run, pyship, scratch};
use serde_json::Value;
use tempfile::TempDir;

const HELLO: &str = "examples/hello/hello.py";

/// A user without any Python: no PATH, and a home with nothing in it.
struct User {
    home: TempDir,
}

impl User {
    fn new() -> Self {
        Self { home: scratch() }
    }

    /// `pyship python`
    fn python(&self, arguments: &[&str]) -> Run {
        self.on(Run::new(pyship()).arg("python").args(arguments))
    }

    /// `pyship pack hello.py --python SPEC`
    fn pack(&self, spec: Option<&str>) -> Run {
        let run = Run::new(pyship())
            .arg("pack")
            .arg(harness::repository().join(HELLO));
        let run = spec.iter().fold(run, |run, spec| run.arg("--python").arg(spec));
        self.on(run.arg("-o").arg(self.home.path().join("hello.bin")))
    }

    fn on(&self, run: Run) -> Run {
        let home = self.home.path();
        run.env("HOME", home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("PATH", home.join("bin"))
    }

    /// What the directory of downloads has.
    fn downloads(&self) -> Vec<String> {
        let entries = fs_err::read_dir(self.home.path().join("cache/pyship/downloads"));
        let names = entries
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    fn list(&self) -> Value {
        self.python(&["list", "--json"]).stdout_any().success().json()
    }
}
