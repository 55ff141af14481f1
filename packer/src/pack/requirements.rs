//! Requirements files that can be read only once, as `-r <(...)` makes them: their text is kept for all who read it.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::options::PackOptions;
use crate::packages::requirements_file::{self, Line, Seen};
use crate::text_file::{self, TEXT_MAX};

/// The options with files in `scratch` in the place of pipes.
///
/// # Errors
/// When a pipe can't be read.
pub(super) fn kept(mut options: PackOptions, scratch: &Path) -> Result<PackOptions> {
    let mut seen = Seen::default();
    for (name, files) in [
        ("requirements", &mut options.requirements),
        ("constraints", &mut options.constraint),
    ] {
        for (number, file) in files.iter_mut().enumerate() {
            if fs_err::metadata(&*file).is_ok_and(|data| !data.is_file() && !data.is_dir()) {
                *file = copy(file, scratch.join(format!("{name}-{}.txt", number + 1)))?;
            }
            check(file, &mut seen)?;
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
fn check(file: &Path, seen: &mut Seen) -> Result<()> {
    let is_there = fs_err::metadata(file).is_ok_and(|data| !data.is_dir());
    if !is_there || !seen.is_new(file) {
        return Ok(());
    }
    let directory = file.parent().unwrap_or(Path::new(""));
    for line in requirements_file::parse(&text_file::read(file, TEXT_MAX)?) {
        if let Line::File(other) | Line::Constraint(other) = line {
            check(&directory.join(other), seen)?;
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

    #[test]
    fn files_that_include_each_other_are_read_once() {
        let place = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..12).map(|number| format!("-r {number}.txt\n")).collect();
        for number in 0..12 {
            fs_err::write(place.path().join(format!("{number}.txt")), names.concat()).unwrap();
        }
        let mut seen = Seen::default();
        check(&place.path().join("0.txt"), &mut seen).unwrap();
        assert!(!seen.is_new(&place.path().join("11.txt")));
        // One that waits for a writer is found behind them.
        let pipe = place.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        fs_err::write(place.path().join("11.txt"), "-r 0.txt\n-r pipe\n").unwrap();
        let said = check(&place.path().join("0.txt"), &mut Seen::default())
            .unwrap_err()
            .to_string();
        assert!(said.ends_with("it is not a regular file"), "{said}");
    }
}
