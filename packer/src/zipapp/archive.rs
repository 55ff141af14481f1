//! The ZIP archive of a zipapp.

use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use fs_err::File;
use zip::ZipArchive;

/// How the first member of an archive begins, and the end of one without members.
const STARTS: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// Whether a file begins as a ZIP archive or with `#!`, and ends as a ZIP archive. A packed file begins with its launcher,
/// and is none.
pub(super) fn is_zip(path: &Path) -> Result<bool> {
    let mut file = File::open(path)?;
    let mut start = [0; 4];
    match file.read_exact(&mut start) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(error.into()),
    }
    if !start.starts_with(b"#!") && !STARTS.contains(&&start[..]) {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(ZipArchive::new(file).is_ok())
}

/// An open archive.
pub(super) struct Archive(ZipArchive<File>);

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self> {
        Ok(Self(ZipArchive::new(File::open(path)?)?))
    }

    /// A member as text; none when there is no such member.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>> {
        let Some(index) = self.0.index_for_name(name) else {
            return Ok(None);
        };
        let mut text = String::new();
        let mut member = self.0.by_index(index)?;
        let read = member.read_to_string(&mut text);
        read.with_context(|| format!("failed to read `{name}`"))?;
        Ok(Some(text))
    }

    /// Whether a member's name begins with this.
    pub(super) fn has_below(&self, prefix: &str) -> bool {
        self.0
            .file_names()
            .any(|name| name.is_ok_and(|name| name.starts_with(prefix)))
    }

    /// Unpacks every member into the new directory `to`.
    ///
    /// # Errors
    /// When a member can't be read, or its name leads out of the directory.
    pub(super) fn unpack(&mut self, to: &Path) -> Result<()> {
        for index in 0..self.0.len() {
            let mut member = self.0.by_index(index)?;
            let Some(name) = member.enclosed_name() else {
                bail!(
                    "its member `{}` leads out of the archive",
                    member.name()?.escape_debug()
                );
            };
            let path = to.join(&name);
            if member.is_dir() {
                fs_err::create_dir_all(&path)?;
                continue;
            }
            if member.is_symlink() {
                bail!("its member `{}` is a link", name.display());
            }
            fs_err::create_dir_all(parent(&path))?;
            let mut file = File::create_new(&path)?;
            let copied = std::io::copy(&mut member, &mut file);
            copied.with_context(|| format!("failed to unpack `{}`", name.display()))?;
            if member.unix_mode().is_some_and(|mode| mode & 0o100 != 0) {
                fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
            }
        }
        Ok(())
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).to_owned()
}
