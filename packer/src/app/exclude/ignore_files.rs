//! `.gitignore` and `.pyshipignore`, read as git reads the former: the last line that matches counts, a file deeper in
//! the tree counts more than one above it, and `.git/info/exclude` counts least. A `.pyshipignore` has the same form and
//! counts more than every `.gitignore`.
//!
//! The files of the app's directory and of those below it count, and those above it up to the root of its repository. A
//! repository inside the app has `.gitignore` files of its own. What git tracks although a line matches it, and the
//! user's own `core.excludesFile`, are not looked at: the same files give the same pack with and without git.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, Glob};

use crate::hint::WithHint;
use crate::text_file::{self, TEXT_MAX};

const GITIGNORE: &str = ".gitignore";
const PYSHIPIGNORE: &str = ".pyshipignore";
/// Characters of a line that an error repeats.
const SHOWN: usize = 200;
/// Characters that make a line match more than one name.
const WILDCARDS: &[char] = &['*', '?', '[', '{'];

/// The files that count in the directory that is being read, from the outermost on.
#[derive(Debug, Clone, Default)]
pub(crate) struct IgnoreFiles {
    levels: Vec<Level>,
    /// Whether any is read, and whether a `.gitignore` is.
    reads: Option<bool>,
}

/// What a directory has.
#[derive(Debug, Clone, Default)]
struct Level {
    pyshipignore: Option<Gitignore>,
    gitignore: Option<Gitignore>,
    /// `.git/info/exclude`, when it is the root of a repository.
    exclude: Option<Gitignore>,
    /// Whether `.gitignore` files above it don't count.
    is_root: bool,
}

/// What the files say of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listed {
    /// A line of a `.gitignore` leaves it out.
    Git(String),
    /// A line of a `.pyshipignore` leaves it out.
    Pyship(String),
    /// A line of a `.pyshipignore` takes it back.
    Kept,
    /// A line without wildcards does.
    KeptByName,
}

impl IgnoreFiles {
    /// None is read.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Those above `root`; a `.gitignore` is read only when `gitignore` is set.
    ///
    /// # Errors
    /// When one can't be read.
    pub(super) fn above(root: &Path, gitignore: bool) -> Result<Self> {
        let mut files = Self {
            levels: Vec::new(),
            reads: Some(gitignore),
        };
        let repository = root.ancestors().position(is_repository);
        let above: Vec<&Path> = root
            .ancestors()
            .take(repository.unwrap_or(0) + 1)
            .skip(1)
            .collect();
        for directory in above.into_iter().rev() {
            files.enter(directory)?;
        }
        Ok(files)
    }

    /// The same settings in a directory that is not below the others.
    pub(crate) fn elsewhere(&self) -> Self {
        Self {
            levels: Vec::new(),
            reads: self.reads,
        }
    }

    /// Adds the files of a directory below the last one.
    ///
    /// # Errors
    /// When one can't be read.
    pub(crate) fn enter(&mut self, directory: &Path) -> Result<()> {
        let Some(gitignore) = self.reads else {
            return Ok(());
        };
        let mut level = Level {
            pyshipignore: read(&directory.join(PYSHIPIGNORE), directory)?,
            ..Level::default()
        };
        if gitignore {
            level.is_root = is_repository(directory);
            level.gitignore = read(&directory.join(GITIGNORE), directory)?;
            if let Some(exclude) = exclude_file(directory).filter(|_| level.is_root) {
                level.exclude = read(&exclude, directory)?;
            }
        }
        self.levels.push(level);
        Ok(())
    }

    /// Removes the files of the last directory.
    pub(crate) fn leave(&mut self) {
        self.levels.pop();
    }

    /// Whether a line may take back what is below a directory that is left out.
    pub(crate) fn keep_something(&self) -> bool {
        let files = self.levels.iter().filter_map(|level| level.pyshipignore.as_ref());
        files.into_iter().any(|file| file.num_whitelists() > 0)
    }

