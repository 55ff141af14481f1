//! What an app imports and nobody provides is said when it is packed.

use std::path::PathBuf;

use harness::{Outcome, Pack, scratch};

/// Files of an app, by name and text.
struct App {
    place: tempfile::TempDir,
}

impl App {
    fn new(files: &[(&str, &str)]) -> Self {
        let place = scratch();
        for (name, text) in files {
            let path = place.path().join("app").join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        Self { place }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn pack(&self) -> Pack {
        Pack::new(self.path("app"))
    }

    /// What a pack that fails said, without the test's directory.
    #[track_caller]
    fn refused(&self, pack: &Pack) -> String {
        let out = self.path("app.bin");
        let said = pack
            .clone()
            .arg("-q")
            .command_to(&out)
            .stderr_any()
            .exits(1)
            .err();
        assert!(!out.exists(), "{said}");
        said.replace(&*self.place.path().to_string_lossy(), "PLACE")
    }

    #[track_caller]
    fn packed(&self, pack: &Pack) -> Outcome {
        pack.command_to(&self.path("app.bin")).stderr_any().success()
    }
}

#[test]
fn what_the_entry_always_imports_must_be_there() {
    let app = App::new(&[
        ("main.py", "import os\nimport flask\n"),
        ("requirements.txt", "flask>=3\n"),
    ]);
    assert_eq!(
        app.refused(&app.pack()),
        "pyship: the app can't start: `main.py:2` imports `flask`, which is not in the file\n\
         hint: `PLACE/app/requirements.txt` names it: pass `-r PLACE/app/requirements.txt`, \
         or pass --no-check to pack it nevertheless\n"
    );
    app.packed(&app.pack().arg("--no-check"));

    // Through modules of the app, whatever kind of entry it is.
    let chain = [
        ("pkg/__init__.py", ""),
        ("pkg/__main__.py", "from . import core\n"),
        ("pkg/core.py", "from .more import x\n"),
        ("pkg/more.py", "import nowhere.part\nx = 1\n"),
    ];
    let app = App::new(&chain);
    let said = app.refused(&app.pack().args(["-m", "pkg"]));
    assert!(
        said.contains("`pkg/more.py:1` imports `nowhere`, which is not in the file\n"),
        "{said}"
    );
    let said = app.refused(&app.pack().args(["-e", "pkg.core:x"]));
    assert!(said.contains("No module named 'nowhere'"), "{said}");
}

#[test]
fn a_sibling_of_a_script_is_named() {
    let app = App::new(&[("main.py", "import helper\n"), ("helper.py", "")]);
    let script = app.path("app/main.py");
    let said = app.refused(&Pack::new(&script));
    assert!(
        said.contains("hint: add it with `--include PLACE/app/helper.py`, or"),
        "{said}"
    );
    app.packed(&Pack::new(&script).arg("--include").arg(app.path("app/helper.py")));
}

#[test]
fn what_may_be_missing_is_no_error() {
    let main = "import sys\n\
        from typing import TYPE_CHECKING\n\
        try:\n    import fast\nexcept ImportError:\n    fast = None\n\
        if TYPE_CHECKING:\n    import types_of\n\
        if sys.platform == 'win32':\n    import winreg\n\
        if sys.version_info < (3, 8):\n    import backport\n\
        def later():\n    import lazy\n\
        if len(sys.argv) > 1:\n    import chosen\n\
        import pkg.other\nfrom pkg import attribute\n\
        print('started')\n";
    let files = [
        ("main.py", main),
        ("pkg/__init__.py", "attribute = 1\n"),
        ("pkg/other.py", "import importlib\ndef f(): import deeper\n"),
        ("unused.py", "import unheard_of\n"),
    ];
    let app = App::new(&files);
    let said = app.packed(&app.pack()).err();
    for name in ["lazy", "chosen", "deeper"] {
        assert!(
            said.contains(&format!("imports `{name}`, which is not in the file")),
            "{name}\n{said}"
        );
    }
    for name in [
        "fast",
        "types_of",
        "winreg",
        "backport",
        "unheard_of",
        "attribute",
    ] {
        assert!(!said.contains(&format!("`{name}`")), "{name}\n{said}");
    }
    harness::Run::new(app.path("app.bin"))
        .stdout("started\n")
        .success();
}

#[test]
fn a_program_that_changes_where_imports_look_is_believed() {
    let app = App::new(&[(
        "main.py",
        "import sys\nsys.path.append('/opt/plugins')\nimport plugin\n",
    )]);
    let said = app.packed(&app.pack()).err();
    assert!(
        said.contains("`main.py:3` imports `plugin`, which is not in the file"),
        "{said}"
    );
    let files = [
        (
            "main.py",
            "import sys, os\nsys.path.insert(0, os.path.dirname(__file__) + '/vendor')\nimport vendored\n",
        ),
        ("vendor/vendored.py", ""),
    ];
    let app = App::new(&files);
    let said = app.packed(&app.pack()).err();
    assert!(!said.contains("vendored"), "{said}");
}

#[test]
fn modules_that_can_not_be_compiled_are_named() {
    let app = App::new(&[("main.py", "import broken\n"), ("broken.py", "x = 1\ndef f(:\n")]);
    let said = app.refused(&app.pack());
    assert!(
        said.contains("the app can't start: `broken.py:2` can't be compiled: "),
        "{said}"
    );
    let app = App::new(&[
        ("main.py", "def f(): import broken\n"),
        ("broken.py", "x = 1\ndef f(:\n"),
    ]);
    let said = app.packed(&app.pack()).err();
    assert!(
        said.contains("warning: `broken.py:2` can't be compiled: "),
        "{said}"
    );
}

#[test]
fn missing_metadata_is_not_a_missing_module() {
    let app = App::new(&[(
        "tool.py",
        "import importlib.metadata as m\nV = m.version('tool-dist')\ndef main(): pass\n",
    )]);
    let said = app.refused(&app.pack().args(["-e", "tool:main"]));
    assert!(
        said.contains("the module `tool` can't be imported: it asks for the metadata of `tool-dist`, which is not in the file"),
        "{said}"
    );
    // `-m` imports the package that the module is in.
    let app = App::new(&[
        (
            "pkg/__init__.py",
            "import importlib.metadata as m\nV = m.version('tool-dist')\n",
        ),
        ("pkg/tool.py", ""),
    ]);
    let said = app.refused(&app.pack().args(["-m", "pkg.tool"]));
    assert!(
        said.contains("the module `pkg.tool` can't be imported: it asks for the metadata of `tool-dist`, which is not in the file"),
        "{said}"
    );
}

#[test]
fn what_a_package_does_not_have_is_an_error() {
    let files = |main: &'static str, more: &[(&'static str, &'static str)]| {
        let mut files = vec![
            ("main.py", main),
            ("pkg/__init__.py", "import os\nthere = 1\n"),
            ("pkg/x.py", "from . import y\n"),
        ];
        files.extend(more);
        App::new(&files)
    };
    for (main, names) in [
        ("import pkg.gone\n", "`main.py:1` imports `pkg.gone`"),
        ("import pkg.x\n", "`pkg/x.py:1` imports `pkg.y`"),
        ("from pkg import there, gone\n", "`main.py:1` imports `pkg.gone`"),
        ("import xml.gone.more\n", "`main.py:1` imports `xml.gone.more`"),
    ] {
        let app = files(main, &[]);
        let said = app.refused(&app.pack());
        assert!(
            said.contains(&format!("{names}, which is not in the file\n")),
            "{said}"
        );
    }
    // Where a program makes modules and attributes itself, there is no telling.
    for (main, other) in [
        ("import pkg.gone\n", "import sys\nsys.modules['pkg.gone'] = sys\n"),
        ("from pkg import gone\n", "import pkg\npkg.gone = 1\n"),
    ] {
        let app = files(main, &[("first.py", other)]);
        fs_err::write(app.path("app/main.py"), format!("import first\n{main}")).unwrap();
        let said = app.packed(&app.pack()).err();
        assert!(said.contains("imports `pkg.gone`"), "{said}");
    }
    let main = "import os.path, xml.dom.minidom, email.mime.text, collections.abc\n\
        from pkg import there, os, x, __doc__\nfrom pkg.other import anything\nprint('started')\n";
    let app = files(
        main,
        &[
            ("pkg/other.py", "def __getattr__(name): return name\n"),
            ("pkg/y.py", ""),
        ],
    );
    let said = app.packed(&app.pack()).err();
    assert!(!said.contains("not in the file"), "{said}");
}
