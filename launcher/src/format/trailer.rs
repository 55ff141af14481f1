//! The trailer: the ZIP's end comment. Its size is fixed, so one read at the end of a file finds it, and with it the
//! manifest.
//!
//! ```text
//!  0  magic            8  89 'PYSHIP' 0A
//!  8  format           4  little-endian, like all that follow
//! 12  zero             4
//! 16  manifest offset  8  from the start of the file
//! 24  manifest size    8
//! 32  file size        8  of the whole file, so that truncation and appended bytes are noticed
//! 40  launcher size    8  where the ZIP archive begins
//! 48  manifest sha256 32
//! 80  check           16  first half of the sha256 of the 80 bytes before it
//! 96
//! ```

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::format::{FORMAT, newer};

/// Length of a trailer in bytes.
pub const SIZE: usize = 96;
/// The largest manifest that is read, in bytes. A frame takes about 100 bytes, so this is enough for 20 GB of small
/// files. A hostile manifest may take thirty times its length in memory.
pub const MANIFEST_MAX: u64 = 2 << 20;
/// The largest launcher that is read, in bytes.
pub const LAUNCHER_MAX: u64 = 16 << 20;

const MAGIC: [u8; 8] = *b"\x89PYSHIP\n";
const CHECKED: usize = 80;

/// What a trailer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// Where the manifest begins, in bytes from the start of the file.
    pub manifest_offset: u64,
    /// Its length in bytes.
    pub manifest_size: u64,
    /// Length of the whole file in bytes.
    pub file_size: u64,
    /// Length of the launcher in bytes.
    pub launcher_size: u64,
    /// SHA-256 of the manifest; it names the app in the cache.
    pub manifest_sha256: [u8; 32],
}

impl Trailer {
    /// The trailer's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SIZE] {
        let Self {
            manifest_offset,
            manifest_size,
            file_size,
            launcher_size,
            manifest_sha256,
        } = self;
        let mut bytes = [0; SIZE];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..24].copy_from_slice(&manifest_offset.to_le_bytes());
        bytes[24..32].copy_from_slice(&manifest_size.to_le_bytes());
        bytes[32..40].copy_from_slice(&file_size.to_le_bytes());
        bytes[40..48].copy_from_slice(&launcher_size.to_le_bytes());
        bytes[48..80].copy_from_slice(manifest_sha256);
        let check = Sha256::digest(&bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&check[..SIZE - CHECKED]);
        bytes
    }

    /// Reads a trailer; `None` when the bytes have another magic: the file has no payload.
    ///
    /// # Errors
    /// When the format is newer than this code, or the trailer contradicts itself or `file_size`.
    pub fn decode(bytes: &[u8; SIZE], file_size: u64) -> Result<Option<Self>> {
        if bytes[0..8] != MAGIC {
            return Ok(None);
        }
        let u64_at = |at: usize| {
            let mut field = [0; 8];
            field.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(field)
        };
        let format = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        let intact = Sha256::digest(&bytes[..CHECKED])[..SIZE - CHECKED] == bytes[CHECKED..];
        if intact && format > FORMAT {
            return Err(newer(format));
        }
        if !intact || format != FORMAT || bytes[12..16] != [0; 4] {
            return Err(Error::damaged("its trailer is damaged"));
        }
        let mut manifest_sha256 = [0; 32];
        manifest_sha256.copy_from_slice(&bytes[48..80]);
        let trailer = Self {
            manifest_offset: u64_at(16),
            manifest_size: u64_at(24),
            file_size: u64_at(32),
            launcher_size: u64_at(40),
            manifest_sha256,
        };
        if trailer.file_size != file_size {
            let expected = trailer.file_size;
            return Err(Error::damaged(format_args!(
                "it has {file_size} bytes and should have {expected}"
            )));
        }
        let manifest_end = trailer.manifest_offset.checked_add(trailer.manifest_size);
        let before = file_size.saturating_sub(SIZE as u64);
        let fits =
            manifest_end.is_some_and(|end| end <= before) && trailer.launcher_size <= trailer.manifest_offset;
        if !fits || trailer.manifest_size > MANIFEST_MAX || trailer.launcher_size > LAUNCHER_MAX {
            return Err(Error::damaged(
                "its trailer has an impossible position or size for the manifest or the launcher",
            ));
        }
        Ok(Some(trailer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn sample() -> Trailer {
        Trailer {
            manifest_offset: 1000,
            manifest_size: 200,
            file_size: 5000,
            launcher_size: 900,
            manifest_sha256: [7; 32],
        }
    }

    #[test]
    fn round_trip() {
        let trailer = sample();
        assert_eq!(Trailer::decode(&trailer.encode(), 5000).unwrap(), Some(trailer));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        for bit in 0..SIZE * 8 {
            let mut bytes = sample().encode();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match Trailer::decode(&bytes, 5000) {
                Err(error) => assert_eq!(error.kind, Kind::Damaged, "bit {bit}"),
                Ok(found) => assert!(bit < 64 && found.is_none(), "bit {bit}"),
            }
        }
    }

    #[test]
    fn another_length_is_noticed() {
        assert!(Trailer::decode(&sample().encode(), 4999).is_err());
    }

    #[test]
    fn what_can_not_be_there_is_refused() {
        let wrong = [
            Trailer {
                manifest_offset: u64::MAX,
                ..sample()
            },
            Trailer {
                manifest_size: u64::MAX,
                ..sample()
            },
            Trailer {
                manifest_size: MANIFEST_MAX + 1,
                ..sample()
            },
            Trailer {
                manifest_offset: 4800,
                ..sample()
            },
            Trailer {
                launcher_size: u64::MAX,
                ..sample()
            },
            Trailer {
                launcher_size: 1001,
                ..sample()
            },
        ];
        for trailer in wrong {
            assert!(Trailer::decode(&trailer.encode(), 5000).is_err(), "{trailer:?}");
        }
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut bytes = sample().encode();
        bytes[8] = 2;
        let check = Sha256::digest(&bytes[..CHECKED]);
        bytes[CHECKED..].copy_from_slice(&check[..SIZE - CHECKED]);
        let error = Trailer::decode(&bytes, 5000).unwrap_err();
        assert!(error.message.contains("format 2"), "{error}");
    }
}
