//! pyproject.toml of an app: `[project]`, and pyship's own options in `[tool.pyship]`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;

use super::suggest::{quoted, similar};
use crate::options::PackOptions;
use crate::text_file::{self, TEXT_MAX};

/// The group that uv installs by default, for developers.
const DEV_GROUP: &str = "dev";

/// What a pyproject.toml says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ProjectFile {
    /// `[project]`, if the file has it.
    pub(crate) project: Option<Project>,
    /// Names of the `[dependency-groups]`.
    pub(crate) groups: BTreeSet<String>,
    /// Whether the project is a package, which is built: it has a `[build-system]`, unless uv or poetry are told otherwise.
    pub(crate) is_package: bool,
    /// `[tool.uv]`, or its defaults.
    pub(crate) uv: Uv,
    /// `[tool.pyship]`, or its defaults.
    pub(crate) options: PackOptions,
}

/// `[project]`, as far as packing needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Project {
    /// The project's name.
    pub(crate) name: Option<String>,
    /// Its version, unless it is dynamic.
    pub(crate) version: Option<String>,
    /// The versions of Python that it supports, as a specifier of PEP 440.
    pub(crate) requires_python: Option<String>,
    /// The packages that it depends on.
    pub(crate) dependencies: Vec<String>,
    /// Those of each extra.
    pub(crate) optional_dependencies: BTreeMap<String, Vec<String>>,
    /// Fields that only a build tells.
    pub(crate) dynamic: Vec<String>,
    /// Its commands: the name, and the function as `module:attr`.
    pub(crate) scripts: BTreeMap<String, String>,
    /// Its commands that open a window, in the same form.
    pub(crate) gui_scripts: BTreeMap<String, String>,
}

/// `[tool.uv]`, as far as packing needs it (<https://docs.astral.sh/uv/reference/settings/>).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Uv {
    /// Whether the project is a package, in place of what `[build-system]` says.
    pub(crate) package: Option<bool>,
    /// Names that come from elsewhere than an index, or from a certain one.
    pub(crate) sources: BTreeMap<String, toml::Value>,
    /// Indexes to use.
    pub(crate) index: Vec<toml::Value>,
    /// Groups that are installed unless they are left out.
    pub(crate) default_groups: DefaultGroups,
    /// The members, when the directory is the root of a workspace.
    pub(crate) workspace: Option<toml::Value>,
}

/// `default-groups` in `[tool.uv]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum DefaultGroups {
    /// The word `all`.
    Word(String),
    /// Their names.
    Names(Vec<String>),
}

impl Default for DefaultGroups {
    fn default() -> Self {
        Self::Names(Vec::new())
    }
}

impl ProjectFile {
    /// Whether a source is a directory, whose files may change while this file stays the same.
    pub(crate) fn has_directories(&self) -> bool {
        let is_directory = |source: &toml::Value| {
            let tables = source
                .as_array()
                .map_or(std::slice::from_ref(source), Vec::as_slice);
            tables
                .iter()
                .any(|table| table.get("path").is_some() || table.get("workspace").is_some())
        };
        self.uv.sources.values().any(is_directory)
    }

    /// Names that uv takes from elsewhere than an index.
    pub(crate) fn mapped_names(&self) -> impl Iterator<Item = &str> {
        self.uv.sources.keys().map(String::as_str)
    }

