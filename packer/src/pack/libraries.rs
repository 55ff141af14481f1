//! The libraries of the builder that the libc layer brings for systems that lack them: what packed files need and no
//! layer has, and what `--lib` names, with all that these need in turn.
//!
//! They stand beside the carried glibc because they are built for it. So they are loaded only where that is used, and it
//! is used wherever the host lacks one of those that packed files ask for: see [`super::glibc`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use pyship_launcher::format::names::LIBC_LIB;
use serde::Serialize;

use super::Pack;
use super::interpreter::machine_of;
use crate::elf::edit::edit;
use crate::elf::{Brought, LibrarySearch, Machine, Survey, Wanted, bring, inspect, is_provided};
use crate::hint::WithHint;
use crate::tree::{Tree, display};

/// Libraries of drivers begin like this. They work with the machine's own kernel and hardware only.
const DRIVERS: &[&str] = &["libcuda.so", "libnvidia-", "libnvcuvid", "libGLX_", "libEGL_"];

/// A library that goes along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LibraryLine {
    /// Its soname.
    pub(crate) name: String,
    /// Where it was found.
    pub(crate) source: PathBuf,
    /// The packed file or the option that it is for, or the library that needs it.
    pub(crate) needed_by: String,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Libraries {
    /// What goes along.
    pub(super) lines: Vec<LibraryLine>,
    /// Those that packed files or options ask for: a host that lacks one is not used.
    pub(super) asked: BTreeSet<String>,
    /// Parts of glibc and of the compiler's runtime that they need.
    pub(super) provided: BTreeSet<String>,
}

/// What the options name.
///
/// # Errors
/// When it is not there, or is no library of that machine.
pub(super) fn named(pack: &Pack<'_>, machine: Machine) -> Result<Vec<Wanted>> {
    let search = LibrarySearch::new(machine, pack.options.sysroot.as_deref());
    pack.options
        .lib
        .iter()
        .map(|text| of_name(&search, text))
        .collect()
}

fn of_name(search: &LibrarySearch, text: &str) -> Result<Wanted> {
    let found = match text {
        path if path.contains('/') => Some(PathBuf::from(path)),
        soname if soname.contains(".so") => search.find(soname, &[]),
        name => search.named(name),
    };
    let found = found.ok_or_else(|| anyhow!("failed to find the library `{text}` of --lib"));
    let path = found.hint("install it, or give its path")?;
    let path = fs_err::canonicalize(path)?;
    wanted(&path, search.machine(), &format!("--lib {text}"))?.with_context(|| {
        format!(
            "failed to use `{}` of --lib: it is no library for this target",
            path.display()
        )
    })
}

