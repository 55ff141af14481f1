//! What a start works with: the packed file, the system, and where caches may be.

use super::candidates::Candidate;
use super::root::Root;
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
    /// Root's cache, a store that is searched when no candidate has the app.
    pub system: Option<Candidate>,
    /// Where a cache that can be written to may be, best first.
    pub candidates: Vec<Candidate>,
    /// Our effective user.
    pub uid: u32,
    /// Reports progress to the user.
    pub watch: &'a dyn Watch,
}

impl Context<'_> {
    /// Every store that this user may rely on, opened.
    pub(super) fn open_stores(&self) -> Vec<Root> {
        let open = |store| Root::open(store, self.uid).ok();
        self.stores
            .iter()
            .filter_map(open)
            .chain(self.open_system_store())
            .collect()
    }

    /// Root's cache, when no other user can put something in its place.
    pub(super) fn open_system_store(&self) -> Option<Root> {
        let system = self.system.as_ref()?;
        Root::open(system, self.uid).ok().filter(|root| !root.is_exposed)
    }
}

/// Reports progress to the user.
pub trait Watch: Sync {
    /// Another process holds a lock: which one, as far as that is known.
    fn waiting(&self, holder: &str);
    /// Unpacking of `total` bytes begins; must call `work` and return when it does.
    fn unpacking(&self, total: u64, progress: &Progress<'_>, work: &mut (dyn FnMut() + Send));
}
