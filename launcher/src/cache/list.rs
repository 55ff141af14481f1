//! What a cache holds: apps and layers, which app uses which layer, and when it was last used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::key::name_length;
use super::root::Root;
use super::shape;
use super::tmp::is_hidden;
use crate::bytes::as_path;
use crate::format::names::{APP_RECORD, APP_RECORD_HIDDEN, CACHE_LAYERS};
use crate::format::record::{Record, SIZE_MAX};

/// The contents of a cache at one moment.
#[derive(Debug)]
pub struct Listing {
    /// The cache's root.
    pub root: PathBuf,
    /// In the order of their names.
    pub apps: Vec<App>,
    /// In the order of their names.
    pub layers: Vec<Layer>,
}

/// An app's directory.
#[derive(Debug)]
pub struct App {
    /// The directory's name.
    pub key: String,
    /// Its path.
    pub directory: PathBuf,
    /// What is known of it; none when it is damaged. It may be one of another version of pyship.
    pub record: Option<Record>,
    /// The last noted use; a use is noted once a day.
    pub used: SystemTime,
    /// Digests of its layers, as they name directories.
    pub layers: Vec<String>,
}

/// An unpacked layer.
#[derive(Debug)]
pub struct Layer {
    /// The directory's name.
    pub digest: String,
    /// Its path.
    pub directory: PathBuf,
    /// The last noted use by any app; without one, when it was unpacked.
    pub used: SystemTime,
    /// Keys of the apps that use it.
    pub users: Vec<String>,
}

impl App {
    /// Its name; empty when the record is damaged.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.record.as_ref().map_or(b"", |record| &record.name)
    }

    /// Whether its layers are not known, so that it may use any.
    pub(super) fn may_use_any_layer(&self) -> bool {
        self.record.is_none()
    }

    /// Whether a use was noted since it was listed. Does not open the record, of which a `prune` has a lease.
    pub(super) fn was_used(&self) -> bool {
        let noted = |name| fs::symlink_metadata(self.directory.join(name)).and_then(|found| found.modified());
        let noted = noted(APP_RECORD).or_else(|_| noted(APP_RECORD_HIDDEN));
        self.record.is_some() && noted.is_ok_and(|noted| noted != self.used)
    }

    /// Its size on disk in bytes, without its layers.
    #[must_use]
    pub fn disk(&self) -> u64 {
        shape::disk(&self.directory).unwrap_or(0)
    }
}

impl Layer {
    /// Its size on disk in bytes; 0 when its index is gone.
    #[must_use]
    pub fn disk(&self) -> u64 {
        shape::disk(&self.directory).unwrap_or(0)
    }
}

/// Lists a cache.
///
/// # Errors
/// When it can't be read. A missing directory counts as empty.
pub fn list(root: &Root) -> io::Result<Listing> {
    let mut apps = Vec::new();
    for (key, directory) in directories(&root.apps())? {
        let (record, used) = read(&directory);
        let layers = record
            .iter()
            .flat_map(|record| &record.layers)
            .filter_map(|path| digest_in(path))
            .collect();
        apps.push(App {
            key,
            directory,
            record,
            used,
            layers,
        });
    }
    let mut layers = Vec::new();
    for (digest, directory) in directories(&root.layers())? {
        let users: Vec<&App> = apps.iter().filter(|app| app.layers.contains(&digest)).collect();
        let used = users.iter().map(|app| app.used).max();
        layers.push(Layer {
            used: used.unwrap_or_else(|| time_of(&directory)),
            users: users.iter().map(|app| app.key.clone()).collect(),
            digest,
            directory,
        });
    }
    Ok(Listing {
        root: root.path.clone(),
        apps,
        layers,
    })
}

impl Listing {
    /// The path of a layer's file in this cache, where a launch record names it by the path at which the cache was
    /// mounted when the record was written; other paths as they are.
    pub(super) fn here(&self, path: &[u8]) -> PathBuf {
        let given = || as_path(path).to_owned();
        let Some((digest, rest)) = split(path) else {
            return given();
        };
        match self.layers.iter().find(|layer| layer.digest.as_bytes() == digest) {
            Some(layer) => layer.directory.join(as_path(rest)),
            None => given(),
        }
    }

    /// A layer by its digest.
    pub(super) fn layer(&self, digest: &str) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.digest == digest)
    }
}

/// The record of an app's directory and its time; without one, the directory's.
fn read(directory: &Path) -> (Option<Record>, SystemTime) {
    for name in [APP_RECORD, APP_RECORD_HIDDEN] {
        let path = directory.join(name);
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_file() && metadata.len() <= SIZE_MAX as u64 {
            let record = fs::read(&path)
                .ok()
                .and_then(|bytes| Record::decode_any_version(&bytes).ok());
            return (record, metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
        }
    }
    (None, time_of(directory))
}

fn time_of(path: &Path) -> SystemTime {
    let time = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn directories(parent: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let entries = match fs::read_dir(parent) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if is_hidden(&entry.file_name()) {
            continue;
        }
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
    let keys: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
    Ok(crate::sort::sorted(found, &keys))
}

/// The digest of the layer that a path names or is in.
pub(super) fn digest_in(path: &[u8]) -> Option<String> {
    let (digest, _) = split(path)?;
    String::from_utf8(digest.to_vec()).ok()
}

/// The layer's digest in a path, and what follows it.
pub(super) fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = *named(path, CACHE_LAYERS).last()?;
    let rest = &path[start..];
    let end = name_length(rest)?;
    Some((&rest[..end], rest[end..].strip_prefix(b"/").unwrap_or(b"")))
}

/// The offsets of directory names of the cache that follow `/<parent>/`.
pub(super) fn named(bytes: &[u8], parent: &str) -> Vec<usize> {
    let mark = [b"/", parent.as_bytes(), b"/"].concat();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = crate::sys::find(&bytes[at..], &mark) {
        at += next + mark.len();
        if name_length(&bytes[at..]).is_some() {
            found.push(at);
        }
    }
    found
}
