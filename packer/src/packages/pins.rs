//! What an answer to a request depends on, and how long it is good for: what the request says in all its files,
//! what lies in local places, how uv and pip are configured, and which packages can have one version only.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::install::Request;
use super::installer::Tool;
use super::metadata::normalized;
use crate::build_cache::key::Key;
use crate::build_cache::stamp::Stamp;
use crate::environment::Environment;

/// Variables that have a say in which packages come, or in how one is built.
const VARIABLES: &[&str] = &[
    "PIP_",
    "UV_",
    "CARGO_",
    "RUST",
    "CMAKE_",
    "SETUPTOOLS_",
    "PKG_CONFIG",
];
const BUILD_VARIABLES: &[&str] = &[
    "AR",
    "ARCHFLAGS",
    "CC",
    "CFLAGS",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "FC",
    "LD",
    "LDFLAGS",
    "MAKEFLAGS",
    "SOURCE_DATE_EPOCH",
];
/// Deeper than any requirements files include each other.
const MAX_DEPTH: usize = 16;

/// What a request comes to.
#[derive(Debug, Default)]
pub struct Pins {
    /// Packages that have one version only, by their normal names.
    names: BTreeSet<String>,
    /// Whether something in it has to be installed anew each time: a directory, an sdist, an editable install.
    changes: bool,
}

impl Pins {
    /// Whether the answer may be kept at all.
    #[must_use]
    pub fn may_be_kept(&self) -> bool {
        !self.changes
    }

    /// Whether these packages, an answer to the request, are what it will be answered with tomorrow too.
    #[must_use]
    pub fn cover<'a>(&self, mut packages: impl Iterator<Item = &'a str>) -> bool {
        packages.all(|name| self.names.contains(&normalized(name)))
    }
}

/// Puts everything that the answer depends on into `key`, but for the interpreter and the world's indexes.
/// A requirements file that can't be read is the installer's to complain of.
pub fn read(
    request: &Request,
    tool: &Tool,
    environment: &Environment,
    began: SystemTime,
    key: &mut Key,
) -> Pins {
    let mut reader = Reader {
        key,
        environment,
        began,
        pins: Pins::default(),
    };
    // Whatever is asked for, in words: options, names, target.
    let nameless = Request {
        python: PathBuf::new(),
        ..request.clone()
    };
    reader.key.field("request", format!("{nameless:?}"));
    reader.tool(tool);
    for requirement in &request.requirements {
        reader.requirement(requirement);
    }
    for file in request.requirements_files.iter().chain(&request.constraints) {
        reader.file(&environment.directory.join(file), 0);
    }
    for place in &request.find_links {
        reader.find_links(&environment.directory.clone(), place);
    }
    reader.settings();
    reader.pins
}

struct Reader<'a> {
    key: &'a mut Key,
    environment: &'a Environment,
    began: SystemTime,
    pins: Pins,
}

