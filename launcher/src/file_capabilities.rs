//! Capabilities of the packed file (`setcap cap_net_bind_service=+ep app.bin`), which are meant for the program in it.
//!
//! The kernel gives them to the launcher, and `execve` takes them away again, since the interpreter's file has none.
//! So they are passed on as ambient capabilities (capabilities(7)), as systemd's `AmbientCapabilities=` does. The
//! program's children inherit them, among them the workers of multiprocessing.
//!
//! The unpacked program lies in the cache of the user who starts the file, who may change it there. With a capability
//! that leads to other users' files or processes that user could take over the machine. A file that has one starts
//! from root's cache only.

use std::path::Path;

use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set, set_capabilities,
};

use crate::error::{Error, Kind, Result, cause};

/// What a user may have without power over others: network ports and packets, memory locks and scheduling.
const HARMLESS: CapabilitySet = CapabilitySet::NET_BIND_SERVICE
    .union(CapabilitySet::NET_BROADCAST)
    .union(CapabilitySet::NET_RAW)
    .union(CapabilitySet::IPC_LOCK)
    .union(CapabilitySet::SYS_NICE)
    .union(CapabilitySet::WAKE_ALARM)
    .union(CapabilitySet::BLOCK_SUSPEND);

/// The capabilities of the running file.
#[derive(Debug, Clone, Copy)]
pub struct FileCapabilities(CapabilitySet);

impl FileCapabilities {
    /// None: the usual start.
    pub const NONE: Self = Self(CapabilitySet::empty());

    /// Those of a start that changes neither user nor group and is yet one of `AT_SECURE`.
    #[must_use]
    pub fn of_process() -> Self {
        Self(capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.permitted))
    }

    /// Whether the file has none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether a user who changes the unpacked program gains no power over other users.
    #[must_use]
    pub fn are_harmless(self) -> bool {
        HARMLESS.contains(self.0)
    }

    /// Makes the program that is executed next have them.
    ///
    /// # Errors
    /// When the kernel refuses that.
    pub fn pass_on(self, file: &Path) -> Result<()> {
        self.raise().map_err(|errno| {
            Error::path(
                Kind::Other,
                "pass on the capabilities of",
                file,
                cause(&errno.into()),
            )
        })
    }

    fn raise(self) -> std::result::Result<(), Errno> {
        if self.is_empty() {
            return Ok(());
        }
        let sets = capabilities(None)?;
        let sets = CapabilitySets {
            inheritable: sets.inheritable | self.0,
            ..sets
        };
        set_capabilities(None, sets)?;
        (0..u64::BITS)
            .map(|bit| CapabilitySet::from_bits_retain(1 << bit))
            .filter(|capability| self.0.contains(*capability))
            .try_for_each(|capability| configure_capability_in_ambient_set(capability, true))
    }

    /// The error when root's cache doesn't have the program.
    #[must_use]
    pub fn not_in_roots_cache(file: &Path) -> Error {
        let cause = "its capabilities give power over other users, and root's cache doesn't hold the program; in a cache of their own, those who start it could change it";
        Error::path(Kind::Other, "start", file, cause)
            .hint("start it once as root, or remove capabilities with `setcap -r`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_other_users_is_not_harmless() {
        let has = |capability| FileCapabilities(capability).are_harmless();
        assert!(has(CapabilitySet::NET_BIND_SERVICE) && has(CapabilitySet::empty()));
        for capability in [
            CapabilitySet::SETUID,
            CapabilitySet::DAC_OVERRIDE,
            CapabilitySet::SYS_PTRACE,
            CapabilitySet::NET_BIND_SERVICE | CapabilitySet::CHOWN,
            // One that this code does not know.
            CapabilitySet::from_bits_retain(1 << 63),
        ] {
            assert!(!has(capability), "{capability:?}");
        }
    }
}
