//! What is unpacked besides bytes: permissions, dates and holes.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use harness::{Pack, Packed, Run, scratch};

/// Files of an app with their modes, and what they are unpacked with.
const CHOSEN: &[(&str, u32, u32)] = &[
    ("key.pem", 0o600, 0o600),
    ("fixed.txt", 0o444, 0o444),
    ("group.txt", 0o640, 0o640),
    ("tool", 0o755, 0o755),
    ("own-tool", 0o700, 0o700),
    ("plain.txt", 0o644, 0o644),
    ("shared.txt", 0o664, 0o644),
    ("private", 0o700, 0o700),
    ("private/inside.txt", 0o600, 0o600),
    ("open", 0o2775, 0o755),
];

/// Writes an app whose `main.py` has this source.
fn app(place: &Path, source: &str) -> PathBuf {
    let app = place.join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), source).unwrap();
    fs_err::set_permissions(app.join("main.py"), Permissions::from_mode(0o644)).unwrap();
    fs_err::set_permissions(&app, Permissions::from_mode(0o755)).unwrap();
    app
}

fn set(path: &Path, mode: u32) {
    fs_err::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The app's directory in a cache.
fn code(cache: &Path) -> PathBuf {
    let layers = fs_err::read_dir(cache.join("v1/layers")).unwrap();
    let code = layers.map(|layer| layer.unwrap().path().join("code"));
    code.into_iter().find(|code| code.is_dir()).unwrap()
}

/// Starts it under a umask, with a cache of its own.
fn start(packed: &Packed, umask: &str, cache: &Path) -> Run {
    let script = format!("umask {umask}; exec \"$0\"");
    Run::new("/bin/sh")
        .args(["-c", &script])
        .arg(&packed.path)
        .env("PYSHIP_CACHE_DIR", cache)
}

#[test]
fn what_was_packed_is_unpacked_with_its_mode() {
    let place = scratch();
    let app = app(place.path(), "import secret; print(secret.VALUE)\n");
    for (name, mode, _) in CHOSEN {
        let path = app.join(name);
        match path.extension().is_some() || name.contains("tool") {
            true => fs_err::write(&path, "x\n").unwrap(),
            false => fs_err::create_dir(&path).unwrap(),
        }
        set(&path, *mode);
    }
    fs_err::write(app.join("secret.py"), "VALUE = 'kept'\n").unwrap();
    set(&app.join("secret.py"), 0o600);
    let packed = Pack::new(&app).run();
    for umask in ["077", "000"] {
        let cache = place.path().join(umask);
        start(&packed, umask, &cache).stdout("kept\n").success();
        let found = |name: &str| fs_err::metadata(code(&cache).join(name)).unwrap().mode() & 0o7777;
        for (name, _, mode) in CHOSEN {
            assert_eq!(found(name), *mode, "{name} under {umask}: {:o}", found(name));
        }
        for bytecode in fs_err::read_dir(code(&cache).join("__pycache__")).unwrap() {
            let bytecode = bytecode.unwrap();
            let is_secret = bytecode.file_name().to_string_lossy().starts_with("secret");
            let mode = bytecode.metadata().unwrap().mode() & 0o777;
            assert_eq!(mode, if is_secret { 0o600 } else { 0o644 });
        }
    }
    let layer = code(&place.path().join("077"));
    assert_eq!(
        fs_err::metadata(layer.parent().unwrap()).unwrap().mode() & 0o777,
        0o755
    );
    Run::new(&packed.path)
        .env("PYSHIP_CACHE_DIR", place.path().join("077"))
        .env("PYSHIP", "verify")
        .stdout_has("are intact")
        .success();
}

#[test]
fn a_default_access_control_list_of_the_cache_changes_nothing() {
    let place = scratch();
    let app = app(place.path(), "print('here')\n");
    let packed = Pack::new(&app).run();
    let cache = place.path().join("cache");
    fs_err::create_dir(&cache).unwrap();
    set(&cache, 0o700);
    // A default list as `setfacl -d -m u::rwx,g::-,o::-` sets it, in the kernel's form.
    let entries: [(u16, u16); 3] = [(1, 7), (4, 0), (0x20, 0)];
    let mut list = 2u32.to_le_bytes().to_vec();
    for (tag, permissions) in entries {
        list.extend([tag, permissions].map(u16::to_le_bytes).concat());
        list.extend(u32::MAX.to_le_bytes());
    }
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(&cache, "system.posix_acl_default", &list, flags).unwrap();
    start(&packed, "022", &cache).stdout("here\n").success();
    let main = code(&cache).join("main.py");
    assert_eq!(fs_err::metadata(&main).unwrap().mode() & 0o777, 0o644);
    assert_eq!(fs_err::metadata(code(&cache)).unwrap().mode() & 0o777, 0o755);
}

#[test]
fn bits_that_give_privileges_are_removed_with_a_warning() {
    let place = scratch();
    let app = app(place.path(), "print(1)\n");
    let key = place.path().join("wall");
    for (path, mode) in [
        (app.join("su"), 0o4755),
        (app.join("mount"), 0o6755),
        (key.clone(), 0o2755),
    ] {
        fs_err::write(&path, "x\n").unwrap();
        set(&path, mode);
    }
    let output = place.path().join("out.bin");
    let pack = Pack::new(&app).arg("--include").arg(&key).command_to(&output);
    let outcome = pack.stderr_any().success();
    for part in [
        "packed `mount` and 1 more without set-user-ID",
        &format!("packed `{}` without set-user-ID", key.display()),
    ] {
        assert!(outcome.err().contains(part), "{part}\n{}", outcome.report());
    }
    let cache = place.path().join("cache");
    Run::new(&output)
        .env("PYSHIP_CACHE_DIR", &cache)
        .stdout("1\n")
        .success();
    for name in ["su", "mount", "wall"] {
        assert_eq!(
            fs_err::metadata(code(&cache).join(name)).unwrap().mode() & 0o7777,
            0o755
        );
    }
}

#[test]
fn a_checkout_under_any_umask_gives_the_same_bytes() {
    let place = scratch();
    let mut made: Vec<Vec<u8>> = Vec::new();
    for umask in ["022", "002", "077"] {
        let directory = place.path().join(umask);
        let script = format!(
            "umask {umask}; mkdir -p {0}/app/sub; cd {0}; echo 'print(1)' >app/main.py; echo x >app/sub/data\n\
            echo x >app/tool; chmod +x app/tool; exec \"$@\"",
            directory.display()
        );
        let words = Pack::new(directory.join("app"))
            .with("six")
            .args(["--name", "app"])
            .command_line(&directory.join("out.bin"));
        let run = Run::inheriting("sh").args(["-c", &script, "sh"]).args(words);
        let outcome = run.stderr_any().success();
        let opened = outcome
            .err()
            .contains("packed 3 files so that all users may read them");
        assert_eq!(opened, umask == "077", "{umask}\n{}", outcome.report());
        made.push(fs_err::read(directory.join("out.bin")).unwrap());
    }
    assert!(made[0] == made[1] && made[0] == made[2]);
}

#[test]
fn everything_can_be_put_into_a_zip_archive_in_any_time_zone() {
    let place = scratch();
    let source = "import os, pathlib, shutil, sys\n\
        here = pathlib.Path(__file__).parent\n\
        for name, root in ('app', here / 'template'), ('json', pathlib.Path(os.__file__).parent / 'json'):\n\
        \x20   shutil.make_archive(sys.argv[1] + '/' + name, 'zip', root)\n\
        print(min(path.stat().st_mtime for path in here.rglob('*')) >= 315619200)\n";
    let app = app(place.path(), source);
    fs_err::create_dir_all(app.join("template/sub")).unwrap();
    fs_err::write(app.join("template/sub/a.txt"), "x").unwrap();
    let packed = Pack::new(&app).run();
    for zone in ["UTC0", "EAST-14", "WEST5", "WEST12"] {
        let run = packed.run().env("TZ", zone).arg(place.path());
        run.stdout("True\n").success();
    }
}

#[test]
fn long_runs_of_zeros_are_holes() {
    const MEGABYTE: usize = 1 << 20;
    let place = scratch();
    let app = app(place.path(), "print(1)\n");
    let zeros = |megabytes: usize| vec![0; megabytes * MEGABYTE];
    // Smaller than a frame that is decoded in one piece, and larger.
    let mut content = zeros(3);
    content[MEGABYTE + 7] = 1;
    fs_err::write(app.join("small"), &content).unwrap();
    let mut content = zeros(40);
    content[0] = 1;
    content[17 * MEGABYTE..18 * MEGABYTE].fill(7);
    fs_err::write(app.join("large"), &content).unwrap();
    let output = place.path().join("out.bin");
    let pack = Pack::new(&app).arg("--json").command_to(&output);
    pack.stdout_any().stderr_any().success();
    let manifest = Run::new(&output)
        .env("PYSHIP", "info")
        .arg("--json")
        .stdout_any()
        .success()
        .json();
    let layers = manifest["layers"].as_array().unwrap();
    let layer = layers.iter().find(|layer| layer["name"] == "app").unwrap();
    let disk = usize::try_from(layer["disk"].as_u64().unwrap()).unwrap();
    assert!(
        (MEGABYTE..2 * MEGABYTE).contains(&disk),
        "{disk} bytes are checked for"
    );
    let cache = place.path().join("cache");
    let run = || Run::new(&output).env("PYSHIP_CACHE_DIR", &cache);
    run().stdout("1\n").success();
    for (name, most) in [("small", MEGABYTE / 4), ("large", MEGABYTE * 5 / 4)] {
        let found = code(&cache).join(name);
        assert!(
            fs_err::read(app.join(name)).unwrap() == fs_err::read(&found).unwrap(),
            "{name}"
        );
        let taken = usize::try_from(fs_err::metadata(&found).unwrap().blocks() * 512).unwrap();
        assert!(taken > 0 && taken <= most, "{name} takes {taken} bytes");
    }
    run().env("PYSHIP", "verify").stdout_has("are intact").success();
}
