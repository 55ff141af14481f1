//! Editable installs of every build backend, made by hand in the forms that these write: their modules become files.

use std::path::{Path, PathBuf};

use harness::{Pack, interpreters, scratch};
use serde_json::json;

use super::{install, make, packed};
use crate::wheel::wheel;

/// A project with `demo` and the module `alone` in its source directory.
fn project(root: &Path, source: &str) -> PathBuf {
    let code = root.join(source);
    for (path, text) in [
        (
            "demo/__init__.py",
            "V = 'edited'\ndef main():\n    print('main', V)\n",
        ),
        ("demo/sub/deep.py", "V = 'deep'\n"),
        ("demo/data.txt", "data"),
        ("demo/.env", "SECRET=1"),
        ("demo/__pycache__/x.cpython-312.pyc", ""),
        ("alone.py", "V = 'alone'\n"),
        ("docs/readme.txt", "no module"),
        ("setup.py", "raise SystemExit('no module of the program')\n"),
    ] {
        let path = code.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    fs_err::write(
        root.join("pyproject.toml"),
        "[project]\nname = 'demo'\nversion = '2.0'\n",
    )
    .unwrap();
    code
}

/// Installs what a backend writes for an editable install of `root`: `files` of the directory of packages.
fn install_editable(venv: &Path, root: &Path, files: &[(&str, &str)]) {
    let place = scratch();
    let scripts = ("entry_points.txt", "[console_scripts]\ndemo = demo:main\n");
    let files: Vec<(&str, &str)> = files.iter().copied().chain([scripts]).collect();
    install(venv, &wheel(place.path(), "demo", "2.0", &files));
    let url = json!({ "url": format!("file://{}", root.display()), "dir_info": { "editable": true } });
    let info = site(venv).join("demo-2.0.dist-info/direct_url.json");
    fs_err::write(info, url.to_string()).unwrap();
}

fn site(venv: &Path) -> PathBuf {
    venv.join(format!(
        "lib/python{}/site-packages",
        interpreters::usual().minor()
    ))
}

const CODE: &str = "
import demo, demo.sub.deep, alone, importlib.metadata as m, importlib.resources, importlib.util, os
names = sorted(str(f) for f in m.files('demo') if not str(f).startswith('demo-2.0'))
print(demo.V, demo.sub.deep.V, alone.V, m.version('demo'), open(os.path.join(os.path.dirname(demo.__file__), 'data.txt')).read())
print(names, os.path.exists(os.path.join(os.path.dirname(demo.__file__), '.env')), importlib.util.find_spec('setup'))
";

#[test]
fn of_every_form_become_files() {
    for form in ["path", "setuptools", "editables", "scikit-build-core", "egg-link"] {
        let place = scratch();
        let (venv, root) = (place.path().join("env"), place.path().join("project"));
        make("venv", interpreters::usual(), &venv);
        let code = project(&root, "src").display().to_string();
        let hook = |module: &str, text: String| (format!("{module}.py"), text);
        let import = |module: &str| format!("import {module}");
        let files: Vec<(String, String)> = match form {
            "path" => vec![("_demo.pth".to_owned(), code)],
            "setuptools" => vec![
                (
                    "__editable__.demo-2.0.pth".to_owned(),
                    "import __editable___demo_2_0_finder; __editable___demo_2_0_finder.install()".to_owned(),
                ),
                hook(
                    "__editable___demo_2_0_finder",
                    format!(
                        "from __future__ import annotations\nMAPPING: dict[str, str] = {{'demo': '{code}/demo', 'alone': '{code}/alone'}}\nNAMESPACES = {{}}\ndef install(): raise SystemExit('run')\n"
                    ),
                ),
            ],
            "editables" => vec![
                (
                    "_editable_impl_demo.pth".to_owned(),
                    import("_editable_impl_demo"),
                ),
                hook(
                    "_editable_impl_demo",
                    format!(
                        "from editables.redirector import RedirectingFinder as F\nF.install()\nF.map_module('demo', '{code}/demo/__init__.py')\nF.map_module('alone', '{code}/alone.py')\n"
                    ),
                ),
            ],
            "scikit-build-core" => vec![
                ("_demo_editable.pth".to_owned(), import("_demo_editable")),
                hook(
                    "_demo_editable",
                    format!(
                        "def install(known, wheel, path): pass\ninstall({{'demo': '{code}/demo/__init__.py', 'alone': '{code}/alone.py', 'demo.sub.deep': '{code}/demo/sub/deep.py'}}, {{}}, None)\n"
                    ),
                ),
            ],
            _ => vec![("easy-install.pth".to_owned(), code)],
        };
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        install_editable(&venv, &root, &files);
        if form == "egg-link" {
            fs_err::write(
                site(&venv).join("demo.egg-link"),
                root.join("src").as_os_str().as_encoded_bytes(),
            )
            .unwrap();
        }
        let pack = Pack::without_app().any_python().arg("--venv").arg(&venv);
        let packed = packed(&pack, &venv);
        fs_err::remove_dir_all(&root).unwrap();
        let outcome = packed.run().root("empty").tmpfs().args(["-c", CODE]).output();
        let names =
            "['../../../bin/demo', 'alone.py', 'demo/__init__.py', 'demo/data.txt', 'demo/sub/deep.py']";
        assert_eq!(
            outcome.out(),
            format!("edited deep alone 2.0 data\n{names} False None\n"),
            "{form}\n{}",
            outcome.report()
        );
        let list = packed.run().env("PYSHIP", "python");
        let site = "import os, sys; print(sorted(n for n in os.listdir(os.path.dirname(__import__('demo').__path__[0])) if 'edit' in n or n.endswith(('.egg-link', 'demo.pth'))))";
        list.args(["-c", site]).stdout("[]\n").success();
    }
}

#[test]
fn the_project_itself_is_packed_as_code() {
    let place = scratch();
    let (venv, root) = (place.path().join("env"), place.path().join("project"));
    make("venv", interpreters::usual(), &venv);
    let code = project(&root, "src").display().to_string();
    install_editable(&venv, &root, &[("_demo.pth", &code)]);
    let pack = Pack::new(&root)
        .any_python()
        .arg("--venv")
        .arg(&venv)
        .args(["-c", "demo"]);
    let packed = packed(&pack, &venv);
    packed
        .run()
        .root("empty")
        .tmpfs()
        .stdout("main edited\n")
        .success();
    let ask =
        "import demo, importlib.metadata as m; print('site-packages' in demo.__file__, m.version('demo'))";
    let tool = packed.run().env("PYSHIP", "python");
    tool.args(["-c", ask]).stdout("False 2.0\n").success();
}

#[test]
fn a_source_that_is_gone_or_a_hook_of_unknown_form_is_an_error() {
    let place = scratch();
    for (number, (files, said)) in [
        (
            [("_demo.pth", "/nowhere/demo/src"), ("x.txt", "")],
            "`demo` is installed in editable mode, and its source `",
        ),
        (
            [
                ("_demo_editable.pth", "import _demo_editable_loader"),
                ("_demo_editable_loader.py", "install('demo', {'demo'})\n"),
            ],
            "the import hook `",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let venv = place.path().join(format!("env{number}"));
        make("venv", interpreters::usual(), &venv);
        install_editable(&venv, Path::new("/nowhere/demo"), &files);
        let output = place.path().join("x.bin");
        let pack = Pack::without_app().any_python().arg("--venv").arg(&venv);
        pack.command_to(&output)
            .stderr_has(said)
            .stderr_has("\nhint: install")
            .exits(1);
        assert!(!output.exists());
    }
}
