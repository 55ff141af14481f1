//! Unpacking: frames are read, checked against their SHA-256, decoded, and passed member by member to a [`Sink`],
//! several frames at a time.
//!
//! A frame of up to [`SMALL_FRAME`] bytes is checked before it is decoded, and decoded in one piece. A larger one (a
//! large library is one member and so one frame) streams through a bounded window and is checked at its end. So
//! memory is bounded by the number of threads, whatever the payload, and what a sink was given counts only when
//! [`run`] has returned without an error.

mod bounds;
mod check;
mod extract;
mod frame;
mod holes;
mod links;
mod progress;
mod write;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub use bounds::Bounds;
pub use check::Check;
pub use extract::extract;
pub use holes::hole_bytes;
pub use progress::Progress;
pub use write::Write;

use std::io::BufRead;

use crate::error::{Error, Result};
use crate::format::manifest::Layer;
use crate::format::member::{Member, MemberKind, skip_padding};
use crate::format::mode::Mode;
use crate::limits;
use crate::payload::Payload;

/// Frames up to this decompressed size are decoded in one piece.
pub const SMALL_FRAME: u64 = 5 << 20;
/// The largest window that a frame may ask for, as a power of two: 8 MiB, zstd's own at level 19.
pub const WINDOW_LOG_MAX: u32 = 23;

/// Modification time of every directory of an unpacked layer, in seconds since 1970: 1980-01-02 in UTC, which is in
/// 1980, the first year that ZIP archives can represent, in every time zone. A directory with another time was changed
/// after it was unpacked.
pub const UNPACKED_TIME: i64 = 315_619_200;
/// What earlier launchers gave to directories. Layers are shared by files of any age.
pub const UNPACKED_TIME_BEFORE: i64 = 315_532_800;

const THREADS_MAX: usize = 6;
const THREADS_MAX_LARGE: usize = 4;
/// Approximate size of all threads' buffers together, in bytes.
const MEMORY_MAX: u64 = 40 << 20;
/// What sinks keep in memory of each member, in bytes, and the number of members up to which that doesn't matter.
const MEMBER_MEMORY: u64 = 64;
const MEMBERS_FEW: u64 = 100_000;

/// Receives the members of one layer, from several threads.
pub trait Sink: Sync {
    /// A directory; its parents may come later.
    ///
    /// # Errors
    /// When it can't be written.
    fn directory(&self, path: &[u8], mode: Mode) -> Result<()>;

    /// A regular file; `data` gives at least `size` bytes, of which exactly `size` must be consumed.
    ///
    /// # Errors
    /// When it can't be written or `data` fails.
    fn file(&self, path: &[u8], size: u64, mode: Mode, data: &mut dyn BufRead) -> Result<()>;

    /// A symbolic link.
    ///
    /// # Errors
    /// When it can't be written.
    fn symlink(&self, path: &[u8], target: &[u8]) -> Result<()>;
}

struct Job<'a> {
    layer: usize,
    offset: u64,
    frame: &'a crate::format::manifest::Frame,
}