impl Reader<'_> {
    /// Which pip it is belongs to the interpreter.
    fn tool(&mut self, tool: &Tool) {
        self.key.field("tool", format!("{tool:?}"));
        if let Tool::Uv(path) = tool {
            let stamp = Stamp::of(path).map_or_else(Vec::new, |stamp| stamp.bytes());
            self.key.field("uv", stamp);
        }
    }

    fn file(&mut self, path: &Path, depth: usize) {
        let Ok(bytes) = fs_err::read(path) else {
            self.pins.changes = true;
            return;
        };
        self.key.field("file", &bytes);
        let text = String::from_utf8_lossy(&bytes)
            .replace("\\\r\n", " ")
            .replace("\\\n", " ");
        let directory = path.parent().unwrap_or(Path::new("/")).to_owned();
        for line in text.lines() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let value = |names: &[&str]| {
                names.iter().find_map(|name| {
                    let rest = line.strip_prefix(name)?;
                    rest.starts_with([' ', '=', '\t'])
                        .then(|| rest.trim_start_matches(['=', ' ', '\t']))
                })
            };
            if let Some(other) = value(&["-r", "--requirement", "-c", "--constraint"]) {
                // One on a server says something else tomorrow; its packages aren't covered.
                if !other.contains("://") && depth < MAX_DEPTH {
                    self.file(&directory.join(other), depth + 1);
                }
            } else if let Some(place) = value(&["-f", "--find-links"]) {
                self.find_links(&directory, place);
            } else if value(&["--index-url", "-i", "--extra-index-url"]).is_some()
                || line == "--no-index"
                || line == "--require-hashes"
                || value(&["--only-binary", "--no-binary"]).is_some()
            {
                // Part of the file's bytes, and nothing more.
            } else if line.starts_with('-') {
                // An editable install, or something that nobody has thought of.
                self.pins.changes = true;
            } else {
                self.requirement(line.split(" --").next().unwrap_or_default());
            }
        }
    }

    fn requirement(&mut self, text: &str) {
        let text = text.trim();
        let (what, _marker) = text.split_once(" ;").unwrap_or((text, ""));
        if let Some((before, rest)) = what.split_once("://") {
            if before.ends_with("file") {
                let path = rest.split('#').next().unwrap_or_default();
                return self.local(Path::new(path));
            }
            // A URL names a package only after it: `name @ https://…`.
            if let Some((name, _)) = what.split_once('@').filter(|_| is_fixed(rest)) {
                self.pins.names.insert(normalized(base_name(name)));
            }
            return;
        }
        let path = what.rsplit_once('[').map_or(what, |(path, _)| path);
        let archive = [".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"];
        let path = path.split_once(" @ ").map_or(path, |(_, path)| path).trim();
        if path.contains('/') || path.starts_with(['.', '~']) || archive.iter().any(|end| path.ends_with(end))
        {
            return self.local(&self.environment.directory.join(path));
        }
        let spec = text.split(';').next().unwrap_or_default();
        let version = spec
            .split_once("==")
            .map(|(_, version)| version.trim_start_matches('=').trim());
        if version.is_some_and(|version| !version.is_empty() && !version.contains(['*', ','])) {
            self.pins.names.insert(normalized(base_name(spec)));
        }
    }

    /// A file or directory that is installed: a wheel is its bytes, of anything else nobody knows what it reads.
    fn local(&mut self, path: &Path) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let wheel = name.strip_suffix(".whl").and_then(|name| name.split('-').next());
        match (wheel, fs_err::read(path)) {
            (Some(package), Ok(bytes)) => {
                self.pins.names.insert(normalized(package));
                self.key.field("wheel", Sha256::digest(bytes));
            }
            _ => self.pins.changes = true,
        }
    }

    /// A directory with wheels: every file in it by its stamp, for it may be large.
    fn find_links(&mut self, directory: &Path, place: &str) {
        let place = place.strip_prefix("file://").unwrap_or(place);
        if place.contains("://") {
            return;
        }
        let entries = std::fs::read_dir(directory.join(place)).into_iter().flatten();
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

    /// uv's and pip's settings: variables, and the files at the places where they look for them.
    fn settings(&mut self) {
        for (name, value) in &self.environment.variables {
            let text = name.to_string_lossy();
            let counts = VARIABLES.iter().any(|start| text.starts_with(start));
            if counts || BUILD_VARIABLES.contains(&text.as_ref()) {
                self.key
                    .field("variable", name.as_bytes())
                    .field("value", value.as_bytes());
            }
        }
        for file in configuration(self.environment) {
            let Ok(bytes) = std::fs::read(&file) else { continue };
            self.key
                .field("settings", file.as_os_str().as_bytes())
                .field("bytes", bytes);
        }
    }
}

fn configuration(environment: &Environment) -> Vec<PathBuf> {
    let home = environment.path("HOME");
    let in_home = |path: &str| home.as_ref().map(|home| home.join(path));
    let config = environment.path("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
    let mut files: Vec<PathBuf> = [
        "/etc/pip.conf",
        "/etc/xdg/pip/pip.conf",
        "/etc/uv/uv.toml",
        "/etc/xdg/uv/uv.toml",
    ]
    .iter()
    .map(PathBuf::from)
    .collect();
    if let Some(directories) = environment.get("XDG_CONFIG_DIRS").map(std::env::split_paths) {
        for directory in directories {
            files.extend([directory.join("pip/pip.conf"), directory.join("uv/uv.toml")]);
        }
    }
    files.extend(in_home(".pip/pip.conf"));
    if let Some(config) = config {
        files.extend([config.join("pip/pip.conf"), config.join("uv/uv.toml")]);
    }
    files.extend(
        ["PIP_CONFIG_FILE", "UV_CONFIG_FILE"]
            .iter()
            .filter_map(|name| environment.path(name)),
    );
    // uv reads a workspace's settings, from the working directory up.
    for directory in environment.directory.ancestors() {
        files.extend([directory.join("uv.toml"), directory.join("pyproject.toml")]);
    }
    files
}

/// Whether what a URL names can't become something else: it has a digest, or a whole commit.
fn is_fixed(url: &str) -> bool {
    let commit = url
        .rsplit_once('@')
        .map(|(_, commit)| commit.split('#').next().unwrap_or_default());
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    url.contains("#sha256=") || commit.is_some_and(is_commit)
}

/// The name at the front of a requirement.
fn base_name(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)));
    &text[..end.unwrap_or(text.len())]
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
