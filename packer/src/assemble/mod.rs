//! Writes the packed file: launcher, ZIP archive with stored members, trailer.

mod archive;
pub(crate) mod skeleton;
mod tracked;

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use pyship_launcher::format::manifest::{self, Main, Manifest, ManifestFile};
use pyship_launcher::format::trailer::{self, Trailer};
use pyship_launcher::hex::hex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use archive::{Archive, Layers, Pass};

use crate::hint::WithHint;
use crate::layer::Packed;
use crate::output::{self, Unnamed};

/// A complete file that has no name yet; it is removed when this is dropped.
pub(crate) struct Assembled {
    file: Unnamed,
    /// The complete manifest.
    pub(crate) manifest: Manifest,
    /// Length in bytes.
    pub(crate) size: u64,
}

impl Assembled {
    /// Its temporary path. It can be run there.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives it its name, by one rename.
    ///
    /// # Errors
    /// When it can't be renamed.
    pub(crate) fn publish(self) -> Result<Manifest> {
        self.file.replace()?;
        Ok(self.manifest)
    }
}

/// Writes the file beside `out`. `main` is its `__main__.py`.
///
/// Completes `manifest`, which comes without its launcher and layers; `provenance` is stored with it.
///
/// # Errors
/// When it can't be written; nothing is left then.
pub(crate) fn write(
    out: &Path,
    launcher: &[u8],
    main: &[u8],
    manifest: Manifest,
    layers: &[Packed],
    provenance: &Value,
) -> Result<Assembled> {
    let sizes = layers.iter().map(|packed| packed.layer.size);
    let place = Layers::of_size(launcher.len() as u64, sizes);
    write_with(place, out, launcher, main, manifest, layers, provenance)
}

/// The same, with the layers in this place.
fn write_with(
    place: Layers,
    out: &Path,
    launcher: &[u8],
    main: &[u8],
    mut manifest: Manifest,
    layers: &[Packed],
    provenance: &Value,
) -> Result<Assembled> {
    manifest.launcher = manifest::Launcher {
        size: launcher.len() as u64,
        sha256: hex(&Sha256::digest(launcher)),
    };
    let (file, size) = output::write_beside(out, output::with_umask(0o777), |file| {
        file.write_all(launcher)?;
        let (json, offset) = write_archive(file, place, main, &mut manifest, layers, provenance)?;
        let size = file.seek(SeekFrom::End(0))?;
        check(&json, size)?;
        let trailer = Trailer {
            manifest_offset: offset,
            manifest_size: json.len() as u64,
            file_size: size,
            launcher_size: manifest.launcher.size,
            manifest_sha256: Sha256::digest(&json).into(),
        };
        file.seek(SeekFrom::Start(size - trailer::SIZE as u64))?;
        file.write_all(&trailer.encode())?;
        Ok(size)
    })?;
    Ok(Assembled { file, manifest, size })
}

/// Writes the archive after the launcher, and enters the layers into `manifest`. Gives the bytes of `pyship.json` and
/// their offset.
fn write_archive(
    file: &mut File,
    place: Layers,
    main: &[u8],
    manifest: &mut Manifest,
    layers: &[Packed],
    provenance: &Value,
) -> Result<(Vec<u8>, u64)> {
    let start = manifest.launcher.size;
    let passes: Vec<_> = layers
        .iter()
        .map(|packed| |take: &mut dyn FnMut(&[u8]) -> io::Result<()>| packed.pass_to(take))
        .collect();
    let parts: Vec<(&str, u64, Pass<'_>)> = layers
        .iter()
        .zip(&passes)
        .map(|(Packed { layer, .. }, pass)| (&*layer.name, layer.size, pass as Pass<'_>))
        .collect();
    let (mut archive, offsets) =
        Archive::new(file, start, place, &parts).context("failed to copy compressed data")?;
    manifest.layers = layers
        .iter()
        .zip(offsets)
        .map(|(packed, offset)| manifest::Layer {
            offset,
            ..packed.layer.clone()
        })
        .collect();
    archive.main(main)?;
    let main = Main {
        size: main.len() as u64,
        sha256: hex(&Sha256::digest(main)),
    };
    let json = ManifestFile {
        manifest,
        main: Some(&main),
        provenance,
    }
    .encode()?;
    let offset = archive.finish(&json)?;
    Ok((json, offset))
}

/// Checks that a launcher accepts the manifest of a file of `size` bytes.
fn check(json: &[u8], size: u64) -> Result<()> {
    let described = Manifest::decode(json, size);
    described.map_err(|error| anyhow!("failed to describe the app: {}", error.message)).hint(
        "its name, its version and the path of what starts must be text without control characters, and not too long",
    )?;
    ensure!(
        json.len() as u64 <= trailer::MANIFEST_MAX,
        "its manifest is larger than a launcher reads"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pyship_launcher::format::FORMAT;
    use pyship_launcher::format::manifest::{Entry, Launcher, Libc, LibcPolicy, Python};
    use pyship_launcher::payload::Payload;

    use super::*;
    use crate::tree::Tree;

    /// Writes a file with a layer in this place, and reads it. Gives the names of its archive's members.
    fn written_and_read(place: Layers) -> Vec<String> {
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
            arguments: vec![],
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
        let layers = [packed];
        let file = write_with(
            place,
            &out,
            b"launcher",
            b"pass\n",
            manifest,
            &layers,
            &Value::Null,
        );
        let written = file.unwrap().publish().unwrap();
        let payload = Payload::open(&out).unwrap().unwrap();
        assert_eq!(payload.manifest().unwrap(), written);
        assert_eq!(payload.launcher(&written).unwrap(), b"launcher");
        skeleton::check(&payload, &written).unwrap();
        let mut archive = zip::ZipArchive::new(fs_err::File::open(&out).unwrap()).unwrap();
        let names: Vec<String> = archive
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
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
        // Every byte counts: those of the archive, and those before it.
        let mut bytes = fs_err::read(&out).unwrap();
        let before = bytes.len() - trailer::SIZE - 30;
        bytes[before] ^= 1;
        fs_err::write(&out, bytes).unwrap();
        let payload = Payload::open(&out).unwrap().unwrap();
        assert!(skeleton::check(&payload, &written).is_err());
        names
    }

    #[test]
    fn what_is_written_can_be_read() {
        let names = written_and_read(Layers::Members);
        assert_eq!(names, ["layers/app.tar.zst", "__main__.py", "pyship.json"]);
        let names = written_and_read(Layers::Before);
        assert_eq!(names, ["__main__.py", "pyship.json"]);
    }
}
