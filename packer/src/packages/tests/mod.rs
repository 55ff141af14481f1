//! Real wheels and source archives, installed by uv and by pip, for real interpreters.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::install::install;
use super::metadata::{Distribution, distributions};
use super::record;
use super::request::Request;
use super::tool::Tool;
use crate::environment::Environment;
use crate::hint;
use crate::tree::{Content, Node, Tree};

mod elsewhere;

/// Pinned, so that the tests mean the same tomorrow.
const UVICORN: &[&str] = &["uvicorn==0.34.0", "click==8.1.8", "h11==0.14.0"];

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("the tests need `{program}`: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The newest interpreter of this machine.
fn newest() -> PathBuf {
    crate::interpreter::testing::any()
}

/// The oldest one; on a machine with one interpreter the same.
fn oldest() -> PathBuf {
    let all = crate::interpreter::testing::interpreters();
    all.into_iter()
        .min_by_key(|python| numbers(&version(python)))
        .expect("there is one")
}

/// `3.12`
fn version(python: &Path) -> String {
    let ask = "import sys; print('%d.%d' % sys.version_info[:2])";
    output(python.to_str().unwrap(), &["-c", ask])
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().unwrap()).collect()
}

fn site(python: &Path) -> String {
    format!("lib/python{}/site-packages", version(python))
}

fn uv() -> Tool {
    let tool = Tool::find(&Environment::current().unwrap());
    assert!(matches!(tool, Tool::Uv(_)), "the tests need `uv` on PATH");
    tool
}

fn request(python: &Path, requirements: &[&str]) -> Request {
    Request {
        python: python.to_owned(),
        requirements: requirements
            .iter()
            .map(|&requirement| requirement.to_owned())
            .collect(),
        ..Request::default()
    }
}

fn try_install(request: &Request, scratch: &Path, tool: &Tool) -> anyhow::Result<Tree> {
    let environment = Environment::current().unwrap();
    install(request, &environment, scratch, tool, &mut |_| ())
}

fn installed(request: &Request, tool: &Tool) -> (TempDir, Tree) {
    let scratch = tempfile::tempdir().unwrap();
    let tree = try_install(request, scratch.path(), tool).unwrap_or_else(|error| panic!("{error:#}"));
    (scratch, tree)
}

/// The message and the hint.
fn refused(request: &Request, tool: &Tool) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let error = try_install(request, scratch.path(), tool).unwrap_err();
    format!("{error:#}\nhint: {}", hint::of(&error).unwrap_or_default())
}

fn bytes(tree: &Tree, path: &str) -> Vec<u8> {
    match tree.get(path) {
        Some(Node::File(file)) => file.content.read().unwrap().to_vec(),
        other => panic!("{path}: {other:?}"),
    }
}

/// Paths, modes and bytes.
fn content(tree: &Tree) -> Vec<(String, bool, Vec<u8>)> {
    let name = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
    tree.files()
        .map(|(path, file)| {
            (
                name(path),
                file.mode.is_executable(),
                file.content.read().unwrap().to_vec(),
            )
        })
        .collect()
}

/// Every file is in a RECORD, every line of a RECORD is a file with that hash and size.
fn assert_records_are_true(tree: &Tree, site: &str) {
    let mut recorded = std::collections::BTreeSet::new();
    for (path, _) in tree
        .files()
        .filter(|(path, _)| path.ends_with(b".dist-info/RECORD"))
    {
        let path = std::str::from_utf8(path).unwrap();
        for line in record::parse(&bytes(tree, path)).unwrap() {
            let file = record::resolve(site, &line.path).unwrap();
            let actual = bytes(tree, &file);
            // Only a RECORD can't hold its own hash.
            if file != path {
                assert_eq!(record::Entry::of(line.path.clone(), &actual), line);
            }
            assert!(!file.contains("__pycache__"));
            recorded.insert(file);
        }
    }
    let unrecorded: Vec<String> = content(tree)
        .into_iter()
        .map(|(path, ..)| path)
        .filter(|path| !recorded.contains(path))
        .collect();
    assert!(unrecorded.is_empty(), "{unrecorded:?}");
}

fn named<'a>(found: &'a [Distribution], name: &str) -> &'a Distribution {
    found
        .iter()
        .find(|distribution| distribution.name == name)
        .unwrap_or_else(|| panic!("{name} in {found:?}"))
}

