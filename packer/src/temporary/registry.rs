//! What a signal that ends the process has to remove.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

static KNOWN: Mutex<BTreeSet<Entry>> = Mutex::new(BTreeSet::new());

/// Something to remove, in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Entry {
    /// A file, or a directory with all that is in it.
    Whole(PathBuf),
    /// A directory, unless there is something in it.
    IfEmpty(PathBuf),
}

fn known() -> MutexGuard<'static, BTreeSet<Entry>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The entry of a path; it is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Registered(Entry);

impl Drop for Registered {
    fn drop(&mut self) {
        known().remove(&self.0);
    }
}

/// Makes a file or directory, and registers it before a signal is handled.
///
/// # Errors
/// Those of `make`.
pub(crate) fn register<T>(make: impl FnOnce() -> io::Result<(T, Entry)>) -> io::Result<(T, Registered)> {
    let mut known = known();
    let (made, entry) = make()?;
    known.insert(entry.clone());
    Ok((made, Registered(entry)))
}

/// Everything that is registered. From now on, whoever registers or removes something waits for the process's end.
pub(crate) fn abandon() -> BTreeSet<Entry> {
    let mut known = known();
    let all = std::mem::take(&mut *known);
    std::mem::forget(known);
    all
}
