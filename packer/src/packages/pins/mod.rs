//! What the result of a request depends on, and whether it may be kept: the request with all its files, local files
//! and directories, the configuration of uv and pip, and which packages are pinned to one version.

mod configuration;

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pep508_rs::VersionOrUrl;
use pep508_rs::pep440_rs::Operator;
use sha2::{Digest, Sha256};

use super::declared::{Declared, Dependencies};
use super::metadata::normalized;
use super::request::{Request, is_url};
use super::requirement;
use super::requirements_file::{self, Line, Seen};
use super::tool::Tool;
use crate::build_cache::key::Key;
use crate::build_cache::stamp::Stamp;
use crate::environment::Environment;

/// Endings of files that installers take as a requirement.
const ARCHIVES: &[&str] = &[".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"];

/// Which packages of a request are pinned.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    /// Normalized names of packages that can have one version only.
    names: BTreeSet<String>,
    /// Whether something has to be installed again each time: a directory, an sdist, an editable install.
    changes: bool,
}

impl Pins {
    /// Whether the result may be kept at all.
    pub(crate) fn may_be_kept(&self) -> bool {
        !self.changes
    }

    /// Whether all these packages, the result of the request, are pinned: then it has the same result at any time.
    pub(crate) fn cover<'a>(&self, mut packages: impl Iterator<Item = &'a str>) -> bool {
        packages.all(|name| self.names.contains(&normalized(name)))
    }
}

/// Adds everything that the result depends on to `key`, except the interpreter and the contents of indexes.
/// A requirements file that can't be read is left to the installer to report.
pub(crate) fn read(
    request: &Request,
    tool: &Tool,
    environment: &Environment,
    began: SystemTime,
    key: &mut Key,
) -> Pins {
    let mut reader = Reader::new(key, environment, began);
    // Which interpreter it is, and with it which pip, is part of the key already.
    let nameless = Request {
        python: PathBuf::new(),
        declared: Declared::default(),
        ..request.clone()
    };
    reader.key.field("request", format!("{nameless:?}"));
    reader.key.field("tool", format!("{tool:?}"));
    if let Tool::Uv(path) = tool {
        let stamp = Stamp::of(path).map_or_else(Vec::new, |stamp| stamp.bytes());
        reader.key.field("uv", stamp);
    }
    reader.request(request);
    let names_directories = configuration::identify(environment, reader.key);
    reader.pins.changes |= names_directories;
    reader.pins
}

/// What a request takes from the builder.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// The directories in which wheels are looked for, as options, variables, requirements files and settings name them.
    pub(super) links: Vec<PathBuf>,
    /// Whether something is asked for whatever the environment is.
    pub(super) asks: bool,
}

/// See [`Local`].
pub(super) fn local(request: &Request, environment: &Environment) -> Local {
    let mut key = Key::default();
    let mut reader = Reader::new(&mut key, environment, SystemTime::now());
    reader.request(request);
    let mut local = reader.local;
    local.links.extend(configuration::directories(environment));
    local
}

struct Reader<'a> {
    key: &'a mut Key,
    environment: &'a Environment,
    began: SystemTime,
    seen: Seen,
    pins: Pins,
    local: Local,
}

impl<'a> Reader<'a> {
    fn new(key: &'a mut Key, environment: &'a Environment, began: SystemTime) -> Self {
        Self {
            key,
            environment,
            began,
            seen: Seen::default(),
            pins: Pins::default(),
            local: Local::default(),
        }
    }

    fn request(&mut self, request: &Request) {
        let directory = &self.environment.directory;
        self.declared(&request.declared);
        for requirement in &request.requirements {
            self.requirement(requirement);
        }
        for constraints in &request.constraints {
            let asks = self.local.asks;
            self.requirements_file(constraints);
            self.local.asks = asks;
        }
        for file in &request.requirements_files {
            self.requirements_file(file);
        }
        for location in &request.find_links {
            self.find_links(directory, location);
        }
        for location in configuration::find_links(self.environment) {
            self.find_links(directory, &location);
        }
        for file in configuration::requirements(self.environment) {
            let asks = self.local.asks;
            self.file(&file);
            self.local.asks = asks;
        }
    }

    /// One on a server may change; packages that only it pins count as not pinned.
    fn requirements_file(&mut self, file: &Path) {
        if !is_url(file) {
            self.file(&self.environment.directory.join(file));
        }
    }

