//! The packed file: the same inputs give the same bytes, ordinary tools open it, pyship's own tools read it.

use std::os::unix::fs::PermissionsExt;

use harness::{Pack, Run, files_below, pyship, repository, scratch};

use crate::support::strings;

/// The launcher's size may not exceed this.
const LAUNCHER_MAX: u64 = 1_600_000;

#[test]
fn packing_twice_in_two_places_gives_the_same_bytes() {
    let place = scratch();
    let mut made = Vec::new();
    for name in ["one", "two"] {
        let directory = place.path().join(name);
        fs_err::create_dir(&directory).unwrap();
        // The app itself lies in two places too, made at two times.
        let app = directory.join("shop");
        Run::inheriting("cp")
            .arg("-r")
            .arg(repository().join("tests/apps/shop"))
            .arg(&app)
            .success();
        let output = directory.join("out.bin");
        let pack = Pack::new(&app)
            .no_build_cache()
            .with("charset-normalizer")
            .with("six")
            .arg("-q");
        pack.command_to(&output)
            .env("TMPDIR", &directory)
            .directory(&directory)
            .success();
        made.push(fs_err::read(output).unwrap());
    }
    assert!(
        made[0] == made[1],
        "{} and {} bytes, not the same",
        made[0].len(),
        made[1].len()
    );
}

#[test]
fn the_surroundings_of_a_packing_do_not_show() {
    let place = scratch();
    let plain = place.path().join("plain.bin");
    let odd = place.path().join("odd.bin");
    let pack = Pack::new("examples/hello/hello.py")
        .no_build_cache()
        .args(["-q", "--name", "hello"]);
    pack.command_to(&plain).success();
    let surroundings = pack
        .command_to(&odd)
        .env("TZ", "Asia/Kathmandu")
        .env("LC_ALL", "C");
    surroundings
        .env("PYTHONHASHSEED", "7")
        .env("SOURCE_DATE_EPOCH", "1")
        .success();
    assert!(fs_err::read(plain).unwrap() == fs_err::read(odd).unwrap());
}

#[test]
fn unzip_lists_it() {
    let packed = Pack::new("tests/apps/shop").with("six").run();
    let list = Run::inheriting("unzip")
        .arg("-l")
        .arg(&packed.path)
        .stdout_has("pyship.json")
        .stdout_has("__main__.py");
    let list = list
        .stdout_has("layers/runtime.tar.zst")
        .stdout_has("layers/deps.tar.zst");
    let list = list.stdout_has("layers/app.tar.zst").stderr_any().output();
    // unzip warns of the launcher in front with exit code 1 where offsets don't count from the file's start.
    assert_eq!(list.status.code(), Some(0), "{}", list.report());
    Run::inheriting("unzip")
        .args(["-tq"])
        .arg(&packed.path)
        .stdout_has("No errors detected")
        .success();
    let quoted = format!("unzip -p '{}' pyship.json | jq -r .name", packed.path.display());
    Run::inheriting("sh")
        .args(["-c", &quoted])
        .stdout("shop\n")
        .success();
}

#[test]
fn tar_lists_every_layer() {
    let packed = Pack::new("tests/apps/shop").with("six").run();
    for (layer, member) in [
        ("runtime", "bin/python3."),
        ("deps", "site-packages/six.py"),
        ("app", "code/main.py"),
    ] {
        let quoted = format!(
            "unzip -p '{}' layers/{layer}.tar.zst | tar --zstd -t",
            packed.path.display()
        );
        let list = Run::inheriting("sh")
            .args(["-c", &quoted])
            .stdout_has(member)
            .success()
            .out();
        let unsafe_member = list
            .lines()
            .find(|line| line.starts_with('/') || line.split('/').any(|part| part == ".."));
        assert_eq!(unsafe_member, None);
    }
}

#[test]
fn the_launcher_is_static_and_small() {
    let packed = Pack::new("examples/hello/hello.py").run();
    let size = packed.manifest()["launcher"]["size"].as_u64().unwrap();
    assert!(size <= LAUNCHER_MAX, "the launcher has {size} bytes");
    let bytes = packed.bytes();
    let launcher = &bytes[..usize::try_from(size).unwrap()];
    assert_eq!(&launcher[..4], b"\x7fELF");
    // PT_INTERP would name a loader, by an absolute path that ends in a NUL.
    let place = scratch();
    let alone = place.path().join("launcher");
    fs_err::write(&alone, launcher).unwrap();
    let headers = Run::inheriting("readelf")
        .args(["-lW"])
        .arg(&alone)
        .stdout_any()
        .stderr_any()
        .success()
        .out();
    assert!(
        headers.contains("LOAD") && !headers.contains("INTERP"),
        "{headers}"
    );
}

#[test]
fn it_is_executable_and_its_mode_does_not_depend_on_the_umask() {
    let place = scratch();
    let output = place.path().join("hello.bin");
    let words = Pack::new("examples/hello/hello.py").arg("-q").command_to(&output);
    words.success();
    let mode = fs_err::metadata(&output).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode & 0o111, 0o111, "mode {mode:o}");
}

