//! What `pyship pack` takes from the app's directory, and what it says of the rest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use harness::{Outcome, Pack, Run, files_below, pyship, scratch};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// An app of these files: paths and contents.
fn app(files: &[(&str, &str)]) -> TempDir {
    let place = scratch();
    write(&place.path().join("app"), files);
    place
}

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = directory.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
}

/// A pack of the app, and the files that are in it.
struct Taken {
    said: Outcome,
    files: BTreeSet<String>,
}

#[track_caller]
fn pack(place: &TempDir, arguments: &[&str]) -> Taken {
    let at = |name: &str| place.path().join(name);
    let said = Pack::new(at("app"))
        .args(["--no-check", "--json"])
        .args(arguments)
        .command_to(&at("out.bin"))
        .directory(place.path())
        .stdout_any()
        .stderr_any()
        .success();
    Run::inheriting(pyship())
        .arg("extract")
        .args([at("out.bin"), at("extracted")])
        .stdout_any()
        .stderr_any()
        .success();
    let code = at("extracted").join("app/code");
    let files = files_below(&code)
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains("__pycache__"))
        .filter(|path| !code.join(path).symlink_metadata().unwrap().is_dir())
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    fs_err::remove_dir_all(at("extracted")).unwrap();
    Taken { said, files }
}

impl Taken {
    #[track_caller]
    fn has_only(&self, files: &[&str]) {
        let files: BTreeSet<String> = files.iter().map(|&file| file.to_owned()).collect();
        assert_eq!(self.files, files, "{}", self.said.report());
    }

    #[track_caller]
    fn says(&self, line: &str) {
        assert!(self.said.err().contains(line), "{line:?}\n{}", self.said.report());
    }

    /// The reason for which the JSON says that a file was left out.
    fn reason(&self, path: &str) -> Option<String> {
        let report = self.said.json();
        let left_out = report["left_out"].as_array().unwrap();
        let one = left_out.iter().find(|one| one["path"] == path)?;
        Some(one["reason"].as_str().unwrap().to_owned())
    }
}

#[test]
fn ignore_files_count_and_what_they_leave_out_is_named() {
    let place = app(&[
        ("main.py", "print(1)\n"),
        (".gitignore", "*.log\n_version.py\n/data/\nstatic/dist/\n"),
        (".pyshipignore", "notes/\n!_version.py\n!/static/dist/app.js\n"),
        ("a.log", ""),
        ("pkg/__init__.py", ""),
        ("pkg/_version.py", ""),
        ("pkg/.gitignore", "!kept.log\n"),
        ("pkg/kept.log", ""),
        ("data/x.csv", ""),
        ("notes/x.txt", ""),
        ("static/dist/app.js", ""),
        ("static/dist/app.map", ""),
    ]);
    write(
        place.path(),
        &[(".git/info/exclude", "*.secret\n"), ("app/x.secret", "")],
    );
    let taken = pack(&place, &[]);
    let always = [
        ".gitignore",
        ".pyshipignore",
        "main.py",
        "pkg/.gitignore",
        "pkg/__init__.py",
        "pkg/_version.py",
        "pkg/kept.log",
        "static/dist/app.js",
    ];
    taken.has_only(&always);
    taken.says(
        "left out of the app by .gitignore: `a.log`, `data`, `x.secret`; \
         --include or a line `!NAME` in .pyshipignore packs them",
    );
    assert_eq!(taken.reason("a.log").as_deref(), Some("gitignore"));
    assert_eq!(taken.reason("notes").as_deref(), Some("pyshipignore"));
    assert_eq!(taken.reason("data").as_deref(), Some("gitignore"));

    let more = ["a.log", "data/x.csv", "static/dist/app.map", "x.secret"];
    let all: Vec<&str> = always.into_iter().chain(more).collect();
    pack(&place, &["--no-gitignore"]).has_only(&all);
    write(
        place.path(),
        &[("app/pyproject.toml", "[tool.pyship]\nno-gitignore = true\n")],
    );
    let with_project: Vec<&str> = all.into_iter().chain(["pyproject.toml"]).collect();
    pack(&place, &[]).has_only(&with_project);
    fs_err::remove_file(place.path().join("app/pyproject.toml")).unwrap();

    let included: Vec<&str> = always.into_iter().chain(["data/x.csv"]).collect();
    pack(&place, &["--include", "app/data"]).has_only(&included);
}