/// Passes every member of `layers` to the layer's sink.
///
/// # Errors
/// The first failure; the other threads stop soon after it.
pub fn run(payload: &Payload, layers: &[(&Layer, &dyn Sink)], progress: &Progress<'_>) -> Result<()> {
    let jobs = jobs(layers);
    let large = jobs.iter().any(|job| job.frame.raw > SMALL_FRAME);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = jobs.iter().map(|job| frame::memory(job.frame)).max().unwrap_or(1);
    let members: u64 = layers.iter().map(|(layer, _)| layer.entries).sum();
    let kept = members.saturating_sub(MEMBERS_FEW).saturating_mul(MEMBER_MEMORY);
    let threads = cores
        .min(if large { THREADS_MAX_LARGE } else { THREADS_MAX })
        .min(
            usize::try_from(MEMORY_MAX.saturating_sub(kept) / memory.max(1))
                .unwrap_or(1)
                .max(1),
        )
        .min(limits::threads_max())
        .min(jobs.len());
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(None);
    let entries: Vec<AtomicU64> = layers.iter().map(|_| AtomicU64::new(0)).collect();
    let work = || {
        let mut decoder = frame::Decoder::new(progress);
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (layer, sink) = layers[job.layer];
            let taken = decoder.each_member(payload, job.offset, job.frame, |data| {
                pass(sink, data, layer, &entries[job.layer])
            });
            progress.done.fetch_add(job.frame.raw, Ordering::Relaxed);
            if let Err(error) = taken {
                next.store(jobs.len(), Ordering::Relaxed);
                failure
                    .lock()
                    .unwrap_or_else(|poisoned| poisoned.into_inner())
                    .get_or_insert(error);
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        // Where no thread can be created (a limit on processes, a full address space) this one does all the work.
        for _ in 1..threads {
            if std::thread::Builder::new()
                .stack_size(256 << 10)
                .spawn_scoped(scope, work)
                .is_err()
            {
                break;
            }
        }
        work();
    });
    progress.over.store(true, Ordering::Relaxed);
    if let Some(error) = failure
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
    {
        return Err(error);
    }
    for ((layer, _), found) in layers.iter().zip(&entries) {
        if found.load(Ordering::Relaxed) != layer.entries {
            return Err(wrong_count(layer));
        }
    }
    Ok(())
}

/// Every frame, large ones first: else one thread may work on a large one at the end while the others idle.
fn jobs<'a>(layers: &[(&'a Layer, &dyn Sink)]) -> Vec<Job<'a>> {
    let mut jobs = Vec::new();
    for (index, (layer, _)) in layers.iter().enumerate() {
        let mut offset = layer.offset;
        for frame in &layer.frames {
            jobs.push(Job {
                layer: index,
                offset,
                frame,
            });
            offset = offset.saturating_add(frame.size);
        }
    }
    let rank = |job: &Job<'_>| {
        if job.frame.raw > SMALL_FRAME {
            u64::MAX - job.frame.raw
        } else {
            u64::MAX
        }
    };
    let ranks: Vec<[u8; 8]> = jobs.iter().map(|job| rank(job).to_be_bytes()).collect();
    let keys: Vec<&[u8]> = ranks.iter().map(<[u8; 8]>::as_slice).collect();
    crate::sort::sorted(jobs, &keys)
}

fn wrong_count(layer: &Layer) -> Error {
    Error::damaged(format_args!(
        "layer `{}` has a wrong number of members",
        layer.name
    ))
}

fn pass(sink: &dyn Sink, data: &mut dyn BufRead, layer: &Layer, entries: &AtomicU64) -> Result<()> {
    let mut data = data;
    while let Some(Member { path, kind }) = Member::decode(&mut data)? {
        if entries.fetch_add(1, Ordering::Relaxed) >= layer.entries {
            return Err(wrong_count(layer));
        }
        match kind {
            MemberKind::Directory { mode } => sink.directory(&path, mode)?,
            MemberKind::Symlink { target } => sink.symlink(&path, &target)?,
            MemberKind::File { size, mode } => {
                sink.file(&path, size, mode, data)?;
                skip_padding(&mut data, size)?;
            }
        }
    }
    Ok(())
}

/// Passes `size` bytes of `data` to `use_bytes`, in pieces as they come, without copying them.
pub(crate) fn pieces(
    data: &mut dyn BufRead,
    size: u64,
    mut use_bytes: impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut left = size;
    while left > 0 {
        let bytes = data
            .fill_buf()
            .map_err(|error| crate::format::member::read_failed(&error))?;
        if bytes.is_empty() {
            return Err(crate::format::member::read_failed(
                &std::io::ErrorKind::UnexpectedEof.into(),
            ));
        }
        let length = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        use_bytes(&bytes[..length])?;
        data.consume(length);
        left -= length as u64;
    }
    Ok(())
}
