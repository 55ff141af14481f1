//! The `layer` target: tar bytes, alone and as the one layer of a small packed file whose digests are right.
//!
//! The first byte says what the rest is: an even one, tar that is compressed here; an odd one, a zstd frame
//! as it comes, after four bytes with its declared length. Bit 1 of it chooses the path on which frames are
//! streamed, by a declared length of more than 5 MiB: such a frame is read to its end, and then refused unless
//! it really has that length.

use std::io::BufRead;
use std::path::Path;

use pyship_launcher::format::FORMAT;
use pyship_launcher::format::manifest::{Entry, Frame, Launcher, Layer, Libc, LibcPolicy, Manifest, Python};
use pyship_launcher::format::member::{Member, MemberKind, is_safe, is_safe_target, padding};
use pyship_launcher::format::mode::Mode;
use pyship_launcher::format::trailer::{self, Trailer};
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Check, Progress, SMALL_FRAME, Sink, Write};
use sha2::{Digest, Sha256};

use crate::{nothing_leads_out, refused, scratch};

/// See the module.
pub fn layer(data: &[u8]) -> bool {
    let Some((&mode, rest)) = data.split_first() else {
        return false;
    };
    let (raw, frame, entries) = if mode & 1 == 0 {
        let entries = members(rest);
        (rest.len() as u64, compress(rest), entries)
    } else {
        let Some((raw, frame)) = rest.split_first_chunk::<4>() else {
            return false;
        };
        (
            u64::from(u32::from_le_bytes(*raw)),
            frame.to_vec(),
            raw_entries(frame),
        )
    };
    let raw = if mode & 2 == 0 {
        raw
    } else {
        raw.max(SMALL_FRAME + 1)
    };
    whole_file(&frame, raw, entries)
}

/// The members of tar bytes: each must be safe and be the same after another encoding.
fn members(bytes: &[u8]) -> u64 {
    let mut rest = bytes;
    let mut count = 0;
    loop {
        match Member::decode(&mut rest) {
            Ok(Some(member)) => {
                count += 1;
                assert!(is_safe(&member.path));
                let again = Member::decode(&mut member.encode().as_slice()).expect("it was encoded");
                assert_eq!(again.as_ref(), Some(&member));
                match member.kind {
                    MemberKind::File { size, .. } => {
                        let length = usize::try_from(size)
                            .unwrap_or(usize::MAX)
                            .saturating_add(padding(size));
                        let Some(after) = rest.get(length..) else {
                            return count;
                        };
                        rest = after;
                    }
                    MemberKind::Symlink { target } => assert!(is_safe_target(&member.path, &target)),
                    MemberKind::Directory { .. } => {}
                }
            }
            Ok(None) => return count,
            Err(error) => {
                refused(&error);
                return count;
            }
        }
    }
}

/// How many members the frame would have if it were sound.
fn raw_entries(frame: &[u8]) -> u64 {
    let mut raw = Vec::with_capacity(1 << 20);
    match zstd_safe::decompress(&mut raw, frame) {
        Ok(_) => members(&raw),
        Err(_) => 1,
    }
}

fn compress(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(zstd_safe::compress_bound(raw.len()));
    zstd_safe::compress(&mut bytes, raw, 1).expect("there is room");
    bytes
}

/// Checks and unpacks a file with this one frame. What the one takes the other takes.
fn whole_file(frame: &[u8], raw: u64, entries: u64) -> bool {
    let place = scratch();
    let file = place.path().join("file");
    let frame_size = frame.len() as u64;
    let frames = vec![Frame {
        size: frame_size,
        raw,
        sha256: hex(&Sha256::digest(frame)),
    }];
    let layer = Layer {
        name: "app".to_owned(),
        digest: Layer::digest_of(&frames),
        offset: 0,
        size: frame_size,
        disk: 0,
        entries,
        private: false,
        frames,
    };
    let manifest = Manifest {
        layers: vec![layer],
        ..sample_manifest()
    };
    let json = manifest.encode().expect("it is plain");
    let file_size = frame_size + (json.len() + trailer::SIZE) as u64;
    let trailer = Trailer {
        manifest_offset: frame_size,
        manifest_size: json.len() as u64,
        file_size,
        launcher_size: 0,
        manifest_sha256: Sha256::digest(&json).into(),
    };
    std::fs::write(&file, [frame, &json, &trailer.encode()].concat()).expect("scratch space");
    let payload = Payload::open(&file)
        .expect("it is a file")
        .expect("it has a trailer");
    let manifest = match payload.manifest() {
        Ok(manifest) => manifest,
        Err(error) => return refused(&error),
    };
    let out = place.path().join("out");
    std::fs::create_dir(&out).expect("scratch space");
    let layer = &manifest.layers[0];
    let checked = unpack::run(
        &payload,
        &[(layer, &Check::default() as &dyn Sink)],
        &Progress::default(),
    );
    let written = write(&payload, layer, &out);
    nothing_leads_out(&out);
    for error in [&checked, &written]
        .into_iter()
        .filter_map(|done| done.as_ref().err())
    {
        refused(error);
    }
    // A link below a link is found by writing only.
    assert!(checked.is_ok() || written.is_err(), "{checked:?}, {written:?}");
    let around = std::fs::read_dir(place.path()).expect("scratch space").count();
    assert_eq!(around, 2);
    written.is_ok()
}

fn write(payload: &Payload, layer: &Layer, out: &Path) -> pyship_launcher::error::Result<()> {
    let root = std::fs::File::open(out).expect("it was made");
    let sink = Limited(Write::new(root.into(), out));
    unpack::run(payload, &[(layer, &sink as &dyn Sink)], &Progress::default())?;
    sink.0.finish()
}

/// Writes at most 64 KiB of each file: it is the names that matter here.
struct Limited(Write);

impl Sink for Limited {
    fn directory(&self, path: &[u8], mode: Mode) -> pyship_launcher::error::Result<()> {
        self.0.directory(path, mode)
    }

    fn file(
        &self,
        path: &[u8],
        size: u64,
        mode: Mode,
        data: &mut dyn BufRead,
    ) -> pyship_launcher::error::Result<()> {
        let written = size.min(64 << 10);
        self.0.file(path, written, mode, data)?;
        Check::default().file(path, size - written, mode, data)
    }

    fn symlink(&self, path: &[u8], target: &[u8]) -> pyship_launcher::error::Result<()> {
        self.0.symlink(path, target)
    }
}

/// A manifest of a file with no layer.
#[must_use]
pub fn sample_manifest() -> Manifest {
    Manifest {
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
        environment: Default::default(),
        libc: Libc {
            policy: LibcPolicy::Host,
            floor: (2, 17),
            loader: "/lib64/ld-linux-x86-64.so.2".into(),
            system: Default::default(),
            carried: None,
        },
        layers: vec![],
    }
}