#[test]
fn any_python_can_start_it() {
    let packed = Pack::new("examples/hello/hello.py").run();
    let python = harness::interpreters::usual();
    let wanted = format!("hello, Ada, from Python {}\n", python.full());
    let shared = scratch();
    let run = Run::new(&python.path)
        .env("PYSHIP_CACHE_DIR", shared.path())
        .arg(&packed.path)
        .arg("Ada");
    run.stdout(wanted).success();
}

#[test]
fn inspect_shows_what_it_holds() {
    let packed = Pack::new("tests/apps/shop")
        .with("six")
        .args(["--app-version", "4.5"])
        .run();
    let python = harness::interpreters::usual().full();
    let shown = Run::new(pyship()).arg("inspect").arg(&packed.path);
    shown
        .clone()
        .stdout_has("shop 4.5")
        .stdout_has(&python)
        .stdout_has("runtime")
        .stdout_has("deps")
        .success();
    let mut json = shown.arg("--json").stdout_any().success().json();
    assert_eq!(
        json.as_object_mut().unwrap().remove("starts").unwrap(),
        "the script `main.py`"
    );
    assert_eq!(json, packed.manifest());
    let names: Vec<&str> = json["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[names.len() - 3..], ["runtime", "deps", "app"]);
}

#[test]
fn verify_reads_every_byte() {
    let packed = Pack::new("examples/hello/hello.py").run();
    Run::new(pyship())
        .arg("verify")
        .arg(&packed.path)
        .stdout_has("intact")
        .success();
    let json = Run::new(pyship())
        .args(["verify", "--json"])
        .arg(&packed.path)
        .stdout_any()
        .success()
        .json();
    assert_eq!(json["intact"], true);
    let place = scratch();
    let damaged = place.path().join("damaged.bin");
    let mut bytes = packed.bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs_err::write(&damaged, bytes).unwrap();
    Run::new(pyship())
        .arg("verify")
        .arg(&damaged)
        .stderr_has("pyship: failed to ")
        .exits(1);
}

#[test]
fn extract_gives_the_layers_as_directories() {
    let packed = Pack::new("tests/apps/shop").with("six").run();
    let place = scratch();
    let target = place.path().join("tree");
    Run::new(pyship())
        .arg("extract")
        .arg(&packed.path)
        .arg(&target)
        .stdout_any()
        .stderr_any()
        .success();
    let found = files_below(&target);
    let python = harness::interpreters::usual().minor();
    for path in [
        "app/code/main.py",
        "pyship.json",
        &format!("runtime/bin/python{python}"),
    ] {
        assert!(found.contains(std::path::Path::new(path)), "{path} isn't there");
    }
    assert!(found.iter().any(|path| path.ends_with("site-packages/six.py")));
    // A second time there is something in the way.
    Run::new(pyship())
        .arg("extract")
        .arg(&packed.path)
        .arg(&target)
        .stderr_has("pyship: failed to extract")
        .exits(1);
}

#[test]
fn pruning_leaves_the_standard_library_tests_out() {
    let packed = Pack::without_app().run();
    let code = "import importlib.util as u; print([n for n in ('test.test_os', 'idlelib', 'turtledemo') if u.find_spec(n)])";
    packed.run().args(["-c", code]).stdout("[]\n").success();
    let all = Pack::without_app().arg("--no-prune").run();
    let kept = all.run().args(["-c", code]).stdout_any().success().out();
    assert!(kept.contains("idlelib"), "{kept}");
}

#[test]
fn every_source_has_its_bytecode() {
    let packed = Pack::new("tests/apps/shop").with("six").run();
    let list = |layer: &str| {
        let quoted = format!(
            "unzip -p '{}' layers/{layer}.tar.zst | tar --zstd -t",
            packed.path.display()
        );
        Run::inheriting("sh")
            .args(["-c", &quoted])
            .stdout_any()
            .success()
            .out()
    };
    for (layer, source) in [("deps", "six"), ("app", "till"), ("runtime", "argparse")] {
        let members = list(layer);
        let compiled = format!("__pycache__/{source}.cpython-");
        assert!(
            members.contains(&format!("/{source}.py\n")) && members.contains(&compiled),
            "{layer}: {source}"
        );
    }
    let flags = "import importlib.util, six; print(open(importlib.util.cache_from_source(six.__file__), 'rb').read(8)[4])";
    // 1: by hash, not to be checked against the source at run time (PEP 552).
    packed
        .run()
        .env("PYSHIP", "python")
        .args(["-c", flags])
        .stdout("1\n")
        .success();
}

#[test]
fn the_manifest_is_what_the_contract_says() {
    let manifest = Pack::new("tests/apps/shop")
        .args(["-e", "shop.till:main"])
        .run()
        .manifest();
    assert_eq!(
        manifest["entry"],
        serde_json::json!({"kind": "function", "module": "shop.till", "attr": "main"})
    );
    assert_eq!(manifest["format"], 1);
    let keys = strings(&serde_json::json!(
        manifest.as_object().unwrap().keys().collect::<Vec<_>>()
    ));
    assert!(
        ["format", "launcher", "layers", "python", "libc"]
            .iter()
            .all(|key| keys.iter().any(|found| found == key))
    );
}
