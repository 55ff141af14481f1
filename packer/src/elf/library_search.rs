//! Finds shared libraries on the builder, or in the sysroot of another machine.
//!
//! The directories are those of the loader: the search path of the file that needs the library, `/etc/ld.so.conf` with
//! its includes, and the defaults of Debian's and Fedora's layouts. `/etc/ld.so.cache` is an index of the same
//! directories, and not read. Subdirectories for newer processors (`glibc-hwcaps`) are skipped on purpose: what is
//! packed must run on every processor of the target.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::machine::Machine;
use super::sysroot::Sysroot;

/// The directories of a machine that pyship has no target for.
const COMMON: [&str; 4] = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct LibrarySearch {
    machine: Machine,
    sysroot: Sysroot,
    directories: Vec<PathBuf>,
    configuration: Vec<PathBuf>,
}

impl LibrarySearch {
    /// A search for libraries of one machine, in `sysroot` or in the builder's own root directory.
    pub(crate) fn new(machine: Machine, sysroot: Option<&Path>) -> Self {
        let mut search = Self {
            machine,
            sysroot: Sysroot::new(sysroot),
            directories: Vec::new(),
            configuration: Vec::new(),
        };
        let mut directories = Vec::new();
        let mut configuration = BTreeSet::new();
        search.read_conf(Path::new("/etc/ld.so.conf"), &mut directories, &mut configuration);
        search.configuration = configuration.into_iter().collect();
        let defaults = machine
            .target()
            .map_or(&COMMON[..], |target| &target.library_directories);
        directories.extend(defaults.iter().map(PathBuf::from));
        let mut seen = BTreeSet::new();
        directories.retain(|directory| seen.insert(directory.clone()));
        search.directories = directories;
        search
    }

    /// The machine whose libraries are looked for.
    pub(crate) fn machine(&self) -> Machine {
        self.machine
    }

    /// The files and directories of the builder that the results depend on.
    pub(crate) fn watched(&self) -> impl Iterator<Item = PathBuf> {
        let always = ["/etc/ld.so.conf", "/etc/ld.so.conf.d"].map(Path::new);
        always
            .into_iter()
            .chain(self.directories.iter().map(PathBuf::as_path))
            .map(|path| self.sysroot.on_builder(path))
            .chain(self.configuration.iter().cloned())
    }

    /// The file that the loader takes for a soname, with its links resolved. `first` are the directories that it
    /// searches before all others.
    pub(crate) fn find(&self, soname: &str, first: &[PathBuf]) -> Option<PathBuf> {
        if soname.contains('/') {
            return None;
        }
        first.iter().chain(&self.directories).find_map(|directory| {
            let file = self.sysroot.resolve(&directory.join(soname))?;
            self.is_for_machine(&file).then_some(file)
        })
    }

