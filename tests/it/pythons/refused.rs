//! Archives that are not what was asked for: nothing of them is kept.

use harness::{Run, interpreters};

use super::User;
use super::mirror::{Mirror, RELEASE, build, bytes, spec, sum};

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
