//! Packages that are directories of the builder: what they are now is shipped, whatever an installer keeps of them.

use harness::{Pack, Run};

use super::Place;
use crate::wheel::wheel;

fn write(place: &Place, text: &str, requires: &str) {
    place.put("lib/src/demo_lib.py", &format!("V = '{text}'\n")).put(
        "lib/METADATA",
        &format!("Metadata-Version: 2.1\nName: demo-lib\nVersion: 7\n{requires}\n"),
    );
}

#[test]
fn an_edit_of_a_directory_is_packed() {
    let place = Place::new();
    place.named_project("lib", "demo-lib", "7", "dynamic = ['dependencies']\n");
    let code = "import demo_lib, importlib.util as u; print(demo_lib.V, bool(u.find_spec('six')))\n";
    let sources = "[tool.uv.sources]\ndemo-lib = { path = '../lib' }\n";
    place.put("plain/main.py", code).put("p/main.py", code).put(
        "p/pyproject.toml",
        &format!("[project]\nname = 'p'\nversion = '1'\ndependencies = ['demo-lib']\n{sources}"),
    );
    let commented = "# /// script\n# dependencies = ['demo-lib']\n\
        # [tool.uv.sources]\n# demo-lib = { path = 'lib' }\n# ///\n";
    place
        .put("s.py", &format!("{commented}{code}"))
        .put("req.txt", "./lib\n");
    let place = &place;
    let packs: [(&str, Pack); 4] = [
        ("-r", place.pack("plain").requirements(place.path("req.txt"))),
        ("--with", place.pack("plain").with("./lib")),
        ("source of a project", place.pack("p")),
        ("source of a script", place.pack("s.py")),
    ];
    for (kind, pack) in packs {
        for (text, requires, says) in [
            ("one", "", "one False\n"),
            ("two", "", "two False\n"),
            ("two", "Requires-Dist: six\n", "two True\n"),
            ("two", "", "two False\n"),
        ] {
            write(place, text, requires);
            let out = place.path("app.bin");
            pack.command_to(&out)
                .directory(place.path("."))
                .stderr_any()
                .success();
            let outcome = Run::new(&out).output();
            assert_eq!(outcome.out(), says, "{kind}\n{}", outcome.report());
        }
    }
}

#[test]
fn a_wheel_that_was_built_again_is_packed() {
    let place = Place::new();
    fs_err::create_dir(place.path("wheels")).unwrap();
    place.put("p/main.py", "import sample; print(sample.V)\n");
    for text in ["one", "two"] {
        let module = format!("V = '{text}'\n");
        wheel(&place.path("wheels"), "sample", "1.0", &[("sample.py", &module)]);
        let out = place.path("app.bin");
        let pack = place
            .pack("p")
            .with("sample")
            .arg("--no-index")
            .arg("--find-links");
        pack.arg(place.path("wheels"))
            .command_to(&out)
            .stderr_any()
            .success();
        Run::new(&out).stdout(format!("{text}\n")).success();
    }
}

#[test]
fn files_that_variables_name_are_read_at_each_pack() {
    let place = Place::new();
    place.put("p/main.py", "import six; print(six.__version__)\n");
    for version in ["1.15.0", "1.16.0"] {
        place.put("constraints.txt", &format!("six=={version}\n"));
        let out = place.path("app.bin");
        let command = place.pack("p").with("six").command_to(&out);
        command
            .env("UV_CONSTRAINT", place.path("constraints.txt"))
            .stderr_any()
            .success();
        Run::new(&out).stdout(format!("{version}\n")).success();
    }
}
