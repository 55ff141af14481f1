//! Signatures: ed25519 in minisign's format (<https://jedisct1.github.io/minisign/>), in a file of their own.
//!
//! ```text
//! app.bin            every byte of it is covered, what pyship itself has a digest for and what it has not
//! app.bin.minisig    untrusted comment, signature of BLAKE2b-512(app.bin), trusted comment, signature of both
//! ```
//!
//! A file is opened once and read as a stream; before anything is said of it, it is looked at again: whoever
//! replaces or writes to it meanwhile gets an error, not a signature.

pub mod key;
pub mod signature;

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use pyship_launcher::error::cause;

/// Ending of a signature's name: `app.bin.minisig`.
pub const SUFFIX: &str = ".minisig";
/// Keys and signatures are a few hundred bytes; more than this is something else.
const TEXT_MAX: u64 = 64 << 10;
const CHUNK: usize = 1 << 20;

/// A file that was opened, and how to tell that it is still the same.
pub struct Opened {
    path: PathBuf,
    file: File,
    identity: Identity,
}

/// Which file, and which content: a write changes the times, a replacement the inode.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Opened {
    /// Opens the regular file at `path`.
    ///
    /// # Errors
    /// When it is none or can't be read.
    #[expect(clippy::disallowed_methods, reason = "`failed` names the path")]
    pub fn new(path: &Path) -> Result<Self> {
        let failed =
            |error: std::io::Error| anyhow!("failed to read `{}`: {}", path.display(), cause(&error));
        // Looked at first: opening a fifo would wait for its writer.
        let kind = path.metadata().map_err(failed)?;
        ensure!(
            kind.is_file(),
            "failed to read `{}`: it is not a regular file",
            path.display()
        );
        let file = File::open(path).map_err(failed)?;
        let identity = Identity::of(&file.metadata().map_err(failed)?);
        Ok(Self {
            path: path.to_owned(),
            file,
            identity,
        })
    }

    /// Its length in bytes when it was opened.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.identity.size
    }

    /// Gives every byte, in pieces, to `each`.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn each_piece(&self, mut each: impl FnMut(&[u8])) -> Result<()> {
        use std::io::{Seek, SeekFrom};
        let failed = || format!("failed to read `{}`", self.path.display());
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).with_context(failed)?;
        let mut buffer = vec![0; CHUNK];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => each(&buffer[..length]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).with_context(failed),
            }
        }
    }

    /// Makes sure that nobody wrote to the file since it was opened, and that its path still leads to it.
    ///
    /// # Errors
    /// When either is not so.
    pub fn unchanged(&self) -> Result<()> {
        let failed = || format!("failed to read `{}`", self.path.display());
        let now = Identity::of(&self.file.metadata().with_context(failed)?);
        let there = Identity::of(&self.path.metadata().with_context(failed)?);
        ensure!(
            now == self.identity && there == self.identity,
            "{}: it was changed or replaced meanwhile",
            failed()
        );
        Ok(())
    }
}

/// Reads a key, a signature or a password.
fn read_text(path: &Path) -> Result<String> {
    let mut text = String::new();
    fs_err::File::open(path)?
        .take(TEXT_MAX + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("failed to read `{}`", path.display()))?;
    ensure!(
        text.len() as u64 <= TEXT_MAX,
        "failed to read `{}`: it is too long to be a key or a signature",
        path.display()
    );
    Ok(text)
}

/// Writes `text` to `path` by one rename, readable for everyone whom the umask lets read.
///
/// # Errors
/// When it can't be written; what was at `path` is untouched then.
pub fn write_public(path: &Path, text: &str) -> Result<()> {
    let umask = rustix::process::umask(rustix::fs::Mode::empty());
    rustix::process::umask(umask);
    let mode = 0o666 & !umask.bits();
    let file = written(path, text, mode)?;
    file.persist(path)
        .map_err(|error| error.error)
        .with_context(|| format!("failed to write `{}`", path.display()))
}

/// The temporary file beside `path` that is to become it.
fn written(path: &Path, text: &str, mode: u32) -> Result<tempfile::TempPath> {
    use std::io::Write;
    let failed = || format!("failed to write `{}`", path.display());
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".pyship-")
        .tempfile_in(directory)
        .with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    file.as_file()
        .set_permissions(std::fs::Permissions::from_mode(mode))
        .with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    Ok(file.into_temp_path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_or_a_replacement_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs_err::write(&path, "one").unwrap();
        let opened = Opened::new(&path).unwrap();
        let mut read = Vec::new();
        opened.each_piece(|piece| read.extend_from_slice(piece)).unwrap();
        assert_eq!((read.as_slice(), opened.size()), (&b"one"[..], 3));
        opened.unchanged().unwrap();

        fs_err::write(directory.path().join("other"), "one").unwrap();
        fs_err::rename(directory.path().join("other"), &path).unwrap();
        let error = opened.unchanged().unwrap_err().to_string();
        assert!(error.ends_with("it was changed or replaced meanwhile"), "{error}");

        let opened = Opened::new(&path).unwrap();
        fs_err::write(&path, "longer").unwrap();
        assert!(opened.unchanged().is_err());
    }

    #[test]
    fn only_regular_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let error = Opened::new(directory.path()).err().unwrap().to_string();
        assert!(error.ends_with("it is not a regular file"), "{error}");
    }
}
