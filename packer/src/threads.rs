//! Threads where the system may refuse one: a user or a container may have a limit of processes, and each thread is one.
//! The functions of the standard library without a builder panic then.

use std::io;
use std::thread::{Builder, Scope, ScopedJoinHandle};

use rayon::ThreadPoolBuilder;

/// What to do where a process or a thread can't be started.
pub(crate) const HINT: &str = "each process and each thread counts: `ulimit -u` shows the user's limit, and a container may have its own";

/// Makes the threads that share work: as many as there are processors, or as many as can be had; the calling thread does
/// all of it otherwise.
pub(crate) fn share_work() {
    let mut count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    while count > 1
        && ThreadPoolBuilder::new()
            .num_threads(count)
            .build_global()
            .is_err()
    {
        count /= 2;
    }
    if count == 1 {
        // One that exists fails for no other reason than that there is a pool.
        let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        pool.build_global().unwrap_or_default();
    }
}

/// Starts a thread that ends within `scope`.
///
/// # Errors
/// When the system refuses it.
pub(crate) fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    Builder::new()
        .spawn_scoped(scope, work)
        .map_err(|error| io::Error::new(error.kind(), format!("failed to start a thread: {error}")))
}

/// Whether a thread can be started now: for what a library starts without asking.
pub(crate) fn can_be_had() -> bool {
    Builder::new().spawn(|| ()).is_ok()
}
