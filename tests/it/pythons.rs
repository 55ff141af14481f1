//! Interpreters by their versions: which one is found, and what is downloaded where none is.

mod mirror;

use std::path::Path;

use harness::{Pack, Run, files_below, interpreters, pyship, scratch};
use serde_json::Value;
use tempfile::TempDir;

use self::mirror::{Fault, Mirror, RELEASE, build, bytes, spec, sum};
use crate::support::assert_one_sentence;

const HELLO: &str = "examples/hello/hello.py";

/// A user without any Python: no PATH, and a home with nothing in it.
struct User {
    home: TempDir,
}

impl User {
    fn new() -> Self {
        Self { home: scratch() }
    }

    /// `pyship python`
    fn python(&self, arguments: &[&str]) -> Run {
        self.on(Run::new(pyship()).arg("python").args(arguments))
    }

    /// `pyship pack hello.py --python SPEC`
    fn pack(&self, spec: Option<&str>) -> Run {
        let run = Run::new(pyship())
            .arg("pack")
            .arg(harness::repository().join(HELLO));
        let run = spec.iter().fold(run, |run, spec| run.arg("--python").arg(spec));
        self.on(run.arg("-o").arg(self.home.path().join("hello.bin")))
    }

    fn on(&self, run: Run) -> Run {
        let home = self.home.path();
        run.env("HOME", home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("PATH", home.join("bin"))
    }

    /// What the directory of downloads has.
    fn downloads(&self) -> Vec<String> {
        let entries = fs_err::read_dir(self.home.path().join("cache/pyship/downloads"));
        let names = entries
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).collect()
    }

    fn list(&self) -> Value {
        self.python(&["list", "--json"]).stdout_any().success().json()
    }
}

#[test]
fn a_builder_without_python_downloads_one_says_so_and_keeps_it() {
    let interpreter = interpreters::usual();
    let (user, mirror) = (User::new(), Mirror::of(interpreter));
    mirror.fault([Fault::Fails, Fault::BreaksOff, Fault::Redirects]);
    let pack = || {
        user.pack(Some(&spec(interpreter)))
            .env("PYSHIP_PYTHON_MIRROR", &mirror.url)
    };
    let said = pack().stderr_any().success().err();
    let line = format!(
        "Python {} is not installed (looked for it on PATH): downloading CPython {} for {}-unknown-linux-gnu \
         (python-build-standalone {RELEASE}) from {} to {}/cache/pyship/downloads\n",
        spec(interpreter),
        interpreter.full(),
        std::env::consts::ARCH,
        mirror.url,
        user.home.path().display()
    );
    assert!(said.starts_with(&line), "{said}");
    assert!(
        said.contains("the server answered 500 Internal Server Error"),
        "{said}"
    );
    let name = format!("{RELEASE}/{}-install_only_stripped.tar.gz", build(interpreter));
    let asked = mirror.asked();
    assert_eq!(
        asked[..3],
        [format!("{RELEASE}/SHA256SUMS"), name.clone(), name.clone()]
    );
    let half = bytes(interpreter).len() / 2;
    assert_eq!(
        asked[3..],
        [
            format!("{name} from {half}"),
            format!("elsewhere/{name} from {half}")
        ]
    );

    Run::new(user.home.path().join("hello.bin"))
        .env("PYSHIP_CACHE_DIR", user.home.path().join("run"))
        .stdout(format!("hello, world, from Python {}\n", interpreter.full()))
        .success();
    // The second time it is there, by this and by other names.
    assert_eq!(user.downloads(), [build(interpreter)]);
    pack().stderr_any().success();
    let minor = interpreter.minor();
    for spec in [&minor, &interpreter.full(), &format!("=={minor}.*"), "3"] {
        user.pack(Some(spec))
            .stderr_has(&format!("(python-build-standalone {RELEASE})"))
            .success();
    }
    user.pack(None).stderr_has(&interpreter.full()).success();
    assert_eq!(mirror.asked(), [""; 0]);
}

