//! What pyship packs for: one table, which the launcher, the packer and the packer's build script read. A new CPU is
//! an entry of [`TARGETS`].

/// A machine that packed files run on: its CPU, and what glibc systems and Python wheels call things there.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// `x86_64-unknown-linux-gnu`, as `--target` takes it.
    pub triple: &'static str,
    /// `x86_64`, as `uname -m`, Rust and wheels call it.
    pub cpu: &'static str,
    /// `e_machine` of its ELF files, which are 64-bit and little-endian.
    pub elf_machine: u16,
    /// The loader that a glibc program names.
    pub loader: &'static str,
    /// Where distributions keep the C library, in the order in which they are searched.
    pub library_directories: [&'static str; 6],
    /// libstdc++ and libgcc_s: where Debian and its kin keep them, and where all others do.
    pub compiler_libraries: [[&'static str; 2]; 2],
    /// The oldest minor version of glibc 2 that manylinux wheels of this CPU name (PEP 600 and its predecessors).
    pub oldest_manylinux: u32,
}

/// Every supported target, in the order of their triples.
pub const TARGETS: &[Target] = &[
    Target {
        triple: "aarch64-unknown-linux-gnu",
        cpu: "aarch64",
        elf_machine: 183,
        loader: "/lib/ld-linux-aarch64.so.1",
        library_directories: [
            "/lib/aarch64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/lib64",
            "/usr/lib64",
            "/lib",
            "/usr/lib",
        ],
        compiler_libraries: [
            [
                "/usr/lib/aarch64-linux-gnu/libstdc++.so.6",
                "/lib/aarch64-linux-gnu/libgcc_s.so.1",
            ],
            ["/usr/lib64/libstdc++.so.6", "/lib64/libgcc_s.so.1"],
        ],
        oldest_manylinux: 17,
    },
    Target {
        triple: "x86_64-unknown-linux-gnu",
        cpu: "x86_64",
        elf_machine: 62,
        loader: "/lib64/ld-linux-x86-64.so.2",
        library_directories: [
            "/lib/x86_64-linux-gnu",
            "/usr/lib/x86_64-linux-gnu",
            "/lib64",
            "/usr/lib64",
            "/lib",
            "/usr/lib",
        ],
        compiler_libraries: [
            [
                "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
                "/lib/x86_64-linux-gnu/libgcc_s.so.1",
            ],
            ["/usr/lib64/libstdc++.so.6", "/lib64/libgcc_s.so.1"],
        ],
        oldest_manylinux: 5,
    },
];

/// The target of the machine that this code is compiled for.
pub const HOST: &Target = match find_cpu(std::env::consts::ARCH) {
    Some(target) => target,
    None => panic!("TARGETS has no entry for this CPU"),
};

/// The target of a CPU.
#[must_use]
pub const fn find_cpu(cpu: &str) -> Option<&'static Target> {
    let mut at = 0;
    while at < TARGETS.len() {
        if is_same(TARGETS[at].cpu.as_bytes(), cpu.as_bytes()) {
            return Some(&TARGETS[at]);
        }
        at += 1;
    }
    None
}

/// `==`, which constants can't use.
const fn is_same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_consistent_and_found() {
        assert!(TARGETS.is_sorted_by_key(|target| target.triple));
        for target in TARGETS {
            assert_eq!(find_cpu(target.cpu), Some(target));
            assert!(target.triple.starts_with(target.cpu) && target.triple.ends_with("-linux-gnu"));
            assert!(target.library_directories[0].contains(target.cpu));
        }
        assert_eq!(find_cpu("x86"), None);
        assert_eq!(find_cpu("x86_64v3"), None);
        assert_eq!(HOST.cpu, std::env::consts::ARCH);
    }
}
