//! Files that earlier versions of pyship made start for good: with the launcher that they were made with, and with
//! today's in its place, in one cache.
//!
//! `tests/golden/<format>/` holds a launcher, and what follows it in two files: an app, and an interpreter with the
//! glibc that it carries. `packer/src/golden.rs` made them; they are never made anew. In the place of the interpreter
//! and of the loader is a program that prints its arguments and its environment: what it prints is kept beside them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use harness::{Run, pyship, repository, scratch};
use pyship_launcher::format::names::ENV_CACHE_DIR;
use pyship_launcher::format::trailer::{self, Trailer};
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

use crate::support::environment_app;

/// The files of each format, with their SHA-256.
const GOLDEN: [(&str, &str, &str); 2] = [
    (
        "1",
        "app",
        "e98d947eab297b868f5c4c4cbd14449277f4c93a89357bbd383a8f16eb135dd5",
    ),
    (
        "1",
        "interpreter",
        "2e8c3242b3194b9ebb0c2a8d0e18bb2c4bfdeaa8b42b0e8c34b9889a6f433961",
    ),
];

/// A golden file with its own launcher, and one with today's; a name for messages.
fn both(format: &str, name: &str, sha256: &str, place: &Path) -> [(String, PathBuf); 2] {
    let directory = repository().join("tests/golden").join(format);
    let parts = ["launcher", name].map(|part| fs_err::read(directory.join(part)).unwrap());
    let whole = parts.concat();
    assert_eq!(
        hex(&Sha256::digest(&whole)),
        sha256,
        "tests/golden/{format}/{name} was changed"
    );
    let own = place.join(format!("{name}-own"));
    fs_err::write(&own, whole).unwrap();
    let todays = place.join(format!("{name}-todays"));
    put_launcher(&own, &launcher(), &todays);
    [own, todays].map(|path| {
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        (
            format!("format {format}, {}", path.file_name().unwrap().display()),
            path,
        )
    })
}

/// Today's launcher.
fn launcher() -> Vec<u8> {
    let payload = Payload::open(&environment_app().path).unwrap().unwrap();
    payload.launcher(&payload.manifest().unwrap()).unwrap()
}

/// Writes the file `from` with another launcher. Layers keep their bytes, the manifest all that it says but for where
/// they are.
fn put_launcher(from: &Path, launcher: &[u8], to: &Path) {
    let payload = Payload::open(from).unwrap().unwrap();
    let mut manifest: Value = serde_json::from_slice(&payload.manifest_bytes().unwrap()).unwrap();
    let before = manifest["launcher"]["size"].as_u64().unwrap();
    let moved = |at: u64| at - before + launcher.len() as u64;
    manifest["launcher"] = json!({ "size": launcher.len(), "sha256": hex(&Sha256::digest(launcher)) });
    for layer in manifest["layers"].as_array_mut().unwrap() {
        layer["offset"] = moved(layer["offset"].as_u64().unwrap()).into();
    }
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let (start, end) = (
        usize::try_from(before).unwrap(),
        usize::try_from(payload.trailer.manifest_offset).unwrap(),
    );
    let layers = &fs_err::read(from).unwrap()[start..end];
    let manifest_offset = (launcher.len() + layers.len()) as u64;
    let trailer = Trailer {
        manifest_offset,
        manifest_size: manifest.len() as u64,
        file_size: manifest_offset + (manifest.len() + trailer::SIZE) as u64,
        launcher_size: launcher.len() as u64,
        manifest_sha256: Sha256::digest(&manifest).into(),
    };
    let mut file = fs_err::File::create(to).unwrap();
    for part in [launcher, layers, &manifest, &trailer.encode()] {
        file.write_all(part).unwrap();
    }
}

/// What the program in the interpreter's place prints, the environment in order.
fn printed(run: Run) -> String {
    let said = run.stdout_any().success().out();
    let (mut environment, arguments): (Vec<&str>, Vec<&str>) =
        said.lines().partition(|line| line.starts_with("environment: "));
    environment.sort_unstable();
    [arguments, environment].concat().join("\n")
}