#[test]
fn list_find_install_and_uninstall() {
    let interpreter = interpreters::usual();
    let (user, mirror) = (User::new(), Mirror::of(interpreter));
    let spec = spec(interpreter);
    let directory = user
        .home
        .path()
        .join("cache/pyship/downloads")
        .join(build(interpreter));

    let missing = user.python(&["find", &spec]).stderr_any().output();
    assert_one_sentence(&missing);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        missing.err().contains("hint: `pyship python install"),
        "{}",
        missing.err()
    );
    user.python(&["install", &spec, "--mirror", &mirror.url])
        .stderr_has(&format!(
            "installed CPython {} in {}\n",
            interpreter.full(),
            directory.display()
        ))
        .success();
    user.python(&["install", &spec, "--mirror", "http://127.0.0.1:1"])
        .stderr_has("is already installed")
        .success();
    let found = user
        .python(&["find", &interpreter.minor()])
        .stdout_any()
        .success()
        .out();
    assert!(Path::new(found.trim_end()).starts_with(&directory), "{found}");

    let list = user.list();
    assert_eq!(list["schema"], 1);
    let installed = list["installed"].as_array().unwrap();
    assert_eq!(installed.len(), 1, "{list}");
    assert_eq!(installed[0]["version"], interpreter.full());
    assert_eq!(
        (&installed[0]["source"], &installed[0]["release"]),
        (&"pyship".into(), &RELEASE.into())
    );
    user.python(&["list"])
        .stdout_has(&format!("(pyship, {RELEASE})"))
        .success();

    user.python(&["uninstall", &interpreter.minor()])
        .stderr_has(&format!("removed CPython {} from", interpreter.full()))
        .success();
    assert_eq!(user.downloads(), [""; 0]);
    let gone = user.python(&["uninstall", &spec]).stderr_any().output();
    assert_one_sentence(&gone);
    assert_eq!(gone.status.code(), Some(1));
}

#[test]
fn what_can_be_downloaded_is_listed_for_each_target() {
    let user = User::new();
    for triple in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"] {
        let list = |more: &[&str]| {
            let list = user.python(&["list", "--json", "--target", triple]).args(more);
            let list = list.stdout_any().success().json();
            list["available"].as_array().unwrap().clone()
        };
        let newest = list(&[]);
        let minors = newest
            .iter()
            .filter(|build| build["free_threaded"] == false)
            .count();
        assert_eq!(minors, 7, "{newest:?}");
        for build in &newest {
            assert_eq!(build["target"], triple);
            assert_eq!(build["sha256"].as_str().unwrap().len(), 64);
            let url = build["url"].as_str().unwrap();
            let start = "https://github.com/astral-sh/python-build-standalone/releases/download/";
            assert!(
                url.starts_with(start) && url.ends_with("-install_only_stripped.tar.gz"),
                "{url}"
            );
        }
        assert!(list(&["--all-versions"]).len() > 4 * newest.len());
    }
}

#[test]
fn interpreters_of_others_are_listed_and_come_before_downloads() {
    let interpreter = interpreters::usual();
    let user = User::new();
    let bin = user.home.path().join("bin");
    fs_err::create_dir(&bin).unwrap();
    fs_err::os::unix::fs::symlink(&interpreter.path, bin.join("python3")).unwrap();
    let list = user.list();
    assert_eq!(list["installed"][0]["source"], "PATH");
    assert_eq!(list["installed"][0]["version"], interpreter.full());
    let real = fs_err::canonicalize(&interpreter.path).unwrap();
    let minor = interpreter.minor();
    for spec in [
        "3",
        &format!(">={minor}"),
        &format!("cpython-{minor}"),
        &interpreter.full(),
    ] {
        user.python(&["find", spec])
            .stdout(format!("{}\n", real.display()))
            .success();
    }
    user.python(&["find"])
        .stdout(format!("{}\n", real.display()))
        .success();
}

#[test]
fn mirrors_in_their_order_and_what_they_may_be() {
    let interpreter = interpreters::usual();
    let (user, mirror) = (User::new(), Mirror::of(interpreter));
    let spec = spec(interpreter);
    let nowhere = "http://me:hunter2@127.0.0.1:1/nowhere";
    let variables = [
        "UV_ASTRAL_MIRROR_URL",
        "UV_PYTHON_INSTALL_MIRROR",
        "PYSHIP_PYTHON_MIRROR",
    ];
    let install = |count: usize, right: &str| {
        let run = user.python(&["install", &spec]);
        let run = variables[..count]
            .iter()
            .fold(run, |run, name| run.env(name, nowhere));
        let run = run.env(variables[count], right).stderr_any();
        run.success();
        user.python(&["uninstall", "--all"]).stderr_any().success();
    };
    install(1, &mirror.url);
    install(2, &mirror.url);

    // A directory, and one in the layout of Astral's server.
    let files = user
        .home
        .path()
        .join("files/github/python-build-standalone/releases/download");
    let release = files.join(RELEASE.to_string());
    fs_err::create_dir_all(&release).unwrap();
    let name = format!("{}-install_only.tar.gz", build(interpreter));
    fs_err::write(release.join(&name), bytes(interpreter)).unwrap();
    fs_err::write(release.join("SHA256SUMS"), sum(&bytes(interpreter), &name)).unwrap();
    install(0, &format!("file://{}/files/", user.home.path().display()));
    let option = format!("file://{}", files.display());
    let run = user.python(&["install", &spec, "--mirror", &option]);
    let run = variables.iter().fold(run, |run, name| run.env(name, nowhere));
    run.stderr_any().success();

    let user = User::new();
    let refused = user.python(&["install", &spec]).env(variables[2], nowhere);
    let outcome = refused.stderr_any().output();
    assert_eq!(outcome.status.code(), Some(1));
    let said = outcome.err();
    assert!(
        said.contains("gave up after 4 attempts") && !said.contains("hunter2"),
        "{said}"
    );
    let wrong = user
        .python(&["install", &spec, "--mirror", "ftp://h/x"])
        .stderr_any()
        .output();
    assert_one_sentence(&wrong);
}

