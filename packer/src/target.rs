//! The targets that this `pyship` can pack for: those whose launcher it carries.

use anyhow::Context;
use pyship_launcher::target::TARGETS;
pub(crate) use pyship_launcher::target::{HOST, Target};

/// Every launcher, with its target's triple, in the order of the triples. The build script writes the list.
pub(crate) const LAUNCHERS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/launchers.rs"));

/// The target of that triple, and its launcher.
///
/// # Errors
/// When this `pyship` doesn't carry it: names those that it carries, and the way to get another.
pub(crate) fn find(triple: &str) -> anyhow::Result<(&'static Target, &'static [u8])> {
    let target = TARGETS.iter().find(|target| target.triple == triple);
    let launcher = LAUNCHERS.iter().find(|(name, _)| *name == triple);
    target
        .zip(launcher.map(|(_, launcher)| *launcher))
        .with_context(|| {
            let carried: Vec<&str> = LAUNCHERS.iter().map(|(name, _)| *name).collect();
            let known: Vec<&str> = TARGETS.iter().map(|target| target.triple).collect();
            let way_out = match target {
                Some(_) => "scripts/build-stubs builds a pyship that carries it".to_owned(),
                None => format!("supported targets are {}", known.join(", ")),
            };
            format!(
                "failed to pack for `{triple}`: this pyship carries launchers for {} only; {way_out}",
                carried.join(", ")
            )
        })
}

/// The target of that triple, whether this `pyship` can pack for it or not.
///
/// # Errors
/// When there is none: names those that are supported.
pub(crate) fn known(triple: &str) -> anyhow::Result<&'static Target> {
    let target = TARGETS.iter().find(|target| target.triple == triple);
    target.with_context(|| {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.triple).collect();
        format!(
            "failed to find the target `{triple}`: supported targets are {}",
            known.join(", ")
        )
    })
}
