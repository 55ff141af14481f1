//! What a bill of materials needs from the layers: the metadata of every package, and the digests of files.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Mutex;

use pyship_launcher::error::{Error, Kind, Result};
use pyship_launcher::format::manifest::{Layer, Manifest};
use pyship_launcher::format::mode::Mode;
use pyship_launcher::format::names::{LAYER_APP, LAYER_DEPS, LAYER_LIBC, LAYER_RUNTIME};
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Progress, Sink};
use sha2::{Digest, Sha256};

/// The longest METADATA or RECORD that is read, in bytes.
const TEXT_MAX: u64 = 16 << 20;
/// The most bytes of all of them together.
const TEXTS_MAX: u64 = 48 << 20;

/// A regular file of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileDigest {
    /// Length in bytes.
    pub(crate) size: u64,
    /// SHA-256 of its bytes.
    pub(crate) sha256: [u8; 32],
}

/// The regular files of a layer, by their paths in it.
pub(crate) type Files = BTreeMap<String, FileDigest>;

/// What was read from the layers.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// METADATA and RECORD of each `….dist-info` of the deps layer, by its name.
    pub(crate) dist_infos: BTreeMap<String, DistInfo>,
    /// Files of the layers, by the layer's name.
    layers: BTreeMap<String, Files>,
}

impl Contents {
    /// The files of a layer; none when they were not asked for.
    pub(super) fn files(&self, layer: &str) -> &Files {
        static NONE: Files = Files::new();
        self.layers.get(layer).unwrap_or(&NONE)
    }
}

/// See [`Contents::dist_infos`].
#[derive(Debug, Default, Clone)]
pub(crate) struct DistInfo {
    /// The package's metadata.
    pub(crate) metadata: Vec<u8>,
    /// The list of its files.
    pub(crate) record: Vec<u8>,
}

/// Reads the layers; with `every_file` also the files of the packages and the app.
///
/// # Errors
/// When the file is damaged, or the packages' metadata is too long.
pub(crate) fn read(payload: &Payload, manifest: &Manifest, every_file: bool) -> Result<Contents> {
    let mut contents = Contents::default();
    for layer in &manifest.layers {
        let files = match layer.name.as_str() {
            LAYER_LIBC | LAYER_RUNTIME => true,
            LAYER_DEPS => every_file,
            LAYER_APP if every_file => true,
            _ => continue,
        };
        let prefix = format!("{}/", manifest.python.site_packages);
        let texts = (layer.name == LAYER_DEPS).then_some(prefix.as_str());
        let found = read_layer(payload, layer, files, texts)?;
        if files {
            contents.layers.insert(layer.name.clone(), found.files);
        }
        contents.dist_infos.extend(found.dist_infos);
    }
    Ok(contents)
}

#[derive(Default)]
struct Found {
    files: Files,
    dist_infos: BTreeMap<String, DistInfo>,
    text_bytes: u64,
}

/// A sink that keeps metadata and digests.
struct Reader<'a> {
    files: bool,
    /// site-packages with a slash, where dist-infos are looked for.
    texts: Option<&'a str>,
    found: Mutex<Found>,
}

fn read_layer(payload: &Payload, layer: &Layer, files: bool, texts: Option<&str>) -> Result<Found> {
    let reader = Reader {
        files,
        texts,
        found: Mutex::default(),
    };
    unpack::run(payload, &[(layer, &reader as &dyn Sink)], &Progress::default())?;
    Ok(reader
        .found
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// A file of a dist-info that is kept.
#[derive(Clone, Copy)]
enum Text {
    Metadata,
    Record,
}

impl Reader<'_> {
    fn text<'p>(&self, path: &'p str) -> Option<(&'p str, Text)> {
        let (directory, name) = path.strip_prefix(self.texts?)?.split_once('/')?;
        let kind = match name {
            "METADATA" => Text::Metadata,
            "RECORD" => Text::Record,
            _ => return None,
        };
        directory.ends_with(".dist-info").then_some((directory, kind))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Found) -> T) -> T {
        act(&mut self.found.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Sink for Reader<'_> {
    fn directory(&self, _: &[u8], _: Mode) -> Result<()> {
        Ok(())
    }

    fn file(&self, path: &[u8], size: u64, _: Mode, data: &mut dyn BufRead) -> Result<()> {
        let path = String::from_utf8_lossy(path);
        let text = self.text(&path);
        if text.is_some() {
            let total = self.with(|found| {
                found.text_bytes = found.text_bytes.saturating_add(size);
                found.text_bytes
            });
            if size > TEXT_MAX || total > TEXTS_MAX {
                let message = format!("failed to read `{path}`: the packages' metadata is too long");
                return Err(Error::new(Kind::Other, message));
            }
        }
        let mut kept = Vec::new();
        let mut hash = self.files.then(Sha256::new);
        each_piece(data, size, |piece| {
            if let Some(hash) = &mut hash {
                hash.update(piece);
            }
            if text.is_some() {
                kept.extend_from_slice(piece);
            }
        })?;
        let sha256 = hash.map(|hash| hash.finalize().into());
        self.with(|found| {
            if let Some(sha256) = sha256 {
                found
                    .files
                    .insert(path.clone().into_owned(), FileDigest { size, sha256 });
            }
            if let Some((directory, kind)) = text {
                let info = found.dist_infos.entry(directory.to_owned()).or_default();
                match kind {
                    Text::Metadata => info.metadata = kept,
                    Text::Record => info.record = kept,
                }
            }
        });
        Ok(())
    }

    fn symlink(&self, _: &[u8], _: &[u8]) -> Result<()> {
        Ok(())
    }
}

fn each_piece(data: &mut dyn BufRead, size: u64, mut each: impl FnMut(&[u8])) -> Result<()> {
    let damaged = |error: std::io::Error| Error::damaged(error);
    let mut left = size;
    while left > 0 {
        let bytes = data.fill_buf().map_err(damaged)?;
        let length = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if length == 0 {
            return Err(damaged(std::io::ErrorKind::UnexpectedEof.into()));
        }
        each(&bytes[..length]);
        data.consume(length);
        left -= length as u64;
    }
    Ok(())
}

/// One digest of several files, sorted by path: SHA-256 of a line `path,sha256=<hexadecimal>,size` for each.
pub(crate) fn digest_of<'a>(files: impl Iterator<Item = (&'a String, &'a FileDigest)>) -> String {
    let mut hash = Sha256::new();
    for (path, file) in files {
        let line = format!("{path},sha256={},{}\n", hex(&file.sha256), file.size);
        hash.update(line.as_bytes());
    }
    hex(&hash.finalize())
}
