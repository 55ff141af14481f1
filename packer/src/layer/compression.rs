//! How much compression is to cost, and the zstd frames that it makes.

use std::fmt::{self, Display};
use std::io;

use pyship_launcher::unpack::WINDOW_LOG_MAX;
use zstd::bulk::Compressor;
use zstd::stream::Encoder;
use zstd::zstd_safe::CParameter;

/// A frame is closed when it holds this many bytes; a member that is longer has one of its own. With larger frames a
/// file is smaller, and fewer cores can unpack it at a time.
const FRAME_TARGET: u64 = 1 << 20;
/// The same for levels that are chosen for size.
const FRAME_TARGET_SMALL: u64 = 4 << 20;
const LEVEL_SMALL: i32 = 16;
/// The same for [`Compression::Smallest`]: two windows, so that most members are compressed against a full one.
const FRAME_TARGET_SMALLEST: u64 = 2 << WINDOW_LOG_MAX;
const LEVEL_SMALLEST: i32 = 22;
/// From here on zstd's windows are larger than the launcher accepts.
const LEVEL_LARGE_WINDOW: i32 = 20;

/// How hard to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// A level of zstd, with frames of a size that suits it.
    Level(i32),
    /// The smallest file; packing and unpacking take longer.
    Smallest,
}

impl Compression {
    const fn level(self) -> i32 {
        match self {
            Self::Level(level) => level,
            Self::Smallest => LEVEL_SMALLEST,
        }
    }

    /// Bytes of a frame before compression.
    pub(super) const fn frame_target(self) -> u64 {
        match self {
            Self::Level(level) if level < LEVEL_SMALL => FRAME_TARGET,
            Self::Level(_) => FRAME_TARGET_SMALL,
            Self::Smallest => FRAME_TARGET_SMALLEST,
        }
    }

    /// One frame of these bytes.
    ///
    /// # Errors
    /// When memory is short.
    pub(super) fn compress(self, raw: &[u8]) -> io::Result<Vec<u8>> {
        let mut compressor = Compressor::new(self.level())?;
        if self.level() >= LEVEL_LARGE_WINDOW {
            compressor.set_parameter(CParameter::WindowLog(WINDOW_LOG_MAX))?;
        }
        compressor.compress(raw)
    }
}

impl Compression {
    /// The most bytes that a frame of `raw` bytes takes.
    ///
    /// # Errors
    /// When that is more than can be addressed.
    pub(super) fn bound(self, raw: u64) -> io::Result<u64> {
        let raw = usize::try_from(raw).map_err(io::Error::other)?;
        Ok(zstd::zstd_safe::compress_bound(raw) as u64)
    }

    /// A writer that compresses the `raw` bytes that are written to it into one frame.
    ///
    /// # Errors
    /// When memory is short.
    pub(super) fn encoder<W: io::Write>(self, out: W, raw: u64) -> io::Result<Encoder<'static, W>> {
        let mut encoder = Encoder::new(out, self.level())?;
        if self.level() >= LEVEL_LARGE_WINDOW {
            encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG_MAX))?;
        }
        encoder.set_pledged_src_size(Some(raw))?;
        encoder.include_contentsize(true)?;
        Ok(encoder)
    }
}

impl Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => level.fmt(f),
            Self::Smallest => f.write_str("smallest"),
        }
    }
}
