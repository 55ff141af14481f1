//! Every CPython of this machine: pyenv's, those on PATH (Debian's among them), uv's.
//!
//! A test that needs a kind of interpreter which isn't here fails and says so. Which minor versions have to be
//! here is said by `$PYSHIP_TEST_PYTHONS` ("3.9 3.10 3.11"); without it, whatever is found is tested.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The oldest minor version of CPython 3 that pyship packs.
pub const OLDEST: u32 = 9;

/// A CPython that is no virtual environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// Its program, by the name `python3.X`.
    pub path: PathBuf,
    /// Major, minor and micro.
    pub version: (u32, u32, u32),
    /// `sys.prefix`
    pub prefix: PathBuf,
}

impl Interpreter {
    /// `3.12`
    #[must_use]
    pub fn minor(&self) -> String {
        format!("{}.{}", self.version.0, self.version.1)
    }

    /// `3.12.1`
    #[must_use]
    pub fn full(&self) -> String {
        format!("{}.{}", self.minor(), self.version.2)
    }

    /// Whether the distribution's packages made it: its prefix is the system's.
    #[must_use]
    pub fn is_systems(&self) -> bool {
        self.prefix == Path::new("/usr")
    }
}

/// The one for tests that don't care: 3.12, else the newest.
#[must_use]
pub fn usual() -> &'static Interpreter {
    let preferred = all()
        .iter()
        .find(|found| found.version.1 == 12 && !found.is_systems());
    preferred
        .or_else(|| all().iter().max_by_key(|found| found.version))
        .unwrap()
}

/// One of each minor version.
#[must_use]
pub fn each_minor() -> Vec<&'static Interpreter> {
    let mut found = BTreeMap::new();
    for interpreter in all() {
        found.entry(interpreter.version.1).or_insert(interpreter);
    }
    let wanted = env::var("PYSHIP_TEST_PYTHONS").unwrap_or_default();
    for version in wanted.split_whitespace() {
        let here = found.values().any(|interpreter| interpreter.minor() == version);
        assert!(
            here,
            "PYSHIP_TEST_PYTHONS wants Python {version}, which isn't on this machine"
        );
    }
    found.into_values().collect()
}

/// The distribution's own; fails when there is none.
#[must_use]
pub fn systems() -> &'static Interpreter {
    all()
        .iter()
        .find(|found| found.is_systems())
        .expect("the system's own python3 (/usr) isn't on this machine")
}

/// A Python that is too old to be packed, where there is one.
#[must_use]
pub fn too_old() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        candidates()
            .into_iter()
            .find(|path| probe(path).is_some_and(|found| found.version < (3, OLDEST, 0)))
    });
    found.as_deref()
}

/// Every one that pyship must be able to pack; fails when there is none.
#[must_use]
pub fn all() -> &'static [Interpreter] {
    static FOUND: OnceLock<Vec<Interpreter>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut found: Vec<Interpreter> = Vec::new();
        for path in candidates() {
            if let Some(interpreter) = probe(&path).filter(|found| found.version >= (3, OLDEST, 0))
                && !found
                    .iter()
                    .any(|other| other.prefix == interpreter.prefix && other.version == interpreter.version)
            {
                found.push(interpreter);
            }
        }
        assert!(
            !found.is_empty(),
            "no CPython 3.{OLDEST} or newer is on this machine: install python3, pyenv or uv's"
        );
        found
    })
}

fn candidates() -> Vec<PathBuf> {
    let mut places = Vec::new();
    let home = env::var_os("HOME").map(PathBuf::from);
    let pyenv = env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| home.as_ref().map(|home| home.join(".pyenv")));
    let uv = env::var_os("UV_PYTHON_INSTALL_DIR")
        .map(PathBuf::from)
        .or_else(|| home.as_ref().map(|home| home.join(".local/share/uv/python")));
    for root in [pyenv.map(|root| root.join("versions")), uv]
        .into_iter()
        .flatten()
    {
        // A directory that isn't there holds no interpreters.
        let entries = fs_err::read_dir(root)
            .map(|entries| entries.flatten().collect())
            .unwrap_or_else(|_| Vec::new());
        places.extend(entries.into_iter().map(|entry| entry.path().join("bin")));
    }
    places.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    places.push(PathBuf::from("/usr/bin"));
    let names: Vec<String> = (6..30).rev().map(|minor| format!("python3.{minor}")).collect();
    let all = places
        .iter()
        .flat_map(|place| names.iter().map(move |name| place.join(name)));
    // A shim stands for an interpreter that is found by itself.
    all.filter(|path| path.is_file() && !path.components().any(|part| part.as_os_str() == "shims"))
        .collect()
}

fn probe(path: &Path) -> Option<Interpreter> {
    let code = "import sys; print(sys.implementation.name, *sys.version_info[:3], sys.prefix == sys.base_prefix, sys.prefix)";
    let done = Command::new(path).args(["-I", "-c", code]).output().ok()?;
    let text = String::from_utf8(done.stdout).ok()?;
    let mut words = text.trim_end().splitn(6, ' ');
    let is_cpython = words.next() == Some("cpython");
    let mut number = || words.next()?.parse().ok();
    let version = (number()?, number()?, number()?);
    let is_base = words.next() == Some("True");
    let prefix = PathBuf::from(words.next()?);
    (done.status.success() && is_cpython && is_base).then(|| Interpreter {
        path: path.to_owned(),
        version,
        prefix,
    })
}