/// The file `path` as something that `by` wants; nothing when it is no library of that machine.
pub(super) fn wanted(path: &Path, machine: Machine, by: &str) -> Result<Option<Wanted>> {
    let bytes = fs_err::read(path)?;
    let elf = inspect(&bytes).with_context(|| format!("failed to read `{}`", path.display()))?;
    let Some(elf) = elf.filter(|elf| elf.machine == machine && elf.is_loadable) else {
        return Ok(None);
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(Some(Wanted {
        soname: elf.soname.unwrap_or_else(|| name.into_owned()),
        source: Some(path.to_owned()),
        by: by.to_owned(),
    }))
}

/// Those of the files that a trial run has `mapped` which are libraries of the builder and which the file lacks: `has` are
/// those that it carries. What another one of them needs is left out, since it goes along with that one.
///
/// # Errors
/// When the interpreter can't be read.
pub(super) fn loaded(pack: &Pack<'_>, mapped: &[PathBuf], has: &BTreeSet<String>) -> Result<Vec<Wanted>> {
    let machine = machine_of(&pack.interpreters.packed.executable)?;
    let scratch = pack.scratch.path();
    // Character sets belong to one glibc; layers are the file's own.
    let is_own = |path: &Path| {
        path.starts_with(scratch) || pack.cache.contains(path) || path.iter().any(|part| part == "gconv")
    };
    let files = mapped.iter().filter(|path| !is_own(path));
    let found = files.filter_map(|path| {
        let elf = inspect(&fs_err::read(path).ok()?).ok()??;
        Some((
            wanted(path, machine, "what the trial run loaded").ok()??,
            elf.needed,
        ))
    });
    let found: Vec<(Wanted, Vec<String>)> = found.collect();
    let needed: BTreeSet<&String> = found.iter().flat_map(|(_, needed)| needed).collect();
    let lacks =
        |one: &Wanted| !has.contains(&one.soname) && !is_provided(&one.soname) && !is_driver(&one.soname);
    let wanted = found
        .iter()
        .map(|(one, _)| one)
        .filter(|one| lacks(one) && !needed.contains(&one.soname));
    Ok(wanted.cloned().collect())
}

fn is_driver(soname: &str) -> bool {
    DRIVERS.iter().any(|start| soname.starts_with(start))
}

/// Finds what packed files need and nothing in the file has, and what is `named`. `has` are the libraries of the runtime.
///
/// # Errors
/// When a library can't be read.
pub(super) fn find(
    pack: &Pack<'_>,
    machine: Machine,
    survey: &Survey,
    named: &[Wanted],
    has: &BTreeSet<String>,
) -> Result<Libraries> {
    let search = LibrarySearch::new(machine, pack.options.sysroot.as_deref());
    let mut wanted = named.to_vec();
    let unresolved = survey.unresolved.iter();
    wanted.extend(
        unresolved
            .filter(|one| !is_driver(&one.soname))
            .map(|one| Wanted {
                soname: one.soname.clone(),
                source: None,
                by: one.file.clone(),
            }),
    );
    let Brought {
        libraries,
        mut provided,
    } = bring(&wanted, has, &search)?;
    let is_there = |soname: &String| libraries.contains_key(soname) || is_provided(soname);
    let asked: BTreeSet<String> = wanted
        .into_iter()
        .map(|one| one.soname)
        .filter(is_there)
        .collect();
    provided.extend(asked.iter().filter(|soname| is_provided(soname)).cloned());
    let lines = libraries.into_iter().map(|(name, carried)| LibraryLine {
        name,
        needed_by: shown(&carried.needed_by),
        source: carried.source,
    });
    Ok(Libraries {
        lines: lines.collect(),
        asked,
        provided,
    })
}

/// A library that goes along is called by its name alone.
fn shown(path: &[u8]) -> String {
    let path = display(path);
    path.strip_prefix("lib/")
        .filter(|name| !name.contains('/'))
        .unwrap_or(&path)
        .to_owned()
}

impl Libraries {
    /// Puts them into the libc layer.
    ///
    /// # Errors
    /// When one can't be read.
    pub(super) fn add_to(&self, tree: &mut Tree) -> Result<()> {
        for LibraryLine { name, source, .. } in &self.lines {
            let bytes = fs_err::read(source)?;
            let needs = inspect(&bytes).ok().flatten();
            let has_path = needs.is_some_and(|elf| elf.has_search_path());
            // A directory of the builder could be one of the host, with libraries for another glibc. A file that can't be
            // edited goes along as it is.
            let edited = edit(&bytes, has_path.then_some("$ORIGIN"));
            let bytes: Arc<[u8]> = edited.unwrap_or(bytes).into();
            tree.insert_bytes(format!("{LIBC_LIB}/{name}"), bytes, false);
        }
        Ok(())
    }

    /// What the report says of them, for people.
    pub(super) fn sentence(lines: &[LibraryLine]) -> Option<String> {
        let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for line in lines {
            by.entry(&line.needed_by).or_default().push(&line.name);
        }
        let parts = by
            .iter()
            .map(|(by, names)| format!("{} for {by}", names.join(", ")));
        let parts: Vec<String> = parts.collect();
        (!parts.is_empty()).then(|| {
            format!(
                "carries libraries of this machine, for systems that lack them: {}",
                parts.join("; ")
            )
        })
    }
}
