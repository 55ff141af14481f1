//! Which shared libraries must go along with a runtime: all that its files need, and what these need in turn,
//! except what every system has and what the tree already holds in [`LIB`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::lookup::Lookup;
use super::read::{Elf, inspect};
use super::scan::scan;
use super::search::expand;
use super::system::is_provided;
use crate::tree::{Content, LayerPath, Tree};

/// Directory of the runtime layer with its shared libraries.
pub const LIB: &[u8] = b"lib";

/// See [`closure`].
#[derive(Debug, Clone, Default)]
pub struct Closure {
    /// Libraries to add, by soname.
    pub carried: BTreeMap<String, Carried>,
    /// Libraries that the builder does not have.
    pub missing: BTreeSet<Missing>,
    /// Where files had libraries looked for, besides the places that all share.
    pub searched: BTreeSet<PathBuf>,
}

/// A library that goes along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The file on the builder, links resolved.
    pub source: PathBuf,
    /// The first file that needs it; for one that goes along itself, where it will lie.
    pub needed_by: LayerPath,
}

/// A library that a file needs and nobody has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The file that needs it.
    pub file: LayerPath,
    /// The library.
    pub soname: String,
}

/// The path of a library in the runtime layer.
pub(super) fn lib_path(soname: &str) -> LayerPath {
    [LIB, b"/", soname.as_bytes()].concat()
}

/// A file whose needs are looked at.
struct Asking {
    path: LayerPath,
    needed: Vec<String>,
    /// Where the loader would look for them first.
    search: Vec<PathBuf>,
    /// What these pass on to theirs: `DT_RPATH` is inherited, `DT_RUNPATH` is not.
    inherited: Vec<PathBuf>,
}

/// Finds what `tree` needs besides itself. Needs of one module that can't be met are reported, not fatal.
///
/// # Errors
/// When a file can't be read.
pub fn closure(tree: &Tree, lookup: &Lookup) -> Result<Closure> {
    let mut queue = VecDeque::new();
    for scanned in scan(tree)? {
        let Ok(elf) = scanned.elf else { continue };
        if elf.is_loadable() && elf.machine == lookup.machine() {
            let builder = match &scanned.file.content {
                Content::Path(path) => Some(path.as_path()),
                Content::Bytes(_) => None,
            };
            queue.push_back(asking(scanned.path.clone(), &elf, builder, &[], lookup));
        }
    }

    let mut found = Closure::default();
    while let Some(asking_file) = queue.pop_front() {
        let searched = asking_file
            .search
            .iter()
            .map(|directory| lookup.on_builder(directory));
        found.searched.extend(searched);
        for soname in &asking_file.needed {
            let path = lib_path(soname);
            if is_provided(soname) || tree.get(&path).is_some() || found.carried.contains_key(soname) {
                continue;
            }
            let Some(source) = lookup.find(soname, &asking_file.search) else {
                found.missing.insert(Missing {
                    file: asking_file.path.clone(),
                    soname: soname.clone(),
                });
                continue;
            };
            let elf = inspect(&fs_err::read(&source)?)
                .with_context(|| format!("failed to read `{}`", source.display()))?
                .with_context(|| format!("failed to read `{}`: no longer an ELF file", source.display()))?;
            queue.push_back(asking(path, &elf, Some(&source), &asking_file.inherited, lookup));
            let carried = Carried {
                source,
                needed_by: asking_file.path.clone(),
            };
            found.carried.insert(soname.clone(), carried);
        }
    }
    Ok(found)
}

fn asking(
    path: LayerPath,
    elf: &Elf,
    builder: Option<&Path>,
    inherited: &[PathBuf],
    lookup: &Lookup,
) -> Asking {
    let mut search = Vec::new();
    if let (Some(search_path), Some(builder)) = (elf.search_path(), builder) {
        // A program's origin has its links resolved, a library's has not.
        let real = fs_err::canonicalize(builder).ok();
        for file in [Some(builder), real.as_deref()].into_iter().flatten() {
            if let Some(origin) = lookup.on_target(file).parent() {
                search.extend(expand(search_path, origin));
            }
        }
    }
    let mut passed_on = inherited.to_vec();
    if elf.runpath.is_none() {
        passed_on.splice(0..0, search.iter().cloned());
        search = passed_on.clone();
    }
    Asking {
        path,
        needed: elf.needed.clone(),
        search,
        inherited: passed_on,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elf::edit::set_runpath;
    use crate::elf::read::Machine;

    fn own() -> Vec<u8> {
        fs_err::read("/proc/self/exe").expect("readable")
    }

    #[test]
    fn what_the_builder_lacks_is_named_with_the_file() {
        let mut bytes = own();
        let machine = Machine::of_header(&bytes).expect("an ELF file");
        // The test program needs libgcc_s.so.1, which every system has; under another name nobody has it.
        let at = bytes
            .windows(14)
            .position(|name| name == b"libgcc_s.so.1\0")
            .expect("a name");
        bytes[at..at + 9].copy_from_slice(b"libnobody");
        let mut tree = Tree::new();
        tree.insert_bytes("bin/program", bytes.clone(), true);
        let found = closure(&tree, &Lookup::new(machine, None)).expect("readable");
        let soname = String::from_utf8_lossy(&bytes[at..at + 13]).into_owned();
        let missing = Missing {
            file: b"bin/program".to_vec(),
            soname,
        };
        assert_eq!(found.missing, BTreeSet::from([missing.clone()]));
        assert!(found.carried.is_empty());

        // Beside the program on the builder, where its search path leads, it is found.
        let scratch = tempfile::tempdir().expect("a directory");
        let program = scratch.path().join("bin/program");
        let library = scratch.path().join("own").join(&missing.soname);
        for file in [&program, &library] {
            fs_err::create_dir_all(file.parent().expect("a directory")).expect("a new directory");
            fs_err::write(file, set_runpath(&bytes, "$ORIGIN/../own").expect("edited")).expect("a new file");
        }
        let mut tree = Tree::new();
        tree.insert_path("bin/program", &program, true);
        let found = closure(&tree, &Lookup::new(machine, None)).expect("readable");
        assert_eq!(found.missing, BTreeSet::new());
        let carried = &found.carried[&missing.soname];
        assert_eq!(carried.needed_by, b"bin/program");
        assert_eq!(
            carried.source.canonicalize().expect("there"),
            library.canonicalize().expect("there")
        );

        // In the tree it is nobody's business.
        tree.insert_path(lib_path(&missing.soname), &library, false);
        assert!(
            closure(&tree, &Lookup::new(machine, None))
                .expect("readable")
                .carried
                .is_empty()
        );
    }
}
