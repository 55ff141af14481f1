//! Reading, checking and decoding one frame.

use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use super::{Progress, SMALL_FRAME, WINDOW_LOG_MAX};
use crate::error::{Error, Result};
use crate::format::manifest::Frame;
use crate::hex::hex;
use crate::payload::Payload;
use crate::sys;

const CHUNK: usize = 128 << 10;
/// First bytes of a zstd frame (RFC 8878, 3.1.1); skippable frames and zstd's older formats have others.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Approximate memory that decoding a frame takes, in bytes.
pub(super) fn memory(frame: &Frame) -> u64 {
    if is_small(frame) {
        frame.size + frame.raw
    } else {
        (1 << WINDOW_LOG_MAX) + 4 * CHUNK as u64
    }
}

/// Whether a frame is decoded in one piece. The frame of incompressible data is a little larger than its content.
fn is_small(frame: &Frame) -> bool {
    frame.raw <= SMALL_FRAME && frame.size <= SMALL_FRAME + CHUNK as u64
}

/// A thread's buffers and zstd context.
pub(super) struct Decoder<'p> {
    progress: &'p Progress<'p>,
    context: DCtx<'static>,
    compressed: Vec<u8>,
    raw: Vec<u8>,
    /// Whether the context has allocated a window.
    has_window: bool,
}

impl<'p> Decoder<'p> {
    pub(super) fn new(progress: &'p Progress<'p>) -> Self {
        Self {
            progress,
            context: DCtx::try_create().unwrap_or_else(|| sys::out_of_memory()),
            compressed: Vec::new(),
            raw: Vec::new(),
            has_window: false,
        }
    }

    /// Calls `each` with the frame's decompressed bytes, which must consume all of them.
    ///
    /// # Errors
    /// When the frame is not what the manifest says, or `each` fails.
    pub(super) fn each_member(
        &mut self,
        payload: &Payload,
        offset: u64,
        frame: &Frame,
        each: impl FnOnce(&mut dyn BufRead) -> Result<()>,
    ) -> Result<()> {
        if is_small(frame) {
            self.whole(payload, offset, frame, each)
        } else {
            self.streamed(payload, offset, frame, each)
        }
    }

    fn whole(
        &mut self,
        payload: &Payload,
        offset: u64,
        frame: &Frame,
        each: impl FnOnce(&mut dyn BufRead) -> Result<()>,
    ) -> Result<()> {
        self.progress.go_on();
        if self.has_window {
            (self.context, self.has_window) = (DCtx::create(), false);
        }
        let (size, raw) = (to_usize(frame.size), to_usize(frame.raw));
        self.compressed.resize(size, 0);
        payload.read(&mut self.compressed, offset)?;
        check(Sha256::digest(&self.compressed).as_slice(), frame)?;
        let one = self.compressed.starts_with(&MAGIC)
            && zstd_safe::find_frame_compressed_size(&self.compressed).map_err(bad_frame)? == size;
        if !one {
            return Err(not_one());
        }
        self.raw.clear();
        self.raw.reserve_exact(raw);
        let decoded = self
            .context
            .decompress(&mut self.raw, &self.compressed)
            .map_err(bad_frame)?;
        if decoded != raw {
            return Err(wrong_size());
        }
        let mut rest = self.raw.as_slice();
        each(&mut rest)?;
        if rest.is_empty() {
            Ok(())
        } else {
            Err(wrong_size())
        }
    }

    fn streamed(
        &mut self,
        payload: &Payload,
        offset: u64,
        frame: &Frame,
        each: impl FnOnce(&mut dyn BufRead) -> Result<()>,
    ) -> Result<()> {
        self.context
            .reset(ResetDirective::SessionAndParameters)
            .map_err(bad_frame)?;
        self.context
            .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
            .map_err(bad_frame)?;
        self.has_window = true;
        // Frees the buffers of a frame that was decoded in one piece.
        self.compressed = vec![0; CHUNK];
        self.raw = Vec::with_capacity(CHUNK);
        let mut stream = Stream {
            progress: self.progress,
            payload,
            offset,
            unread: frame.size,
            input: &mut self.compressed,
            input_from: 0,
            input_to: 0,
            output: &mut self.raw,
            output_from: 0,
            produced: 0,
            raw: frame.raw,
            begun: false,
            ended: false,
            context: &mut self.context,
            hash: Sha256::new(),
        };
        each(&mut stream)?;
        stream.finish(frame)
    }
}

