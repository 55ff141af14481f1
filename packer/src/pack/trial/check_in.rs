//! `--check-in ROOT`: the trial run again, in a root directory that has nothing of this machine but what ROOT says.
//!
//! The root is made in the scratch directory, and what it shows of this machine is mounted in a mount namespace of the
//! trial's own: nothing is mounted for anyone else, and all of it ends with the trial. `unshare` of util-linux makes the
//! namespace, for root directly, for other users with a user namespace.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, ensure};
use fs_err::os::unix::fs::symlink;
use pyship_launcher::target::{HOST, Target};

use super::super::Pack;
use super::limit::Limit;
use super::{Place, Tried, program};
use crate::assemble::Assembled;
use crate::elf::inspect;
use crate::hint::WithHint;
use crate::options::PackOptions;

/// Mounts `$2` at `/app.bin` of the root `$1`, the kernel's file systems and, from `$3` on until `--`, what else is shown;
/// then becomes the rest, or ends when there is none.
const SCRIPT: &str = r#"
root=$1 file=$2; shift 2
PATH=$PATH:/usr/sbin:/sbin
show() { mount --rbind "$1" "$root/$2" || exit 125; }
show /proc proc; show /dev dev; show "$file" app.bin
while [ "$1" != -- ]; do show "$1" "${1##*/}"; shift; done
shift
[ $# -gt 0 ] || exit 0
cd / && exec chroot "$root" "$@"
"#;
/// The roots that have a name.
const NAMED: [&str; 3] = ["empty", "busybox", "musl"];
/// What the root has of its own.
const OWN: [&str; 3] = ["proc", "dev", "tmp"];
/// Where musl's loader is: its own place, and Debian's.
const MUSL: [&str; 2] = ["/lib/ld-musl-CPU.so.1", "/lib/CPU-linux-musl/libc.so"];

/// Refuses what can't be tried out, before anything is packed.
///
/// # Errors
/// When there is no such root, or the file is for another machine.
pub(super) fn refuse(options: &PackOptions, target: &Target) -> Result<()> {
    let Some(name) = &options.check_in else {
        return Ok(());
    };
    let failed = format!("failed to check the file in `{name}`");
    ensure!(
        NAMED.contains(&name.as_str()) || Path::new(name).is_dir(),
        "{failed}: it is neither a directory, nor `empty`, `busybox` or `musl`"
    );
    ensure!(
        target == HOST,
        "{failed}: it takes a machine of `{}`",
        target.triple
    );
    Ok(())
}

/// Tries `file` out in the root that the options name, if they do. `here` is what came of the trial on this machine.
///
/// # Errors
/// When the app does not start there, or a package can't be imported there that can be imported here; when there can be no
/// such root.
pub(in crate::pack) fn run(pack: &Pack<'_>, file: &Assembled, here: Option<&Tried>) -> Result<()> {
    let Some(name) = &pack.options.check_in else {
        return Ok(());
    };
    let here =
        here.with_context(|| format!("failed to check the file in `{name}`: it is for another machine"))?;
    pack.ui.step(format!("trial run in `{name}`"));
    let limit = Limit::of(&pack.interpreters.environment)?;
    let root = pack.scratch.path().join("root");
    let shown = make(name, &root)?;
    let namespace = Namespace::find(name)?;
    let file_path = std::path::absolute(file.path())?;
    let in_root = || {
        let mut command = namespace.command();
        command
            .args(["sh", "-c", SCRIPT, "sh"])
            .arg(&root)
            .arg(&file_path)
            .args(&shown)
            .arg("--");
        command
    };
    can_be_mounted(in_root(), name)?;
    let place = || {
        let mut command = in_root();
        command.arg("/app.bin");
        Place {
            command,
            cache: Path::new("/tmp/cache"),
            store: None,
            watched: [PathBuf::from("/tmp/where"), root.join("tmp/where")],
        }
    };
    let there = super::start(pack, place(), &file.manifest, &limit);
    let there = there
        .with_context(|| format!("the file does not start in `{name}`"))
        .hint(WAY_OUT)?;
    for (module, why) in &there.imports {
        let Some(why) = why else { continue };
        if here.imports.get(module) == Some(&None) {
            let message =
                format!("the file is not complete in `{name}`: `{module}` can't be imported: {why}");
            return Err(anyhow!(message)).hint(WAY_OUT);
        }
    }
    program::run(pack, &place, &limit)
        .with_context(|| format!("the program fails in `{name}`"))
        .hint(WAY_OUT)?;
    Ok(())
}

/// Makes the root's mounts once, for nothing: what fails then says nothing about the file.
fn can_be_mounted(mut command: Command, name: &str) -> Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let error = anyhow!("failed to make the root directory `{name}`: {}", said.trim_end());
    Err(error).hint("run pyship as root, name another directory, or leave out --check-in")
}

