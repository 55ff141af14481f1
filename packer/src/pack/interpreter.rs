//! The interpreters of a pack: the one that goes into the file, and the one that installs and compiles here.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, anyhow, bail};
use pyship_launcher::target::{HOST, Target};
use sha2::{Digest, Sha256};

use super::download;
use crate::app::python_version::PythonWish;
use crate::build_cache::key::Key;
use crate::build_cache::stamp::Stamp;
use crate::elf::{Machine, inspect};
use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::interpreter::archive::{self, Unpacked};
use crate::interpreter::discover::{self, Selection, Source};
use crate::interpreter::request::contains;
use crate::interpreter::{Interpreter, describe};
use crate::options::PackOptions;
use crate::ui::Ui;
use crate::venv::Venv;

/// The interpreter that is packed, and the one that works for it.
pub(super) struct Interpreters {
    pub(super) packed: Interpreter,
    /// Why this one.
    pub(super) why: String,
    /// Installs packages and compiles bytecode on this machine: the packed one itself, unless that is for another
    /// machine.
    pub(super) builder: Interpreter,
    /// The builder's environment.
    pub(super) environment: Environment,
    /// Keeps an archive's files.
    pub(super) unpacked: Option<Unpacked>,
    /// The archive that the packed one comes from.
    archive: Option<PathBuf>,
}

/// Temporary files of children, in the scratch directory.
pub(super) const CHILDREN: &str = "children";

/// Chooses, downloads, unpacks and probes the interpreter for `target`: the one that the options name, else one that
/// meets `wish`.
pub(super) fn choose(
    options: &PackOptions,
    wish: &PythonWish,
    target: &'static Target,
    venv: Option<&Venv>,
    scratch: &Path,
    ui: &Ui,
) -> Result<Interpreters> {
    ui.step("looking for the interpreter");
    let mut environment = Environment::current().context("failed to find the working directory")?;
    environment.temporary = Some(scratch.join(CHILDREN));
    fs_err::create_dir(scratch.join(CHILDREN))?;
    let chosen = match (venv, options.python.as_deref()) {
        (Some(venv), None) => venv.interpreter(&environment)?,
        (_, python) => select(python, wish, &environment)?.for_target(target, &environment)?,
    };
    let (packed, why) = (chosen.interpreter, chosen.why);
    let (mut archive, mut unpacked) = (None, None);
    let mut open = |path: PathBuf| -> Result<Interpreter> {
        let found = unpack(&path, scratch, ui)?;
        let interpreter = describe::installation(&found.prefix, &environment)?;
        (archive, unpacked) = (Some(path), Some(found));
        Ok(interpreter)
    };
    let packed = match (packed, chosen.source) {
        (Some(known), _) => known,
        (None, Source::Executable(path)) => describe::interpreter(&path, &environment)?,
        (None, Source::Archive(path)) => open(path)?,
        (None, Source::Url { url, sha256 }) => open(download::archive(&url, &sha256, &environment, ui)?)?,
        (None, Source::Download(known, missing)) => {
            download::build(&known, &missing, options, &environment, ui)?
        }
    };
    check_version(&packed, wish, &why)?;
    check_machine(target, machine_of(&packed.executable)?, &why)?;
    if let Some(venv) = venv {
        venv.check(&packed, &why)?;
    }
    let builder = builder_for(target, &packed, options, &environment, ui)?;
    ui.note(&format!(
        "python: {} {} ({why})",
        packed.version,
        packed.executable.display(),
    ));
    Ok(Interpreters {
        packed,
        why,
        builder,
        environment,
        unpacked,
        archive,
    })
}

/// The interpreter that `spec` names, else the one that the app asks for.
fn select(spec: Option<&str>, wish: &PythonWish, environment: &Environment) -> Result<Selection> {
    match (spec, &wish.pinned, wish.specifiers()?) {
        (Some(_), _, _) | (None, None, None) => discover::choose(spec, environment),
        (None, Some((version, file)), _) => {
            let file = file.display();
            let mut chosen = discover::choose(Some(version), environment)
                .with_context(|| format!("failed to find the Python that `{file}` asks for"))
                .hint("install it, or name another one with --python")?;
            chosen.why = format!("{}; `{file}` asks for {version}", chosen.why);
            Ok(chosen)
        }
        (None, None, Some((specifiers, file))) => discover::choose_within(&specifiers, environment)
            .with_context(|| format!("failed to find a Python that `{}` supports", file.display())),
    }
}

/// Checks that the app supports the interpreter, which was chosen for the reason `why`.
fn check_version(packed: &Interpreter, wish: &PythonWish, why: &str) -> Result<()> {
    let (Some((specifiers, _)), Some((requires, file))) = (wish.specifiers()?, &wish.requires) else {
        return Ok(());
    };
    if contains(&specifiers, &packed.version) {
        return Ok(());
    }
    Err(anyhow!(
        "failed to use Python {} ({why}): `{}` has requires-python = \"{requires}\"",
        packed.version,
        file.display()
    ))
    .hint("name an interpreter that it supports with --python")
}

fn unpack(path: &Path, scratch: &Path, ui: &Ui) -> Result<Unpacked> {
    let length = fs_err::metadata(path).map_or(0, |found| found.len());
    ui.measured_step("unpacking the interpreter", length);
    let mut before = 0;
    archive::unpack(path, scratch, &mut |bytes| {
        ui.advance(bytes.saturating_sub(before));
        before = bytes;
    })
}

