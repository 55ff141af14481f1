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
            sample(&place, "wheels", text);
            command(&place, &pack, installed).success();
            let run = Run::new(place.path("app.bin"));
            run.stdout(format!("{text}\n")).success();
        }
    }
}

/// Packs the project `p`, which prints `V` of a wheel `sample` in `wheels`.
#[track_caller]
fn says_after(place: &Place, pack: &Pack, says: &str) {
    command(place, pack, Installed::Linked).success();
    let run = Run::new(place.path("app.bin"));
    run.stdout(format!("{says}\n")).success();
}

fn sample(place: &Place, directory: &str, text: &str) {
    fs_err::create_dir_all(place.path(directory)).unwrap();
    let module = format!("V = '{text}'\n");
    wheel(&place.path(directory), "sample", "1.0", &[("sample.py", &module)]);
}

#[test]
fn a_wheel_of_the_projects_own_settings_that_was_built_again_is_packed() {
    for settings in [
        "[tool.uv]\nfind-links = ['../wheels']\nno-index = true\n",
        "[[tool.uv.index]]\nname = 'local'\nurl = '../wheels'\nformat = 'flat'\n",
    ] {
        let place = Place::new();
        place.put("p/main.py", "import sample; print(sample.V)\n").put(
            "p/pyproject.toml",
            &format!("[project]\nname = 'p'\nversion = '1'\ndependencies = ['sample==1.0']\n{settings}"),
        );
        for text in ["one", "two"] {
            sample(&place, "wheels", text);
            says_after(&place, &place.pack("p"), text);
        }
    }
}

/// The other wheel is older than what uv has kept of the first one.
#[test]
fn a_directory_of_wheels_that_takes_the_name_of_another_is_packed() {
    let place = Place::new();
    place.put("p/main.py", "import sample; print(sample.V)\n");
    let pack = place.pack("p").with("sample==1.0").arg("--no-index");
    let pack = pack.arg("--find-links").arg(place.path("wheels"));
    sample(&place, "one", "one");
    sample(&place, "two", "two");
    sample(&place, "three", "three");
    let link = place.path("wheels");
    std::os::unix::fs::symlink("one", &link).unwrap();
    says_after(&place, &pack, "one");
    fs_err::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("two", &link).unwrap();
    says_after(&place, &pack, "two");
    fs_err::remove_file(&link).unwrap();
    fs_err::rename(place.path("three"), &link).unwrap();
    says_after(&place, &pack, "three");
}

/// What a build reads lies where it likes.
#[test]
fn an_edit_of_what_a_directory_leads_to_is_packed() {
    let place = Place::new();
    place.named_project("lib", "demo-lib", "7", "dynamic = ['dependencies']\n");
    write(&place, "one", "");
    fs_err::rename(place.path("lib/src"), place.path("shared")).unwrap();
    std::os::unix::fs::symlink("../shared", place.path("lib/src")).unwrap();
    place
        .put("plain/main.py", "import demo_lib; print(demo_lib.V)\n")
        .put("req.txt", "./lib\n");
    let pack = place.pack("plain").requirements(place.path("req.txt"));
    says_after(&place, &pack, "one");
    place.put("shared/demo_lib.py", "V = 'two'\n");
    says_after(&place, &pack, "two");
}

/// Without a network uv refuses to look for anything anew.
#[test]
fn a_wheel_that_was_built_again_is_packed_offline_too() {
    let place = Place::new();
    place.put("p/main.py", "import sample; print(sample.V)\n");
    let pack = place.pack("p").with("sample==1.0").arg("--find-links");
    let pack = pack.arg(place.path("wheels"));
    for text in ["one", "one", "two"] {
        sample(&place, "wheels", text);
        let run = command(&place, &pack, Installed::Linked);
        run.env("UV_OFFLINE", "1").success();
        let run = Run::new(place.path("app.bin"));
        run.stdout(format!("{text}\n")).success();
    }
}

#[test]
fn settings_that_install_elsewhere_are_refused() {
    let place = Place::new();
    place
        .put(
            "p/main.py",
            "import sys\nif len(sys.argv) > 1:\n    import sample\n",
        )
        .put(
            "cfg/uv/uv.toml",
            &format!("[pip]\ntarget = '{}'\n", place.path("other").display()),
        );
    sample(&place, "wheels", "one");
    let pack = place.pack("p").with("sample==1.0").arg("--no-index");
    let pack = pack.arg("--find-links").arg(place.path("wheels"));
    let run = command(&place, &pack, Installed::Linked).env("XDG_CONFIG_HOME", place.path("cfg"));
    let outcome = run.exits(1);
    for word in ["put none of them", "`target`"] {
        assert!(outcome.err().contains(word), "{}", outcome.report());
    }
    assert!(!place.path("app.bin").exists());
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
