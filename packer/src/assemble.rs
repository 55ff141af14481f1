//! The file: launcher, ZIP archive with stored members, trailer.

use std::cell::{Cell, RefCell};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::manifest::{self, Manifest, ManifestFile};
use pyship_launcher::format::names::{
    MEMBER_LAYER_PREFIX, MEMBER_LAYER_SUFFIX, MEMBER_MAIN, MEMBER_MANIFEST,
};
use pyship_launcher::format::trailer::{self, Trailer};
use pyship_launcher::hex::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::layer::Packed;

/// A file that is whole, under a name of its own beside the one it will get; removed when dropped.
pub struct Assembled {
    path: tempfile::TempPath,
    out: PathBuf,
    /// The complete manifest.
    pub manifest: Manifest,
    /// Length in bytes.
    pub size: u64,
}

impl Assembled {
    /// Where it lies now; it can be run there.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, by one rename.
    ///
    /// # Errors
    /// When that can't be done.
    pub fn publish(self) -> Result<Manifest> {
        let failed = || format!("failed to write `{}`", self.out.display());
        self.path
            .persist(&self.out)
            .map_err(|error| error.error)
            .with_context(failed)?;
        Ok(self.manifest)
    }
}

/// Writes the file beside `out`.
///
/// `manifest` comes without its launcher and its layers, which are filled in here; `provenance` goes along with it.
///
/// # Errors
/// When it can't be written; nothing is left behind then.
pub fn write(
    out: &Path,
    stub: &[u8],
    main: &[u8],
    mut manifest: Manifest,
    layers: &[Packed],
    provenance: &Value,
) -> Result<Assembled> {
    let failed = || format!("failed to write `{}`", out.display());
    let directory = out
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".pyship-")
        .tempfile_in(directory)
        .with_context(failed)?;
    file.write_all(stub).with_context(failed)?;
    manifest.launcher = manifest::Launcher {
        size: stub.len() as u64,
        sha256: hex(&Sha256::digest(stub)),
    };
    let position = Rc::new(Cell::new(stub.len() as u64));
    let failure = Rc::default();
    let mut zip = ZipWriter::new(Tracked {
        inner: file.as_file_mut(),
        position: Rc::clone(&position),
        length: stub.len() as u64,
        failure: Rc::clone(&failure),
    });
    for packed in layers {
        let name = format!("{MEMBER_LAYER_PREFIX}{}{MEMBER_LAYER_SUFFIX}", packed.layer.name);
        zip.start_file(name, options(packed.layer.size))
            .with_context(failed)?;
        let offset = position.get();
        for frame in packed.frames() {
            zip.write_all(&frame.context("failed to read compressed data")?)
                .with_context(failed)?;
        }
        manifest.layers.push(manifest::Layer {
            offset,
            ..packed.layer.clone()
        });
    }
    zip.start_file(MEMBER_MAIN, options(0)).with_context(failed)?;
    zip.write_all(main).with_context(failed)?;
    let json = ManifestFile {
        manifest: &manifest,
        provenance,
    }
    .encode()?;
    zip.start_file(MEMBER_MANIFEST, options(0)).with_context(failed)?;
    let manifest_offset = position.get();
    zip.write_all(&json).with_context(failed)?;
    // The comment's content depends on the file's length, and so is written over these zeros.
    zip.set_raw_comment(vec![0; trailer::SIZE].into_boxed_slice())
        .with_context(failed)?;
    zip.finish().with_context(failed)?;
    failure.take().map_or(Ok(()), Err).with_context(failed)?;
    let file_size = file.as_file_mut().seek(SeekFrom::End(0)).with_context(failed)?;
    // What a launcher would refuse is not written in the first place.
    Manifest::decode(&json, file_size).with_context(failed)?;
    ensure!(
        json.len() as u64 <= trailer::MANIFEST_MAX,
        "{}: its manifest is larger than a launcher reads",
        failed()
    );
    let trailer = Trailer {
        manifest_offset,
        manifest_size: json.len() as u64,
        file_size,
        launcher_size: stub.len() as u64,
        manifest_sha256: Sha256::digest(&json).into(),
    };
    file.as_file_mut()
        .seek(SeekFrom::Start(file_size - trailer::SIZE as u64))
        .with_context(failed)?;
    file.write_all(&trailer.encode()).with_context(failed)?;
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(umask);
    let mode = 0o777 & !umask.bits();
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(mode))
        .with_context(failed)?;
    // Closed for writing: a file that is open for that can't be executed.
    let path = file.into_temp_path();
    Ok(Assembled {
        path,
        out: out.to_owned(),
        manifest,
        size: file_size,
    })
}

