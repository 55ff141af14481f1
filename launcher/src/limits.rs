//! How many threads and layers the process's resource limits allow at once.

use rustix::process::{Resource, getrlimit};

/// A thread's share of a limited address space in bytes: glibc reserves 64 MiB for its heap, its buffers and zstd's
/// window take about 20.
const SPACE_PER_THREAD: u64 = 96 << 20;
/// With fewer descriptors than this, one thread unpacks one layer after the other: a layer takes three until it is
/// written (its lock, its directory twice) and two until it is published, a thread one.
const DESCRIPTORS_FEW: u64 = 64;

/// How many threads may unpack.
pub(crate) fn threads_max() -> usize {
    let space = match getrlimit(Resource::As).current {
        // The first thread needs no heap of its own.
        Some(bytes) => usize::try_from(bytes / SPACE_PER_THREAD)
            .unwrap_or(usize::MAX)
            .saturating_sub(1),
        None => usize::MAX,
    };
    let descriptors = if few_descriptors() { 1 } else { usize::MAX };
    space.min(descriptors).max(1)
}

/// How many layers may be unpacked at once.
pub(crate) fn layers_max() -> usize {
    if few_descriptors() { 1 } else { usize::MAX }
}

fn few_descriptors() -> bool {
    getrlimit(Resource::Nofile)
        .current
        .is_some_and(|most| most < DESCRIPTORS_FEW)
}
