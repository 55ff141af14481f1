//! The index of a layer's modules: the result of a path search, computed at pack time, so that an import opens one
//! file instead of listing directories and trying names.
//!
//! It is a value in `marshal`'s format, which the interpreter reads faster than any other:
//!
//! ```text
//! { relative path of an import directory: directory }
//! directory  bytes: marshalled { name: entry }, so that only directories that are imported from are decoded
//! entry      int      a module `name.py`: the size of its `.pyc`
//!            0        a module of another kind, which the interpreter's own finder looks for
//!            str      an extension module: its file's name
//!            bytes    a namespace package: its directory
//!            tuple    a package: the size of its `__init__`'s `.pyc`, and its directory
//! ```
//!
//! `startup/index.py` reads it. The order in which the interpreter looks is that of `FileFinder` in CPython's
//! `Lib/importlib/_bootstrap_external.py`: packages, extension modules, sources, bytecode alone, namespaces.

mod marshal;

use std::collections::BTreeMap;

use anyhow::Result;

use self::marshal::Value;
use crate::interpreter::Interpreter;
use crate::tree::{Node, Tree};

/// Endings of extension modules that don't depend on the interpreter's version.
const EXTENSIONS: [&str; 2] = [".abi3.so", ".so"];

/// How an interpreter names bytecode and extension modules.
#[derive(Debug, Clone)]
pub(crate) struct Naming {
    /// `.cpython-312.pyc`
    bytecode: String,
    /// `.cpython-312-x86_64-linux-gnu.so`
    extension: Option<String>,
}

impl Naming {
    /// The names of `interpreter`.
    pub(crate) fn of(interpreter: &Interpreter) -> Self {
        Self {
            bytecode: format!(".{}.pyc", interpreter.facts.cache_tag),
            extension: interpreter.facts.ext_suffix.clone(),
        }
    }
}

/// The index of the import directories `roots`, paths of `tree` below `base`. The tree must have its bytecode.
///
/// # Errors
/// When a file can't be looked at.
pub(crate) fn encode(tree: &Tree, base: &str, roots: &[&str], naming: &Naming) -> Result<Vec<u8>> {
    let mut all = Directory::default();
    let prefix = format!("{base}/");
    for (path, node) in tree.iter() {
        if let Some(below) = path.strip_prefix(prefix.as_bytes()) {
            all.insert(below, node)?;
        }
    }
    let directories = roots.iter().map(|root| {
        let directory = all.find(root);
        let entries = directory.map_or_else(Value::empty, |found| found.value(naming));
        (root.to_string(), Value::Bytes(entries.encode()))
    });
    Ok(Value::Dict(directories.collect()).encode())
}

/// The contents of a directory, without names that aren't UTF-8: they are no modules.
#[derive(Debug, Default)]
struct Directory {
    directories: BTreeMap<String, Self>,
    /// Sizes of files in bytes.
    files: BTreeMap<String, u64>,
    links: Vec<String>,
}

impl Directory {
    fn insert(&mut self, path: &[u8], node: &Node) -> Result<()> {
        let Ok(path) = std::str::from_utf8(path) else {
            return Ok(());
        };
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut directory = self;
        for part in parents.split('/').filter(|part| !part.is_empty()) {
            directory = directory.directories.entry(part.to_owned()).or_default();
        }
        let name = name.to_owned();
        match node {
            Node::Directory(_) => {
                directory.directories.entry(name).or_default();
            }
            Node::File(file) => {
                directory.files.insert(name, file.content.size()?);
            }
            Node::Symlink(_) => directory.links.push(name),
        }
        Ok(())
    }

    fn find(&self, path: &str) -> Option<&Self> {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        parts.try_fold(self, |directory, part| directory.directories.get(part))
    }

    /// Size of the bytecode of `stem.py`, when both are there.
    fn bytecode(&self, stem: &str, naming: &Naming) -> Option<u64> {
        self.files.get(&format!("{stem}.py"))?;
        let name = format!("{stem}{}", naming.bytecode);
        self.directories.get("__pycache__")?.files.get(&name).copied()
    }

    fn value(&self, naming: &Naming) -> Value {
        let mut entries = BTreeMap::new();
        for (name, directory) in &self.directories {
            // A module's name has no dot.
            if !name.contains('.') {
                entries.insert(name.clone(), directory.package(naming));
            }
        }
        for name in &self.links {
            entries.insert(stem_of(name).to_owned(), Value::Integer(0));
        }
        for name in self.files.keys() {
            let stem = stem_of(name);
            let is_namespace = |entry: &Value| matches!(entry, Value::Bytes(_));
            if entries.get(stem).is_none_or(is_namespace)
                && let Some(entry) = self.module(stem, naming)
            {
                entries.insert(stem.to_owned(), entry);
            }
        }
        Value::Dict(entries)
    }

    /// The entry of this directory as a package.
    fn package(&self, naming: &Naming) -> Value {
        let below = match self.value(naming) {
            // Without modules: an import from it is left to the interpreter's own finder.
            Value::Dict(entries) if entries.is_empty() => Value::Bytes(Vec::new()),
            entries => Value::Bytes(entries.encode()),
        };
        match self.module("__init__", naming) {
            None => below,
            Some(Value::Integer(size)) if size > 0 => Value::Pair(Box::new((Value::Integer(size), below))),
            // A package that is an extension module, or without a source.
            Some(_) => Value::Integer(0),
        }
    }

    /// The entry of the module `stem`, of files only.
    fn module(&self, stem: &str, naming: &Naming) -> Option<Value> {
        let has = |ending: &str| self.files.contains_key(&format!("{stem}{ending}"));
        let dotted = format!("{stem}.");
        let beginning = self.files.range(dotted.clone()..).map(|(name, _)| name);
        let all = beginning.take_while(|name| name.starts_with(&dotted));
        let shared: Vec<&String> = all.filter(|name| name.ends_with(".so")).collect();
        match shared.as_slice() {
            [] => {}
            [one] if self.is_extension(stem, one, naming) => return Some(Value::Text((*one).clone())),
            // Several, or one that may be for another interpreter.
            _ => return Some(Value::Integer(0)),
        }
        if has(".py") {
            let size = self
                .bytecode(stem, naming)
                .and_then(|size| i32::try_from(size).ok());
            return Some(Value::Integer(size.unwrap_or(0)));
        }
        has(".pyc").then_some(Value::Integer(0))
    }

    fn is_extension(&self, stem: &str, name: &str, naming: &Naming) -> bool {
        let ending = &name[stem.len()..];
        naming.extension.as_deref() == Some(ending) || EXTENSIONS.contains(&ending)
    }
}

fn stem_of(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

#[cfg(test)]
mod tests;
