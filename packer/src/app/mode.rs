//! The permissions of an app's files and directories: those that somebody chose are kept, such as 0600 of a private key.
//!
//! A mode that the umask gives to everything new was chosen by nobody, so that a checkout under another umask is packed
//! as the same bytes: such a file gets 0644 or 0755. Of any other mode the bits stay that a layer can have
//! ([`Mode`]): nobody but the owner may write to a packed file, whatever the umask of the one who made it allowed.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pyship_launcher::format::mode::Mode;

use super::note::Note;
use crate::output::with_umask;

/// Set-user-ID, set-group-ID and sticky.
const SPECIAL: u32 = 0o7000;

/// What the umask gives to new files, and what was found that the user should know.
#[derive(Debug, Clone)]
pub(crate) struct Modes {
    /// The mode of a new file.
    new_file: u32,
    /// The mode of a new program or directory.
    new_program: u32,
    /// Files with [`SPECIAL`] bits.
    special: Vec<String>,
    /// How many files others may read, although only their owner could.
    opened: usize,
}

impl Modes {
    /// With the umask of this process.
    pub(crate) fn new() -> Self {
        Self::with(with_umask(0o666), with_umask(0o777))
    }

    fn with(new_file: u32, new_program: u32) -> Self {
        Self {
            new_file,
            new_program,
            special: Vec::new(),
            opened: 0,
        }
    }

    /// The mode of the file at `path` of the app.
    pub(crate) fn file(&mut self, path: &Path, metadata: &Metadata) -> Mode {
        self.file_of(path, metadata.permissions().mode())
    }

    fn file_of(&mut self, path: &Path, bits: u32) -> Mode {
        if bits & SPECIAL != 0 {
            self.special.push(path.display().to_string());
        }
        let bits = bits & 0o777;
        let kept = Mode::file(bits);
        if bits != self.new_file && bits != self.new_program {
            return kept;
        }
        if kept.hides_file() {
            self.opened += 1;
        }
        Mode::from(bits & 0o100 != 0)
    }

    /// The mode of a directory.
    pub(crate) fn directory(&self, metadata: &Metadata) -> Mode {
        match metadata.permissions().mode() & 0o777 {
            bits if bits == self.new_program => Mode::DIRECTORY,
            bits => Mode::directory(bits),
        }
    }

    /// What the user should know.
    pub(crate) fn notes(self) -> Vec<Note> {
        let Self { special, opened, .. } = self;
        let is_special = !special.is_empty();
        let special = is_special.then_some(Note::Privileged(special));
        let opened = (opened > 0).then_some(Note::Opened(opened));
        special.into_iter().chain(opened).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(umask: u32) -> Modes {
        Modes::with(0o666 & !umask, 0o777 & !umask)
    }

    #[test]
    fn what_the_umask_gives_is_the_same_under_every_umask() {
        for umask in [0o002, 0o007, 0o022, 0o027, 0o077] {
            let mut modes = modes(umask);
            let mut of = |bits: u32| modes.file_of(Path::new("f"), bits & !umask).bits();
            assert_eq!((of(0o666), of(0o777)), (0o644, 0o755), "{umask:o}");
            let notes = modes.notes();
            let hides = umask & 0o004 != 0;
            assert_eq!(notes.len(), usize::from(hides), "{umask:o}: {notes:?}");
        }
    }

    #[test]
    fn what_somebody_chose_is_kept() {
        let mut modes = modes(0o022);
        for (bits, mode) in [
            (0o600, 0o600),
            (0o700, 0o700),
            (0o444, 0o444),
            (0o640, 0o640),
            (0o555, 0o555),
            (0o664, 0o644),
            (0o775, 0o755),
            (0o666, 0o644),
            (0o660, 0o640),
        ] {
            assert_eq!(modes.file_of(Path::new("f"), bits).bits(), mode, "{bits:o}");
        }
        assert!(modes.notes().is_empty());
    }

    #[test]
    fn bits_that_give_privileges_are_named_and_not_kept() {
        let mut modes = modes(0o022);
        assert_eq!(modes.file_of(Path::new("bin/su"), 0o104_755), Mode::PROGRAM);
        assert_eq!(modes.file_of(Path::new("bin/wall"), 0o102_755), Mode::PROGRAM);
        let notes = modes.notes();
        assert_eq!(
            notes[0].to_string(),
            "packed `bin/su` and 1 more without set-user-ID, set-group-ID and sticky bits"
        );
    }
}
