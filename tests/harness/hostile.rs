//! Packed files as an enemy would make them: every digest is right, only what they say is not.
//!
//! A [`Hostile`] begins as a file with two small sound layers behind the launcher of a real packed file; a test
//! changes members, frames, the manifest or the trailer, and everything that is derived is derived again.

use std::io::Write as _;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use pyship_launcher::format::manifest::{Frame, Layer, Manifest};
use pyship_launcher::format::member::{END, Member, MemberKind, padding};
use pyship_launcher::format::mode::Mode;
use pyship_launcher::format::trailer::{self, Trailer};
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use sha2::{Digest, Sha256};

/// A file to be.
#[derive(Debug, Clone)]
pub struct Hostile {
    launcher: Vec<u8>,
    manifest: Manifest,
    layers: Vec<(&'static str, Vec<HostileFrame>)>,
    entries: Option<u64>,
}

/// Compressed bytes, and what the manifest says of them.
#[derive(Debug, Clone)]
pub struct HostileFrame {
    /// Its bytes in the file.
    pub bytes: Vec<u8>,
    /// Its declared decompressed length.
    pub raw: u64,
    /// The members that it has, for the layer's count.
    pub entries: u64,
}

impl HostileFrame {
    /// Members as tar bytes, with an end, compressed.
    #[must_use]
    pub fn of(members: &[Vec<u8>]) -> Self {
        let mut raw = members.concat();
        raw.extend_from_slice(&END);
        Self {
            bytes: compress(&raw),
            raw: raw.len() as u64,
            entries: members.len() as u64,
        }
    }
}

impl Hostile {
    /// With the launcher and the manifest of a real packed file.
    #[must_use]
    pub fn like(packed: &Path) -> Self {
        let payload = Payload::open(packed).unwrap().unwrap();
        let mut manifest = payload.manifest().unwrap();
        let launcher = payload.launcher(&manifest).unwrap();
        manifest.layers.clear();
        Self {
            launcher,
            manifest,
            layers: vec![
                runtime(),
                ("app", vec![HostileFrame::of(&[file("code/main.py")])]),
            ],
            entries: None,
        }
    }

    /// Another app layer, of one frame with these members.
    #[must_use]
    pub fn members(self, members: &[Vec<u8>]) -> Self {
        self.frames(vec![HostileFrame::of(members)])
    }

    /// Another app layer, of these frames.
    #[must_use]
    pub fn frames(mut self, frames: Vec<HostileFrame>) -> Self {
        self.layers = vec![runtime(), ("app", frames)];
        self
    }

    /// The number of members that the manifest names for the app layer.
    #[must_use]
    pub fn entries(mut self, entries: u64) -> Self {
        self.entries = Some(entries);
        self
    }

    /// Writes it as it is.
    #[must_use]
    pub fn write(&self, path: &Path) -> PathBuf {
        self.write_with(path, |_| {}, |json| json, |_| {})
    }

    /// Writes it with another manifest.
    #[must_use]
    pub fn write_manifest(&self, path: &Path, change: impl FnOnce(&mut Manifest)) -> PathBuf {
        self.write_with(path, change, |json| json, |_| {})
    }