    /// Whether a line takes a path back.
    pub(crate) fn keep(&self, path: &Path) -> bool {
        matches!(self.listed(path), Some(Listed::Kept | Listed::KeptByName))
    }

    /// What they say of a path; a link is no directory.
    pub(super) fn listed(&self, path: &Path) -> Option<Listed> {
        if self.levels.is_empty() {
            return None;
        }
        let is_directory = fs_err::symlink_metadata(path).is_ok_and(|data| data.is_dir());
        let files = self
            .levels
            .iter()
            .rev()
            .filter_map(|level| level.pyshipignore.as_ref());
        match first(files, path, is_directory) {
            Match::Ignore(glob) => return Some(Listed::Pyship(glob.original().to_owned())),
            Match::Whitelist(glob) if glob.original().contains(WILDCARDS) => return Some(Listed::Kept),
            Match::Whitelist(_) => return Some(Listed::KeptByName),
            Match::None => {}
        }
        let root = self.levels.iter().rposition(|level| level.is_root).unwrap_or(0);
        let levels = &self.levels[root..];
        let exclude = levels[0].exclude.as_ref();
        let files = levels.iter().rev().filter_map(|level| level.gitignore.as_ref());
        match first(files.chain(exclude), path, is_directory) {
            Match::Ignore(glob) => Some(Listed::Git(glob.original().to_owned())),
            Match::Whitelist(_) | Match::None => None,
        }
    }
}

/// The match of the first of these files that has one.
fn first<'a>(files: impl Iterator<Item = &'a Gitignore>, path: &Path, is_directory: bool) -> Match<&'a Glob> {
    let matches = files.map(|file| file.matched(path, is_directory));
    matches
        .into_iter()
        .find(|found| !found.is_none())
        .unwrap_or(Match::None)
}

/// A file whose lines are relative to `directory`; none when there is no such file. git skips a line that it can't
/// read; in a `.pyshipignore` it is an error.
fn read(path: &Path, directory: &Path) -> Result<Option<Gitignore>> {
    let failed = || format!("failed to read `{}`", path.display());
    match fs_err::metadata(path) {
        Ok(data) if data.is_file() => {}
        Ok(_) => return Ok(None),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    }
    let text = text_file::read(path, TEXT_MAX)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let mut builder = GitignoreBuilder::new(directory);
    for (number, line) in String::from_utf8_lossy(text).lines().enumerate() {
        if let Err(error) = builder.add_line(Some(path.to_owned()), line)
            && path.ends_with(PYSHIPIGNORE)
        {
            let shown: String = line.chars().take(SHOWN).collect();
            bail!("{}: line {}, `{shown}`: {error}", failed(), number + 1);
        }
    }
    let built = builder.build().with_context(failed);
    let built =
        built.hint("it has more patterns than can be looked for at once: use fewer, or pass --no-gitignore");
    Ok(Some(built?))
}

/// Whether a directory is the root of a repository: `.git` is a file in a worktree and in a submodule.
fn is_repository(directory: &Path) -> bool {
    fs_err::symlink_metadata(directory.join(".git")).is_ok()
}

