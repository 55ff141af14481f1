//! Projects of each build backend, packed and run where there is no Python.

use harness::Run;

use super::{Place, without_uv};

const PROGRAM: &str = "import importlib.metadata as m, importlib.resources as r\n\
    VERSION = m.version('demo-app')\n\
    def main():\n    print(VERSION, r.files('demo').joinpath('data.txt').read_text(), __name__)\n";

/// The files of the package `demo`, below `src`.
fn package(place: &Place, src: &str) {
    place.put(&format!("{src}/demo/__init__.py"), "");
    place.put(&format!("{src}/demo/cli.py"), PROGRAM);
    place.put(&format!("{src}/demo/data.txt"), "data");
}

#[test]
fn a_project_is_shipped_with_its_metadata_and_data() {
    for tool in ["uv", "pip"] {
        let place = Place::new();
        package(&place, "p/src");
        place.project("p", "scripts = { demo = 'demo.cli:main' }\n");
        place.put("p/entry_points.txt", "[console_scripts]\ndemo = demo.cli:main\n");
        place.put("p/notes.txt", "of the author");
        let mut command = place.pack("p").command_to(&place.path("app.bin"));
        if tool == "pip" {
            command = command.env("PATH", without_uv(&place));
        }
        command.stderr_any().success();
        let run = |run: Run| run.env_clear().stdout("3.2 data demo.cli\n").success();
        run(Run::new(place.path("app.bin")).root("empty"));
        run(Run::new(place.path("app.bin")));
    }
}

#[test]
fn data_below_the_prefix_is_there() {
    let place = Place::new();
    let program =
        "import os, sys\ndef main(): print(open(os.path.join(sys.prefix, 'share/demo.txt')).read())\n";
    place
        .put("p/src/demo.py", program)
        .put("p/data/share/demo.txt", "shared");
    place.project("p", "");
    place.put("p/entry_points.txt", "[console_scripts]\ndemo = demo:main\n");
    let packed = place.pack("p").run();
    packed.run().stdout("shared\n").success();
}

#[test]
fn an_edit_is_seen_and_packs_the_project_alone() {
    let place = Place::new();
    place.project("p", "dependencies = ['six']\n");
    place.put("p/entry_points.txt", "[console_scripts]\ndemo = demo:main\n");
    let cache = place.path("build");
    let pack = place.pack("p").build_cache(&cache).arg("--json");
    for text in ["one", "two"] {
        place.put(
            "p/src/demo.py",
            &format!("import six\ndef main(): print('{text}')\n"),
        );
        let outcome = pack
            .command_to(&place.path("app.bin"))
            .stderr_any()
            .stdout_any()
            .success();
        let report = outcome.json();
        let layers = report["layers"].as_array().unwrap();
        let deps = layers.iter().find(|layer| layer["name"] == "deps").unwrap();
        assert_eq!(deps["cached"], text == "two", "{}", outcome.report());
        Run::new(place.path("app.bin"))
            .stdout(format!("{text}\n"))
            .success();
    }
}

/// Every build backend in wide use, with the table that declares the project. PyPI has them.
#[test]
fn every_build_backend() {
    let standard = "[project]\nname = 'demo-app'\nversion = '3.2'\nscripts = { demo = 'demo.cli:main' }\n";
    let dynamic =
        "[project]\nname = 'demo-app'\ndynamic = ['version']\nscripts = { demo = 'demo.cli:main' }\n";
    let poetry = "[tool.poetry]\nname = 'demo-app'\nversion = '3.2'\ndescription = ''\nauthors = []\n\
        packages = [{ include = 'demo', from = 'src' }]\n[tool.poetry.dependencies]\nsix = '*'\n\
        [tool.poetry.scripts]\ndemo = 'demo.cli:main'\n";
    let table = [
        (
            "hatch, src",
            "hatchling",
            "hatchling.build",
            "src",
            format!("{standard}[tool.hatch.build.targets.wheel]\npackages = ['src/demo']\n"),
        ),
        (
            "setuptools, flat",
            "setuptools",
            "setuptools.build_meta",
            ".",
            format!(
                "{standard}[tool.setuptools]\npackages = ['demo']\n[tool.setuptools.package-data]\ndemo = ['*.txt']\n"
            ),
        ),
        (
            "setuptools-scm",
            "setuptools', 'setuptools-scm",
            "setuptools.build_meta",
            "src",
            format!("{dynamic}[tool.setuptools_scm]\n"),
        ),
        (
            "flit",
            "flit_core",
            "flit_core.buildapi",
            "src",
            format!("{standard}description = ''\n[tool.flit.module]\nname = 'demo'\n"),
        ),
        ("pdm", "pdm-backend", "pdm.backend", "src", standard.to_owned()),
        (
            "poetry",
            "poetry-core",
            "poetry.core.masonry.api",
            "src",
            poetry.to_owned(),
        ),
        (
            "uv",
            "uv_build",
            "uv_build",
            "src",
            format!("{standard}[tool.uv.build-backend]\nmodule-name = 'demo'\n"),
        ),
    ];
    for (kind, requires, backend, src, declared) in table {
        let place = Place::new();
        package(&place, &format!("p/{src}"));
        place.put(
            "p/pyproject.toml",
            &format!("[build-system]\nrequires = ['{requires}']\nbuild-backend = '{backend}'\n{declared}"),
        );
        if kind == "setuptools-scm" {
            tagged(&place, "p");
        }
        let before = harness::files_below(&place.path("p"));
        let packed = place.pack("p").run();
        let outcome = packed.run().root("empty").output();
        assert_eq!(
            outcome.out(),
            "3.2 data demo.cli\n",
            "{kind}\n{}",
            outcome.report()
        );
        assert_eq!(harness::files_below(&place.path("p")), before, "{kind}");
    }
}

/// Makes the directory a repository with the tag 3.2.
fn tagged(place: &Place, directory: &str) {
    let script =
        "git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm. && git tag v3.2";
    Run::inheriting("sh")
        .args(["-c", script])
        .directory(place.path(directory))
        .stderr_any()
        .success();
}

#[test]
fn a_setup_py_is_a_project_too() {
    let place = Place::new();
    package(&place, "p");
    place.put(
        "p/setup.py",
        "from setuptools import setup\nsetup(name='demo-app', version='3.2', packages=['demo'], \
         package_data={'demo': ['*.txt']}, install_requires=['six'], \
         entry_points={'console_scripts': ['demo = demo.cli:main']})\n",
    );
    let packed = place.pack("p").run();
    packed.run().stdout("3.2 data demo.cli\n").success();
    packed
        .run()
        .env("PYSHIP", "python")
        .args(["-c", "import six, demo"])
        .success();
}

#[test]
fn a_project_that_does_not_build_says_why() {
    let place = Place::new();
    place.project("p", "");
    place.put(
        "p/backend.py",
        "def build_wheel(*_):\n    raise SystemExit('no compiler here')\n",
    );
    let said = place.sentence(&place.pack("p"));
    assert!(
        said.starts_with("pyship: failed to build the project `PLACE/p`: "),
        "{said}"
    );
    assert!(said.contains("no compiler here"), "{said}");
}
