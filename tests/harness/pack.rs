//! `pyship pack`, and the file that it makes.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pyship_launcher::format::names::ENV_CACHE_DIR;
use tempfile::TempDir;

use crate::aarch64::{AARCH64, for_aarch64, pyship_for_aarch64};
use crate::interpreters::{self, Interpreter};
use crate::paths::{cache, digest, key, once, repository, scratch};
use crate::pyship::{pyship, pyship_digest};
use crate::run::Run;

/// Which build cache a pack uses.
#[derive(Debug, Clone)]
enum BuildCache {
    /// One for all tests, as a user has one for all projects: most packs reuse the runtime.
    Shared,
    At(PathBuf),
    None,
}

/// A `pyship pack` to be. The interpreter is [`interpreters::usual`] and the level low, unless told.
#[derive(Debug, Clone)]
#[must_use]
pub struct Pack {
    pyship: Option<PathBuf>,
    app: Option<PathBuf>,
    python: Option<OsString>,
    /// `--level` and its value, or another option in its place.
    compression: Vec<OsString>,
    build_cache: BuildCache,
    name: String,
    arguments: Vec<OsString>,
}

impl Pack {
    /// A script or directory: absolute, or relative to the repository.
    pub fn new(app: impl AsRef<Path>) -> Self {
        let app = repository().join(app);
        let name = app.file_stem().unwrap().to_string_lossy().into_owned();
        Self {
            app: Some(app),
            name: format!("{name}.bin"),
            ..Self::without_app()
        }
    }

    /// No APP: an environment that behaves like `python`.
    pub fn without_app() -> Self {
        let python = Some(interpreters::usual().path.clone().into_os_string());
        Self {
            pyship: None,
            app: None,
            python,
            compression: level(3),
            build_cache: BuildCache::Shared,
            name: "env.bin".to_owned(),
            arguments: Vec::new(),
        }
    }

    /// An interpreter that was found.
    pub fn python(self, interpreter: &Interpreter) -> Self {
        self.python_is(&interpreter.path)
    }

    /// What `--python` gets.
    pub fn python_is(mut self, value: impl AsRef<OsStr>) -> Self {
        self.python = Some(value.as_ref().to_owned());
        self
    }

    /// No `--python`: pyship chooses.
    pub fn any_python(mut self) -> Self {
        self.python = None;
        self
    }

    /// For aarch64, whatever the machine: by a `pyship` that can, with its own Python and `--sysroot`.
    pub fn for_aarch64(self) -> Self {
        let sysroot = &for_aarch64().sysroot;
        self.for_aarch64_without_sysroot().arg("--sysroot").arg(sysroot)
    }

    /// The same without `--sysroot`.
    pub fn for_aarch64_without_sysroot(mut self) -> Self {
        self.pyship = Some(pyship_for_aarch64().to_owned());
        self.python_is(&for_aarch64().python).args(["--target", AARCH64])
    }

    /// `--level`
    pub fn level(mut self, number: u32) -> Self {
        self.compression = level(number);
        self
    }

    /// Without `--level`: whatever is the default, or is asked for by another argument.
    pub fn no_level(mut self) -> Self {
        self.compression.clear();
        self
    }

    /// Uses this build cache in place of the one that tests share.
    pub fn build_cache(mut self, directory: &Path) -> Self {
        self.build_cache = BuildCache::At(directory.to_owned());
        self
    }

    /// Makes everything anew.
    pub fn no_build_cache(mut self) -> Self {
        self.build_cache = BuildCache::None;
        self
    }

    /// `-r`, relative to the repository.
    pub fn requirements(self, file: impl AsRef<Path>) -> Self {
        self.arg("-r").arg(repository().join(file))
    }

    /// `--with`
    pub fn with(self, requirement: &str) -> Self {
        self.arg("--with").arg(requirement)
    }

