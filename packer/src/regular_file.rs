//! Opening files that must be regular ones.
//!
//! Opening a named pipe waits for its writer, and some files of `/proc` wait for what they tell. What kind a file is
//! shows only once it is open: its name may lead to another one a moment later. So it is opened without waiting, and
//! looked at then.

use std::io;
use std::path::Path;

use fs_err::os::unix::fs::OpenOptionsExt;
use rustix::fs::OFlags;

/// Opens the regular file at `path` for reading, and waits for nothing.
///
/// # Errors
/// When it can't be opened or is something else.
pub(crate) fn open(path: &Path) -> io::Result<fs_err::File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = fs_err::OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("failed to read `{}`: it is not a regular file", path.display()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_a_device_and_a_directory_are_refused_at_once() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), place.path()] {
            let said = open(path).unwrap_err().to_string();
            assert!(said.ends_with("it is not a regular file"), "{said}");
        }
        let file = place.path().join("file");
        fs_err::write(&file, "x").unwrap();
        open(&file).unwrap();
        assert_eq!(
            open(&place.path().join("none")).unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }
}
