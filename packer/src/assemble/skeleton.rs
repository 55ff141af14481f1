//! The bytes of a packed file that no digest covers: the ZIP headers between its parts, the directory and the comment.
//!
//! They follow from the launcher, the layers, `__main__.py` and the manifest. They are computed anew and compared byte for
//! byte. So `unzip`, `python3 FILE` and a start see the same in a file that was verified.

use std::cell::Cell;
use std::io::{self, Seek, SeekFrom, Write};

use anyhow::{Result, anyhow, ensure};
use pyship_launcher::error::Error;
use pyship_launcher::format::manifest::{Main, Manifest};
use pyship_launcher::format::names::MEMBER_MANIFEST;
use pyship_launcher::format::trailer;
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::archive::{Archive, Layers, Pass};
use crate::tree::PIECE;

/// Bytes between `__main__.py` and the manifest, but for the manifest's name.
const MANIFEST_HEADER: u64 = 30;
/// A longer `__main__.py` is not read.
const MAIN_MAX: u64 = 1 << 20;

/// Compares everything between the launcher, the layers and the manifest with what belongs there.
///
/// # Errors
/// When a byte differs, or the file can't be read.
pub(crate) fn check(payload: &Payload, manifest: &Manifest) -> Result<()> {
    let json = payload.manifest_bytes()?;
    let skeleton = skeleton(payload, manifest, &json)?;
    let mut found = Vec::new();
    for (at, bytes) in &skeleton {
        found.resize(bytes.len(), 0);
        payload.read(&mut found, *at)?;
        if found != *bytes {
            return Err(damaged("the ZIP archive does not describe what the file holds"));
        }
    }
    Ok(())
}

/// What a manifest says of `__main__.py`; files of the first packers say nothing.
pub(crate) fn main_of(json: &[u8]) -> Result<Option<Main>> {
    #[derive(Deserialize)]
    struct File {
        main: Option<Main>,
    }
    let file: File = serde_json::from_slice(json)
        .map_err(|error| damaged(&format!("its manifest can't be read: {error}")))?;
    Ok(file.main)
}

fn damaged(what: &str) -> anyhow::Error {
    anyhow!(Error::damaged(what))
}

/// Pieces of a file and their offsets.
type Pieces = Vec<(u64, Vec<u8>)>;

fn skeleton(payload: &Payload, manifest: &Manifest, json: &[u8]) -> Result<Pieces> {
    let elsewhere = || damaged("its parts are not where a packer puts them");
    let main = main_of(json)?;
    let start = manifest.launcher.size;
    let mut pieces = Pieces::new();
    let is_layer = Cell::new(false);
    let recorder = Recorder {
        pieces: &mut pieces,
        at: start,
        end: start,
        is_layer: &is_layer,
    };
    let passes: Vec<_> = manifest
        .layers
        .iter()
        .map(|layer| {
            |take: &mut dyn FnMut(&[u8]) -> io::Result<()>| {
                is_layer.set(true);
                let passed = pass(payload, layer.offset, layer.size, take);
                is_layer.set(false);
                passed
            }
        })
        .collect();
    let parts: Vec<(&str, u64, Pass<'_>)> = manifest
        .layers
        .iter()
        .zip(&passes)
        .map(|(layer, pass)| (&*layer.name, layer.size, pass as Pass<'_>))
        .collect();
    // A file that is older than the other place has ZIP64 headers, however large it is.
    let place = match manifest.layers.first() {
        Some(first) if first.offset == start => Layers::Before,
        _ => Layers::Members,
    };
    let (mut archive, offsets) = Archive::new(recorder, start, place, &parts)?;
    let right = manifest.layers.iter().map(|layer| layer.offset);
    ensure!(right.eq(offsets), elsewhere());
    archive.main_at(|offset| {
        let header = MANIFEST_HEADER + MEMBER_MANIFEST.len() as u64;
        let size = payload.trailer.manifest_offset.checked_sub(header + offset);
        let size = size.filter(|size| *size <= MAIN_MAX).ok_or_else(elsewhere)?;
        let mut bytes = vec![0; usize::try_from(size)?];
        payload.read(&mut bytes, offset)?;
        // Without a digest it must have the checksum that the headers name.
        if main.is_some_and(|main| hex(&Sha256::digest(&bytes)) != main.sha256) {
            return Err(damaged(
                "its `__main__.py` does not have the digest that the manifest names",
            ));
        }
        Ok(bytes)
    })?;
    let offset = archive.finish(json)?;
    let end = pieces.iter().map(|(at, bytes)| at + bytes.len() as u64).max();
    ensure!(
        offset == payload.trailer.manifest_offset && end == Some(payload.trailer.file_size),
        elsewhere()
    );
    // The comment is the trailer, which was checked when the file was opened.
    if let Some((_, last)) = pieces.iter_mut().max_by_key(|(at, _)| *at) {
        last.truncate(last.len().saturating_sub(trailer::SIZE));
    }
    Ok(pieces)
}

fn pass(
    payload: &Payload,
    mut offset: u64,
    size: u64,
    take: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let end = offset + size;
    let mut piece = vec![0; PIECE];
    while offset < end {
        let length = usize::try_from(end - offset).map_or(PIECE, |left| left.min(PIECE));
        payload
            .read(&mut piece[..length], offset)
            .map_err(io::Error::other)?;
        take(&piece[..length])?;
        offset += length as u64;
    }
    Ok(())
}

/// Keeps what is written, but for the layers.
struct Recorder<'a> {
    pieces: &'a mut Pieces,
    at: u64,
    end: u64,
    is_layer: &'a Cell<bool>,
}

impl Recorder<'_> {
    /// Puts bytes at the present offset. A header is written twice: without its sizes, and with them.
    fn record(&mut self, bytes: &[u8]) -> Option<()> {
        let at = self.at;
        let holds =
            |(start, piece): &&mut (u64, Vec<u8>)| (*start..=*start + piece.len() as u64).contains(&at);
        match self.pieces.iter_mut().find(holds) {
            Some((start, piece)) => {
                let from = usize::try_from(at - *start).ok()?;
                let to = from + bytes.len();
                piece.resize(piece.len().max(to), 0);
                piece[from..to].copy_from_slice(bytes);
            }
            None => self.pieces.push((at, bytes.to_vec())),
        }
        Some(())
    }
}

impl Write for Recorder<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_layer.get() {
            self.record(bytes).ok_or(io::ErrorKind::InvalidInput)?;
        }
        self.at += bytes.len() as u64;
        self.end = self.end.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Recorder<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        self.at = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
