//! What a start works with: the packed file, the system, and where caches may be.

use super::candidates::Candidate;
use crate::libc_choice::Host;
use crate::payload::Payload;
use crate::unpack::Progress;

/// Everything that finding, filling, checking and repairing a cache depends on.
pub struct Context<'a> {
    /// The packed file.
    pub payload: &'a Payload,
    /// The system.
    pub host: Host,
    /// Read-only caches, searched first.
    pub stores: Vec<Candidate>,
    /// Where a cache that can be written to may be, best first.
    pub candidates: Vec<Candidate>,
    /// Our effective user.
    pub uid: u32,
    /// Reports progress to the user.
    pub watch: &'a dyn Watch,
}

/// Reports progress to the user.
pub trait Watch: Sync {
    /// Another process holds a lock.
    fn waiting(&self);
    /// Unpacking of `total` bytes begins; must call `work` and return when it does.
    fn unpacking(&self, total: u64, progress: &Progress, work: &mut (dyn FnMut() + Send));
}
