//! `requires-python` and `.python-version`.

use harness::interpreters;

use super::Place;

#[test]
fn an_interpreter_that_the_project_excludes_is_refused() {
    let place = Place::new();
    place.put("p/main.py", "print(1)\n").put(
        "p/pyproject.toml",
        "[project]\nname = 'p'\nversion = '1'\nrequires-python = '>=3.99'\n",
    );
    place.put(
        "s.py",
        "# /// script\n# requires-python = '<3'\n# ///\nprint(1)\n",
    );
    let version = interpreters::usual().full();
    for (app, file, requires) in [("p", "p/pyproject.toml", ">=3.99"), ("s.py", "s.py", "<3")] {
        let said = place.sentence(&place.pack(app));
        assert!(
            said.starts_with(&format!("pyship: failed to use Python {version} (")),
            "{said}"
        );
        let end = format!(
            "): `PLACE/{file}` has requires-python = \"{requires}\"\n\
             hint: name an interpreter that it supports with --python\n"
        );
        assert!(said.ends_with(&end), "{said}");
    }
    let text = "[project]\nname = 'p'\nversion = '1'\nrequires-python = 'three'\n";
    place.put("p/pyproject.toml", text);
    let said = place.sentence(&place.pack("p"));
    assert!(
        said.contains("`PLACE/p/pyproject.toml`: requires-python is `three`: "),
        "{said}"
    );
}

#[test]
fn the_python_version_file_chooses() {
    for interpreter in interpreters::each_minor() {
        let place = Place::new();
        place.put("p/main.py", "import sys; print('%d.%d' % sys.version_info[:2])\n");
        place.put("p/.python-version", &format!("{}\n", interpreter.minor()));
        let packed = place.pack("p").any_python().run();
        packed
            .run()
            .stdout(format!("{}\n", interpreter.minor()))
            .success();
    }
    let place = Place::new();
    place.put("p/main.py", "").put("p/.python-version", "3.99\n");
    let said = place.sentence(&place.pack("p").any_python());
    assert!(
        said.contains("the Python that `PLACE/p/.python-version` asks for: "),
        "{said}"
    );
}
