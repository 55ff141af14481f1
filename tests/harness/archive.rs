//! An archive of the shape that python-build-standalone's have, made from an interpreter of this machine:
//! `python/bin/python3.12`, `python/bin/python3`, `python/lib/python3.12/…`.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use walkdir::WalkDir;

use crate::interpreters::Interpreter;
use crate::paths::{cache, key, once};

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `.tar.gz`
    Gzip,
    /// `.tar.zst`
    Zstd,
    /// `.tar.xz`
    Xz,
}

/// The archive of `interpreter`, which must be one that lies in a prefix of its own; kept between runs.
#[must_use]
pub fn archive(interpreter: &Interpreter, compression: Compression) -> PathBuf {
    assert!(
        !interpreter.is_systems(),
        "an archive is made from an interpreter with a prefix of its own"
    );
    let ending = match compression {
        Compression::Gzip => "tar.gz",
        Compression::Zstd => "tar.zst",
        Compression::Xz => "tar.xz",
    };
    let directory = cache("archives").join(key(&[&format!("{interpreter:?} {compression:?}")]));
    let name = format!("cpython-{}-install_only.{ending}", interpreter.full());
    once(&directory, |half| {
        fs_err::write(half.join(&name), compress(&tar_of(interpreter), compression)).unwrap()
    });
    directory.join(name)
}

fn compress(tar: &[u8], compression: Compression) -> Vec<u8> {
    match compression {
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(tar).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => {
            let mut bytes = Vec::with_capacity(zstd_safe::compress_bound(tar.len()));
            zstd_safe::compress(&mut bytes, tar, 3).unwrap();
            bytes
        }
        Compression::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(tar).unwrap();
            encoder.finish().unwrap()
        }
    }
}

fn tar_of(interpreter: &Interpreter) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    let minor = interpreter.minor();
    let prefix = &interpreter.prefix;
    let program = prefix.join(format!("bin/python{minor}"));
    put(
        &mut tar,
        &format!("python/bin/python{minor}"),
        &relocatable(&program, prefix),
        0o755,
    );
    link(&mut tar, "python/bin/python3", &format!("python{minor}"));
    for library in fs_err::read_dir(prefix.join("lib")).unwrap().map(Result::unwrap) {
        let name = library.file_name().to_string_lossy().into_owned();
        if name.starts_with("libpython") && name.contains(".so") {
            put(
                &mut tar,
                &format!("python/lib/{name}"),
                &relocatable(&library.path(), prefix),
                0o755,
            );
        }
    }
    let library = prefix.join(format!("lib/python{minor}"));
    let left_out = [
        "site-packages",
        "__pycache__",
        "test",
        "tests",
        "idlelib",
        "ensurepip",
    ];
    let walk = WalkDir::new(&library)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter();
    for entry in walk.filter_entry(|entry| !left_out.iter().any(|name| entry.file_name() == *name)) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() && entry.path().extension().is_none_or(|ending| ending != "a") {
            let inside = entry.path().strip_prefix(&library).unwrap().display();
            let bytes = fs_err::read(entry.path()).unwrap();
            put(
                &mut tar,
                &format!("python/lib/python{minor}/{inside}"),
                &bytes,
                0o644,
            );
        }
    }
    // pip lies there in the real archives too.
    let packages = WalkDir::new(library.join("site-packages/pip")).sort_by_file_name();
    for entry in packages
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
    {
        let inside = entry.path().strip_prefix(&library).unwrap().display();
        put(
            &mut tar,
            &format!("python/lib/python{minor}/{inside}"),
            &fs_err::read(entry.path()).unwrap(),
            0o644,
        );
    }
    tar.into_inner().unwrap()
}

/// The bytes of an ELF file whose RUNPATH, where it names the prefix's `lib`, is written over with the shorter
/// `$ORIGIN/../lib`: the archive has to work without the place that it was made from.
fn relocatable(path: &Path, prefix: &Path) -> Vec<u8> {
    let mut bytes = fs_err::read(path).unwrap();
    let absolute = [prefix.join("lib").as_os_str().as_encoded_bytes(), b"\0"].concat();
    let relative = b"$ORIGIN/../lib\0";
    assert!(
        absolute.len() >= relative.len(),
        "`{}` is too short to be replaced",
        prefix.display()
    );
    if let Some(place) = bytes
        .windows(absolute.len())
        .position(|window| window == absolute)
    {
        bytes[place..place + absolute.len()].fill(0);
        bytes[place..place + relative.len()].copy_from_slice(relative);
    }
    bytes
}

fn put(tar: &mut Builder<Vec<u8>>, name: &str, bytes: &[u8], mode: u32) {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    tar.append_data(&mut header, name, bytes).unwrap();
}

fn link(tar: &mut Builder<Vec<u8>>, name: &str, target: &str) {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    header.set_mode(0o777);
    tar.append_link(&mut header, name, target).unwrap();
}
