//! What the process's limits leave room for: how many threads, how many layers at once.

use rustix::process::{Resource, getrlimit};

/// Each thread's share of a limited address space: glibc reserves 64 MiB for a thread's heap, the buffers and
/// zstd's window take some 20.
const SPACE_PER_THREAD: u64 = 96 << 20;
/// With fewer descriptors than these one layer is unpacked after the other, by one thread: each layer takes
/// three (its lock, its directory twice), each thread one.
const DESCRIPTORS_FEW: u64 = 64;

/// How many threads may unpack.
pub(crate) fn threads_max() -> usize {
    let space = match getrlimit(Resource::As).current {
        // The first thread's heap is the program's own; a program of 1 GB needs no counting.
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