/// Checks that an interpreter, chosen for the reason `why`, is for `target`.
fn check_machine(target: &Target, machine: Machine, why: &str) -> Result<()> {
    if machine.target() == Some(target) {
        return Ok(());
    }
    let given = "give an interpreter for the target with --python";
    let hint = match machine.target() {
        Some(other) => format!("pack with `--target {}`, or {given}", other.triple),
        None => given.to_owned(),
    };
    let triple = target.triple;
    Err(anyhow!(
        "failed to pack for `{triple}`: the interpreter is for {machine} ({why})"
    ))
    .hint(hint)
}

/// The interpreter that installs and compiles here: the packed one itself, or for another machine one of this
/// machine with the same minor version, whose bytecode the target understands.
fn builder_for(
    target: &Target,
    packed: &Interpreter,
    options: &PackOptions,
    environment: &Environment,
    ui: &Ui,
) -> Result<Interpreter> {
    if target == HOST {
        return Ok(packed.clone());
    }
    let version = format!("{}.{}", packed.version.major, packed.version.minor);
    let failed = || {
        format!(
            "failed to pack for `{}`: a Python {version} of this machine is needed too, \
             to install packages and to compile bytecode",
            target.triple
        )
    };
    let chosen = discover::choose(Some(&version), environment).with_context(failed)?;
    match (chosen.interpreter, chosen.source) {
        (Some(known), _) => Ok(known),
        (None, Source::Executable(path)) => describe::interpreter(&path, environment).with_context(failed),
        (None, Source::Download(known, missing)) => {
            download::build(&known, &missing, options, environment, ui).with_context(failed)
        }
        (None, Source::Archive(_) | Source::Url { .. }) => bail!(failed()),
    }
}

/// The machine of an ELF file.
pub(super) fn machine_of(executable: &Path) -> Result<Machine> {
    let bytes = fs_err::read(executable)?;
    let elf = inspect(&bytes)?
        .with_context(|| format!("failed to read `{}`: not an ELF file", executable.display()))?;
    Ok(elf.machine)
}

impl Interpreters {
    /// Whether the packed interpreter is for another machine than this one.
    pub(super) fn is_foreign(&self) -> bool {
        self.packed.facts.machine != self.builder.facts.machine
    }

    /// Whether an interpreter's file is so new that its time can't tell it from the next one.
    pub(super) fn is_changing(&self, began: SystemTime) -> bool {
        let recent = |interpreter: &Interpreter| {
            Stamp::of(&interpreter.executable).is_none_or(|stamp| stamp.is_after(began))
        };
        (self.unpacked.is_none() && recent(&self.packed)) || (self.is_foreign() && recent(&self.builder))
    }

    /// Puts both interpreters into `key`, but not the directory that an archive was unpacked to.
    ///
    /// # Errors
    /// When the archive can't be read.
    pub(super) fn identify(&self, key: &mut Key) -> Result<()> {
        match &self.archive {
            Some(archive) => {
                key.field("archive", Sha256::digest(fs_err::read(archive)?));
            }
            None => identify(&self.packed, key),
        }
        if self.is_foreign() {
            identify(&self.builder, key);
        }
        Ok(())
    }
}

fn identify(interpreter: &Interpreter, key: &mut Key) {
    let Interpreter {
        executable,
        version,
        version_text,
        facts,
    } = interpreter;
    let stamp = |path: &Path| Stamp::of(path).map_or_else(Vec::new, |stamp| stamp.bytes());
    key.field("executable", executable.as_os_str().as_bytes())
        .field("stamp", stamp(executable))
        .field("version", format!("{version} {version_text}"))
        .field("facts", format!("{facts:?}"))
        // The directory of its pip.
        .field("packages", stamp(&facts.stdlib.join("site-packages")));
}

#[cfg(test)]
mod tests {
    use pyship_launcher::target::find_cpu;

    use super::*;
    use crate::hint;

    #[test]
    fn an_interpreter_for_another_machine_is_named_with_the_way_out() {
        let (intel, arm) = (find_cpu("x86_64").unwrap(), find_cpu("aarch64").unwrap());
        let check = |target, machine| {
            let failed = check_machine(target, machine, "the archive `x`").err()?;
            Some((
                failed.to_string(),
                hint::of(&failed).unwrap_or_default().to_owned(),
            ))
        };
        assert_eq!(check(intel, Machine::of(intel)), None);
        assert_eq!(check(arm, Machine::of(arm)), None);
        let (error, hint) = check(intel, Machine::of(arm)).expect("another machine");
        assert!(
            error.ends_with("the interpreter is for aarch64 (the archive `x`)"),
            "{error}"
        );
        assert!(
            hint.starts_with("pack with `--target aarch64-unknown-linux-gnu`, or"),
            "{hint}"
        );
        let mut riscv = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\0\0";
        riscv[18] = 243;
        let (error, hint) = check(intel, Machine::of_header(&riscv).unwrap()).expect("an unknown machine");
        assert!(
            error.ends_with("the interpreter is for ELF machine 243 (the archive `x`)"),
            "{error}"
        );
        assert_eq!(hint, "give an interpreter for the target with --python");
    }
}