/// The path of `info/exclude` of a repository.
fn exclude_file(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return Some(git.join("info/exclude"));
    }
    // `gitdir: PATH`, and in that directory perhaps the path of the one that all worktrees share.
    let link =
        |path: &Path| -> Option<String> { Some(text_file::read_text(path).ok()?.trim_end().to_owned()) };
    let own = root.join(link(&git)?.strip_prefix("gitdir:")?.trim());
    let shared = link(&own.join("commondir")).map_or(own.clone(), |shared| own.join(shared));
    Some(shared.join("info/exclude"))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn place(files: &[(&str, &str)]) -> TempDir {
        let place = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = place.path().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        place
    }

    /// What the files say of `path` when `app` is packed.
    fn listed(place: &TempDir, app: &str, path: &str) -> Option<Listed> {
        let root = fs_err::canonicalize(place.path()).unwrap();
        let (app, path) = (root.join(app), root.join(path));
        let mut files = IgnoreFiles::above(&app, true).unwrap();
        let below = path.strip_prefix(&app).unwrap();
        let mut directory = app.clone();
        files.enter(&directory).unwrap();
        for part in below.parent().unwrap().components() {
            directory.push(part);
            files.enter(&directory).unwrap();
        }
        files.listed(&path)
    }

    fn git(line: &str) -> Option<Listed> {
        Some(Listed::Git(line.to_owned()))
    }

    #[test]
    fn files_count_up_to_the_root_of_the_repository() {
        let place = place(&[
            (".gitignore", "*.py\n"),
            ("repo/.git/info/exclude", "*.mine\n!*.log\n"),
            ("repo/.gitignore", "*.log\n/app/cache/\n"),
            ("repo/app/cache/x", ""),
            ("repo/app/sub/.gitignore", "!keep.log\n*.tmp"),
        ]);
        assert_eq!(listed(&place, "repo/app", "repo/app/main.py"), None);
        assert_eq!(listed(&place, "repo/app", "repo/app/a.log"), git("*.log"));
        assert_eq!(listed(&place, "repo/app", "repo/app/sub/keep.log"), None);
        assert_eq!(listed(&place, "repo/app", "repo/app/sub/b.log"), git("*.log"));
        assert_eq!(listed(&place, "repo/app", "repo/app/c.mine"), git("*.mine"));
        assert_eq!(listed(&place, "repo/app", "repo/app/c.tmp"), None);
        assert_eq!(listed(&place, "repo/app", "repo/app/cache"), git("/app/cache/"));
    }

    #[test]
    fn without_a_repository_those_of_the_app_count() {
        let place = place(&[(".gitignore", "*.py\n"), ("app/.gitignore", "/data\n# x\n\n")]);
        assert_eq!(listed(&place, "app", "app/main.py"), None);
        assert_eq!(listed(&place, "app", "app/data"), git("/data"));
        assert_eq!(listed(&place, "app", "app/sub/data"), None);
    }

    #[test]
    fn a_repository_in_the_app_has_its_own() {
        let place = place(&[
            ("app/.git/HEAD", ""),
            ("app/.gitignore", "*.dat\n"),
            ("app/sub/.git", "gitdir: ../.git/modules/sub\n"),
            ("app/.git/modules/sub/commondir", "../shared\n"),
            ("app/.git/modules/shared/info/exclude", "*.tmp\n"),
        ]);
        assert_eq!(listed(&place, "app", "app/a.dat"), git("*.dat"));
        assert_eq!(listed(&place, "app", "app/sub/a.dat"), None);
        assert_eq!(listed(&place, "app", "app/sub/a.tmp"), git("*.tmp"));
    }

    #[test]
    fn a_pyshipignore_counts_more() {
        let place = place(&[
            ("app/.pyshipignore", "notes/\n!_version.py\n!*.so\n"),
            ("app/.gitignore", "_version.py\n*.so\n*.mo\n"),
            ("app/pkg/.gitignore", "*.so\n"),
            ("app/notes/x", ""),
        ]);
        let listed = |path: &str| listed(&place, "app", path);
        assert_eq!(listed("app/pkg/_version.py"), Some(Listed::KeptByName));
        assert_eq!(listed("app/pkg/x.so"), Some(Listed::Kept));
        assert_eq!(listed("app/pkg/x.mo"), git("*.mo"));
        assert_eq!(listed("app/notes"), Some(Listed::Pyship("notes/".to_owned())));
        assert_eq!(listed("app/pkg/notes"), None, "it is no directory");
    }

    #[test]
    fn a_line_that_can_not_be_read() {
        let place = place(&[(".gitignore", "{a\n*.log\n"), ("sub/.pyshipignore", "x\n{a\n")]);
        assert_eq!(listed(&place, "", "b.log"), git("*.log"));
        let mut files = IgnoreFiles::above(place.path(), true).unwrap();
        let error = files.enter(&place.path().join("sub")).unwrap_err().to_string();
        assert!(
            error.starts_with("failed to read `") && error.contains("`: line 2, `{a`: "),
            "{error}"
        );
    }
}
