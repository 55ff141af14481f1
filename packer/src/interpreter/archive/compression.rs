//! The compressions of interpreters' archives: recognised by their first bytes, read as streams.

use std::io::{BufRead, BufReader, Read, Result};

use liblzma::stream::{CONCATENATED, Stream};
use zstd_safe::{DCtx, InBuffer, OutBuffer};

/// Twice the memory that `xz -9` needs; a header can ask for 4 GiB.
const XZ_MEMORY_MAX: u64 = 160 << 20;

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Xz,
    Zstd,
    None,
}

impl Compression {
    /// From the first bytes of a file; `None` when it isn't an archive.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ if head.get(257..262) == Some(b"ustar") => Some(Self::None),
            _ => None,
        }
    }
}

/// A reader of the decompressed bytes.
pub(super) fn open<'a>(file: impl Read + 'a) -> anyhow::Result<Box<dyn Read + 'a>> {
    let mut file = BufReader::with_capacity(128 << 10, file);
    let compression = Compression::of(file.fill_buf()?);
    Ok(match compression {
        Some(Compression::Gzip) => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Some(Compression::Xz) => {
            let stream = Stream::new_stream_decoder(XZ_MEMORY_MAX, CONCATENATED)?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(file, stream))
        }
        Some(Compression::Zstd) => Box::new(Zstd::new(file)?),
        Some(Compression::None) => Box::new(file),
        None => anyhow::bail!("it is no tar archive, neither plain nor with gzip, xz or zstd"),
    })
}

/// Counts the bytes that are read from a file.
pub(super) struct Counted<'a, R> {
    inner: R,
    read: u64,
    on_read: &'a mut dyn FnMut(u64),
}

impl<'a, R> Counted<'a, R> {
    pub(super) fn new(inner: R, on_read: &'a mut dyn FnMut(u64)) -> Self {
        Self {
            inner,
            read: 0,
            on_read,
        }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        (self.on_read)(self.read);
        Ok(count)
    }
}

/// A reader of concatenated zstd frames; a truncated one is an error. The library refuses frames that need a
/// window of more than 128 MiB.
struct Zstd<R> {
    input: R,
    context: DCtx<'static>,
    within_frame: bool,
}

impl<R: BufRead> Zstd<R> {
    fn new(input: R) -> anyhow::Result<Self> {
        let context = DCtx::try_create().ok_or_else(|| anyhow::anyhow!("out of memory"))?;
        Ok(Self {
            input,
            context,
            within_frame: false,
        })
    }
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let available = self.input.fill_buf()?;
            let at_end = available.is_empty();
            if at_end && !self.within_frame {
                return Ok(0);
            }
            let mut source = InBuffer::around(available);
            let mut target = OutBuffer::around(buffer);
            let hint = self
                .context
                .decompress_stream(&mut target, &mut source)
                .map_err(|code| std::io::Error::other(zstd_safe::get_error_name(code)))?;
            let (consumed, produced) = (source.pos(), target.pos());
            self.input.consume(consumed);
            self.within_frame = hint != 0;
            if produced > 0 || buffer.is_empty() {
                return Ok(produced);
            }
            if at_end && self.within_frame {
                return Err(std::io::Error::new(
                    std::io::ErrorKind::UnexpectedEof,
                    "it is cut off",
                ));
            }
        }
    }
}
