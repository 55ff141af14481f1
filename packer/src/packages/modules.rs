//! The names of the modules in a directory of a layer.

use std::collections::BTreeSet;

use crate::tree::{Node, Tree};

/// The modules and packages, namespace packages among them, that `import` finds in `directory` of `tree`.
pub(crate) fn top_level(tree: &Tree, directory: &str) -> BTreeSet<String> {
    let names = tree.iter().filter_map(|(path, node)| {
        let below = path.strip_prefix(directory.as_bytes())?.strip_prefix(b"/")?;
        let name = std::str::from_utf8(below)
            .ok()
            .filter(|name| !name.contains('/'))?;
        match (node, name.split_once('.')) {
            (Node::Directory(_), None) => Some(name),
            (Node::Directory(_), Some(_)) => None,
            // `x.py`, `x.cpython-312-x86_64-linux-gnu.so`
            (_, Some((stem, ending))) => ["py", "pyc", "so"]
                .contains(&ending.rsplit('.').next().unwrap_or(ending))
                .then_some(stem),
            (_, None) => None,
        }
    });
    names.map(str::to_owned).collect()
}

/// The same with what is below packages, by dotted names: `email`, `email.mime`, `email.mime.text`. Without what is in a
/// directory `site-packages`.
pub(crate) fn all(tree: &Tree, directory: &str) -> BTreeSet<String> {
    let mut found = top_level(tree, directory);
    let mut below: Vec<String> = found.iter().cloned().collect();
    while let Some(name) = below.pop() {
        let place = format!("{directory}/{}", name.replace('.', "/"));
        let is_package = matches!(tree.get(place.as_bytes()), Some(Node::Directory(_)));
        if !is_package || name == "site-packages" {
            continue;
        }
        let parts = top_level(tree, &place).into_iter();
        let parts = parts.filter(|part| part != "__init__" && part != "__pycache__");
        let parts: Vec<String> = parts.map(|part| format!("{name}.{part}")).collect();
        found.extend(parts.iter().cloned());
        below.extend(parts);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_modules_and_extension_modules() {
        let mut tree = Tree::new();
        for path in [
            "s/a/__init__.py",
            "s/b.py",
            "s/c.cpython-312-x86_64-linux-gnu.so",
            "s/d/e.py",
            "s/f.txt",
            "s/g-1.dist-info/RECORD",
            "h.py",
        ] {
            tree.insert_bytes(path, &b""[..], false);
        }
        let found: Vec<String> = top_level(&tree, "s").into_iter().collect();
        assert_eq!(found, ["a", "b", "c", "d"]);
        let found: Vec<String> = all(&tree, "s").into_iter().collect();
        assert_eq!(found, ["a", "b", "c", "d", "d.e"]);
    }
}
