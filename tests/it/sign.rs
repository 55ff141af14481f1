//! Signatures: what `pyship sign` makes, `minisign` accepts, and the other way round; whatever differs by one byte
//! is refused in one sentence.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::{Pack, Run, pyship, scratch};
use tempfile::TempDir;

use crate::support::assert_one_sentence;

/// A directory with a packed file, a key pair, and a signature.
struct Signed {
    place: TempDir,
    file: PathBuf,
}

impl Signed {
    fn new() -> Self {
        let place = scratch();
        let file = place.path().join("hello.bin");
        fs_err::copy(Pack::new("examples/hello/hello.py").run().path, &file).unwrap();
        let signed = Self { place, file };
        signed.keygen("key", &["--no-password"]).stdout_any().success();
        signed.sign("key").stdout_any().success();
        signed
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn keygen(&self, name: &str, arguments: &[&str]) -> Run {
        let run = Run::new(pyship()).arg("keygen").arg(self.at(name));
        run.args(arguments).directory(self.place.path())
    }

    fn sign(&self, key: &str) -> Run {
        let run = Run::new(pyship()).arg("sign").arg(&self.file).arg("--key");
        run.arg(self.at(key)).directory(self.place.path())
    }

    fn verify(&self, key: &str) -> Run {
        let run = Run::new(pyship()).arg("verify").arg(&self.file);
        run.arg("--pub").arg(self.at(key)).directory(self.place.path())
    }

    /// One sentence with `part`, exit code 1.
    #[track_caller]
    fn is_refused(&self, part: &str) {
        let outcome = self.verify("key.pub").stderr_has(part).exits(1);
        assert_one_sentence(&outcome);
    }

    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs_err::read(&self.file).unwrap();
        change(&mut bytes);
        fs_err::write(&self.file, bytes).unwrap();
    }
}

#[test]
fn what_pyship_signs_minisign_accepts() {
    let signed = Signed::new();
    signed
        .verify("key.pub")
        .stdout_has("intact, signed by key ")
        .stdout_has("file:hello.bin")
        .success();
    Run::inheriting("minisign")
        .arg("-Vm")
        .arg(&signed.file)
        .arg("-p")
        .arg(signed.at("key.pub"))
        .stdout_has("Signature and comment signature verified")
        .success();
    // The key as text does as well.
    let text = fs_err::read_to_string(signed.at("key.pub")).unwrap();
    let key = text.lines().nth(1).unwrap();
    let run = Run::new(pyship()).arg("verify").arg(&signed.file);
    run.args(["--pub", key]).stdout_has("signed by").success();
}

#[test]
fn what_minisign_signs_pyship_accepts_unless_it_is_of_the_old_kind() {
    let signed = Signed::new();
    let (key, public) = (signed.at("own.key"), signed.at("own.pub"));
    let minisign = |arguments: &[&str]| {
        let run = Run::inheriting("minisign").arg("-s").arg(&key).args(arguments);
        run.stdout_any().stderr_any()
    };
    minisign(&["-G", "-W", "-p"]).args([&public]).success();
    minisign(&["-S", "-t", "by hand", "-m"])
        .arg(&signed.file)
        .success();
    signed.verify("own.pub").stdout_has(": by hand\n").success();
    // Its key does for pyship.
    signed.sign("own.key").stdout_any().success();
    signed.verify("own.pub").stdout_has("signed by").success();

    minisign(&["-S", "-l", "-m"]).arg(&signed.file).success();
    let outcome = signed
        .verify("own.pub")
        .stderr_has("minisign's old kind")
        .exits(1);
    assert_one_sentence(&outcome);
}

