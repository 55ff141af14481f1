//! `--include SRC[:DST]`: files and directories that are added to the app's code.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use pyship_launcher::format::member;
use pyship_launcher::format::names::APP_CODE;

use crate::app::input;
use crate::app::input::files::check_size;
use crate::app::left_out::LeftOut;
use crate::app::mode::Modes;
use crate::app::note::Note;
use crate::include;
use crate::tree::{Node, Tree, display};

/// What is to be said of what was added.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) notes: Vec<Note>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Said {
    /// Notes that `from` takes the place of these files.
    fn replaced(&mut self, from: &Path, files: impl IntoIterator<Item = String>) {
        let files: Vec<String> = files.into_iter().collect();
        if !files.is_empty() {
            self.notes.push(Note::Replaced(from.to_owned(), files));
        }
    }
}

/// Adds what `--include` names to the app's tree. `output` is the file that is being made.
///
/// # Errors
/// When one can't be read, or its place in the app is none.
pub(super) fn add(tree: &mut Tree, includes: &[String], output: &Path) -> Result<Said> {
    let mut said = Said::default();
    for text in includes {
        let (from, to) = include::split(text);
        let done = add_one(tree, Path::new(from), to, output, &mut said);
        done.with_context(|| format!("failed to include `{from}`"))?;
    }
    Ok(said)
}

/// Notes on what a project's own `includes` take from outside its directory: whoever packs the project may not know.
pub(super) fn outside(includes: &[String], app: &Path) -> Vec<Note> {
    let directory = match fs_err::metadata(app) {
        Ok(data) if data.is_dir() => Some(app),
        _ => app.parent(),
    };
    let directory = directory.and_then(|directory| {
        let named = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        fs_err::canonicalize(named).ok()
    });
    let is_outside = |from: &&Path| {
        let real = fs_err::canonicalize(from);
        real.is_ok_and(|real| {
            directory
                .as_ref()
                .is_none_or(|directory| !real.starts_with(directory))
        })
    };
    let paths = includes.iter().map(|text| Path::new(include::split(text).0));
    paths
        .filter(is_outside)
        .map(|path| Note::Outside(path.to_owned()))
        .collect()
}

fn add_one(tree: &mut Tree, from: &Path, to: Option<&str>, output: &Path, said: &mut Said) -> Result<()> {
    let data = fs_err::metadata(from)?;
    let path = destination(tree, from, to, data.is_dir())?;
    if data.is_dir() {
        return add_directory(tree, &path, from, output, said);
    }
    // Opening a pipe would wait for a writer.
    ensure!(data.is_file(), "it is neither a file nor a directory");
    check_size(from, data.len())?;
    let mut modes = Modes::new();
    let mode = modes.file(from, &data);
    let real = fs_err::canonicalize(from)?;
    said.replaced(from, replaced(tree, &path, Some(&real)));
    tree.insert_path(path, real, mode);
    said.notes.extend(modes.notes());
    Ok(())
}

/// The name of what is at `path`, unless it is the file `source` too.
fn replaced(tree: &Tree, path: &[u8], source: Option<&Path>) -> Option<String> {
    let there = match tree.get(path)? {
        Node::File(file) => file.content.source(),
        _ => None,
    };
    let real = |path: Option<&Path>| path.and_then(|path| fs_err::canonicalize(path).ok());
    let is_same = there.is_some() && real(there) == real(source);
    let name = path.strip_prefix(&*in_code(b"")).unwrap_or(path);
    (!is_same).then(|| display(name))
}

/// Adds what a directory has.
fn add_directory(tree: &mut Tree, path: &[u8], from: &Path, output: &Path, said: &mut Said) -> Result<()> {
    let inside = input::included(from, output)?;
    let mut gone = Vec::new();
    for (name, node) in inside.tree.iter() {
        if let Some(below) = name.strip_prefix(APP_CODE.as_bytes()) {
            let path = [path, below].concat();
            let is_there = matches!(
                (tree.get(&path), node),
                (Some(Node::Directory(_)), Node::Directory(_))
            );
            if !is_there {
                let source = match node {
                    Node::File(file) => file.content.source(),
                    _ => None,
                };
                gone.extend(replaced(tree, &path, source));
                tree.insert(path, node.clone());
            }
        }
    }
    said.replaced(from, gone);
    said.notes
        .extend(inside.notes.into_iter().map(|note| note.below(from)));
    said.left_out
        .extend(inside.left_out.into_iter().map(|one| one.below(from)));
    Ok(())
}