fn assert_is_uvicorn(tree: &Tree, site: &str) {
    let found = distributions(tree, site).unwrap();
    let names: Vec<&str> = found
        .iter()
        .map(|distribution| distribution.name.as_str())
        .collect();
    assert!(
        names.starts_with(&["click", "h11"]) && names.ends_with(&["uvicorn"]),
        "{names:?}"
    );
    let uvicorn = named(&found, "uvicorn");
    assert_eq!(
        uvicorn.console_scripts,
        [("uvicorn".to_owned(), "uvicorn.main:main".to_owned())]
    );
    assert_eq!(uvicorn.scripts, ["uvicorn"]);
    assert!(uvicorn.size > 150_000, "{}", uvicorn.size);

    assert!(bytes(tree, "bin/uvicorn").starts_with(b"#!pyship-python\n# -*- coding: utf-8 -*-\n"));
    let outside: Vec<String> = content(tree)
        .into_iter()
        .map(|(path, ..)| path)
        .filter(|path| !path.starts_with(site))
        .collect();
    assert_eq!(outside, ["bin/uvicorn"]);
    assert_records_are_true(tree, site);
}

#[test]
fn uv_and_pip_give_a_virtual_environment_for_every_interpreter() {
    // The system's own differs: its scheme has `local`, its pip refuses the system's prefix.
    for python in crate::interpreter::testing::interpreters() {
        let request = request(&python, UVICORN);
        for tool in [uv(), Tool::Pip] {
            let (_scratch, tree) = installed(&request, &tool);
            assert_is_uvicorn(&tree, &site(&python));
        }
    }
}

#[test]
fn two_directories_give_the_same_tree() {
    let request = request(
        &newest(),
        &["uvicorn==0.34.0", "jupyterlab-widgets==3.0.13", "docopt==0.6.2"],
    );
    for tool in [uv(), Tool::Pip] {
        let (_one, first) = installed(&request, &tool);
        // A directory with a space makes installers write the other form of scripts.
        let two = tempfile::Builder::new().prefix("a b").tempdir().unwrap();
        let second = try_install(&request, two.path(), &tool).unwrap();
        assert_eq!(content(&first), content(&second));
        assert!(
            first
                .get("share/jupyter/labextensions/@jupyter-widgets/jupyterlab-manager/package.json")
                .is_some()
        );
        assert_records_are_true(&first, &site(&newest()));
    }
}

#[test]
fn the_tree_works_as_an_environment() {
    let python = newest();
    for tool in [uv(), Tool::Pip] {
        let (_scratch, tree) = installed(&request(&python, &["rich==13.9.4", "markupsafe==3.0.2"]), &tool);
        let root = tempfile::tempdir().unwrap();
        for (path, file) in tree.files() {
            let path = root.path().join(std::str::from_utf8(path).unwrap());
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(&path, file.content.read().unwrap()).unwrap();
            fs_err::set_permissions(&path, Permissions::from_mode(file.mode.bits())).unwrap();
        }
        let check = "import sys, importlib.metadata as m; from markupsafe import _speedups; import rich;\n\
                     assert rich.__file__.startswith(sys.path[-1]), rich.__file__\n\
                     files = [f for d in m.distributions(path=[sys.path[-1]]) for f in d.files]\n\
                     assert len(files) > 100 and all(f.locate().exists() for f in files)";
        let site = root.path().join(site(&python));
        let script = format!("import sys; sys.path.append({site:?})\n{check}");
        output(python.to_str().unwrap(), &["-I", "-S", "-c", &script]);
    }
}

#[test]
fn uv_and_pip_pack_the_same_files() {
    let request = request(
        &newest(),
        &[
            "uvicorn==0.34.0",
            "click==8.1.8",
            "h11==0.14.0",
            "jupyterlab-widgets==3.0.13",
        ],
    );
    let names = |tool: &Tool| {
        let (_scratch, tree) = installed(&request, tool);
        content(&tree)
            .into_iter()
            .map(|(path, executable, _)| (path, executable))
            .collect::<Vec<_>>()
    };
    let from_uv = names(&uv());
    assert!(!from_uv.iter().any(|(path, _)| path.ends_with("/REQUESTED")));
    assert_eq!(from_uv, names(&Tool::Pip));
}

#[test]
fn programs_in_wheels_stay_programs() {
    let (_scratch, tree) = installed(&request(&newest(), &["ruff==0.9.1"]), &uv());
    let Some(Node::File(ruff)) = tree.get("bin/ruff") else {
        panic!("no bin/ruff")
    };
    assert!(ruff.mode.is_executable() && matches!(ruff.content, Content::Path(_)));
    let found = distributions(&tree, &site(&newest())).unwrap();
    assert_eq!(
        (found[0].scripts.as_slice(), found[0].console_scripts.as_slice()),
        (&["ruff".to_owned()][..], &[][..])
    );
}

