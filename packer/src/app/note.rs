//! What the user should know about files that were not packed as they are.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

/// A file that was not packed as it is. Paths are relative to the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// A file or directory that may hold passwords was left out.
    Secret(PathBuf),
    /// A broken link was left out.
    Broken(PathBuf),
    /// A link to a file that is left out was left out.
    Dangling(PathBuf),
    /// A socket, pipe or device was left out.
    Special(PathBuf),
    /// A link to a file outside the app was replaced by a copy of the file.
    Followed(PathBuf, PathBuf),
    /// What the project's own options include is outside of the project.
    Outside(PathBuf),
    /// What is included takes the place of files of the app: its path, and theirs.
    Replaced(PathBuf, Vec<String>),
    /// Files that were packed without the bits that give privileges.
    Privileged(Vec<String>),
    /// Files that others may read, although only their owner could: how many.
    Opened(usize),
    /// No file matches this `--exclude`.
    Unused(String),
}

impl Note {
    /// The note about a file of `directory`, whose path it has.
    pub(crate) fn below(self, directory: &Path) -> Self {
        match self {
            Self::Secret(path) => Self::Secret(directory.join(path)),
            Self::Broken(path) => Self::Broken(directory.join(path)),
            Self::Dangling(path) => Self::Dangling(directory.join(path)),
            Self::Special(path) => Self::Special(directory.join(path)),
            Self::Followed(path, target) => Self::Followed(directory.join(path), target),
            other @ (Self::Outside(_)
            | Self::Replaced(..)
            | Self::Privileged(_)
            | Self::Opened(_)
            | Self::Unused(_)) => other,
        }
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left_out = |f: &mut fmt::Formatter<'_>, path: &Path, why: &str| {
            write!(f, "left out `{}`: {why}", path.display())
        };
        match self {
            Self::Secret(path) => left_out(f, path, "it may hold passwords; use --include to pack it"),
            Self::Broken(path) => left_out(f, path, "it is a broken link"),
            Self::Dangling(path) => left_out(f, path, "it is a link to a file that is left out"),
            Self::Special(path) => left_out(f, path, "it is not a file, directory or link"),
            Self::Followed(path, target) => write!(
                f,
                "packed `{}` as a copy of `{}`: it is a link to a file outside the app",
                path.display(),
                target.display()
            ),
            Self::Outside(path) => write!(
                f,
                "packed `{}` from outside the project, as `include` in its [tool.pyship] says",
                path.display()
            ),
            Self::Replaced(path, replaced) => {
                write!(
                    f,
                    "packed `{}` in place of `{}`",
                    path.display(),
                    replaced.first().map_or("", String::as_str)
                )?;
                if replaced.len() > 1 {
                    write!(f, " and {} more", replaced.len() - 1)?;
                }
                write!(f, " of the app, as --include says")
            }
            Self::Privileged(paths) => {
                write!(f, "packed `{}`", paths.first().map_or("", String::as_str))?;
                if paths.len() > 1 {
                    write!(f, " and {} more", paths.len() - 1)?;
                }
                write!(f, " without set-user-ID, set-group-ID and sticky bits")
            }
            Self::Opened(count) => write!(
                f,
                "packed {count} files so that all users may read them: the umask hides every new file, so nobody \
                 chose that for these; pack with `umask 022` to keep their modes"
            ),
            Self::Unused(glob) => write!(f, "nothing in the app matches --exclude `{glob}`"),
        }
    }
}