    fn declared(&mut self, declared: &Declared) {
        self.key.field("selection", format!("{:?}", declared.selection));
        for name in ["pyproject.toml", "uv.toml"] {
            let file = declared.settings.as_ref().map(|directory| directory.join(name));
            let Some(file) = file else { continue };
            if let Ok(bytes) = fs_err::read(&file) {
                let directories = configuration::directories_of(&file, &bytes);
                // What is in them is not known.
                self.pins.changes |= !directories.is_empty();
                self.local.links.extend(directories);
                self.key.field("project", bytes);
            }
        }
        self.pins.changes |= declared.volatile;
        match &declared.dependencies {
            Dependencies::None => {}
            Dependencies::List(list) => {
                self.key.field("declared", format!("{list:?}"));
                list.iter().for_each(|requirement| self.requirement(requirement));
            }
            Dependencies::File { digest, .. }
            | Dependencies::Script { digest, .. }
            | Dependencies::Wheel { digest, .. } => {
                self.local.asks = true;
                self.key.field("declared", digest);
            }
            Dependencies::Lock(lock) => {
                self.key.field("lock", lock.text());
                self.pins.changes |= lock.has_directories();
                let packages = lock.packages().unwrap_or_default().into_iter();
                self.pins
                    .names
                    .extend(packages.map(|(name, _)| normalized(&name)));
            }
        }
    }

    fn file(&mut self, path: &Path) {
        if !self.seen.is_new(path) {
            return;
        }
        let Ok(bytes) = fs_err::read(path) else {
            self.pins.changes = true;
            return;
        };
        self.key.field("file", &bytes);
        let directory = path.parent().unwrap_or(Path::new("/"));
        for line in requirements_file::parse(&bytes) {
            match line {
                Line::Requirement(text) => self.requirement(&text),
                // A file on a server may change; packages that only it pins count as not pinned.
                Line::File(other) | Line::Constraint(other) if other.contains("://") => {}
                Line::File(other) | Line::Constraint(other) => self.file(&directory.join(other)),
                Line::FindLinks(location) => self.find_links(directory, &location),
                // A part of the file's bytes, and nothing more.
                Line::Option => {}
                Line::Editable(_) | Line::Other => self.pins.changes = true,
            }
        }
    }

    fn requirement(&mut self, text: &str) {
        self.local.asks |= !text.contains(';');
        match local_path(text.trim()) {
            Some(path) => self.local(&self.environment.directory.join(path)),
            None => self.pins.names.extend(pinned_name(text)),
        }
    }

    /// A file or directory that is installed: a wheel is identified by its bytes; what anything else depends on
    /// can't be known.
    fn local(&mut self, path: &Path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let wheel = name.strip_suffix(".whl").and_then(|name| name.split('-').next());
        match (wheel, fs_err::read(path)) {
            (Some(package), Ok(bytes)) => {
                self.pins.names.insert(normalized(package));
                self.key.field("wheel", Sha256::digest(bytes));
            }
            _ => self.pins.changes = true,
        }
    }

    /// A directory with wheels: every file in it by its stamp, since there may be many and large ones.
    fn find_links(&mut self, directory: &Path, location: &str) {
        let location = location.strip_prefix("file://").unwrap_or(location);
        if location.contains("://") {
            return;
        }
        let location = directory.join(location);
        let entries = fs_err::read_dir(&location).into_iter().flatten();
        self.local.links.push(location);
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        for file in files {
            let Some(stamp) = Stamp::of(&file) else { continue };
            self.pins.changes |= stamp.is_after(self.began);
            self.key
                .field("link", file.as_os_str().as_bytes())
                .field("stamp", stamp.bytes());
        }
    }
}

/// The path in a requirement that is a file or directory: `./x.whl`, `../lib[extra]`, `lib @ file:///home/me/lib`.
pub(crate) fn local_path(requirement: &str) -> Option<&str> {
    let (what, _marker) = requirement.split_once(" ;").unwrap_or((requirement, ""));
    if let Some((scheme, rest)) = what.split_once("://") {
        return scheme
            .ends_with("file")
            .then(|| rest.split('#').next().unwrap_or_default());
    }
    let path = what.rsplit_once('[').map_or(what, |(path, _extras)| path);
    let path = path.split_once(" @ ").map_or(path, |(_name, path)| path).trim();
    let is_path = path.contains('/')
        || path.starts_with(['.', '~'])
        || ARCHIVES.iter().any(|ending| path.ends_with(ending));
    is_path.then_some(path)
}

