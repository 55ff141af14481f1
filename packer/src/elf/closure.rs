//! Which shared libraries a runtime must carry: all that its files need, and what these need in turn, except those
//! that every system has and those that the tree already has in [`LIB`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::file::{Elf, inspect};
use super::library_search::LibrarySearch;
use super::origin::expand;
use super::scan::scan;
use super::system::is_provided;
use crate::tree::{LayerPath, Tree};

/// Directory of the runtime layer with its shared libraries.
pub(super) const LIB: &[u8] = b"lib";

/// See [`closure`].
#[derive(Debug, Clone, Default)]
pub(super) struct Closure {
    /// Libraries to add, by soname.
    pub(super) carried: BTreeMap<String, Carried>,
    /// Directories that files name in their own search paths, besides those that all share.
    pub(super) searched: BTreeSet<PathBuf>,
    /// Parts of the C library and of the compiler's runtime that the added libraries need.
    pub(super) provided: BTreeSet<String>,
}

/// A library that is added to the runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The file on the builder, links resolved.
    pub(crate) source: PathBuf,
    /// The first file that needs it, by its path in the layer.
    pub(crate) needed_by: LayerPath,
}

/// The path of a library in the runtime layer.
pub(super) fn lib_path(soname: &str) -> LayerPath {
    [LIB, b"/", soname.as_bytes()].concat()
}

/// A file with libraries still to be found.
struct Dependent {
    path: LayerPath,
    needed: Vec<String>,
    /// The file of its only library, when nothing has to be searched for it.
    source: Option<PathBuf>,
    /// The directories in which the loader looks for them first.
    search: Vec<PathBuf>,
    /// Search path for what these libraries need in turn: `DT_RPATH` is inherited, `DT_RUNPATH` is not.
    inherited: Vec<PathBuf>,
}

/// Finds the libraries that `tree` needs and lacks. Those that the builder lacks too are left out: see
/// [`super::survey()`].
///
/// # Errors
/// When a file can't be read.
pub(super) fn closure(tree: &Tree, libraries: &LibrarySearch) -> Result<Closure> {
    let mut queue = VecDeque::new();
    for scanned in scan(tree)? {
        let Ok(elf) = scanned.elf else { continue };
        if elf.is_loadable && elf.machine == libraries.machine() {
            let builder = scanned.file.content.source();
            queue.push_back(dependent(scanned.path.clone(), &elf, builder, &[], libraries));
        }
    }

    follow(queue, &|soname| tree.get(lib_path(soname)).is_some(), libraries)
}

/// Adds what the files of `queue` need, unless the tree `has` it, and what that needs in turn.
fn follow(
    mut queue: VecDeque<Dependent>,
    has: &dyn Fn(&str) -> bool,
    libraries: &LibrarySearch,
) -> Result<Closure> {
    let mut found = Closure::default();
    while let Some(dependent_file) = queue.pop_front() {
        let searched = dependent_file.search.iter();
        found
            .searched
            .extend(searched.map(|directory| libraries.sysroot().on_builder(directory)));
        for soname in &dependent_file.needed {
            if is_provided(soname) {
                found.provided.insert(soname.clone());
                continue;
            }
            if has(soname) || found.carried.contains_key(soname) {
                continue;
            }
            let source = match dependent_file.source.clone() {
                Some(source) => source,
                None => match libraries.find(soname, &dependent_file.search) {
                    Some(source) => source,
                    None => continue,
                },
            };
            let elf = inspect(&fs_err::read(&source)?)
                .with_context(|| format!("failed to read `{}`", source.display()))?
                .with_context(|| format!("failed to read `{}`: no longer an ELF file", source.display()))?;
            queue.push_back(dependent(
                lib_path(soname),
                &elf,
                Some(&source),
                &dependent_file.inherited,
                libraries,
            ));
            let carried = Carried {
                source,
                needed_by: dependent_file.path.clone(),
            };
            found.carried.insert(soname.clone(), carried);
        }
    }
    Ok(found)
}