    /// Writes it with other bytes for a manifest.
    #[must_use]
    pub fn write_json(&self, path: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> PathBuf {
        self.write_with(path, |_| {}, change, |_| {})
    }

    /// Writes it with another trailer.
    #[must_use]
    pub fn write_trailer(&self, path: &Path, change: impl FnOnce(&mut Trailer)) -> PathBuf {
        self.write_with(path, |_| {}, |json| json, change)
    }

    fn write_with(
        &self,
        path: &Path,
        of_manifest: impl FnOnce(&mut Manifest),
        of_json: impl FnOnce(Vec<u8>) -> Vec<u8>,
        of_trailer: impl FnOnce(&mut Trailer),
    ) -> PathBuf {
        let mut file = fs_err::File::create(path).unwrap();
        file.write_all(&self.launcher).unwrap();
        let mut at = self.launcher.len() as u64;
        let mut manifest = self.manifest.clone();
        for (name, frames) in &self.layers {
            let layer = layer(name, frames, at, self.entries.filter(|_| *name == "app"));
            for frame in frames {
                file.write_all(&frame.bytes).unwrap();
            }
            at += layer.size;
            manifest.layers.push(layer);
        }
        of_manifest(&mut manifest);
        let json = of_json(manifest.encode().unwrap());
        file.write_all(&json).unwrap();
        let mut trailer = Trailer {
            manifest_offset: at,
            manifest_size: json.len() as u64,
            file_size: at + (json.len() + trailer::SIZE) as u64,
            launcher_size: self.launcher.len() as u64,
            manifest_sha256: Sha256::digest(&json).into(),
        };
        of_trailer(&mut trailer);
        file.write_all(&trailer.encode()).unwrap();
        fs_err::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        path.to_owned()
    }
}

/// Puts a trailer at the end of a file that has no other bytes: `size` long and sparse.
pub fn forge_sparse(path: &Path, size: u64) {
    let file = fs_err::File::create(path).unwrap();
    file.set_len(size).unwrap();
    let manifest_size = 2 << 20;
    let manifest_offset = size - trailer::SIZE as u64 - manifest_size;
    let zeros = vec![0; usize::try_from(manifest_size).unwrap()];
    let trailer = Trailer {
        manifest_offset,
        manifest_size,
        file_size: size,
        launcher_size: 0,
        manifest_sha256: Sha256::digest(&zeros).into(),
    };
    file.file()
        .write_all_at(&trailer.encode(), size - trailer::SIZE as u64)
        .unwrap();
}

/// A start looks for it before it unpacks anything.
fn runtime() -> (&'static str, Vec<HostileFrame>) {
    ("runtime", vec![HostileFrame::of(&[file("bin/python3")])])
}

fn layer(name: &str, frames: &[HostileFrame], offset: u64, entries: Option<u64>) -> Layer {
    let declared: Vec<Frame> = frames
        .iter()
        .map(|HostileFrame { bytes, raw, .. }| Frame {
            size: bytes.len() as u64,
            raw: *raw,
            sha256: hex(&Sha256::digest(bytes)),
        })
        .collect();
    Layer {
        name: name.to_owned(),
        digest: Layer::digest_of(&declared),
        offset,
        size: declared.iter().map(|frame| frame.size).sum(),
        disk: 4096,
        entries: entries.unwrap_or_else(|| frames.iter().map(|frame| frame.entries).sum()),
        private: false,
        frames: declared,
    }
}

/// A regular file with five bytes, by any name.
#[must_use]
pub fn file(path: impl AsRef<[u8]>) -> Vec<u8> {
    let kind = MemberKind::File {
        size: 5,
        mode: Mode::FILE,
    };
    member(path.as_ref(), kind, b"data\n")
}

/// A directory.
#[must_use]
pub fn directory(path: impl AsRef<[u8]>) -> Vec<u8> {
    member(
        path.as_ref(),
        MemberKind::Directory {
            mode: Mode::DIRECTORY,
        },
        b"",
    )
}

/// A symbolic link.
#[must_use]
pub fn link(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Vec<u8> {
    let target = target.as_ref().to_vec();
    member(path.as_ref(), MemberKind::Symlink { target }, b"")
}

/// Any member, with its data.
#[must_use]
pub fn member(path: &[u8], kind: MemberKind, data: &[u8]) -> Vec<u8> {
    let mut bytes = Member {
        path: path.to_vec(),
        kind,
    }
    .encode();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len() + padding(data.len() as u64), 0);
    bytes
}

/// The member with other bytes in its header at `at`, and the header's sum put right.
#[must_use]
pub fn patched(mut header: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    header[at..at + bytes.len()].copy_from_slice(bytes);
    header[148..156].fill(b' ');
    let sum: u32 = header[..512].iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// The member with another type: `1` hard link, `3` and `4` devices, `6` fifo.
#[must_use]
pub fn typed(header: Vec<u8>, typeflag: u8) -> Vec<u8> {
    patched(header, 156, &[typeflag])
}

/// A pax header with these bytes, to stand before a member.
#[must_use]
pub fn pax(records: &[u8]) -> Vec<u8> {
    let kind = MemberKind::File {
        size: records.len() as u64,
        mode: Mode::FILE,
    };
    typed(member(b"pax", kind, records), b'x')
}

/// One zstd frame.
#[must_use]
pub fn compress(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(zstd_safe::compress_bound(raw.len()));
    zstd_safe::compress(&mut bytes, raw, 3).unwrap();
    bytes
}

/// One zstd frame that asks for a window of two to the power `log`, as a stream does that doesn't know its length.
#[must_use]
pub fn compress_with_window(raw: &[u8], log: u32) -> Vec<u8> {
    use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};
    let mut context = CCtx::create();
    context.set_parameter(CParameter::WindowLog(log)).unwrap();
    let mut bytes = Vec::with_capacity(zstd_safe::compress_bound(raw.len()) + 64);
    {
        let mut out = OutBuffer::around(&mut bytes);
        let mut input = InBuffer::around(raw);
        while input.pos() < raw.len() {
            context.compress_stream(&mut out, &mut input).unwrap();
        }
        while context.end_stream(&mut out).unwrap() > 0 {}
    }
    bytes
}
