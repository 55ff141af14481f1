//! Bytecode, compiled at pack time: a `.pyc` beside each `.py` of a layer, with an unchecked hash, so that an
//! import neither compiles nor reads the source.
//!
//! The target's own interpreter compiles, or the builder's with the same magic number when the target's can't run
//! here, in as many processes as there are cores. What it marshals depends on other objects of its process;
//! [`normalize`] brings it into a canonical form, so that the same source gives the same bytes everywhere. Code
//! objects have their path in the layer as file name; importlib replaces it by the real one when it loads them.

mod normalize;
mod worker;

use std::sync::Arc;
use std::thread::ScopedJoinHandle;

use anyhow::{Context, Result, bail, ensure};
use pyship_launcher::format::mode::Mode;

use crate::child;
use crate::environment::Environment;
use crate::interpreter::Interpreter;
use crate::threads;
use crate::tree::{self, Content, File, LayerPath, Node, Tree};

/// Flags of a `.pyc` with its source's hash, which importlib doesn't check (PEP 552).
const FLAG_HASH_UNCHECKED: u32 = 0b01;

/// The interpreter that compiles.
#[derive(Debug, Clone)]
pub(crate) struct Compiler {
    interpreter: Interpreter,
    environment: Environment,
}

/// A file without bytecode, and why it doesn't compile: a template, Python 2 …
pub(crate) type Skipped = (LayerPath, String);

impl Compiler {
    /// A compiler for `target` that runs `builder`; both may be the same.
    ///
    /// # Errors
    /// When their bytecode differs.
    pub(crate) fn new(
        builder: &Interpreter,
        target: &Interpreter,
        environment: &Environment,
    ) -> Result<Self> {
        ensure!(
            builder.facts.magic == target.facts.magic,
            "failed to compile for Python {}: `{}` is Python {}, whose bytecode is different",
            target.version,
            builder.executable.display(),
            builder.version
        );
        Ok(Self {
            interpreter: builder.clone(),
            environment: environment.clone(),
        })
    }

    /// Replaces all bytecode of `tree`: every `.py` gets a `.pyc`, except scripts in `bin/`, which nothing imports,
    /// and test modules of packages. Returns the files that don't compile.
    ///
    /// # Errors
    /// When a source can't be read, or the interpreter can't be run.
    pub(crate) fn compile(&self, tree: &mut Tree) -> Result<Vec<Skipped>> {
        let old: Vec<LayerPath> = tree
            .iter()
            .filter(|(path, _)| path.ends_with(b"/__pycache__"))
            .map(|(path, _)| path.clone())
            .collect();
        for path in old {
            tree.remove(path);
        }
        let sources: Vec<(LayerPath, Content)> = tree
            .iter()
            .filter(|(path, _)| path.ends_with(b".py") && !path.starts_with(b"bin/"))
            .filter(|(path, _)| !is_test_of_package(path))
            .filter_map(|(path, node)| Some((path.clone(), file_of(tree, path, node)?.content.clone())))
            .collect();
        let mut skipped = Vec::new();
        for (path, outcome) in self.run(&sources)? {
            match outcome {
                Ok(pyc) => tree.insert_bytes(self.cached(&path), pyc, mode_of(tree, &path)),
                Err(reason) => skipped.push((path, reason)),
            }
        }
        Ok(skipped)
    }

    /// Compiles start-up code, which is shipped without its source: `start/run.py` gives `start/run.pyc`.
    ///
    /// # Errors
    /// When a source doesn't compile, or the interpreter can't be run.
    pub(crate) fn compile_start(
        &self,
        sources: &[(LayerPath, Vec<u8>)],
    ) -> Result<Vec<(LayerPath, Vec<u8>)>> {
        let contents: Vec<(LayerPath, Content)> = sources
            .iter()
            .map(|(path, source)| (path.clone(), Content::Bytes(Arc::from(source.as_slice()))))
            .collect();
        let results = self
            .run(&contents)?
            .into_iter()
            .map(|(path, outcome)| match outcome {
                Ok(pyc) => {
                    let stem = path.strip_suffix(b".py").unwrap_or(&path);
                    Ok(([stem, b".pyc"].concat(), pyc))
                }
                Err(reason) => bail!("failed to compile `{}`: {reason}", String::from_utf8_lossy(&path)),
            });
        results.collect()
    }