/// A project whose only module says where it comes from.
fn project(directory: &Path) {
    fs_err::create_dir_all(directory.join("src/mypkg")).unwrap();
    fs_err::write(
        directory.join("src/mypkg/__init__.py"),
        "def main(): print('here')\n",
    )
    .unwrap();
    fs_err::write(
        directory.join("pyproject.toml"),
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
         [project]\nname = \"mypkg\"\nversion = \"1.0\"\nscripts = { mycmd = \"mypkg:main\" }\n",
    )
    .unwrap();
}

#[test]
fn local_and_editable_projects_become_copies_without_traces_of_the_builder() {
    let home = tempfile::tempdir().unwrap();
    project(home.path());
    let requirements = home.path().join("requirements.txt");
    fs_err::write(&requirements, format!("# ours\n-e {}\n", home.path().display())).unwrap();
    let editable = Request {
        requirements_files: vec![requirements],
        ..request(&newest(), &[])
    };
    let plain = request(&newest(), &[home.path().to_str().unwrap()]);
    let site = &site(&newest());
    for tool in [uv(), Tool::Pip] {
        for request in [&editable, &plain] {
            let (_scratch, tree) = installed(request, &tool);
            assert_eq!(
                bytes(&tree, &format!("{site}/mypkg/__init__.py")),
                b"def main(): print('here')\n"
            );
            assert!(tree.get("bin/mycmd").is_some());
            let path = home.path().to_str().unwrap();
            for (name, _, bytes) in content(&tree) {
                assert!(
                    !String::from_utf8_lossy(&bytes).contains(path),
                    "{name} of {tool:?}"
                );
                assert!(
                    !name.ends_with("direct_url.json")
                        && !name.ends_with("uv_cache.json")
                        && !name.ends_with(".pth")
                );
            }
            assert_records_are_true(&tree, site);
        }
    }
}

#[test]
fn nothing_to_install_calls_nothing() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(empty.path(), "# nothing\n\n").unwrap();
    let request = Request {
        requirements_files: vec![empty.path().to_owned()],
        ..request(Path::new("/no/python"), &[])
    };
    let tree = try_install(&request, Path::new("/no/scratch"), &Tool::Uv("/no/uv".into())).unwrap();
    assert!(tree.is_empty());
}

#[test]
fn a_failure_is_reported_in_the_tools_own_words() {
    let request = Request {
        no_index: true,
        ..request(&newest(), &["no-such-package-of-pyship"])
    };
    for tool in [uv(), Tool::Pip] {
        let message = refused(&request, &tool);
        assert!(
            message.contains("--no-index") && message.contains("it exited with code 1\n"),
            "{message}"
        );
        assert!(
            message.matches("no-such-package-of-pyship").count() > 1 && !message.contains('\u{1b}'),
            "{message}"
        );
    }
}

#[test]
fn old_pips_and_interpreters_without_pip() {
    let home = tempfile::tempdir().unwrap();
    let venv = home.path().join("venv");
    output(
        oldest().to_str().unwrap(),
        &["-m", "venv", "--without-pip", venv.to_str().unwrap()],
    );
    let python = venv.join("bin/python");
    let message = refused(&request(&python, UVICORN), &Tool::Pip);
    assert!(
        message.ends_with("has no pip\nhint: install uv or pip"),
        "{message}"
    );

    let Tool::Uv(uv) = uv() else { unreachable!() };
    let python_path = python.to_str().unwrap();
    output(
        uv.to_str().unwrap(),
        &["pip", "install", "--python", python_path, "pip==21.0"],
    );
    let (_scratch, tree) = installed(&request(&python, UVICORN), &Tool::Pip);
    assert_is_uvicorn(&tree, &site(&oldest()));
}

#[test]
fn setuptools_is_installed_when_it_is_asked_for_and_only_then() {
    let (_scratch, tree) = installed(
        &request(&oldest(), &["six==1.17.0", "setuptools==75.8.0"]),
        &Tool::Pip,
    );
    let found = distributions(&tree, &site(&oldest())).unwrap();
    let names: Vec<&str> = found
        .iter()
        .map(|distribution| distribution.name.as_str())
        .collect();
    assert_eq!(names, ["setuptools", "six"]);
}