#[test]
fn a_key_with_a_password_takes_the_password() {
    let signed = Signed::new();
    // As `minisign -G` makes it, from the same password.
    let made = Run::inheriting("minisign")
        .args(["-G", "-s"])
        .arg(signed.at("locked"))
        .arg("-p")
        .arg(signed.at("locked.pub"))
        .stdin("pass word\npass word\n");
    made.stdout_any().stderr_any().success();
    fs_err::write(signed.at("password"), "pass word\nnot this\n").unwrap();
    let sign = || signed.sign("locked").arg("--password-file");
    sign().arg(signed.at("password")).stdout_any().success();
    signed.verify("locked.pub").stdout_has("signed by").success();

    signed
        .keygen("mine", &["--password-file", "password"])
        .stdout_any()
        .success();
    let text = fs_err::read_to_string(signed.at("mine")).unwrap();
    assert!(text.starts_with("untrusted comment: encrypted"), "{text}");
    signed
        .sign("mine")
        .args(["--password-file", "-"])
        .stdin("pass word\n")
        .stdout_any()
        .success();
    signed
        .sign("mine")
        .env("PYSHIP_KEY_PASSWORD", "pass word")
        .stdout_any()
        .success();
    signed.verify("mine.pub").stdout_has("signed by").success();
    let wrong = signed.sign("mine").env("PYSHIP_KEY_PASSWORD", "password");
    assert_one_sentence(&wrong.stderr_has("wrong password").exits(1));
    // setsid: no terminal, whoever runs the tests.
    let run = Run::new("/usr/bin/setsid").args(["--wait"]).arg(pyship());
    let none = run
        .arg("sign")
        .arg(&signed.file)
        .arg("--key")
        .arg(signed.at("mine"));
    let none = none
        .stderr_has("there is no terminal")
        .stderr_has("hint: ")
        .exits(1);
    assert_one_sentence(&none);
}

