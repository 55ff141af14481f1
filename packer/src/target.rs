//! The launchers that this `pyship` carries.

use anyhow::Context;

/// The launcher for the machine that this program was built for; put there by the build script.
const OWN: &[u8] = include_bytes!(env!("PYSHIP_STUB"));

/// Target triples by the machine they are for, as far as pyship knows them.
pub const X86_64: &str = "x86_64-unknown-linux-gnu";
/// See [`X86_64`].
pub const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// The target of this program's own machine.
pub const HOST: &str = if cfg!(target_arch = "aarch64") {
    AARCH64
} else {
    X86_64
};

/// Every launcher that is carried, with its target.
#[must_use]
pub fn carried() -> Vec<(&'static str, &'static [u8])> {
    let mut carried = vec![(HOST, OWN)];
    #[cfg(all(feature = "aarch64", not(target_arch = "aarch64")))]
    carried.push((AARCH64, include_bytes!(env!("PYSHIP_STUB_AARCH64"))));
    carried.sort_unstable();
    carried
}

/// The launcher for `target`.
///
/// # Errors
/// When it isn't carried: says which ones are, and how to get another.
pub fn for_target(target: &str) -> anyhow::Result<&'static [u8]> {
    let carried = carried();
    let found = carried
        .iter()
        .find(|(name, _)| *name == target)
        .map(|(_, stub)| *stub);
    found.with_context(|| {
        let names: Vec<&str> = carried.iter().map(|(name, _)| *name).collect();
        let known = [X86_64, AARCH64].contains(&target);
        let how = match known {
            true => "; scripts/build-stubs builds a pyship that carries it",
            false => "; pyship knows x86_64-unknown-linux-gnu and aarch64-unknown-linux-gnu",
        };
        format!(
            "failed to pack for `{target}`: this pyship carries launchers for {} only{how}",
            names.join(", ")
        )
    })
}
