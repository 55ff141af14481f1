//! A runtime as it is on the builder, before anything is carried.

use super::*;
use crate::elf::lookup::Lookup;
use crate::elf::prepare::prepare_runtime;
use crate::elf::samples::{interpreters, runtime};

fn machine() -> Machine {
    Machine::of_header(&fs_err::read("/proc/self/exe").expect("readable")).expect("an ELF file")
}

#[test]
fn a_prepared_runtime_has_all_it_needs() {
    for interpreter in interpreters() {
        let mut tree = runtime(&interpreter);
        let lookup = Lookup::new(machine(), None);
        let report = prepare_runtime(&mut tree, &lookup, &BTreeSet::new()).expect("prepared");
        let seen = survey(machine(), &[("runtime", &tree)]).expect("surveyed");
        assert!(seen.files > 20, "{}", seen.files);
        let missing: BTreeSet<_> = report
            .missing
            .iter()
            .map(|missing| missing.soname.clone())
            .collect();
        let unresolved: BTreeSet<_> = seen
            .unresolved
            .iter()
            .map(|missing| missing.soname.clone())
            .collect();
        assert_eq!(missing, unresolved);
        assert_eq!(seen.assumed, []);
        assert_eq!(seen.damaged, []);
        let floor = seen.floor.expect("it needs a glibc");
        assert!(floor.version >= (2, 2) && floor.version.0 < 3, "{floor}");
        assert_eq!(seen.floors["runtime"], floor);
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
    let seen = survey(machine(), &[("deps", &tree)]).expect("surveyed");
    assert_eq!(seen.files, 3);
    assert_eq!(
        seen.executable_stacks,
        [Place {
            layer: "deps".to_owned(),
            path: b"lib/stack.so".to_vec()
        }]
    );
    assert_eq!(seen.system.keys().collect::<Vec<_>>(), ["libgcc_s.so.1"]);
    assert!(
        seen.system["libgcc_s.so.1"].starts_with("GCC_"),
        "{:?}",
        seen.system
    );
    assert_eq!(seen.foreign.len(), 1);
    assert_eq!(seen.damaged.len(), 1);
    assert_eq!(
        seen.floor.map(|floor| floor.by),
        Some(seen.executable_stacks[0].clone())
    );
}

#[test]
fn a_library_that_nobody_carries_is_named() {
    for interpreter in interpreters() {
        let mut tree = runtime(&interpreter);
        let seen = survey(machine(), &[("runtime", &tree)]).expect("surveyed");
        let lookup = Lookup::new(machine(), None);
        let report = prepare_runtime(&mut tree, &lookup, &BTreeSet::new()).expect("prepared");
        let named = |soname: &str| seen.unresolved.iter().any(|missing| missing.soname == soname);
        let direct = report
            .carried
            .iter()
            .filter(|(_, carried)| !carried.needed_by.starts_with(b"lib/lib"));
        for (soname, _) in direct {
            assert!(named(soname), "{soname}");
        }
        // In another layer they count as probably loaded: no search path leads from layer to layer.
        let mut libraries = Tree::new();
        for (soname, carried) in &report.carried {
            libraries.insert_path(format!("elsewhere/{soname}"), &carried.source, false);
        }
        let raw = runtime(&interpreter);
        let seen = survey(machine(), &[("runtime", &raw), ("deps", &libraries)]).expect("surveyed");
        let missing: BTreeSet<_> = report
            .missing
            .iter()
            .map(|missing| missing.soname.clone())
            .collect();
        let unresolved: BTreeSet<_> = seen
            .unresolved
            .iter()
            .map(|missing| missing.soname.clone())
            .collect();
        assert_eq!(unresolved, missing);
        assert!(seen.assumed.len() >= report.carried.len());
    }
}