/// The normalized name of a requirement that only one version meets.
fn pinned_name(requirement: &str) -> Option<String> {
    let requirement = requirement::without_marker(requirement)?;
    let pinned = match requirement.version_or_url? {
        VersionOrUrl::VersionSpecifier(specifiers) => specifiers
            .iter()
            .any(|one| matches!(one.operator(), Operator::Equal | Operator::ExactEqual)),
        VersionOrUrl::Url(url) => url.given().is_some_and(is_immutable),
    };
    pinned.then(|| normalized(requirement.name.as_ref()))
}

/// Whether a URL always gives the same: it has a digest, or a whole commit.
fn is_immutable(url: &str) -> bool {
    let commit = url
        .rsplit_once('@')
        .map(|(_, commit)| commit.split('#').next().unwrap_or_default());
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    url.contains("#sha256=") || commit.is_some_and(is_commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pins(requirements: &[&str], directory: &Path) -> (Pins, String) {
        let request = Request {
            requirements: requirements.iter().map(|&text| text.to_owned()).collect(),
            ..Request::default()
        };
        let environment = Environment {
            directory: directory.to_owned(),
            ..Environment::default()
        };
        let mut key = Key::default();
        let tool = Tool::Uv("/usr/bin/uv".into());
        let pins = read(&request, &tool, &environment, SystemTime::now(), &mut key);
        (pins, key.finish())
    }

    #[test]
    fn a_pin_has_one_version() {
        let here = tempfile::tempdir().unwrap();
        for (requirement, package, pinned) in [
            ("six==1.16.0", "six", true),
            (
                "Ruamel.Yaml[jinja2] == 0.18 ; python_version > '3'",
                "ruamel-yaml",
                true,
            ),
            ("six===1.16", "six", true),
            ("six==1.*", "six", false),
            ("six>=1,==1.16", "six", true),
            ("six>=1", "six", false),
            ("six; python_version == '3.12'", "six", false),
            ("six @ https://h/six-1.whl#sha256=abc", "six", true),
            ("six @ https://h/six-1.whl", "six", false),
            (
                "six @ git+https://h/r@0123456789012345678901234567890123456789",
                "six",
                true,
            ),
            ("six @ git+https://h/r@main", "six", false),
        ] {
            let (pins, _) = pins(&[requirement], here.path());
            assert!(pins.may_be_kept(), "{requirement}");
            assert_eq!(pins.cover([package].into_iter()), pinned, "{requirement}");
        }
        let (pins, _) = pins(&["six==1.16"], here.path());
        assert!(!pins.cover(["six", "attrs"].into_iter()));
    }

    #[test]
    fn local_things_are_their_bytes_or_never_kept() {
        let here = tempfile::tempdir().unwrap();
        let wheel = here.path().join("demo-1-py3-none-any.whl");
        fs_err::write(&wheel, "one").unwrap();
        let (one, first) = pins(&["./demo-1-py3-none-any.whl"], here.path());
        assert!(one.may_be_kept() && one.cover(["Demo"].into_iter()));
        fs_err::write(&wheel, "two").unwrap();
        assert_ne!(pins(&["./demo-1-py3-none-any.whl"], here.path()).1, first);
        for requirement in [
            ".",
            "./demo-1.tar.gz",
            "demo @ file:///here/demo",
            "./missing.whl",
        ] {
            assert!(
                !pins(&[requirement], here.path()).0.may_be_kept(),
                "{requirement}"
            );
        }
    }

    #[test]
    fn files_are_read_with_those_that_they_name() {
        let here = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs_err::write(here.path().join(name), text).unwrap();
        put(
            "all.txt",
            "-r pinned.txt\nsix # any\n--index-url https://h/simple\n",
        );
        put("pinned.txt", "idna==3.7 \\\n  --hash=sha256:abc\n");
        let request = Request {
            requirements_files: vec![here.path().join("all.txt")],
            ..Request::default()
        };
        let environment = Environment {
            directory: "/".into(),
            ..Environment::default()
        };
        let look = || {
            let mut key = Key::default();
            let pins = read(&request, &Tool::Pip, &environment, SystemTime::now(), &mut key);
            (pins, key.finish())
        };
        let (pins, key) = look();
        assert!(pins.cover(["idna"].into_iter()) && !pins.cover(["six"].into_iter()));
        put("pinned.txt", "idna==3.8\n");
        assert_ne!(look().1, key);
        put("pinned.txt", "-e ./lib\n");
        assert!(!look().0.may_be_kept());
    }
}