/// Compares with the text that is kept beside the golden file, which is the same for both launchers.
#[track_caller]
fn assert_kept(format: &str, name: &str, text: &str, place: &Path) {
    let path = repository().join("tests/golden").join(format).join(name);
    let text = text
        .replace(place.to_str().unwrap(), "[place]")
        .replace("-todays", "-own");
    // The name of an app's directory depends on the machine.
    let mut parts = text.split("/apps/");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        plain.push_str("/apps/[digest]");
        plain.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_hexdigit()));
    }
    let kept = fs_err::read_to_string(&path).unwrap();
    assert!(
        plain.trim_end() == kept.trim_end(),
        "`{}` says\n{kept}\nand this is\n{plain}",
        path.display()
    );
}

#[test]
fn each_starts_cold_and_warm_whichever_launcher_was_first() {
    for todays_first in [false, true] {
        let place = scratch();
        let place = place.path();
        let cache = place.join("cache");
        for (format, name, sha256) in GOLDEN {
            let mut files = both(format, name, sha256, place);
            if todays_first {
                files.reverse();
            }
            for (_, file) in &files {
                let start = || Run::new(file).env(ENV_CACHE_DIR, &cache);
                let cold = printed(start().args(["one", "two words"]));
                assert_kept(format, &format!("{name}.start"), &cold, place);
                assert_eq!(printed(start().args(["one", "two words"])), cold, "a warm start");
                assert_kept(
                    format,
                    &format!("{name}.python"),
                    &printed(start().env("PYSHIP", "python").arg("-V")),
                    place,
                );
                let directories = start().env("PYSHIP", "where").stdout_any().success().out();
                assert_kept(format, &format!("{name}.where"), &directories, place);
                // `sys.executable`, as a program that was started meanwhile calls it.
                let python = Path::new(directories.lines().next().unwrap()).join("bin/python3");
                assert_kept(
                    format,
                    &format!("{name}.executable"),
                    &printed(Run::new(python).arg("-V")),
                    place,
                );
            }
            for (_, file) in &files {
                let tool = |tool: &str| Run::new(file).env(ENV_CACHE_DIR, &cache).env("PYSHIP", tool);
                tool("verify").stdout_has("intact").success();
                tool("repair").stdout_any().success();
            }
        }
        // Both were used just now: nothing is removed until everything is.
        let layers = || fs_err::read_dir(cache.join("v1/layers")).unwrap().count();
        assert_eq!(layers(), 4, "layers are shared");
        let run = Run::new(pyship())
            .env(ENV_CACHE_DIR, &cache)
            .args(["cache", "clear"]);
        run.stdout_any().stderr_any().success();
        assert_eq!(layers(), 0);
    }
}

#[test]
fn each_is_read_by_the_tools_of_its_launcher_and_by_todays() {
    let place = scratch();
    let place = place.path();
    for (format, name, sha256) in GOLDEN {
        for (what, file) in both(format, name, sha256, place) {
            let read = |command: &str| Run::new(pyship()).arg(command).arg(&file);
            // The other one has no archive: only the launcher reads it.
            if file.ends_with(format!("{name}-own")) {
                read("verify").stdout_has("intact").success();
            }
            assert_eq!(
                read("inspect").arg("--json").stdout_any().success().json()["format"],
                1,
                "{what}"
            );
            let trees = ["own", "todays"]
                .map(|by| place.join(format!("{}-{by}", file.file_name().unwrap().display())));
            let own = Run::new(&file).env("PYSHIP", "extract").arg(&trees[0]);
            own.stdout_any().success();
            read("extract").arg(&trees[1]).stdout_any().stderr_any().success();
            for tree in trees {
                assert_kept(format, "tree", &listing(&tree), place);
            }
        }
    }
}

/// Every file with its mode and digest, every link with its target; but for the manifest.
fn listing(tree: &Path) -> String {
    let mut lines = BTreeMap::new();
    for entry in WalkDir::new(tree).min_depth(1) {
        let entry = entry.unwrap();
        let path = entry.path();
        let kind = entry.file_type();
        let content = if kind.is_symlink() {
            format!("-> {}", fs_err::read_link(path).unwrap().display())
        } else if kind.is_dir() {
            "/".to_owned()
        } else {
            let sha256 = hex(&Sha256::digest(fs_err::read(path).unwrap()));
            format!("{:o} {sha256}", entry.metadata().unwrap().mode() & 0o111)
        };
        lines.insert(
            path.strip_prefix(tree)
                .unwrap()
                .as_os_str()
                .as_encoded_bytes()
                .escape_ascii()
                .to_string(),
            content,
        );
    }
    lines.remove("pyship.json");
    lines
        .iter()
        .map(|(path, content)| format!("{path} {content}\n"))
        .collect()
}
