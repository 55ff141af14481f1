//! The launchers that this `pyship` carries.

/// The launcher for the machine that this program was built for; put there by the build script.
const OWN: &[u8] = include_bytes!(env!("PYSHIP_STUB"));

/// Target triples by the machine they are for, as far as pyship knows them.
pub const X86_64: &str = "x86_64-unknown-linux-gnu";
/// See [`X86_64`].
pub const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// The target of this program's own machine.
pub const HOST: &str = if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 };

/// The launcher for `target`, when it is carried.
#[must_use]
pub fn for_target(target: &str) -> Option<&'static [u8]> {
    (target == HOST).then_some(OWN)
}
