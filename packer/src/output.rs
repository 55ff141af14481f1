//! Output files: what may be replaced, and how a file is written.
//!
//! A file is written under a temporary name in the directory that it is for, and gets its own name by one rename: no
//! other program ever sees half of it. A rename replaces whatever has that name, so [`check`] comes first.

use std::fs::{File, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use pyship_launcher::payload::Payload;

use crate::temporary;

/// Checks that a file can be written to `out` without damage to anything else. In an input that is a directory, only a
/// file that pyship made may be replaced.
///
/// # Errors
/// When `out` is one of `inputs` or not a regular file, or when its directory is missing or can't be written to.
pub(crate) fn check<P: AsRef<Path>>(out: &Path, inputs: &[P]) -> Result<()> {
    let failed = || format!("failed to write `{}`", out.display());
    if let Ok(found) = out.metadata() {
        ensure!(!found.is_dir(), "{}: it is a directory", failed());
        ensure!(found.is_file(), "{}: it is not a regular file", failed());
    }
    // `/dev/stdout` may lead to a regular file. What a rename replaces is the link in /dev.
    let is_descriptor = out.read_link().is_ok_and(|target| target.starts_with("/proc"));
    ensure!(!is_descriptor, "{}: it is not a regular file", failed());

    let directory = directory_of(out);
    ensure!(
        directory.is_dir(),
        "{}: the directory `{}` is not there",
        failed(),
        directory.display()
    );
    rustix::fs::access(directory, rustix::fs::Access::WRITE_OK).with_context(|| {
        format!(
            "{}: the directory `{}` can't be written to",
            failed(),
            directory.display()
        )
    })?;

    for input in inputs.iter().map(AsRef::as_ref) {
        if is_same(out, input) {
            bail!("{}: it would replace the input `{}`", failed(), input.display());
        }
        if is_inside(out, input) && matches!(Payload::open(out), Ok(None)) {
            bail!(
                "{}: it would replace a file of the input `{}`",
                failed(),
                input.display()
            );
        }
    }
    Ok(())
}

/// Whether two paths lead to the same file, or would if both were written, as the two keys of `keygen` are.
fn is_same(a: &Path, b: &Path) -> bool {
    let file = |data: Metadata| (data.dev(), data.ino());
    let directory = |path: &Path| directory_of(path).metadata().ok().map(file);
    match (a.metadata(), b.metadata()) {
        (Ok(a), Ok(b)) => file(a) == file(b),
        (Err(_), Err(_)) => a.file_name() == b.file_name() && directory(a) == directory(b),
        _ => false,
    }
}

/// Whether `file` exists in `directory` or below it.
fn is_inside(file: &Path, directory: &Path) -> bool {
    directory.is_dir()
        && match (file.canonicalize(), directory.canonicalize()) {
            (Ok(file), Ok(directory)) => file.starts_with(directory),
            _ => false,
        }
}

/// The directory of a file.
pub(crate) fn directory_of(file: &Path) -> &Path {
    file.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A complete file under a temporary name; it is removed when this is dropped.
pub(crate) struct Unnamed {
    file: temporary::Unnamed,
    out: PathBuf,
}

impl Unnamed {
    /// Its temporary path. A program can be run there.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Gives the file its name, and replaces a file of that name.
    ///
    /// # Errors
    /// When it can't be renamed.
    pub(crate) fn replace(self) -> Result<()> {
        let Self { file, out } = self;
        let renamed = file.rename(&out, |path, out| path.persist(out));
        renamed.with_context(|| format!("failed to write `{}`", out.display()))
    }

    /// Gives the file its name, unless a file has that name.
    ///
    /// # Errors
    /// When one has, or this one can't be renamed.
    pub(crate) fn create(self) -> Result<()> {
        let Self { file, out } = self;
        let renamed = file.rename(&out, |path, out| path.persist_noclobber(out));
        renamed.with_context(|| format!("failed to write `{}`", out.display()))
    }
}

/// Writes a file beside `out` with the permissions `mode`: `content` fills it.
///
/// # Errors
/// When `content` fails or the file can't be written; nothing is left then.
pub(crate) fn write_beside<T>(
    out: &Path,
    mode: u32,
    content: impl FnOnce(&mut File) -> Result<T>,
) -> Result<(Unnamed, T)> {
    let write = || -> Result<(Unnamed, T)> {
        let (unnamed, mut file) = temporary::Unnamed::new_in(directory_of(out))?;
        let result = content(&mut file)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        // A file that is open for writing can't be executed.
        drop(file);
        let (file, out) = (unnamed, out.to_owned());
        Ok((Unnamed { file, out }, result))
    };
    write().with_context(|| format!("failed to write `{}`", out.display()))
}

/// Writes `text` to `out`, readable for everyone to whom the umask grants it.
///
/// # Errors
/// When it can't be written; an existing file is unchanged then.
pub(crate) fn write_text(out: &Path, text: &str) -> Result<()> {
    write_text_beside(out, text, with_umask(0o666))?.replace()
}

/// Writes `text` beside `out` and to the disk.
///
/// # Errors
/// See [`write_beside`].
pub(crate) fn write_text_beside(out: &Path, text: &str, mode: u32) -> Result<Unnamed> {
    let (file, ()) = write_beside(out, mode, |file| {
        std::io::Write::write_all(file, text.as_bytes())?;
        Ok(file.sync_all()?)
    })?;
    Ok(file)
}

/// `mode` without the permissions that the umask removes.
pub(crate) fn with_umask(mode: u32) -> u32 {
    mode & !umask()
}

/// The umask of this process: from `/proc`, since it can't be asked for without being set.
fn umask() -> u32 {
    let read = || {
        let status = fs_err::read_to_string("/proc/self/status").ok()?;
        let digits = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
        u32::from_str_radix(digits.trim(), 8).ok()
    };
    read().unwrap_or_else(|| {
        let umask = rustix::process::umask(rustix::fs::Mode::empty());
        rustix::process::umask(umask);
        umask.bits()
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn refused(out: &Path, inputs: &[&Path]) -> String {
        let message = check(out, inputs).unwrap_err().to_string();
        let start = format!("failed to write `{}`: ", out.display());
        message.strip_prefix(&start).unwrap().to_owned()
    }

    #[test]
    fn a_new_file_and_an_old_one_may_be_written() {
        let directory = tempfile::tempdir().unwrap();
        let (old, new) = (directory.path().join("old"), directory.path().join("new"));
        fs_err::write(&old, "old").unwrap();
        for out in [&old, &new] {
            check(out, &[directory.path().join("input")]).unwrap();
        }
        check(Path::new("name-without-directory"), &[&old]).unwrap();
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("/dev/null", at("link")).unwrap();
        let _listener = UnixListener::bind(at("socket")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        for out in [
            Path::new("/dev/null"),
            Path::new("/dev/stdout"),
            &at("link"),
            &at("socket"),
            &at("fifo"),
        ] {
            assert_eq!(refused(out, &[]), "it is not a regular file");
        }
        assert_eq!(refused(directory.path(), &[]), "it is a directory");
        assert_eq!(
            refused(&at("gone/out"), &[]),
            format!("the directory `{}` is not there", at("gone").display())
        );
    }

    #[test]
    fn an_input_is_not_replaced_by_whatever_path_it_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs_err::create_dir(at("app")).unwrap();
        fs_err::write(at("app/main.py"), "").unwrap();
        symlink("app/main.py", at("link")).unwrap();
        fs_err::hard_link(at("app/main.py"), at("hard")).unwrap();
        let input = at("app/main.py");
        for out in [
            "app/main.py",
            "app/../app/main.py",
            "app/./main.py",
            "link",
            "hard",
        ] {
            assert_eq!(
                refused(&at(out), &[&input]),
                format!("it would replace the input `{}`", input.display())
            );
        }
        // Two outputs of one command that are not there yet.
        let missing = at("app/key");
        assert!(refused(&at("app/../app/key"), &[&missing]).contains("the input"));
        check(&at("key"), &[&missing]).unwrap();

        let app = at("app");
        assert_eq!(
            refused(&input, &[&app]),
            format!("it would replace a file of the input `{}`", app.display())
        );
        check(&at("app/app.bin"), &[&app]).unwrap();
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        fs_err::write(&out, "old").unwrap();
        let failed = write_beside(&out, 0o644, |_| -> Result<()> { bail!("no bytes") });
        let message = format!("{:#}", failed.err().unwrap());
        assert_eq!(message, format!("failed to write `{}`: no bytes", out.display()));

        let unnamed = write_text_beside(&out, "new", 0o600).unwrap();
        assert_eq!(fs_err::read_to_string(unnamed.path()).unwrap(), "new");
        assert!(unnamed.create().is_err());
        assert_eq!(fs_err::read_to_string(&out).unwrap(), "old");

        write_text(&out, "new").unwrap();
        assert_eq!(fs_err::read_to_string(&out).unwrap(), "new");
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1);
    }
}
