//! Private indexes: what is asked for is found there, and who may ask is written down nowhere.

use std::path::Path;

use harness::{Outcome, Pack, Run, Running, interpreters, repository};
use rustix::process::Signal;

use super::{Place, without_uv};
use crate::wheel::wheel;

const USER: &str = "reader-of-wheels";
const PASSWORD: &str = "hunter2-of-the-index";

/// The server, which ends with the value.
struct Index {
    port: String,
    running: Option<Running>,
}

impl Index {
    fn of(place: &Place) -> Self {
        let running = Run::inheriting(&interpreters::usual().path)
            .arg(repository().join("tests/it/projects/index.py"))
            .arg(place.path("index"))
            .arg(format!("{USER}:{PASSWORD}"))
            .stdout_any()
            .stderr_any()
            .spawn();
        running.says("\n");
        let port = running.said().trim().to_owned();
        Self {
            port,
            running: Some(running),
        }
    }

    fn url(&self, credentials: &str) -> String {
        format!("http://{credentials}127.0.0.1:{}/simple/", self.port)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        let running = self.running.take().unwrap();
        running.signal(Signal::KILL);
        running.killed_by(Signal::KILL);
    }
}

/// A place with an index that has `demo-private`, and an app that imports it.
fn place() -> (Place, Index) {
    let place = Place::new();
    fs_err::create_dir(place.path("index")).unwrap();
    wheel(
        &place.path("index"),
        "demo_private",
        "1.2",
        &[("demo_private.py", "V = 'private'\n")],
    );
    place.put("p/main.py", "import demo_private; print(demo_private.V)\n");
    let index = Index::of(&place);
    (place, index)
}

/// Everything that is written while it packs, and every form of what it made.
#[track_caller]
fn without_a_trace(place: &Place, outcome: &Outcome) {
    let out = place.path("out/app.bin");
    for command in [
        &["inspect"] as &[&str],
        &["inspect", "--json"],
        &["inspect", "--provenance"],
        &["sbom"],
    ] {
        let run = Run::inheriting(harness::pyship()).args(command).arg(&out);
        let said = run.stdout_any().stderr_any().success();
        assert_secret(&said.stdout, &command.join(" "));
    }
    assert_secret(&outcome.stdout, "standard output");
    assert_secret(&outcome.stderr, "standard error");
    let tree = place.path("tree");
    let run = Run::inheriting(harness::pyship())
        .arg("extract")
        .args([&out, &tree]);
    run.stdout_any().stderr_any().success();
    for directory in ["out", "tree", "build-cache"] {
        for file in harness::files_below(&place.path(directory)) {
            let path = place.path(directory).join(file);
            if path.is_file() {
                assert_secret(&fs_err::read(&path).unwrap(), &path.to_string_lossy());
            }
        }
    }
    fs_err::remove_dir_all(tree).unwrap();
    fs_err::remove_dir_all(place.path("build-cache")).unwrap();
}

#[track_caller]
fn assert_secret(bytes: &[u8], what: &str) {
    for secret in [USER, PASSWORD] {
        let is_there = memchr::memmem::find(bytes, secret.as_bytes()).is_some();
        assert!(!is_there, "`{secret}` is in {what}");
    }
}

/// Packs in a home of its own.
#[track_caller]
fn packed(place: &Place, pack: &Pack, path: Option<&Path>, variables: &[(&str, &str)]) {
    fs_err::create_dir_all(place.path("out")).unwrap();
    let out = place.path("out/app.bin");
    let pack = pack
        .clone()
        .arg("--verbose")
        .build_cache(&place.path("build-cache"));
    let mut command = pack
        .command_to(&out)
        .env("UV_NO_CACHE", "1")
        .env("PIP_NO_CACHE_DIR", "1");
    if let Some(path) = path {
        command = command.env("PATH", path);
    }
    for (name, value) in variables {
        command = command.env(name, value);
    }
    let outcome = command.stderr_any().stdout_any().success();
    Run::new(&out).root("empty").tmpfs().stdout("private\n").success();
    without_a_trace(place, &outcome);
}

#[test]
fn credentials_are_written_down_nowhere() {
    let (place, index) = place();
    let url = index.url(&format!("{USER}:{PASSWORD}@"));
    let pip = without_uv(&place);
    for path in [None, Some(pip.as_path())] {
        // On the command line.
        let pack = place.pack("p").with("demo-private").args(["--index-url", &url]);
        packed(&place, &pack, path, &[]);
        // In a requirements file, by variables.
        place.put(
            "req.txt",
            &format!(
                "--index-url http://${{INDEX_USER}}:${{INDEX_PASSWORD}}@127.0.0.1:{}/simple/\ndemo-private\n",
                index.port
            ),
        );
        let pack = place.pack("p").requirements(place.path("req.txt"));
        packed(
            &place,
            &pack,
            path,
            &[("INDEX_USER", USER), ("INDEX_PASSWORD", PASSWORD)],
        );
    }
    // As uv reads them for an index that a project names.
    place.put(
        "p/pyproject.toml",
        &format!(
            "[project]\nname = 'p'\nversion = '1'\ndependencies = ['demo-private']\n\
             [[tool.uv.index]]\nname = 'ours'\nurl = '{}'\ndefault = true\n",
            index.url("")
        ),
    );
    let variables = [
        ("UV_INDEX_OURS_USERNAME", USER),
        ("UV_INDEX_OURS_PASSWORD", PASSWORD),
    ];
    packed(&place, &place.pack("p"), None, &variables);
}

#[test]
fn an_index_that_does_not_answer_is_named_without_its_password() {
    let (place, index) = place();
    let (closed, wrong) = (
        format!("http://{USER}:{PASSWORD}@127.0.0.1:1/simple/"),
        index.url(&format!("{USER}:{PASSWORD}-not@")),
    );
    let pip = without_uv(&place);
    for url in [closed, wrong] {
        for path in [None, Some(&pip)] {
            let pack = place.pack("p").with("demo-private").args(["--index-url", &url]);
            let mut command = pack.command_to(&place.path("x.bin")).env("UV_HTTP_RETRIES", "0");
            command = command.env("PIP_RETRIES", "0");
            if let Some(path) = path {
                command = command.env("PATH", path);
            }
            let outcome = command.stderr_any().exits(1);
            assert!(outcome.err().contains("127.0.0.1"), "{}", outcome.report());
            assert!(!outcome.err().contains(PASSWORD), "{}", outcome.report());
            assert!(!place.path("x.bin").exists());
        }
    }
}