/// A library that something needs which is no file of a tree, or whose search path is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Its soname.
    pub(crate) soname: String,
    /// Where it is, when that is known.
    pub(crate) source: Option<PathBuf>,
    /// Who needs it, in words.
    pub(crate) by: String,
}

/// Libraries of the builder, and the parts of glibc and of the compiler's runtime that they need.
#[derive(Debug, Clone, Default)]
pub(crate) struct Brought {
    /// By soname.
    pub(crate) libraries: BTreeMap<String, Carried>,
    /// Sonames.
    pub(crate) provided: BTreeSet<String>,
}

/// What is `wanted`, and what that needs in turn, but for what is there already. Those that the builder lacks are left
/// out.
///
/// # Errors
/// When a library can't be read.
pub(crate) fn bring(wanted: &[Wanted], has: &BTreeSet<String>, libraries: &LibrarySearch) -> Result<Brought> {
    let dependents = wanted.iter().map(|one| Dependent {
        path: one.by.clone().into_bytes(),
        needed: vec![one.soname.clone()],
        source: one.source.clone(),
        search: Vec::new(),
        inherited: Vec::new(),
    });
    let found = follow(dependents.collect(), &|soname| has.contains(soname), libraries)?;
    Ok(Brought {
        libraries: found.carried,
        provided: found.provided,
    })
}

fn dependent(
    path: LayerPath,
    elf: &Elf,
    builder: Option<&Path>,
    inherited: &[PathBuf],
    libraries: &LibrarySearch,
) -> Dependent {
    let mut search = Vec::new();
    if let (Some(search_path), Some(builder)) = (elf.search_path(), builder) {
        // The loader resolves the links of a program's origin, and not those of a library's.
        let real = fs_err::canonicalize(builder).ok();
        for file in [Some(builder), real.as_deref()].into_iter().flatten() {
            if let Some(origin) = libraries.sysroot().on_target(file).parent() {
                search.extend(expand(search_path, origin));
            }
        }
    }
    let mut passed_on = inherited.to_vec();
    if elf.runpath.is_none() {
        passed_on.splice(0..0, search.iter().cloned());
        search = passed_on.clone();
    }
    Dependent {
        path,
        needed: elf.needed.clone(),
        source: None,
        search,
        inherited: passed_on,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::edit::set_rpath;
    use crate::elf::machine::Machine;

    #[test]
    fn a_library_is_found_through_the_search_path_of_the_file() {
        let mut bytes = fs_err::read("/proc/self/exe").expect("readable");
        let machine = Machine::of_header(&bytes).expect("an ELF file");
        // The test program needs libgcc_s.so.1, which every system has. No system has it under another name.
        let at = bytes
            .windows(14)
            .position(|name| name == b"libgcc_s.so.1\0")
            .expect("a name");
        bytes[at..at + 9].copy_from_slice(b"libnobody");
        let soname = String::from_utf8_lossy(&bytes[at..at + 13]).into_owned();
        let mut tree = Tree::new();
        tree.insert_bytes("bin/program", bytes.clone(), true);
        let libraries = LibrarySearch::new(machine, None);
        let found = closure(&tree, &libraries).expect("readable");
        assert!(found.carried.is_empty());

        // Beside the program on the builder, where its search path leads, it is found.
        let scratch = tempfile::tempdir().expect("a directory");
        let program = scratch.path().join("bin/program");
        let library = scratch.path().join("own").join(&soname);
        for file in [&program, &library] {
            fs_err::create_dir_all(file.parent().expect("a directory")).expect("a new directory");
            fs_err::write(file, set_rpath(&bytes, "$ORIGIN/../own").expect("edited")).expect("a new file");
        }
        let mut tree = Tree::new();
        tree.insert_path("bin/program", &program, true);
        let found = closure(&tree, &libraries).expect("readable");
        let carried = &found.carried[&soname];
        assert_eq!(carried.needed_by, b"bin/program");
        assert_eq!(
            carried.source.canonicalize().expect("there"),
            library.canonicalize().expect("there")
        );

        // The tree has it already.
        tree.insert_path(lib_path(&soname), &library, false);
        let found = closure(&tree, &libraries).expect("readable");
        assert!(found.carried.is_empty());
    }
}