/// Where SRC goes in the layer: as DST; into DST under its own name when SRC is a file and DST ends with a slash or is a
/// directory of the app.
fn destination(tree: &Tree, from: &Path, to: Option<&str>, is_directory: bool) -> Result<Vec<u8>> {
    let name = || -> Result<Vec<u8>> {
        if let Some(name) = from.file_name() {
            return Ok(name.as_encoded_bytes().to_vec());
        }
        // `..` and `.` have a name only when they are resolved.
        let real: PathBuf = fs_err::canonicalize(from)?;
        Ok(real.file_name().unwrap_or_default().as_encoded_bytes().to_vec())
    };
    let text = to.unwrap_or_default();
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    let mut path = parts.join("/").into_bytes();
    let into = |path: &[u8]| matches!(tree.get(in_code(path)), Some(Node::Directory(_)));
    let is_into = text.ends_with('/') || path.is_empty() || into(&path);
    if to.is_none() {
        path = name()?;
    } else if !is_directory && is_into {
        let directory = if path.is_empty() {
            path
        } else {
            [&path, &b"/"[..]].concat()
        };
        path = [directory, name()?].concat();
    }
    if path.is_empty() && is_directory {
        return Ok(APP_CODE.as_bytes().to_vec());
    }
    ensure!(
        member::is_safe(&path),
        "`{}` is not a path below the app's code",
        display(&path)
    );
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    for (at, _) in slashes {
        if matches!(
            tree.get(in_code(&path[..at])),
            Some(Node::File(_) | Node::Symlink(_))
        ) {
            bail!("`{}` is a file or a link of the app", display(&path[..at]));
        }
    }
    let is_other =
        matches!(tree.get(in_code(&path)), Some(node) if matches!(node, Node::Directory(_)) != is_directory);
    ensure!(
        !is_other || matches!(tree.get(in_code(&path)), Some(Node::Symlink(_))) && !is_directory,
        "the app has another kind of file called `{}`",
        display(&path)
    );
    Ok(in_code(&path))
}

fn in_code(path: &[u8]) -> Vec<u8> {
    [APP_CODE.as_bytes(), b"/", path].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::new();
        tree.insert_bytes("code/main.py", &b""[..], false);
        tree.insert_bytes("code/conf/a.json", &b""[..], false);
        tree
    }

    /// Where `SRC` goes; errors as text.
    fn goes(from: &str, to: Option<&str>, is_directory: bool) -> String {
        match destination(&tree(), Path::new(from), to, is_directory) {
            Ok(path) => display(&path),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn a_file_goes_into_a_directory_or_gets_a_name() {
        let file = |to| goes("x/data.json", to, false);
        assert_eq!(file(None), "code/data.json");
        assert_eq!(file(Some("new.json")), "code/new.json");
        assert_eq!(file(Some("./sub//new.json")), "code/sub/new.json");
        assert_eq!(file(Some("sub/")), "code/sub/data.json");
        assert_eq!(file(Some("conf")), "code/conf/data.json");
        for top in ["", ".", "/", "./"] {
            assert_eq!(file(Some(top)), "code/data.json", "{top:?}");
        }
        assert_eq!(file(Some("main.py")), "code/main.py");
        assert_eq!(
            file(Some("main.py/x")),
            "`main.py` is a file or a link of the app"
        );
        assert_eq!(file(Some("../x")), "`../x` is not a path below the app's code");
    }

    #[test]
    fn what_takes_the_place_of_a_file_is_said() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs_err::create_dir_all(at("other/conf")).unwrap();
        for file in ["new.py", "other/main.py", "other/conf/a.json", "other/b.txt"] {
            fs_err::write(at(file), file).unwrap();
        }
        let said = |tree: &mut Tree, source: &str, to: &str| {
            let include = format!("{}:{to}", at(source).display());
            let said = add(tree, &[include], &at("out.bin")).unwrap();
            let notes = said
                .notes
                .iter()
                .filter(|note| matches!(note, Note::Replaced(..)));
            let notes = notes.map(|note| note.to_string().replace(&at("").display().to_string(), ""));
            notes.collect::<Vec<_>>()
        };
        let mut tree = tree();
        assert_eq!(said(&mut tree, "new.py", "new.py"), [""; 0]);
        let one = "packed `new.py` in place of `main.py` of the app, as --include says";
        assert_eq!(said(&mut tree, "new.py", "main.py"), [one]);
        // The same once more changes nothing.
        assert_eq!(said(&mut tree, "new.py", "main.py"), [""; 0]);
        let all = "packed `other` in place of `conf/a.json` and 1 more of the app, as --include says";
        assert_eq!(said(&mut tree, "other", "."), [all]);
        assert_eq!(said(&mut tree, "other", "."), [""; 0]);
    }

    #[test]
    fn a_directory_is_called_as_it_is_told() {
        let directory = |to| goes("x/data", to, true);
        assert_eq!(directory(None), "code/data");
        assert_eq!(directory(Some("conf")), "code/conf");
        assert_eq!(directory(Some("conf/")), "code/conf");
        assert_eq!(directory(Some(".")), "code");
        assert_eq!(
            directory(Some("main.py")),
            "the app has another kind of file called `main.py`"
        );
    }
}