#[test]
fn wrong_bytes_are_an_error_with_both_digests_and_nothing_is_kept() {
    let interpreter = interpreters::usual();
    let name = format!("{}-install_only_stripped.tar.gz", build(interpreter));
    let sums = sum(b"right", &name);
    let mirror = Mirror::with([
        (format!("{RELEASE}/{name}"), b"wrong".to_vec()),
        (format!("{RELEASE}/SHA256SUMS"), sums.clone().into_bytes()),
    ]);
    let user = User::new();
    let outcome = user
        .pack(Some(&spec(interpreter)))
        .env("PYSHIP_PYTHON_MIRROR", &mirror.url)
        .stderr_any()
        .output();
    assert_eq!(outcome.status.code(), Some(1));
    let said = outcome.err();
    let digest = |line: &str| line[..64].to_owned();
    let cause = format!(
        "its SHA-256 is {}, not {}\n",
        digest(&sum(b"wrong", "")),
        digest(&sums)
    );
    assert!(said.ends_with(&cause), "{said}");
    assert_eq!(user.downloads(), [""; 0]);
    assert!(!user.home.path().join("hello.bin").exists());

    // The newest builds are known by this pyship: not even the mirror's own list makes others of them.
    let newest = user.python(&["list", "--json"]).stdout_any().success().json();
    let newest = newest["available"][0].clone();
    let url = newest["url"].as_str().unwrap().replace("%2B", "+");
    let path = url.rsplitn(3, '/').take(2).collect::<Vec<_>>();
    let mirror = Mirror::with([(format!("{}/{}", path[1], path[0]), bytes(interpreter))]);
    let outcome = user
        .pack(None)
        .env("PYSHIP_PYTHON_MIRROR", &mirror.url)
        .stderr_any()
        .output();
    let said = outcome.err();
    assert!(
        said.contains("(no virtual environment is active, there is no python3 on PATH"),
        "{said}"
    );
    assert!(
        said.contains(&format!(", not {}", newest["sha256"].as_str().unwrap())),
        "{said}"
    );
    assert_eq!(mirror.asked(), [format!("{}/{}", path[1], path[0])]);
    assert_eq!(user.downloads(), [""; 0]);
}

#[test]
fn an_archive_of_another_version_or_machine_is_refused() {
    let interpreter = interpreters::usual();
    let other = if std::env::consts::ARCH == "x86_64" {
        "aarch64"
    } else {
        "x86_64"
    };
    let user = User::new();
    for (version, cpu, says) in [
        (
            "3.9.99",
            std::env::consts::ARCH,
            format!("it holds Python {}", interpreter.full()),
        ),
        (
            &interpreter.full(),
            other,
            format!("its interpreter is for {}", std::env::consts::ARCH),
        ),
    ] {
        let name = format!("cpython-{version}+{RELEASE}-{cpu}-unknown-linux-gnu-install_only.tar.gz");
        let mirror = Mirror::with([
            (format!("{RELEASE}/{name}"), bytes(interpreter)),
            (
                format!("{RELEASE}/SHA256SUMS"),
                sum(&bytes(interpreter), &name).into_bytes(),
            ),
        ]);
        let spec = format!("{version}+{RELEASE}");
        let target = format!("{cpu}-unknown-linux-gnu");
        let outcome = user
            .python(&["install", &spec, "--target", &target, "--mirror", &mirror.url])
            .stderr_any()
            .output();
        assert_eq!(outcome.status.code(), Some(1));
        assert!(outcome.err().trim_end().ends_with(&says), "{}", outcome.err());
        assert_eq!(user.downloads(), [""; 0]);
    }
}