    /// The library that a linker calls `name`, as in `-lz`: its file, with its links resolved.
    pub(crate) fn named(&self, name: &str) -> Option<PathBuf> {
        let development = format!("lib{name}.so");
        if let Some(found) = self.find(&development, &[]) {
            return Some(found);
        }
        let start = format!("{development}.");
        self.directories.iter().find_map(|directory| {
            let entries = fs_err::read_dir(self.sysroot.on_builder(directory)).ok()?;
            let mut names: Vec<String> = entries
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| name.starts_with(&start))
                .collect();
            names.sort();
            names.iter().find_map(|name| self.find(name, &[]))
        })
    }

    /// The root directory that is searched.
    pub(crate) fn sysroot(&self) -> &Sysroot {
        &self.sysroot
    }

    fn is_for_machine(&self, file: &Path) -> bool {
        let mut header = [0; 20];
        fs_err::File::open(file)
            .and_then(|mut file| file.read_exact(&mut header))
            .is_ok()
            && Machine::of_header(&header) == Some(self.machine)
    }

    /// Reads a list of directories, one a line; `include` takes a pattern. A file that can't be read is skipped, as the
    /// loader does.
    fn read_conf(&self, path: &Path, directories: &mut Vec<PathBuf>, read: &mut BTreeSet<PathBuf>) {
        let Some(file) = self
            .sysroot
            .resolve(path)
            .filter(|file| read.insert(file.clone()))
        else {
            return;
        };
        let text = fs_err::read_to_string(file).unwrap_or_default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            match line
                .strip_prefix("include")
                .filter(|rest| rest.starts_with(char::is_whitespace))
            {
                Some(pattern) => {
                    let base = path.parent().unwrap_or(Path::new("/"));
                    for included in self.matching(&base.join(pattern.trim())).unwrap_or_default() {
                        self.read_conf(&included, directories, read);
                    }
                }
                None if line.starts_with('/') => directories.push(PathBuf::from(line)),
                None => {}
            }
        }
    }

    /// The files that match a pattern, sorted. `*` works in the last part of the path only: no distribution has it elsewhere.
    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>> {
        let directory = pattern.parent().unwrap_or(Path::new("/"));
        let glob =
            globset::Glob::new(&pattern.file_name().unwrap_or_default().to_string_lossy())?.compile_matcher();
        let mut files = Vec::new();
        for entry in fs_err::read_dir(self.sysroot.on_builder(directory))? {
            let name = entry?.file_name();
            if glob.is_match(&name) {
                files.push(directory.join(name));
            }
        }
        files.sort();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::elf;

    fn machine(cpu: &str) -> Machine {
        Machine::of(pyship_launcher::target::find_cpu(cpu).expect("a target"))
    }

    fn library(machine: elf::Machine) -> Vec<u8> {
        let mut header = [&b"\x7fELF\x02\x01\x01"[..], &[0; 13]].concat();
        header[18..20].copy_from_slice(&machine.0.to_le_bytes());
        header
    }

    #[test]
    fn a_sysroot_is_searched_as_its_own_loader_would() {
        let scratch = tempfile::tempdir().expect("a directory");
        let root = scratch.path();
        for directory in ["etc/ld.so.conf.d", "opt/x", "opt/y", "usr/lib", "usr/lib64"] {
            fs_err::create_dir_all(root.join(directory)).expect("a new directory");
        }
        fs_err::write(
            root.join("etc/ld.so.conf"),
            "# note\ninclude ld.so.conf.d/*.conf\n",
        )
        .expect("a file");
        fs_err::write(root.join("etc/ld.so.conf.d/b.conf"), "/opt/y # second\n").expect("a file");
        fs_err::write(root.join("etc/ld.so.conf.d/a.conf"), "/opt/x\n").expect("a file");
        fs_err::write(root.join("etc/ld.so.conf.d/c.txt"), "/usr/lib\n").expect("a file");
        fs_err::write(root.join("opt/x/liba.so.1"), library(elf::EM_X86_64)).expect("a file");
        fs_err::write(root.join("opt/y/liba.so.1.2"), library(elf::EM_AARCH64)).expect("a file");
        // Absolute links mean the sysroot's own paths.
        fs_err::os::unix::fs::symlink("/opt/y/liba.so.1.2", root.join("opt/y/liba.so.1")).expect("a link");
        fs_err::os::unix::fs::symlink("/usr/lib", root.join("lib")).expect("a link");
        fs_err::os::unix::fs::symlink("loop.so", root.join("usr/lib/loop.so")).expect("a link");
        fs_err::write(root.join("usr/lib/libb.so.1"), "INPUT(libc.so.6)").expect("a file");

        let arm = LibrarySearch::new(machine("aarch64"), Some(root));
        assert_eq!(arm.directories[..2], ["/opt/x", "/opt/y"].map(PathBuf::from));
        assert_eq!(arm.find("liba.so.1", &[]), Some(root.join("opt/y/liba.so.1.2")));
        let intel = LibrarySearch::new(machine("x86_64"), Some(root));
        assert_eq!(intel.find("liba.so.1", &[]), Some(root.join("opt/x/liba.so.1")));
        assert_eq!(
            intel.find("liba.so.1.2", &[PathBuf::from("/opt/y")]),
            None,
            "for another machine"
        );
        assert_eq!(intel.find("libb.so.1", &[]), None, "not an ELF file");
        assert_eq!(intel.find("loop.so", &[]), None);
        assert_eq!(
            intel.find("../x/liba.so.1", &[PathBuf::from("/opt/y")]),
            None,
            "not a soname"
        );
        assert_eq!(
            intel.sysroot().on_target(&root.join("opt/x")),
            Path::new("/opt/x")
        );
    }
}