    /// The groups that are installed because `[tool.uv]` says so. `dev`, which uv adds by itself, is for developing.
    pub(crate) fn default_groups(&self) -> Vec<String> {
        match &self.uv.default_groups {
            DefaultGroups::Word(_) => self.groups.iter().cloned().collect(),
            DefaultGroups::Names(names) => names.iter().filter(|name| *name != DEV_GROUP).cloned().collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    project: Option<Project>,
    build_system: Option<toml::Table>,
    #[serde(default)]
    dependency_groups: toml::Table,
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    pyship: PackOptions,
    uv: Uv,
    poetry: Poetry,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Poetry {
    package_mode: Option<bool>,
}

impl Document {
    /// `directory` is where relative paths in `[tool.pyship]` begin.
    fn into_file(self, directory: &Path) -> ProjectFile {
        ProjectFile {
            is_package: self.is_package(),
            project: self.project,
            groups: self.dependency_groups.keys().cloned().collect(),
            uv: self.tool.uv,
            options: self.tool.pyship.relative_to(directory),
        }
    }

    fn is_package(&self) -> bool {
        let default = self.build_system.is_some() && self.tool.poetry.package_mode != Some(false);
        self.tool.uv.package.unwrap_or(default)
    }
}

/// Reads `pyproject.toml` in the directory `app`; none when there is no such file.
///
/// # Errors
/// When it can't be read, is not TOML, or has a key or value in `[tool.pyship]` that is not an option's.
pub(crate) fn read(app: &Path) -> Result<Option<ProjectFile>> {
    let path = app.join("pyproject.toml");
    match fs_err::metadata(&path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        _ => {}
    }
    let text = String::from_utf8(text_file::read(&path, TEXT_MAX)?)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    let file = parse(&text, app).with_context(|| format!("failed to read `{}`", path.display()))?;
    Ok(Some(file))
}

/// Reads the `text` of the pyproject.toml in the directory `app`.
///
/// # Errors
/// When it is not TOML, or has a key or value in `[tool.pyship]` that is not an option's.
pub(crate) fn parse(text: &str, app: &Path) -> Result<ProjectFile> {
    let document: Document = toml::from_str(text).map_err(|error| anyhow!(one_line(&error, text)))?;
    Ok(document.into_file(app))
}

/// Reads the metadata `text` of a script in the directory `directory` (PEP 723).
///
/// # Errors
/// As [`read`], with the number of the line in the metadata.
pub(super) fn read_script(text: &str, directory: &Path) -> Result<ProjectFile> {
    let script: ScriptDocument = toml::from_str(text).map_err(|error| anyhow!(one_line(&error, text)))?;
    let document = Document {
        project: Some(Project {
            requires_python: script.requires_python,
            dependencies: script.dependencies,
            ..Project::default()
        }),
        build_system: None,
        dependency_groups: toml::Table::new(),
        tool: script.tool,
    };
    Ok(document.into_file(directory))
}

/// The metadata of a script.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ScriptDocument {
    requires_python: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    tool: Tool,
}

/// The error in one line, where toml would print several: the line's number, the line, and what is wrong with it.
fn one_line(error: &toml::de::Error, text: &str) -> String {
    let message = error.message();
    let message = unknown_key(message).unwrap_or_else(|| message.lines().collect::<Vec<_>>().join(", "));
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else {
        return message;
    };
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default().trim();
    format!("line {}, `{line}`: {message}", number + 1)
}

/// serde's message lists every known key. This one suggests those that are similar to the unknown one.
fn unknown_key(message: &str) -> Option<String> {
    let (name, known) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
    let similar = similar(name, known.iter().copied());
    let hint = if similar.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", quoted(&similar))
    };
    Some(format!("no option of pyship is called `{name}`{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Option<ProjectFile>> {
        let app = tempfile::tempdir().unwrap();
        fs_err::write(app.path().join("pyproject.toml"), text).unwrap();
        read(app.path())
    }

    fn refused(text: &str) -> String {
        let message = format!("{:#}", read_text(text).unwrap_err());
        let (start, rest) = message.split_once("pyproject.toml`: ").unwrap();
        assert!(start.starts_with("failed to read `"), "{message}");
        rest.to_owned()
    }

    #[test]
    fn both_tables_are_read_and_others_are_ignored() {
        let found = read_text(
            "[project]\nname = 'demo'\nversion = '1.2'\ndependencies = ['six']\nreadme = 'x'\n\
             [project.scripts]\ndemo = 'demo.cli:main'\n[tool.ruff]\nline-length = 100\n\
             [tool.pyship]\nmodule = 'demo'\n",
        );
        let ProjectFile { project, options, .. } = found.unwrap().unwrap();
        let project = project.unwrap();
        assert_eq!(
            (project.name.as_deref(), project.version.as_deref()),
            (Some("demo"), Some("1.2"))
        );
        assert_eq!(
            (project.dependencies, project.scripts["demo"].as_str()),
            (vec!["six".to_owned()], "demo.cli:main")
        );
        assert_eq!(options.module.as_deref(), Some("demo"));
    }

    #[test]
    fn no_file_is_no_project() {
        assert!(read(tempfile::tempdir().unwrap().path()).unwrap().is_none());
    }

    #[test]
    fn mistakes_are_reported_in_one_line_with_their_position() {
        assert_eq!(
            refused("[tool.pyship]\nmodul = 'x'\n"),
            "line 2, `modul = 'x'`: no option of pyship is called `modul`; did you mean `module`?"
        );
        assert_eq!(
            refused("[tool.pyship]\n\nlevel = 'high'\n"),
            "line 3, `level = 'high'`: invalid type: string \"high\", expected i32"
        );
        assert!(
            refused("[tool.pyship]\nlibc = 'mine'\n")
                .contains("unknown variant `mine`, expected one of `auto`, `host`")
        );
        assert!(refused("[tool.pyship\n").starts_with("line 1, `[tool.pyship`: "));
    }
}