    /// Every source's `.pyc`, or why it doesn't compile; in the order of the sources.
    fn run(&self, sources: &[(LayerPath, Content)]) -> Result<Vec<(LayerPath, worker::Outcome)>> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let parts = shares(sources, cores.min(sources.len().div_ceil(16)))?;
        let done: Result<Vec<_>> = std::thread::scope(|scope| {
            let threads: Vec<_> = parts
                .iter()
                .map(|part| (part, threads::start(scope, || self.run_share(sources, part))))
                .collect();
            let results =
                threads
                    .into_iter()
                    .map(|(part, thread)| match thread.map(ScopedJoinHandle::join) {
                        Ok(Ok(result)) => result,
                        Ok(Err(panic)) => std::panic::resume_unwind(panic),
                        // There is no other thread to be had: this one does it.
                        Err(_) => self.run_share(sources, part),
                    });
            results.collect()
        });
        let mut outcomes: Vec<Option<worker::Outcome>> = vec![None; sources.len()];
        for (index, outcome) in done?.into_iter().flatten() {
            outcomes[index] = Some(outcome);
        }
        let results = sources.iter().zip(outcomes).map(|((path, _), outcome)| {
            Ok((
                path.clone(),
                outcome.context("failed to compile: a file has no result")?,
            ))
        });
        results.collect()
    }

    /// Compiles a share of the sources. When a file crashes the compiler, it alone gets no bytecode: another
    /// process continues after it.
    fn run_share(
        &self,
        sources: &[(LayerPath, Content)],
        share: &[usize],
    ) -> Result<Vec<(usize, worker::Outcome)>> {
        let mut results = Vec::with_capacity(share.len());
        while results.len() < share.len() {
            let rest = &share[results.len()..];
            let mut batch = rest
                .iter()
                .map(|&index| (sources[index].0.as_slice(), &sources[index].1));
            let answers = worker::run(&self.interpreter, &self.environment, &mut batch)?;
            let answered = answers.outcomes.len();
            results.extend(
                rest.iter()
                    .copied()
                    .zip(answers.outcomes.into_iter().map(|one| self.finish(one))),
            );
            if let Some(&culprit) = rest.get(answered) {
                results.push((
                    culprit,
                    Err(format!("the compiler {}", child::in_words(answers.status))),
                ));
            }
        }
        Ok(results)
    }

    /// Makes a `.pyc` file of a worker's outcome.
    fn finish(&self, outcome: worker::Outcome) -> worker::Outcome {
        let answer = outcome?;
        let (hash, code) = answer.split_at_checked(8).ok_or("the compiler gave no code")?;
        let mut pyc = self.interpreter.facts.magic.to_vec();
        pyc.extend_from_slice(&FLAG_HASH_UNCHECKED.to_le_bytes());
        pyc.extend_from_slice(hash);
        let version = (self.interpreter.version.major, self.interpreter.version.minor);
        pyc.extend_from_slice(&normalize::normalize(code, version).map_err(|error| format!("{error:#}"))?);
        Ok(pyc)
    }

    /// `json/__pycache__/decoder.cpython-312.pyc` for `json/decoder.py`
    fn cached(&self, source: &[u8]) -> LayerPath {
        let end = source
            .iter()
            .rposition(|&byte| byte == b'/')
            .map_or(0, |slash| slash + 1);
        let (directory, name) = source.split_at(end);
        let stem = name.strip_suffix(b".py").unwrap_or(name);
        let tag = self.interpreter.facts.cache_tag.as_bytes();
        [directory, b"__pycache__/", stem, b".", tag, b".pyc"].concat()
    }
}

/// Whether this is a module of a package's own tests, such as `pandas/tests/io/test_csv.py`. They are shipped
/// without bytecode, since only test runs import them: for numpy and pandas their bytecode would take half of the
/// time to compile, and be a sixth of what a first start writes.
fn is_test_of_package(path: &[u8]) -> bool {
    let parts: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
    let packages = parts.iter().position(|part| *part == b"site-packages");
    let Some((name, directories)) = packages.and_then(|at| parts[at..].split_last()) else {
        return false;
    };
    name.starts_with(b"test_") && directories.iter().any(|part| matches!(*part, b"test" | b"tests"))
}

/// Divides the sources into shares of similar size: the largest first, each to the smallest share.
fn shares(sources: &[(LayerPath, Content)], count: usize) -> Result<Vec<Vec<usize>>> {
    let mut sizes = Vec::with_capacity(sources.len());
    for (index, (path, content)) in sources.iter().enumerate() {
        let size = content.size();
        let size = size.with_context(|| format!("failed to read `{}`", String::from_utf8_lossy(path)))?;
        // An empty file takes a round trip too.
        sizes.push((size + 500, index));
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let mut shares = vec![(0, Vec::new()); count.max(1)];
    for (size, index) in sizes {
        if let Some(least) = shares.iter_mut().min_by_key(|(load, _)| *load) {
            least.0 += size;
            least.1.push(index);
        }
    }
    Ok(shares
        .into_iter()
        .map(|(_, share)| share)
        .filter(|share| !share.is_empty())
        .collect())
}

/// The mode of a source's bytecode: whoever may not read the one may not read the other.
fn mode_of(tree: &Tree, source: &[u8]) -> Mode {
    let file = tree.get(source).and_then(|node| file_of(tree, source, node));
    file.map_or(Mode::FILE, |file| {
        Mode::file(file.mode.bits() & Mode::FILE.bits())
    })
}

/// A file, following links in the same tree.
fn file_of<'a>(tree: &'a Tree, path: &[u8], node: &'a Node) -> Option<&'a File> {
    let (mut path, mut node) = (path.to_vec(), node);
    for _ in 0..8 {
        match node {
            Node::File(file) => return Some(file),
            Node::Directory(_) => return None,
            Node::Symlink(target) => {
                path = tree::join(&path, target)?;
                node = tree.get(&path)?;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