#[test]
fn an_archive_for_another_machine_is_chosen_for_it() {
    let made = fs_err::read(&harness::for_aarch64().python).unwrap();
    let user = User::new();
    // Debian's version.
    let listing = Run::inheriting("tar")
        .arg("-xOf")
        .arg(&harness::for_aarch64().python);
    let header = listing
        .args(["--wildcards", "python/include/*/patchlevel.h"])
        .stdout_any()
        .success()
        .out();
    let version = header
        .lines()
        .find_map(|line| line.strip_prefix("#define PY_VERSION"));
    let version = version.unwrap().trim().trim_matches('"').to_owned();
    let name = format!(
        "cpython-{version}+{RELEASE}-{}-install_only_stripped.tar.gz",
        harness::AARCH64
    );
    let mirror = Mirror::with([
        (format!("{RELEASE}/SHA256SUMS"), sum(&made, &name).into_bytes()),
        (format!("{RELEASE}/{name}"), made),
    ]);
    let spec = format!("{version}+{RELEASE}");
    user.python(&[
        "install",
        &spec,
        "--target",
        harness::AARCH64,
        "--mirror",
        &mirror.url,
    ])
    .stderr_has("installed CPython")
    .success();
    assert_eq!(user.list()["installed"][0]["target"], harness::AARCH64);
    // It is no interpreter of this machine.
    let missing = user.python(&["find", &version]).stderr_any().output();
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn downloads_can_be_refused() {
    let interpreter = interpreters::usual();
    let (user, mirror) = (User::new(), Mirror::of(interpreter));
    let spec = spec(interpreter);
    let pack = || user.pack(Some(&spec)).env("PYSHIP_PYTHON_MIRROR", &mirror.url);
    for (run, reason) in [
        (
            pack().arg("--no-python-downloads"),
            "--no-python-downloads is given",
        ),
        (
            pack().env("UV_PYTHON_DOWNLOADS", "never"),
            "UV_PYTHON_DOWNLOADS=never is set",
        ),
        (pack().env("UV_OFFLINE", "1"), "UV_OFFLINE=1 is set"),
    ] {
        let outcome = run.stderr_any().output();
        assert_one_sentence(&outcome);
        let hint = format!(
            "hint: CPython {} can be downloaded, but {reason}\n",
            interpreter.full()
        );
        assert!(outcome.err().ends_with(&hint), "{}", outcome.err());
    }
    assert_eq!(mirror.asked(), [""; 0]);
}

#[test]
fn a_mirror_that_has_not_got_it_or_falls_silent() {
    let interpreter = interpreters::usual();
    let user = User::new();
    let spec = spec(interpreter);
    let install = |mirror: &Mirror| {
        let run = user.python(&["install", &spec, "--mirror", &mirror.url]);
        let outcome = run.env("PYSHIP_HTTP_TIMEOUT", "1").stderr_any().output();
        assert_eq!(outcome.status.code(), Some(1));
        assert_eq!(user.downloads(), [""; 0]);
        outcome.err()
    };
    let said = install(&Mirror::with([]));
    assert!(
        said.contains(&format!(
            "failed to find the SHA-256 of `{}`: ",
            build(interpreter)
        )),
        "{said}"
    );
    assert!(said.contains("the server answered 404 Not Found"), "{said}");
    let said = install(&Mirror::with([(
        format!("{RELEASE}/SHA256SUMS"),
        b"no sums".to_vec(),
    )]));
    assert!(said.contains("doesn't list it"), "{said}");
    let mirror = Mirror::of(interpreter);
    mirror.fault([Fault::FallsSilent; 4]);
    let said = install(&mirror);
    assert!(
        said.contains("gave up after 4 attempts: the server sent nothing for 1 s"),
        "{said}"
    );
}

#[test]
fn versions_that_nobody_has_and_what_is_no_version() {
    let user = User::new();
    for (arguments, says) in [
        (
            &["find", "3.99"][..],
            "failed to find Python 3.99: looked for it on PATH",
        ),
        (&["find", ">=3.x"], "failed to read the version specifier `>=3.x`"),
        (&["install", "3.99"], "failed to find Python 3.99 for `"),
        (
            &["install", "python3"],
            "failed to read `python3`: it isn't a version",
        ),
        (
            &["install", "3.12", "--target", "riscv"],
            "failed to find the target `riscv`",
        ),
    ] {
        let outcome = user.python(arguments).stderr_any().output();
        assert_eq!(outcome.status.code(), Some(1));
        assert_one_sentence(&outcome);
        assert!(outcome.err().contains(says), "{}", outcome.err());
    }
    for wrong in [
        &["install"][..],
        &["uninstall"],
        &["fetch"],
        &["uninstall", "3.12", "--all"],
    ] {
        assert_eq!(user.python(wrong).stderr_any().output().status.code(), Some(2));
    }
    assert_eq!(files_below(user.home.path()).len(), 0);
    // A `--python` that is spelled like a specifier.
    let refused = Pack::new(HELLO)
        .python_is(">=3.99")
        .command_to(&user.home.path().join("x"))
        .stderr_any()
        .output();
    assert!(
        refused
            .err()
            .starts_with("pyship: failed to find Python >=3.99: looked for it on PATH"),
        "{}",
        refused.err()
    );
}