/// What to do about what is missing.
const WAY_OUT: &str = "a library that is missing is carried with --lib NAME, a program or another file is packed with --include; docs/bare-systems.md says what a file brings";

/// How a mount namespace of its own is made for a command.
struct Namespace {
    path: OsString,
    options: &'static [&'static str],
}

impl Namespace {
    /// The one that root or this user may make.
    ///
    /// # Errors
    /// When there is no `unshare`, or nobody may.
    fn find(name: &str) -> Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut said = String::new();
        for options in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
            let path = path.clone();
            let namespace = Self { path, options };
            match namespace
                .command()
                .env("LC_ALL", "C")
                .args(["mount", "--rbind", "/", "/"])
                .stdin(Stdio::null())
                .output()
            {
                Ok(output) if output.status.success() => return Ok(namespace),
                Ok(output) => said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned(),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(anyhow!(
                        "failed to check the file in `{name}`: there is no program `unshare`"
                    ))
                    .hint("install util-linux, or leave out --check-in");
                }
                Err(error) => return Err(error).context("failed to start `unshare`"),
            }
        }
        Err(anyhow!("failed to check the file in `{name}`: this user may make no root directory here: {said}"))
            .hint(
                "run pyship as root, or allow user namespaces \
                 (sysctl kernel.apparmor_restrict_unprivileged_userns=0, kernel.unprivileged_userns_clone=1), \
                 or leave out --check-in",
            )
    }

    /// A command that runs its arguments in a new one, with nothing of this environment but `PATH`.
    fn command(&self) -> Command {
        let mut command = Command::new("unshare");
        command.env_clear().env("PATH", &self.path).args(self.options);
        command
    }
}

/// Makes the root that is called so; gives what is to be mounted in it besides what every root has.
fn make(name: &str, root: &Path) -> Result<Vec<PathBuf>> {
    for directory in OWN {
        fs_err::create_dir_all(root.join(directory))?;
    }
    fs_err::set_permissions(root.join("tmp"), PermissionsExt::from_mode(0o1777))?;
    fs_err::write(root.join("app.bin"), "")?;
    match name {
        "empty" => Ok(Vec::new()),
        "busybox" => busybox(root).map(|()| Vec::new()),
        "musl" => {
            busybox(root)?;
            musl(root).map(|()| Vec::new())
        }
        directory => show(Path::new(directory), root),
    }
}

/// A static busybox with its applets.
fn busybox(root: &Path) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).map(|directory| directory.join("busybox"));
    let is_static = |program: &PathBuf| {
        let elf = fs_err::read(program)
            .ok()
            .and_then(|bytes| inspect(&bytes).ok().flatten());
        elf.is_some_and(|elf| elf.interpreter.is_none())
    };
    let program = programs
        .into_iter()
        .find(is_static)
        .ok_or_else(|| anyhow!("failed to find a static busybox on PATH"));
    let program = program.hint("install it (Debian: busybox-static), or use --check-in empty")?;
    fs_err::create_dir_all(root.join("bin"))?;
    fs_err::copy(&program, root.join("bin/busybox"))?;
    let list = Command::new(&program)
        .arg("--list")
        .output()
        .context("failed to start busybox")?;
    ensure!(
        list.status.success(),
        "failed to list what `{}` can do",
        program.display()
    );
    for applet in String::from_utf8_lossy(&list.stdout)
        .lines()
        .filter(|applet| *applet != "busybox")
    {
        symlink("busybox", root.join("bin").join(applet))?;
    }
    Ok(())
}

/// musl's loader, which is its C library.
fn musl(root: &Path) -> Result<()> {
    let places = MUSL.map(|place| place.replace("CPU", HOST.cpu));
    let found = places.iter().find(|place| Path::new(place).is_file());
    let found =
        found.ok_or_else(|| anyhow!("failed to find musl: there is no `{}`", places.join("` and no `")));
    let found = found.hint("install it (Debian: musl), or use --check-in empty")?;
    fs_err::create_dir_all(root.join("lib"))?;
    fs_err::copy(found, root.join("lib").join(format!("ld-musl-{}.so.1", HOST.cpu)))?;
    Ok(())
}

/// Shows what a directory has, each under its own name, so that nothing has to be made in it.
fn show(directory: &Path, root: &Path) -> Result<Vec<PathBuf>> {
    let mut shown = Vec::new();
    for entry in fs_err::read_dir(fs_err::canonicalize(directory)?)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let place = root.join(&name);
        if place.exists() {
            continue;
        }
        if kind.is_symlink() {
            symlink(fs_err::read_link(entry.path())?, place)?;
        } else if kind.is_dir() {
            fs_err::create_dir(place)?;
            shown.push(entry.path());
        } else if kind.is_file() {
            fs_err::write(place, "")?;
            shown.push(entry.path());
        }
    }
    Ok(shown)
}