#[test]
fn a_named_pipe_is_refused_and_that_of_a_command_is_read() {
    let signed = Signed::new();
    let pipe = signed.at("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
    let refused = "pipe`: it is not a regular file";
    let name = pipe.to_str().unwrap();
    signed.verify("pipe").stderr_has(refused).exits(1);
    signed.sign("pipe").stderr_has(refused).exits(1);
    let signature = signed.verify("key.pub").args(["--signature", name]);
    signature.stderr_has(refused).exits(1);
    let command = format!(
        "'{}' verify '{}' --pub <(cat '{}')",
        pyship().display(),
        signed.file.display(),
        signed.at("key.pub").display()
    );
    Run::inheriting("bash")
        .args(["-c", &command])
        .stdout_has("signed by")
        .success();
}

#[test]
fn every_byte_is_covered() {
    let signed = Signed::new();
    let good = fs_err::read(&signed.file).unwrap();
    let main = find(&good, b"PK\x03\x04", find_last(&good, b"__main__.py"));
    for at in [0, 5000, good.len() / 2, main + 6, good.len() - 50, good.len() - 1] {
        signed.change(|bytes| bytes[at] ^= 0x20);
        signed.is_refused("are not those that key");
        fs_err::write(&signed.file, &good).unwrap();
    }
    signed.change(|bytes| bytes.push(0));
    signed.is_refused("are not those that key");
    fs_err::write(&signed.file, &good[..good.len() - 1]).unwrap();
    signed.is_refused("are not those that key");
    fs_err::write(&signed.file, b"").unwrap();
    signed.is_refused("are not those that key");
    fs_err::write(&signed.file, &good).unwrap();
    signed.verify("key.pub").stdout_any().success();
}

/// Where `wanted` begins last before `end`.
fn find(bytes: &[u8], wanted: &[u8], end: usize) -> usize {
    bytes[..end]
        .windows(wanted.len())
        .rposition(|window| window == wanted)
        .unwrap()
}

fn find_last(bytes: &[u8], wanted: &[u8]) -> usize {
    find(bytes, wanted, bytes.len())
}

#[test]
fn a_signature_that_is_missing_damaged_or_anothers_is_refused() {
    let signed = Signed::new();
    let path = signed.at("hello.bin.minisig");
    let good = fs_err::read_to_string(&path).unwrap();

    fs_err::write(&path, good.replace("timestamp:", "timestamp:1")).unwrap();
    signed.is_refused("or the comment in");
    for damaged in [
        "",
        "untrusted comment: x\n",
        &good[..good.len() - 9],
        &"x".repeat(100_000),
    ] {
        fs_err::write(&path, damaged).unwrap();
        signed.is_refused("hello.bin");
    }
    fs_err::remove_file(&path).unwrap();
    signed.is_refused("there is no signature");

    signed.keygen("other", &["--no-password"]).stdout_any().success();
    signed.sign("other").stdout_any().success();
    signed.is_refused("is by key ");
    // Somewhere else, and of another file.
    let output = signed.at("elsewhere.sig");
    signed.sign("key").arg("-o").arg(&output).stdout_any().success();
    signed
        .verify("key.pub")
        .arg("--signature")
        .arg(&output)
        .stdout_has("signed by")
        .success();
    signed
        .verify("elsewhere.sig")
        .stderr_has("does not hold a minisign public key")
        .exits(1);
}

#[test]
fn the_report_names_digests_and_the_signer() {
    let signed = Signed::new();
    signed
        .sign("key")
        .args(["--comment", "release 7"])
        .stdout_any()
        .success();
    let report = signed
        .verify("key.pub")
        .arg("--json")
        .stdout_any()
        .success()
        .json();
    let sum = Run::inheriting("sha256sum")
        .arg(&signed.file)
        .stdout_any()
        .success()
        .out();
    assert_eq!(report["sha256"], sum[..64]);
    assert_eq!(report["size"], fs_err::metadata(&signed.file).unwrap().len());
    assert_eq!(report["signature"]["trusted_comment"], "release 7");
    let public = fs_err::read_to_string(signed.at("key.pub")).unwrap();
    assert!(public.contains(report["signature"]["key_id"].as_str().unwrap()));
    let layers = report["layers"].as_array().unwrap();
    let right =
        |layer: &serde_json::Value| layer["digest"].as_str().unwrap().len() == 64 && layer["size"].is_u64();
    assert!(layers.len() >= 3 && layers.iter().all(right), "{report}");
    assert_eq!(report["launcher"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(report["manifest"]["sha256"].as_str().unwrap().len(), 64);
    // Without a key nothing is said about a signature.
    let run = Run::new(pyship()).args(["verify", "--json"]).arg(&signed.file);
    assert!(run.stdout_any().success().json()["signature"].is_null());
}

#[test]
fn the_time_in_a_comment_is_the_one_that_is_asked_for() {
    let signed = Signed::new();
    let sign = || signed.sign("key").stdout_any();
    sign().env("SOURCE_DATE_EPOCH", "1767323045").success();
    signed
        .verify("key.pub")
        .stdout_has(": timestamp:1767323045 file:hello.bin hashed\n")
        .success();
    signed
        .sign("key")
        .env("SOURCE_DATE_EPOCH", "soon")
        .stderr_has("failed to use SOURCE_DATE_EPOCH")
        .exits(1);
    signed
        .sign("key")
        .args(["--comment", "two\nlines"])
        .stderr_has("a comment is one line")
        .exits(1);
}

#[test]
fn keys_are_private_and_never_overwritten() {
    let signed = Signed::new();
    let mode = |name: &str| fs_err::metadata(signed.at(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("key"), 0o600);
    let before = fs_err::read(signed.at("key")).unwrap();
    let again = signed.keygen("key", &["--no-password"]);
    assert_one_sentence(&again.stderr_has("it exists already").exits(1));
    assert_eq!(fs_err::read(signed.at("key")).unwrap(), before);
    let taken = signed.keygen("new", &["--no-password", "--pub", "key.pub"]);
    taken.stderr_has("it exists already").exits(1);
    assert!(!signed.at("new").exists());

    fs_err::set_permissions(signed.at("key"), PermissionsExt::from_mode(0o644)).unwrap();
    signed
        .sign("key")
        .stdout_any()
        .stderr_has("can be read by other users")
        .success();
}

#[test]
fn only_whole_packed_files_are_signed_and_nothing_is_written_over() {
    let signed = Signed::new();
    let signature = signed.at("hello.bin.minisig");
    let before = fs_err::read(&signature).unwrap();
    let good = fs_err::read(&signed.file).unwrap();
    for output in ["hello.bin", "key"] {
        let run = signed.sign("key").arg("-o").arg(signed.at(output));
        run.stderr_has("it would replace the input").exits(1);
    }
    for name in ["notes.txt", "another.key"] {
        let text = match name {
            "notes.txt" => b"notes\n".to_vec(),
            _ => fs_err::read(signed.at("key")).unwrap(),
        };
        fs_err::write(signed.at(name), &text).unwrap();
        let run = signed.sign("key").arg("-o").arg(signed.at(name));
        run.stderr_has("it exists, and is not a signature").exits(1);
        assert_eq!(fs_err::read(signed.at(name)).unwrap(), text);
    }
    signed.change(|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    signed.sign("key").stderr_has("the file is damaged").exits(1);
    fs_err::write(&signed.file, b"#!/bin/sh\n").unwrap();
    signed
        .sign("key")
        .stderr_has("not a pyship file, or truncated")
        .exits(1);
    fs_err::write(&signed.file, good).unwrap();
    signed
        .sign("key.pub")
        .stderr_has("it is not a minisign secret key")
        .exits(1);
    assert_eq!(fs_err::read(&signature).unwrap(), before);
    let left: Vec<_> = fs_err::read_dir(signed.place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| Path::new(name).to_string_lossy().starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
