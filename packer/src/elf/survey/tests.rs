//! A runtime as it is on the builder, before anything is carried.

use super::*;
use crate::elf::library_search::LibrarySearch;
use crate::elf::prepare::prepare_runtime;
use crate::elf::samples::{interpreters, runtime};
use crate::tree::Tree;

fn machine() -> Machine {
    Machine::of_header(&fs_err::read("/proc/self/exe").expect("readable")).expect("an ELF file")
}

fn surveyed(trees: &[&Tree]) -> Survey {
    let layers: Vec<LayerElf> = trees
        .iter()
        .map(|tree| LayerElf::of(tree).expect("readable"))
        .collect();
    survey(machine(), &layers.iter().collect::<Vec<_>>())
}

/// Whether no library of `survey` is missing but those that the builder lacks.
fn only_the_builder_lacks(survey: &Survey) -> bool {
    let libraries = LibrarySearch::new(machine(), None);
    let mut sonames = survey.unresolved.iter().map(|missing| &missing.soname);
    sonames.all(|soname| libraries.find(soname, &[]).is_none())
}

#[test]
fn a_prepared_runtime_has_all_it_needs() {
    for interpreter in interpreters() {
        let mut tree = runtime(&interpreter);
        prepare_runtime(&mut tree, &LibrarySearch::new(machine(), None), &BTreeSet::new()).expect("prepared");
        let found = surveyed(&[&tree]);
        assert!(only_the_builder_lacks(&found), "{:?}", found.unresolved);
        assert_eq!(found.damaged, []);
        let floor = found.floor.expect("it needs a glibc");
        assert!(floor.version >= (2, 2) && floor.version.0 < 3, "{floor:?}");
    }
}

#[test]
fn what_is_odd_is_listed() {
    let own = fs_err::read("/proc/self/exe").expect("readable");
    let mut foreign = own.clone();
    foreign[18..20].copy_from_slice(&object::elf::EM_RISCV.0.to_le_bytes());
    let mut stack = own.clone();
    let stack_header = (64..)
        .step_by(56)
        .find(|at| stack[*at..][..4] == object::elf::PT_GNU_STACK.0.to_le_bytes());
    stack[stack_header.expect("a header") + 4] |= 1;
    let mut tree = Tree::new();
    tree.insert_bytes("lib/stack.so", stack, false);
    tree.insert_bytes("lib/foreign.so", foreign, false);
    tree.insert_bytes("lib/damaged.so", own[..100].to_vec(), false);
    tree.insert_bytes("lib/text.so", *b"INPUT(libm.so.6)", false);
    let found = surveyed(&[&tree]);
    assert_eq!(found.executable_stacks, ["lib/stack.so"]);
    assert_eq!(found.system.iter().collect::<Vec<_>>(), ["libgcc_s.so.1"]);
    let versions = found.versions_of("libgcc_s.so.1");
    assert!(versions.starts_with("GCC_"), "{versions}");
    // It needs versions of glibc's libraries, too: they are the floor.
    assert_eq!(found.versions_of("libc.so.6"), "");
    assert_eq!(found.foreign.len(), 1);
    assert_eq!(found.foreign[0].0, "lib/foreign.so");
    assert_eq!(found.foreign[0].1.to_string(), "ELF machine 243");
    assert_eq!(found.damaged.len(), 1);
    assert_eq!(found.floor.expect("it needs a glibc").by, "lib/stack.so");
}

#[test]
fn a_library_that_no_layer_has_is_unresolved() {
    for interpreter in interpreters() {
        let raw = runtime(&interpreter);
        let found = surveyed(&[&raw]);
        let mut tree = raw.clone();
        let report = prepare_runtime(&mut tree, &LibrarySearch::new(machine(), None), &BTreeSet::new())
            .expect("prepared");
        let direct = report
            .carried
            .iter()
            .filter(|(_, carried)| !carried.needed_by.starts_with(b"lib/lib"));
        for (soname, _) in direct {
            let is_it = |missing: &Unresolved| missing.soname == *soname;
            assert!(found.unresolved.iter().any(is_it), "{soname}");
        }
        // In another layer they count as found: some file may load them first.
        let mut libraries = Tree::new();
        for (soname, carried) in &report.carried {
            libraries.insert_path(format!("elsewhere/{soname}"), &carried.source, false);
        }
        let found = surveyed(&[&raw, &libraries]);
        assert!(only_the_builder_lacks(&found), "{:?}", found.unresolved);
    }
}
