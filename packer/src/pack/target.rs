//! A target that is not the builder's own machine: what it takes, and what is said when that isn't there.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::runtime::Chosen;
use crate::elf::Machine;
use crate::environment::Environment;
use crate::interpreter::discover::{self, Source};
use crate::interpreter::{Interpreter, read};
use crate::packages::install::Target;
use crate::target as targets;

/// The newest glibc that another machine's wheels may ask for: that of the oldest systems which are still
/// looked after (RHEL 8).
const NEWEST_GLIBC: (u32, u32) = (2, 28);

/// Checks that an interpreter, chosen for the reason `why`, is for the machine of `target`.
///
/// # Errors
/// When it is for another one.
pub(super) fn check_machine(target: &str, machine: Machine, why: &str) -> Result<()> {
    let how = match triple(machine) {
        Some(other) => {
            format!("pack with `--target {other}`, or give an interpreter for the target with --python")
        }
        None => "give an interpreter for the target with --python".to_owned(),
    };
    ensure!(
        triple(machine) == Some(target),
        "failed to pack for `{target}`: the interpreter is for {} ({why}); {how}",
        machine_name(machine)
    );
    Ok(())
}

/// Checks that `--sysroot` names a directory.
///
/// # Errors
/// When it doesn't.
pub(super) fn check_sysroot(sysroot: Option<&Path>) -> Result<()> {
    let there = sysroot.is_none_or(Path::is_dir);
    ensure!(
        there,
        "failed to use the sysroot `{}`: it is not a directory",
        sysroot.unwrap_or(Path::new("")).display()
    );
    Ok(())
}

/// The interpreter that installs and compiles here: the packed one itself, or for another machine one of this
/// machine with the same minor version, whose bytecode the target understands.
///
/// # Errors
/// When this machine has none.
pub(super) fn builder_for(
    target: &str,
    interpreter: &Interpreter,
    environment: &Environment,
) -> Result<Interpreter> {
    if target == targets::HOST {
        return Ok(interpreter.clone());
    }
    let version = format!("{}.{}", interpreter.version.major, interpreter.version.minor);
    let failed = || {
        format!(
            "failed to pack for `{target}`: it takes a Python {version} of this machine too, \
             which installs its packages and compiles its bytecode"
        )
    };
    let chosen = discover::choose(Some(&version), environment).with_context(failed)?;
    match chosen.source {
        Source::Executable(path) => read::interpreter(&path, environment).with_context(failed),
        Source::Archive(_) | Source::Url { .. } => Err(anyhow::anyhow!(failed())),
    }
}

/// What the packages' installer must know of a machine that is not the builder's.
pub(super) fn install_target(target: &str, chosen: &Chosen) -> Option<Target> {
    let version = &chosen.interpreter.version;
    (target != targets::HOST).then(|| Target {
        machine: target.split('-').next().unwrap_or(target).to_owned(),
        glibc: NEWEST_GLIBC,
        python: format!("{}.{}", version.major, version.minor),
    })
}

/// As people call it.
pub(super) fn machine_name(machine: Machine) -> String {
    machine.to_string()
}

/// The target whose files run on `machine`.
fn triple(machine: Machine) -> Option<&'static str> {
    machine.target().map(|target| target.triple)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pyship_launcher::target::find_cpu;

    #[test]
    fn an_interpreter_for_another_machine_is_named_with_the_way_out() {
        let said = |target, machine| {
            check_machine(target, machine, "the archive `x`").map_err(|error| error.to_string())
        };
        assert_eq!(
            said(targets::X86_64, Machine::of(find_cpu("x86_64").unwrap())),
            Ok(())
        );
        assert_eq!(
            said(targets::AARCH64, Machine::of(find_cpu("aarch64").unwrap())),
            Ok(())
        );
        let arm =
            said(targets::X86_64, Machine::of(find_cpu("aarch64").unwrap())).expect_err("another machine");
        let wanted = "the interpreter is for aarch64 (the archive `x`); pack with `--target aarch64-unknown-linux-gnu`";
        assert!(arm.contains(wanted), "{arm}");
        let mut header = [&b"\x7fELF\x02\x01"[..], &[0; 14]].concat();
        header[18] = 243;
        let riscv = Machine::of_header(&header).unwrap();
        let riscv = said(targets::X86_64, riscv).expect_err("an unknown machine");
        let wanted =
            "the interpreter is for ELF machine 243 (the archive `x`); give an interpreter for the target";
        assert!(riscv.contains(wanted), "{riscv}");
    }
}
