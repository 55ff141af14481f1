//! Downloads: from a mirror that works, one that doesn't, and one that lies.

use harness::{Run, interpreters};

use super::User;
use super::mirror::{Fault, Mirror, RELEASE, build, bytes, spec, sum};
use crate::support::assert_one_sentence;

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
