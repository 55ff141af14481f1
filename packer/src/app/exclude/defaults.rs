//! What no program needs to run: files of version control, caches, environments, settings of editors, and what builds
//! leave behind. The help of `--exclude` lists these.

use std::path::Path;

/// Why no program needs a file, as the JSON report says it.
pub(super) type Needless = &'static str;

const BUILD_OUTPUT: Needless = "build-output";
const BYTECODE: Needless = "bytecode";
const CACHE: Needless = "cache";
const EDITOR: Needless = "editor";
const ENVIRONMENT: Needless = "environment";
const NODE_MODULES: Needless = "node-modules";
const VERSION_CONTROL: Needless = "version-control";

const NAMES: &[(Needless, &[&str])] = &[
    (VERSION_CONTROL, &[".git", ".hg", ".svn", ".jj", ".bzr"]),
    (
        CACHE,
        &[
            "__pycache__",
            ".tox",
            ".nox",
            ".mypy_cache",
            ".ruff_cache",
            ".pytest_cache",
            ".hypothesis",
            ".ipynb_checkpoints",
            ".eggs",
            ".DS_Store",
        ],
    ),
    (ENVIRONMENT, &[".venv", ".direnv", ".pixi"]),
    (EDITOR, &[".idea", ".vscode"]),
];

/// What npm installs beside a frontend's sources. A Python package may have it among its data.
const PACKAGES_OF_NPM: &str = "node_modules";

/// Directories of build tools at the top of a project.
const OUTPUTS: &[&str] = &["build", "dist"];
const EGG_INFO: &[u8] = b".egg-info";

/// Why a file is left out by default, if it is. `is_project` says whether `relative` is relative to a project.
pub(super) fn of(relative: &Path, real: &Path, is_directory: bool, is_project: bool) -> Option<Needless> {
    let name = relative.file_name()?;
    let named = |(_, names): &&(Needless, &[&str])| names.iter().any(|known| name == *known);
    if let Some((reason, _)) = NAMES.iter().find(named) {
        return Some(*reason);
    }
    if name == PACKAGES_OF_NPM && !is_in_package(relative, real) {
        return Some(NODE_MODULES);
    }
    if is_directory && real.join("pyvenv.cfg").is_file() {
        return Some(ENVIRONMENT);
    }
    // Bytecode without its source beside it is a module.
    if !is_directory && real.extension() == Some("pyc".as_ref()) && real.with_extension("py").is_file() {
        return Some(BYTECODE);
    }
    let is_at_top = relative.components().count() == 1;
    let is_output =
        OUTPUTS.iter().any(|output| name == *output) || name.as_encoded_bytes().ends_with(EGG_INFO);
    // A package may be called `build`.
    let is_output = is_output && is_directory && !real.join("__init__.py").is_file();
    (is_project && is_at_top && is_output).then_some(BUILD_OUTPUT)
}

/// Whether a directory above `relative` in the app is a Python package.
fn is_in_package(relative: &Path, real: &Path) -> bool {
    let above = real.ancestors().skip(1).take(relative.components().count());
    above
        .into_iter()
        .any(|directory| directory.join("__init__.py").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_count_at_any_depth_and_build_output_at_the_top() {
        let of = |path: &str| of(Path::new(path), Path::new("/none"), true, true);
        assert_eq!(of("a/__pycache__"), Some(CACHE));
        assert_eq!(of("web/node_modules"), Some(NODE_MODULES));
        assert_eq!(of(".venv"), Some(ENVIRONMENT));
        assert_eq!(of("git"), None);
        assert_eq!(of("dist"), Some(BUILD_OUTPUT));
        assert_eq!(of("demo.egg-info"), Some(BUILD_OUTPUT));
        assert_eq!(of("static/dist"), None);
    }

    #[test]
    fn a_package_named_build_is_code() {
        let app = tempfile::tempdir().unwrap();
        let build = app.path().join("build");
        fs_err::create_dir(&build).unwrap();
        assert_eq!(of(Path::new("build"), &build, true, false), None);
        assert_eq!(of(Path::new("build"), &build, true, true), Some(BUILD_OUTPUT));
        fs_err::write(build.join("__init__.py"), "").unwrap();
        assert_eq!(of(Path::new("build"), &build, true, true), None);
    }
}
