use std::process::Command;

use super::*;
use crate::environment::Environment;
use crate::interpreter::{probe, testing};

/// A member of a test archive: header fields as a hostile archive would have them, unchecked.
fn member(path: &str, entry_type: EntryType, link: &str, mode: u32, data: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(entry_type);
    header.set_mode(mode);
    header.set_size(data.len() as u64);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(path: &str) -> Vec<u8> {
    member(path, EntryType::Regular, "", 0o644, b"data")
}

fn link(path: &str, target: &str) -> Vec<u8> {
    member(path, EntryType::Symlink, target, 0o777, b"")
}

fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = members.concat();
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// Unpacks; checks that nothing is left behind when it fails, and that nothing is written elsewhere.
fn try_unpack(name: &str, bytes: &[u8]) -> Result<Unpacked> {
    let around = tempfile::tempdir().unwrap().keep();
    let (path, parent) = (around.join(name), around.join("parent"));
    fs_err::write(&path, bytes).unwrap();
    fs_err::create_dir(&parent).unwrap();
    let result = unpack(&path, &parent, &mut |_| {});
    let count = |directory: &Path| fs_err::read_dir(directory).unwrap().count();
    assert_eq!(count(&around), 2);
    assert_eq!(count(&parent), usize::from(result.is_ok()));
    if result.is_err() {
        fs_err::remove_dir_all(&around).unwrap();
    }
    result
}

fn refusal(members: &[Vec<u8>]) -> String {
    let error = format!("{:#}", try_unpack("x.tar", &archive(members)).unwrap_err());
    assert!(
        error.starts_with("failed to unpack `") && error.contains("/x.tar`: "),
        "{error}"
    );
    assert!(!error.contains('\n'), "{error}");
    error.split_once("/x.tar`: ").unwrap().1.to_owned()
}

/// An installation in python-build-standalone's shape, made from an interpreter of this machine.
fn installation(directory: &Path, root: &str) -> PathBuf {
    let interpreter = probe::probe(&testing::any(), &Environment::current().unwrap()).unwrap();
    let prefix = directory.join(root);
    for name in ["bin", "lib"] {
        fs_err::create_dir_all(prefix.join(name)).unwrap();
    }
    let name = interpreter.name();
    fs_err::copy(&interpreter.executable, prefix.join("bin").join(&name)).unwrap();
    std::os::unix::fs::symlink(&name, prefix.join("bin/python3")).unwrap();
    let excluded = [
        "test",
        "site-packages",
        "__pycache__",
        "ensurepip",
        "idlelib",
        "libpython*.a",
    ]
    .map(|name| format!("--exclude={name}"));
    let stdlib = prefix.join("lib").join(&name);
    fs_err::create_dir_all(&stdlib).unwrap();
    let mut copy = Command::new("sh");
    copy.args(["-c", r#"cd "$1" && shift && tar -c "$@" . | tar -x -C "$0""#]);
    copy.arg(&stdlib).arg(&interpreter.facts.stdlib).args(excluded);
    assert!(copy.status().unwrap().success());
    if let Some(library) = &interpreter.facts.libpython {
        fs_err::copy(library, prefix.join("lib").join(library.file_name().unwrap())).unwrap();
    }
    interpreter.executable
}

/// Names of archives, and what compresses them.
const COMPRESSIONS: [(&str, &str); 3] = [
    ("p.tar.gz", "gzip -1"),
    ("p.tar.zst", "zstd -3"),
    ("p.tar.xz", "xz -0"),
];

/// An archive of `python` in the directory.
fn compressed(directory: &Path, name: &str, program: &str) -> PathBuf {
    let path = directory.join(name);
    let mut tar = Command::new("tar");
    tar.arg("-C").arg(directory).args(["-I", program, "-cf"]);
    assert!(
        tar.arg(&path).arg("python").status().unwrap().success(),
        "{program}"
    );
    path
}

#[test]
fn an_interpreter_runs_from_every_compression() {
    let directory = tempfile::tempdir().unwrap();
    let original = installation(directory.path(), "python");
    let environment = Environment::current().unwrap();
    let version = probe::probe(&original, &environment).unwrap().version;
    for (name, program) in COMPRESSIONS {
        let path = compressed(directory.path(), name, program);
        assert!(is_archive(&path).unwrap());
        let mut read = 0;
        let unpacked = unpack(&path, directory.path(), &mut |bytes| read = bytes).unwrap();
        assert_eq!(read, fs_err::metadata(&path).unwrap().len());
        let found = probe::probe(&unpacked.prefix.join("bin/python3"), &environment).unwrap();
        assert_eq!(found.version, version);
        assert!(
            found
                .executable
                .starts_with(fs_err::canonicalize(unpacked.directory.path()).unwrap())
        );
    }
}

#[test]
fn what_is_cut_off_or_damaged_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let bin = directory.path().join("python/bin");
    fs_err::create_dir_all(&bin).unwrap();
    // Content that no compression makes much smaller: the middle of the archive lies in it.
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let program = bin.join("python3");
    fs_err::write(&program, noise.take(1 << 20).collect::<Vec<u8>>()).unwrap();
    fs_err::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for (name, program) in COMPRESSIONS {
        let path = compressed(directory.path(), name, program);
        let whole = fs_err::read(&path).unwrap();
        unpack(&path, directory.path(), &mut |_| {}).unwrap();
        for length in [0, 5, 300, whole.len() / 2, whole.len() - 30, whole.len() - 1] {
            let error = try_unpack(name, &whole[..length]).map(|_| length).unwrap_err();
            assert!(
                format!("{error:#}").starts_with("failed to unpack `"),
                "{error:#}"
            );
        }
        let mut damaged = whole;
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x55;
        assert!(try_unpack(name, &damaged).is_err(), "{name}");
    }
}

#[test]
fn full_archives_keep_their_installation_only() {
    let members = [
        file("python/PYTHON.json"),
        file("python/build/core.o"),
        member(
            "python/install/bin/python3.12",
            EntryType::Regular,
            "",
            0o6755,
            b"\x7fELF",
        ),
        link("python/install/bin/python3", "python3.12"),
        member(
            "python/install/bin/python",
            EntryType::Link,
            "python/install/bin/python3.12",
            0o755,
            b"",
        ),
    ];
    let unpacked = try_unpack("x.tar", &archive(&members)).unwrap();
    assert!(unpacked.prefix.ends_with("python/install"));
    assert!(!unpacked.directory.path().join("python/build/core.o").exists());
    let data = fs_err::metadata(unpacked.prefix.join("bin/python")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&data.permissions());
    assert_eq!(mode & 0o7111, 0o111, "executable, and no setuid");
}

#[test]
fn long_paths_of_both_kinds_are_read() {
    let long = format!("python/lib/{}/x.py", ["directory"; 30].join("/"));
    let pax = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        let length = rest.len() + 3;
        format!("{length}{rest}").into_bytes()
    };
    for header in [
        member(
            "././@LongLink",
            EntryType::GNULongName,
            "",
            0o644,
            format!("{long}\0").as_bytes(),
        ),
        member("PaxHeaders/x", EntryType::XHeader, "", 0o644, &pax("path", &long)),
    ] {
        let members = [
            header,
            file("short"),
            file("python/bin/python3.12"),
            link("python/bin/python3", "python3.12"),
        ];
        let executable = member("python/bin/python3.12", EntryType::Regular, "", 0o755, b"x");
        let unpacked = try_unpack(
            "x.tar",
            &archive(&[&members[..2], &[executable, members[3].clone()]].concat()),
        )
        .unwrap();
        assert!(unpacked.directory.path().join(&long).is_file());
    }
}

#[test]
fn hostile_members_are_refused() {
    let cases: &[(&[Vec<u8>], &str)] = &[
        (
            &[file("/etc/passwd")],
            "its member `/etc/passwd` has an absolute path",
        ),
        (
            &[file("python/../../x")],
            "its member `python/../../x` is outside of the archive",
        ),
        (
            &[link("python/a", "/etc")],
            "its member `python/a` is a link out of the archive, to `/etc`",
        ),
        (
            &[link("python/a", "."), file("python/a/b")],
            "its member `python/a/b` is below a link or a file",
        ),
        (
            &[file("python/a/b"), link("python/a", "/etc")],
            "its member `python/a` comes twice",
        ),
        (
            &[file("python/a"), file("python/./a")],
            "its member `python/./a` comes twice",
        ),
        (
            &[member("python/a", EntryType::Link, "/etc/passwd", 0o644, b"")],
            "its member `python/a` is a hard link to no earlier file",
        ),
        (
            &[
                link("python/l", "a"),
                member("python/h", EntryType::Link, "python/l", 0o644, b""),
            ],
            "its member `python/h` is a hard link to no earlier file",
        ),
        (
            &[member("python/d", EntryType::Block, "", 0o644, b"")],
            "its member `python/d` is a device",
        ),
        (
            &[member("python/f", EntryType::Fifo, "", 0o644, b"")],
            "its member `python/f` is a fifo",
        ),
        (
            &[member("python/s", EntryType::GNUSparse, "", 0o644, b"")],
            "its member `python/s` is a sparse file",
        ),
        (
            &[file("numpy/__init__.py")],
            "its member `numpy/__init__.py` isn't below `python/`, where an interpreter's archive has everything",
        ),
        (
            &[file("python/README"), file("python/a")],
            "it has neither python/bin/python3 nor python/install/bin/python3, but `python/README`, `python/a` …",
        ),
        (
            &[],
            "it is no tar archive, neither plain nor with gzip, xz or zstd",
        ),
    ];
    for (members, expected) in cases {
        assert_eq!(refusal(members), *expected);
    }
}

#[test]
fn bombs_are_refused_before_they_are_written() {
    let mut bomb = member("python/zeros", EntryType::Regular, "", 0o644, b"");
    let mut header = tar::Header::from_byte_slice(&bomb).clone();
    header.set_size(9 << 30);
    header.set_cksum();
    bomb[..512].copy_from_slice(header.as_bytes());
    assert_eq!(refusal(&[bomb]), "it unpacks to more than 4 GiB");

    let mut header = tar::Header::from_byte_slice(&member("x", EntryType::GNULongName, "", 0, b"")).clone();
    header.set_size(1 << 30);
    header.set_cksum();
    assert_eq!(
        refusal(&[header.as_bytes().to_vec()]),
        "one of its headers is larger than 65536 bytes"
    );

    let error = format!("{:#}", try_unpack("x.tar", b"#!/bin/sh\n").unwrap_err());
    assert!(
        error.ends_with("it is no tar archive, neither plain nor with gzip, xz or zstd"),
        "{error}"
    );
}