struct Stream<'a> {
    progress: &'a Progress<'a>,
    payload: &'a Payload,
    offset: u64,
    unread: u64,
    input: &'a mut Vec<u8>,
    input_from: usize,
    input_to: usize,
    output: &'a mut Vec<u8>,
    output_from: usize,
    produced: u64,
    raw: u64,
    begun: bool,
    /// Whether zstd's frame is complete.
    ended: bool,
    context: &'a mut DCtx<'static>,
    hash: Sha256,
}

impl Stream<'_> {
    fn refill(&mut self) -> Result<bool> {
        if self.input_from < self.input_to || self.unread == 0 {
            return Ok(self.input_from < self.input_to);
        }
        self.progress.go_on();
        let length = to_usize(self.unread.min(CHUNK as u64));
        self.payload.read(&mut self.input[..length], self.offset)?;
        if !self.begun && !self.input[..length].starts_with(&MAGIC) {
            return Err(not_one());
        }
        self.begun = true;
        self.hash.update(&self.input[..length]);
        self.offset += length as u64;
        self.unread -= length as u64;
        (self.input_from, self.input_to) = (0, length);
        Ok(true)
    }

    /// Decodes more output; leaves none when all of it has been produced.
    fn produce(&mut self) -> Result<()> {
        self.output.clear();
        self.output_from = 0;
        while self.output.is_empty() && self.produced < self.raw {
            self.step()?;
        }
        Ok(())
    }

    /// Passes input to zstd and takes its output.
    fn step(&mut self) -> Result<()> {
        if self.ended {
            return Err(wrong_size());
        }
        let more = self.refill()?;
        let mut input = InBuffer::around(&self.input[self.input_from..self.input_to]);
        let mut output = OutBuffer::around(&mut *self.output);
        let hint = self
            .context
            .decompress_stream(&mut output, &mut input)
            .map_err(bad_frame)?;
        let (read, made) = (input.pos(), output.pos());
        self.input_from += read;
        self.produced += made as u64;
        self.ended = hint == 0;
        if self.produced > self.raw || (!more && made == 0 && !self.ended) {
            return Err(wrong_size());
        }
        Ok(())
    }

    fn finish(mut self, frame: &Frame) -> Result<()> {
        if self.produced != self.raw || self.output_from < self.output.len() {
            return Err(wrong_size());
        }
        // The frame's end (its checksum, an empty last block) may not have been read yet.
        self.output.clear();
        while !self.ended {
            self.step()?;
        }
        if self.input_from < self.input_to || self.unread > 0 {
            return Err(not_one());
        }
        check(self.hash.finalize().as_slice(), frame)
    }
}

impl BufRead for Stream<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.output_from == self.output.len() {
            self.produce().map_err(io::Error::other)?;
        }
        Ok(&self.output[self.output_from..])
    }

    fn consume(&mut self, amount: usize) {
        self.output_from = (self.output_from + amount).min(self.output.len());
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        self.consume(length);
        Ok(length)
    }
}

fn check(digest: &[u8], frame: &Frame) -> Result<()> {
    if hex(digest) == frame.sha256 {
        Ok(())
    } else {
        Err(Error::damaged(
            "a frame does not have the digest that the manifest names",
        ))
    }
}

fn wrong_size() -> Error {
    Error::damaged("a frame does not have the size that the manifest names")
}

fn not_one() -> Error {
    Error::damaged("a frame is not one zstd frame from end to end")
}

fn bad_frame(code: usize) -> Error {
    let name = zstd_safe::get_error_name(code);
    if name.starts_with("Allocation error") {
        sys::out_of_memory();
    }
    Error::damaged(format_args!("a frame can't be decoded: {name}"))
}

/// Sizes were checked against the file's, and targets have 64-bit addresses.
fn to_usize(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
