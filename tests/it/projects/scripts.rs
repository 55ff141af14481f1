//! What starts, and what a script says about itself.

use harness::{Pack, Run};

use super::{Place, without_uv};

#[test]
fn of_several_scripts_one_is_chosen_or_all() {
    let place = Place::new();
    place.project("p", "");
    place.put(
        "p/src/demo.py",
        "import sys\ndef a(): print('a', sys.argv[0])\ndef b(): print('b')\n",
    );
    place.put(
        "p/entry_points.txt",
        "[console_scripts]\nalpha = demo:a\nbeta = demo:b\n",
    );
    assert_eq!(
        place.sentence(&place.pack("p")),
        "pyship: failed to choose what starts: the project has the scripts `alpha`, `beta`, and none is named like it\n\
         hint: name one with `-c alpha`, or take all with `-c '*'`\n"
    );
    place
        .pack("p")
        .args(["-c", "beta"])
        .run()
        .run()
        .root("empty")
        .tmpfs()
        .stdout("b\n")
        .success();
    let all = place.pack("p").args(["-c", "*"]).called("beta").run();
    all.run().root("empty").tmpfs().stdout("b\n").success();
    place.put(
        "p/entry_points.txt",
        "[console_scripts]\nalpha = demo:a\ndemo-app = demo:b\n",
    );
    place
        .pack("p")
        .run()
        .run()
        .root("empty")
        .tmpfs()
        .stdout("b\n")
        .success();
}

#[test]
fn a_script_says_what_it_needs() {
    for tool in ["uv", "pip"] {
        let place = Place::new();
        let metadata = "# /// script\n# dependencies = ['six==1.15.0']\n# ///\n";
        place.put("s.py", &format!("{metadata}import six; print(six.__version__)\n"));
        let mut command = place.pack("s.py").command_to(&place.path("s.bin"));
        if tool == "pip" {
            command = command.env("PATH", without_uv(&place));
        }
        command.stderr_any().success();
        Run::new(place.path("s.bin"))
            .root("empty")
            .tmpfs()
            .stdout("1.15.0\n")
            .success();
    }
}

#[test]
fn a_script_has_a_lock_sources_and_options() {
    let place = Place::new();
    place
        .named_project("lib", "demo-lib", "7", "")
        .put("lib/src/demo_lib.py", "V = 'ours'\n");
    let metadata = "# /// script\n# dependencies = ['six', 'demo-lib']\n\
        # [tool.uv.sources]\n# demo-lib = { path = 'lib' }\n\
        # [tool.pyship]\n# set-env = { DEMO = 'set' }\n# ///\n";
    let code = "import os, six, demo_lib; print(six.__version__, demo_lib.V, os.environ['DEMO'])\n";
    place.put("s.py", &format!("{metadata}{code}"));
    place.uv(
        ".",
        &["lock", "--script", "s.py", "--upgrade-package", "six==1.15.0"],
    );
    place
        .pack("s.py")
        .run()
        .run()
        .root("empty")
        .tmpfs()
        .stdout("1.15.0 ours set\n")
        .success();

    place.put(
        "s.py",
        &format!("{}{code}", metadata.replace("'six', ", "'six', 'idna', ")),
    );
    assert_eq!(
        place.sentence(&place.pack("s.py")),
        "pyship: failed to use the lock of `PLACE/s.py`: it does not fit what the project declares\n\
         hint: run `uv lock --script s.py`, or pass --no-lock to resolve anew\n"
    );
    let command = place
        .pack("s.py")
        .arg("--no-lock")
        .command_to(&place.path("s.bin"));
    command
        .env("PATH", without_uv(&place))
        .stderr_has(
            "[tool.uv.sources] says where `demo-lib` comes from, and pip doesn't know that\nhint: install uv",
        )
        .exits(1);
}

#[test]
fn a_name_that_is_mapped_elsewhere_is_never_asked_of_an_index() {
    let place = Place::new();
    place
        .named_project("stranger", "demo-lib", "9", "")
        .put("stranger/src/demo_lib.py", "V = 'a stranger'\n");
    place.uv(".", &["build", "--wheel", "-o", "index", "stranger"]);
    place
        .named_project("lib", "demo-lib", "7", "")
        .put("lib/src/demo_lib.py", "V = 'ours'\n");
    place.put("p/main.py", "import demo_lib; print(demo_lib.V)\n").put(
        "p/pyproject.toml",
        "[project]\nname = 'p'\nversion = '1'\ndependencies = ['demo-lib']\n[tool.uv.sources]\ndemo-lib = { path = '../lib' }\n",
    );
    let pack: Pack = place
        .pack("p")
        .arg("--no-index")
        .arg("--find-links")
        .arg(place.path("index"));
    pack.run().run().root("empty").tmpfs().stdout("ours\n").success();
    let command = pack
        .command_to(&place.path("p.bin"))
        .env("PATH", without_uv(&place));
    command
        .stderr_has("[tool.uv.sources] says where `demo-lib` comes from")
        .exits(1);
}

#[test]
fn pip_is_not_asked_for_what_a_required_directory_maps_elsewhere() {
    let place = Place::new();
    place.named_project(
        "lib",
        "demo-lib",
        "7",
        "dependencies = ['demo-other']\n[tool.uv.sources]\ndemo-other = { path = '../other' }\n",
    );
    place
        .put("p/main.py", "import demo_lib\n")
        .put("req.txt", "-e ./lib\n");
    let pip = without_uv(&place);
    for pack in [
        place.pack("p").requirements(place.path("req.txt")),
        place.pack("p").with("./lib"),
    ] {
        let command = pack.command_to(&place.path("p.bin")).directory(place.path("."));
        command
            .env("PATH", &pip)
            .stderr_has("[tool.uv.sources] says where `demo-other` comes from, and pip doesn't know that\nhint: install uv")
            .exits(1);
    }
}