#[test]
fn secrets_are_held_back_until_they_are_asked_for() {
    let key = "-----BEGIN PRIVATE KEY-----\nMII\n";
    let secrets = [
        ".env.local",
        ".git-credentials",
        ".npmrc",
        "deploy/id_ed25519",
        "deploy/server.pem",
        "home/.docker/config.json",
        "store.p12",
    ];
    let place = app(&[
        ("main.py", "print(1)\n"),
        (".env.example", ""),
        ("deploy/ca.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("deploy/id_ed25519.pub", ""),
        (".aws/credentials", ""),
    ]);
    for secret in secrets {
        write(&place.path().join("app"), &[(secret, key)]);
    }
    let taken = pack(&place, &["--include", "app/.npmrc"]);
    taken.has_only(&[
        ".env.example",
        ".npmrc",
        "deploy/ca.pem",
        "deploy/id_ed25519.pub",
        "main.py",
    ]);
    assert!(!taken.said.err().contains("`.npmrc`"), "{}", taken.said.report());
    for secret in secrets
        .into_iter()
        .filter(|name| *name != ".npmrc")
        .chain([".aws"])
    {
        taken.says(&format!(
            "warning: left out `{secret}`: it may hold passwords; use --include to pack it"
        ));
        assert_eq!(taken.reason(secret).as_deref(), Some("secret"));
    }
    // What is below an included directory is held back as well, and named by the path that packs it.
    write(place.path(), &[("more/.env", ""), ("more/x", "")]);
    let taken = pack(&place, &["--include", "more", "--include", "app/.aws"]);
    taken.says("warning: left out `more/.env`: ");
    assert!(taken.files.contains("more/x") && taken.files.contains(".aws/credentials"));
}

#[test]
fn what_pyship_made_and_what_builds_leave_is_not_taken_along() {
    let place = app(&[
        ("main.py", "print(1)\n"),
        ("dist/demo.whl", ""),
        ("demo.egg-info/PKG-INFO", ""),
        ("build/__init__.py", ""),
        ("web/dist/app.js", ""),
        ("web/node_modules/i.js", ""),
        (".pyship-abcdefghijkl.tmp", ""),
        ("pyship-abcdefghijkl/.pyship-lock", ""),
    ]);
    pack(&place, &[]);
    fs_err::rename(place.path().join("out.bin"), place.path().join("app/old")).unwrap();
    let taken = pack(&place, &[]);
    taken.has_only(&["build/__init__.py", "main.py", "web/dist/app.js"]);
    taken.says(
        "left out of the app: `.pyship-abcdefghijkl.tmp`, `demo.egg-info`, `dist`, `node_modules`, `old`, \
         `pyship-abcdefghijkl`; --include packs them",
    );
    assert_eq!(taken.reason("old").as_deref(), Some("made-by-pyship"));
    let taken = pack(&place, &["--include", "app/old", "--include", "app/dist"]);
    assert!(taken.files.contains("old") && taken.files.contains("dist/demo.whl"));
}

#[test]
fn a_link_into_a_directory_that_is_followed_stays_a_link() {
    let place = app(&[("main.py", "print(1)\n")]);
    write(place.path(), &[("shared/x", "text")]);
    let at = |path: &str| place.path().join(path);
    for (target, link) in [(".", "shared/self"), ("x", "shared/y"), ("../shared", "app/e")] {
        fs_err::os::unix::fs::symlink(target, at(link)).unwrap();
    }
    let taken = pack(&place, &[]);
    taken.has_only(&["e/self", "e/x", "e/y", "main.py"]);
}

/// A failed pack says this.
#[track_caller]
fn refused(place: &TempDir, arguments: &[&str], sentence: &str) {
    let outcome = Pack::new(place.path().join("app"))
        .args(["--no-check", "-q"])
        .args(arguments)
        .command_to(&place.path().join("refused.bin"))
        .directory(place.path())
        .stderr_any()
        .exits(1);
    let app = place.path().join("app").display().to_string();
    let said = outcome.err().replace(&app, "app");
    assert!(said.contains(sentence), "{sentence:?}\n{}", outcome.report());
    assert!(!place.path().join("refused.bin").exists());
}

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn pipes_are_refused_or_left_out_and_nobody_waits_for_them() {
    let place = app(&[("main.py", "print(1)\n")]);
    let at = |path: &str| -> PathBuf { place.path().join(path) };
    pipe(&at("pipe"));
    pipe(&at("app/pipe"));
    pipe(&at("app/key.pem"));
    pipe(&at("app/.gitignore"));
    let taken = pack(&place, &[]);
    taken.has_only(&["main.py"]);
    taken.says("warning: left out `pipe`: it is not a file, directory or link");
    refused(
        &place,
        &["--include", "pipe:x"],
        "failed to include `pipe`: it is neither a file nor a directory",
    );
    pipe(&at("app/pyproject.toml"));
    refused(
        &place,
        &[],
        "failed to read `app/pyproject.toml`: it is not a regular file",
    );
}

#[test]
fn a_file_without_end_is_refused_by_name_and_size() {
    let place = app(&[("main.py", "print(1)\n")]);
    let big = fs_err::File::create(place.path().join("app/big")).unwrap();
    big.set_len(3 << 40).unwrap();
    refused(
        &place,
        &[],
        "app/big` has 3.30 TB; a file that is packed has at most 100.00 GB",
    );
    refused(&place, &[], "hint: leave it out with --exclude");
}

#[test]
fn what_a_projects_own_options_take_from_outside_it_is_said() {
    let options = "[tool.pyship]\ninclude = ['../outside.json', 'inside.json:data/']\n";
    let place = app(&[
        ("main.py", "print(1)\n"),
        ("pyproject.toml", options),
        ("inside.json", "{}"),
    ]);
    write(place.path(), &[("outside.json", "{}")]);
    let output = place.path().join("out.bin");
    let run = Pack::new(place.path().join("app"))
        .arg("--no-check")
        .command_to(&output);
    let done = run.stderr_any().success();
    let said = done.err();
    assert!(
        said.contains("outside.json` from outside the project, as `include`"),
        "{said}"
    );
    assert!(!said.contains("inside.json` from outside"), "{said}");
}

#[test]
fn an_include_goes_into_a_directory() {
    let place = app(&[("main.py", "print(1)\n"), ("conf/a.json", "")]);
    write(place.path(), &[("data.json", "{}"), ("tree/x", "")]);
    let taken = pack(
        &place,
        &[
            "--include",
            "data.json:new/",
            "--include",
            "data.json:conf",
            "--include",
            "data.json:.",
            "--include",
            "tree:.",
        ],
    );
    taken.has_only(&[
        "conf/a.json",
        "conf/data.json",
        "data.json",
        "main.py",
        "new/data.json",
        "x",
    ]);
    refused(
        &place,
        &["--include", "data.json:main.py/x"],
        "failed to include `data.json`: `main.py` is a file or a link of the app",
    );
}
