//! Layers of stores that a launch record names. The record was written when the store was its owner's; since then
//! someone else may have taken its name.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::candidates::ROOT;
use super::closed::root_of;
use crate::bytes::as_path;
use crate::format::record::Record;
use crate::owner::is_own_at;
use crate::sys;

/// Whether all layers of an app are where nobody but their owner, this user or root, may put anything: in the root of
/// the app's `directory`, which was checked when it was opened, or in a store that is checked here.
pub(super) fn are_trusted(record: &Record, directory: &Path) -> bool {
    let own = root_of(directory).as_os_str();
    let mut known = own;
    record.layers.iter().all(|layer| {
        let store = root_of(as_path(layer));
        let is_trusted = [own, known].contains(&store.as_os_str()) || is_closed(store);
        known = store.as_os_str();
        is_trusted
    })
}

/// Whether a store belongs to this user or root, and nobody else may write to it.
fn is_closed(store: &Path) -> bool {
    let uid = sys::effective_user();
    store.has_root()
        && fs::metadata(store).is_ok_and(|found| {
            let is_trusted = found.uid() == ROOT || found.uid() == uid && is_own_at(store, uid);
            is_trusted && found.mode() & 0o022 == 0
        })
}