/// Stored, with the same time everywhere: the file's bytes depend on its content only.
fn options(size: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(size >= u64::from(u32::MAX))
}

/// Knows where the next byte goes: the ZIP writer starts a member by writing its header, so right after that
/// this is where the member's data begins.
///
/// It also keeps the first error to itself and takes whatever follows: a ZIP writer that has failed prints
/// about it when it is dropped, and printing is not its business.
struct Tracked<'a> {
    inner: &'a mut std::fs::File,
    position: Rc<Cell<u64>>,
    length: u64,
    failure: Rc<RefCell<Option<io::Error>>>,
}

impl Tracked<'_> {
    fn keep<T>(&self, done: io::Result<T>, instead: T) -> T {
        done.unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            instead
        })
    }

    fn is_well(&self) -> bool {
        self.failure.borrow().is_none()
    }
}

impl Write for Tracked<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_well() {
            let done = self.inner.write_all(bytes);
            self.keep(done, ());
        }
        self.position.set(self.position.get() + bytes.len() as u64);
        self.length = self.length.max(self.position.get());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Tracked<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.position.get().checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        if self.is_well() {
            let done = self.inner.seek(SeekFrom::Start(position));
            self.keep(done, position);
        }
        self.position.set(position);
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pyship_launcher::format::FORMAT;
    use pyship_launcher::format::manifest::{Entry, Launcher, Libc, LibcPolicy, Python};
    use pyship_launcher::payload::Payload;

    use super::*;
    use crate::tree::Tree;

    #[test]
    fn what_is_written_can_be_read() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("app.bin");
        let mut tree = Tree::new();
        tree.insert_bytes("code/main.py", &b"print(1)\n"[..], false);
        let packed = crate::layer::pack(
            "app",
            &tree,
            crate::layer::Compression::Level(3),
            &tempfile::tempfile().unwrap(),
            &|_| {},
        )
        .unwrap();
        let manifest = Manifest {
            format: FORMAT,
            pyship: "0".into(),
            name: "app".into(),
            version: None,
            target: "x86_64-unknown-linux-gnu".into(),
            launcher: Launcher {
                size: 0,
                sha256: String::new(),
            },
            python: Python {
                version: "3.12.1".into(),
                executable: "bin/python3.12".into(),
                stdlib: "lib/python3.12".into(),
                site_packages: "lib/python3.12/site-packages".into(),
            },
            entry: Entry::Interpreter,
            options: vec![],
            environment: BTreeMap::new(),
            libc: Libc {
                policy: LibcPolicy::Host,
                floor: (2, 17),
                loader: "/lib64/ld-linux-x86-64.so.2".into(),
                system: BTreeMap::new(),
                carried: None,
            },
            layers: vec![],
        };
        let written = write(&out, b"launcher", b"pass\n", manifest, &[packed], &Value::Null)
            .unwrap()
            .publish()
            .unwrap();
        let payload = Payload::open(&out).unwrap().unwrap();
        assert_eq!(payload.manifest().unwrap(), written);
        assert_eq!(payload.launcher(&written).unwrap(), b"launcher");
        let mut archive = zip::ZipArchive::new(fs_err::File::open(&out).unwrap()).unwrap();
        let names: Vec<String> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        assert_eq!(names, ["layers/app.tar.zst", "__main__.py", "pyship.json"]);
        for index in 0..archive.len() {
            let member = archive.by_index(index).unwrap();
            if let Some(layer) = written
                .layers
                .iter()
                .find(|layer| member.name().unwrap().contains(&layer.name))
            {
                assert_eq!(member.data_start(), Some(layer.offset));
            }
        }
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1);
    }
}
