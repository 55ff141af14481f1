//! How far unpacking has come, for who looks on and for other processes that wait.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often those who wait are told.
const EVERY: Duration = Duration::from_secs(5);

/// How far unpacking has come.
pub struct Progress<'a> {
    /// Decompressed bytes that the sinks have received.
    pub done: AtomicU64,
    /// Set at the end, after success or failure.
    pub over: AtomicBool,
    began: Instant,
    /// How often `tell` was called.
    told: AtomicU64,
    tell: &'a (dyn Fn() + Sync),
}

impl Default for Progress<'_> {
    fn default() -> Self {
        Self::new(&|| ())
    }
}

impl<'a> Progress<'a> {
    /// At the beginning. Calls `tell` about every 5 seconds as long as frames are being decoded.
    pub fn new(tell: &'a (dyn Fn() + Sync)) -> Self {
        Self {
            done: AtomicU64::new(0),
            over: AtomicBool::new(false),
            began: Instant::now(),
            told: AtomicU64::new(0),
            tell,
        }
    }

    /// Called for each piece that is decoded.
    pub(super) fn go_on(&self) {
        let due = self.began.elapsed().as_secs() / EVERY.as_secs();
        if due > self.told.load(Ordering::Relaxed) {
            self.told.store(due, Ordering::Relaxed);
            (self.tell)();
        }
    }
}
