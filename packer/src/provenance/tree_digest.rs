//! `pyship-tree`: the digest of an app's files, for which no other standard has a form.

use anyhow::{Context, Result};
use pyship_launcher::format::mode::Mode;
use pyship_launcher::hex::hex;
use sha2::{Digest, Sha256};

use crate::tree::{Node, Tree, display};

/// SHA-256 of every entry of a tree, sorted by path: its kind, its path, and the SHA-256 of a file or the target of a
/// link, each with a NUL at its end. The kind is `file`, `program`, `directory` or `link`; permissions other than 0644,
/// 0755 and 0755 follow a space as octal digits.
///
/// # Errors
/// When a file can't be read.
pub(crate) fn tree_digest(tree: &Tree) -> Result<String> {
    let mut hash = Sha256::new();
    for (path, node) in tree.iter() {
        let (kind, content): (String, Vec<u8>) = match node {
            Node::Directory(mode) => (kind("directory", *mode, Mode::DIRECTORY), Vec::new()),
            Node::Symlink(target) => ("link".to_owned(), target.clone()),
            Node::File(file) => {
                let mut digest = Sha256::new();
                let mut take = |piece: &[u8]| {
                    digest.update(piece);
                    Ok(())
                };
                file.content
                    .pass_to(&mut take)
                    .with_context(|| format!("failed to read `{}`", display(path)))?;
                let kind = match file.mode.is_executable() {
                    true => kind("program", file.mode, Mode::PROGRAM),
                    false => kind("file", file.mode, Mode::FILE),
                };
                (kind, hex(&digest.finalize()).into_bytes())
            }
        };
        for part in [kind.as_bytes(), path, &content] {
            hash.update(part);
            hash.update([0]);
        }
    }
    Ok(hex(&hash.finalize()))
}

fn kind(name: &str, mode: Mode, usual: Mode) -> String {
    if mode == usual {
        return name.to_owned();
    }
    format!("{name} {:o}", mode.bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_has_another_digest_when_anything_of_it_differs() {
        let digest = |edit: &dyn Fn(&mut Tree)| {
            let mut tree = Tree::new();
            tree.insert_bytes("code/main.py", &b"1"[..], false);
            edit(&mut tree);
            tree_digest(&tree).unwrap()
        };
        let plain = digest(&|_| {});
        assert_eq!(plain, digest(&|_| {}));
        let edits: [&dyn Fn(&mut Tree); 6] = [
            &|tree| tree.insert_bytes("code/main.py", &b"1"[..], Mode::file(0o600)),
            &|tree| tree.insert("code", Node::Directory(Mode::directory(0o700))),
            &|tree| tree.insert_bytes("code/main.py", &b"2"[..], false),
            &|tree| tree.insert_bytes("code/main.py", &b"1"[..], true),
            &|tree| tree.insert_bytes("code/more.py", &b"1"[..], false),
            &|tree| tree.insert("code/main.py", Node::Symlink(b"1".to_vec())),
        ];
        for edit in edits {
            assert_ne!(plain, digest(edit));
        }
    }
}
