//! Requirements files that can be read only once, as `-r <(...)` makes them: their text is kept for all who read it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::options::PackOptions;
use crate::packages::requirements_file::{self, Line};
use crate::text_file::{self, TEXT_MAX};

/// Requirements files don't include each other deeper than that.
const DEPTH_MAX: usize = 16;

/// The options with files in `scratch` in the place of pipes.
///
/// # Errors
/// When a pipe can't be read.
pub(super) fn kept(mut options: PackOptions, scratch: &Path) -> Result<PackOptions> {
    for (name, files) in [
        ("requirements", &mut options.requirements),
        ("constraints", &mut options.constraint),
    ] {
        for (number, file) in files.iter_mut().enumerate() {
            if fs_err::metadata(&*file).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
                *file = copy(file, scratch.join(format!("{name}-{}.txt", number + 1)))?;
            }
            check(file, 0)?;
        }
    }
    Ok(options)
}

fn copy(pipe: &Path, file: PathBuf) -> Result<PathBuf> {
    fs_err::write(&file, text_file::read(pipe, TEXT_MAX)?)?;
    Ok(file)
}

/// Checks a file and those that it names: the installer would wait for a named pipe, and read a device without end. It
/// reports what is not there.
fn check(file: &Path, depth: usize) -> Result<()> {
    let is_there = fs_err::metadata(file).is_ok_and(|data| !data.is_dir());
    if !is_there || depth > DEPTH_MAX {
        return Ok(());
    }
    let directory = file.parent().unwrap_or(Path::new(""));
    for line in requirements_file::parse(&text_file::read(file, TEXT_MAX)?) {
        if let Line::File(other) | Line::Constraint(other) = line {
            check(&directory.join(other), depth + 1)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn a_pipe_is_read_once_and_a_file_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("r.txt");
        fs_err::write(&file, "idna\n").unwrap();
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"six\n").unwrap();
        drop(writer);
        let options = PackOptions {
            requirements: vec![
                file.clone(),
                format!("/proc/self/fd/{}", reader.as_raw_fd()).into(),
            ],
            ..PackOptions::default()
        };
        let found = kept(options, scratch.path()).unwrap().requirements;
        assert_eq!(found[0], file);
        assert_eq!(fs_err::read_to_string(&found[1]).unwrap(), "six\n");
        assert_eq!(found[1], scratch.path().join("requirements-2.txt"));
    }
}