    /// The file's name, in place of one made from APP's.
    pub fn called(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// Any other argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Any other arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// The command, with everything but `-o`; what it says is up to the test.
    pub fn command(&self) -> Run {
        let mut run = Run::inheriting(self.pyship()).arg("pack").args(&self.app);
        if let Some(python) = &self.python {
            run = run.arg("--python").arg(python);
        }
        run = match &self.build_cache {
            BuildCache::Shared => run.arg("--build-cache").arg(kept().join("build")),
            BuildCache::At(directory) => run.arg("--build-cache").arg(directory),
            BuildCache::None => run.arg("--no-build-cache"),
        };
        run.args(&self.compression).args(&self.arguments)
    }

    /// The command that makes `output`.
    pub fn command_to(&self, output: &Path) -> Run {
        self.command().arg("-o").arg(output)
    }

    fn pyship(&self) -> &Path {
        self.pyship.as_deref().unwrap_or_else(|| pyship())
    }

    /// The same as words, for a test that starts it through another program.
    #[must_use]
    pub fn command_line(&self, output: &Path) -> Vec<OsString> {
        let mut words = vec![self.pyship().as_os_str().to_owned()];
        words.extend(self.command_to(output).words().iter().cloned());
        words
    }

    /// Packs, or takes what the same `pyship` made of the same inputs; a failure ends the test.
    #[must_use]
    #[track_caller]
    pub fn run(&self) -> Packed {
        let inputs: Vec<&OsString> = self.arguments.iter().collect();
        let paths = self
            .app
            .iter()
            .map(PathBuf::as_path)
            .chain(inputs.iter().map(Path::new));
        let paths: Vec<&Path> = paths.filter(|path| path.is_absolute() && path.exists()).collect();
        let temporary = std::env::temp_dir();
        let python = self.python.as_ref().map(Path::new);
        if paths
            .iter()
            .copied()
            .chain(python)
            // The repository itself may lie there.
            .any(|path| path.starts_with(&temporary) && !path.starts_with(repository()))
        {
            let own = scratch();
            let path = own.path().join(&self.name);
            self.command_to(&path).stderr_any().success();
            return Packed {
                path,
                own: Some(Arc::new(own)),
            };
        }
        // The interpreters of this machine stay as they are; another pyship is built anew now and then.
        let digests: Vec<String> = paths
            .iter()
            .copied()
            .chain(self.pyship.as_deref())
            .map(digest)
            .collect();
        let described = format!("{self:?} {digests:?}");
        let target = kept().join(key(&[&described]));
        once(&target, |half| {
            self.command_to(&half.join(&self.name)).stderr_any().success();
        });
        Packed {
            path: target.join(&self.name),
            own: None,
        }
    }
}

/// The directory of what this `pyship` packed; what others packed is removed after two hours: it is large.
fn kept() -> PathBuf {
    let all = cache("packed");
    let own = all.join(pyship_digest());
    if !own.exists() {
        for entry in fs_err::read_dir(&all).unwrap().flatten() {
            let age = entry
                .metadata()
                .and_then(|data| data.modified())
                .map(|then| SystemTime::now().duration_since(then));
            if matches!(age, Ok(Ok(age)) if age > Duration::from_secs(7_200)) {
                // Another run may be removing it too.
                fs_err::remove_dir_all(entry.path()).unwrap_or_default();
            }
        }
        fs_err::create_dir_all(&own).unwrap();
    }
    own
}

/// A packed file.
#[derive(Debug, Clone)]
pub struct Packed {
    /// Where it is. It may be shared with other tests: copy it before changing it.
    pub path: PathBuf,
    own: Option<Arc<TempDir>>,
}

impl Packed {
    /// Starts it, with a cache that all tests share as its whole environment.
    pub fn run(&self) -> Run {
        let shared = match &self.own {
            Some(own) => own.path().join("cache"),
            None => kept().join("cache"),
        };
        Run::new(&self.path).env(ENV_CACHE_DIR, shared)
    }

    /// Starts it with a cache of its own.
    pub fn run_with_cache(&self, directory: &Path) -> Run {
        Run::new(&self.path).env(ENV_CACHE_DIR, directory)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        fs_err::read(&self.path).unwrap()
    }

    /// Its manifest, read by an ordinary tool.
    #[must_use]
    #[track_caller]
    pub fn manifest(&self) -> serde_json::Value {
        Run::inheriting("unzip")
            .arg("-p")
            .arg(&self.path)
            .arg("pyship.json")
            .stdout_any()
            .stderr_any()
            .output()
            .json()
    }
}

fn level(number: u32) -> Vec<OsString> {
    vec!["--level".into(), number.to_string().into()]
}
