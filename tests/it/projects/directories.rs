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

/// How uv puts files into an environment: it links those of its cache, and copies them into another file system.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Installed {
    Linked,
    Copied,
}

/// The command that makes `app.bin` in the place's directory.
fn command(place: &Place, pack: &Pack, installed: Installed) -> Run {
    let (out, temporary) = (place.path("app.bin"), place.path("tmp"));
    fs_err::create_dir_all(&temporary).unwrap();
    let run = match installed {
        Installed::Linked => pack.command_to(&out),
        Installed::Copied => Run::inheriting("unshare")
            .args(["-m", "sh", "-euc", "mount -t tmpfs tmpfs \"$0\"; exec \"$@\""])
            .arg(&temporary)
            .args(pack.command_line(&out)),
    };
    run.env("TMPDIR", &temporary)
        .env("UV_CACHE_DIR", place.path("uv"))
        .directory(place.path("."))
        .stderr_any()
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
    let edits = [
        (Installed::Linked, "one", "", "one False\n"),
        (Installed::Linked, "two", "", "two False\n"),
        (Installed::Linked, "two", "Requires-Dist: six\n", "two True\n"),
        (Installed::Linked, "two", "", "two False\n"),
        (Installed::Copied, "one", "", "one False\n"),
        (Installed::Copied, "two", "", "two False\n"),
    ];
    for (kind, pack) in packs {
        for (installed, text, requires, says) in edits {
            write(place, text, requires);
            command(place, &pack, installed).success();
            let outcome = Run::new(place.path("app.bin")).output();
            assert_eq!(outcome.out(), says, "{kind} {installed:?}\n{}", outcome.report());
        }
    }
}

#[test]
fn a_wheel_that_was_built_again_is_packed() {
    let place = Place::new();
    fs_err::create_dir(place.path("wheels")).unwrap();
    place.put("p/main.py", "import sample; print(sample.V)\n");
    let pack = place.pack("p").with("sample").arg("--no-index");
    let pack = pack.arg("--find-links").arg(place.path("wheels"));
    for installed in [Installed::Linked, Installed::Copied] {
        for text in ["one", "two"] {
            let module = format!("V = '{text}'\n");
            wheel(&place.path("wheels"), "sample", "1.0", &[("sample.py", &module)]);
            command(&place, &pack, installed).success();
            let run = Run::new(place.path("app.bin"));
            run.stdout(format!("{text}\n")).success();
        }
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
