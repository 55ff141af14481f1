//! Finds shared libraries on the builder, or in a sysroot that stands for another machine.
//!
//! The directories are those of the loader: the asking file's search path, `/etc/ld.so.conf` with what it
//! includes, and the defaults of Debian's and Fedora's layouts. `/etc/ld.so.cache` is only an index of the
//! same directories. Subdirectories for newer processors (`glibc-hwcaps`) are passed over on purpose: what is
//! packed must run on every processor of its kind.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::read::Machine;

/// Where the libraries of a machine that pyship has no target for are searched.
const COMMON: [&str; 4] = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// See the module.
#[derive(Debug, Clone)]
pub struct Lookup {
    machine: Machine,
    sysroot: PathBuf,
    directories: Vec<PathBuf>,
    configuration: Vec<PathBuf>,
}

impl Lookup {
    /// A lookup of libraries for one machine, below `sysroot` or the builder's own `/`.
    #[must_use]
    pub fn new(machine: Machine, sysroot: Option<&Path>) -> Self {
        let mut lookup = Self {
            machine,
            sysroot: sysroot.unwrap_or(Path::new("/")).to_owned(),
            directories: Vec::new(),
            configuration: Vec::new(),
        };
        let mut configured = Vec::new();
        let mut read = BTreeSet::new();
        lookup.read_conf(Path::new("/etc/ld.so.conf"), &mut configured, &mut read);
        lookup.configuration = read.into_iter().collect();
        let defaults = machine
            .target()
            .map_or(&COMMON[..], |target| &target.library_directories);
        configured.extend(defaults.iter().map(PathBuf::from));
        let mut seen = BTreeSet::new();
        lookup.directories = configured
            .into_iter()
            .filter(|directory| seen.insert(directory.clone()))
            .collect();
        lookup
    }

    /// The machine whose libraries are looked for.
    #[must_use]
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// The files and directories of the builder whose change may change an answer.
    pub fn watched(&self) -> impl Iterator<Item = PathBuf> {
        let always = ["/etc/ld.so.conf", "/etc/ld.so.conf.d"].map(Path::new);
        let asked = always
            .into_iter()
            .chain(self.directories.iter().map(PathBuf::as_path));
        let asked: Vec<PathBuf> = asked.map(|path| self.on_builder(path)).collect();
        asked.into_iter().chain(self.configuration.iter().cloned())
    }

    /// The file that the loader would take for a soname, with its links resolved; `search` is looked in first.
    #[must_use]
    pub fn find(&self, soname: &str, search: &[PathBuf]) -> Option<PathBuf> {
        if soname.contains('/') {
            return None;
        }
        search.iter().chain(&self.directories).find_map(|directory| {
            let file = self.resolve(&directory.join(soname))?;
            self.fits(&file).then_some(file)
        })
    }

    /// The real file behind an absolute path of the target. Links are followed inside the sysroot.
    #[must_use]
    pub fn resolve(&self, path: &Path) -> Option<PathBuf> {
        const MOST_LINKS: usize = 40;
        let mut links = 0;
        let mut todo: Vec<PathBuf> = parts(path);
        let mut real = PathBuf::from("/");
        while let Some(part) = todo.pop() {
            if part == Path::new("..") {
                real.pop();
                continue;
            }
            let next = real.join(&part);
            let Ok(target) = fs_err::read_link(self.on_builder(&next)) else {
                real = next;
                continue;
            };
            links += 1;
            if links > MOST_LINKS {
                return None;
            }
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            todo.extend(parts(&target));
        }
        let file = self.on_builder(&real);
        file.is_file().then_some(file)
    }

    /// Where a path of the target lies on the builder.
    #[must_use]
    pub fn on_builder(&self, path: &Path) -> PathBuf {
        self.sysroot.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The path that a file of the builder has on the target.
    #[must_use]
    pub fn on_target(&self, file: &Path) -> PathBuf {
        file.strip_prefix(&self.sysroot)
            .map_or_else(|_| file.to_owned(), |inner| Path::new("/").join(inner))
    }

    fn fits(&self, file: &Path) -> bool {
        let mut header = [0; 20];
        fs_err::File::open(file)
            .and_then(|mut file| file.read_exact(&mut header))
            .is_ok()
            && Machine::of_header(&header) == Some(self.machine)
    }

    /// Reads a line-oriented list of directories; `include` takes a pattern. What can't be read has no say.
    fn read_conf(&self, path: &Path, found: &mut Vec<PathBuf>, seen: &mut BTreeSet<PathBuf>) {
        let Some(file) = self.resolve(path).filter(|file| seen.insert(file.clone())) else {
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
                        self.read_conf(&included, found, seen);
                    }
                }
                None if line.starts_with('/') => found.push(PathBuf::from(line)),
                None => {}
            }
        }
    }

    /// The files that a pattern names, sorted; `*` stands in its last part only, as in every distribution.
    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>> {
        let directory = pattern.parent().unwrap_or(Path::new("/"));
        let glob =
            globset::Glob::new(&pattern.file_name().unwrap_or_default().to_string_lossy())?.compile_matcher();
        let mut files = Vec::new();
        for entry in fs_err::read_dir(self.on_builder(directory))? {
            let name = entry?.file_name();
            if glob.is_match(&name) {
                files.push(directory.join(name));
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The parts of a path, last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(cpu: &str) -> Machine {
        Machine::of(pyship_launcher::target::find_cpu(cpu).unwrap())
    }

    use object::elf;

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

        let arm = Lookup::new(machine("aarch64"), Some(root));
        assert_eq!(arm.directories[..2], ["/opt/x", "/opt/y"].map(PathBuf::from));
        assert_eq!(arm.find("liba.so.1", &[]), Some(root.join("opt/y/liba.so.1.2")));
        let intel = Lookup::new(machine("x86_64"), Some(root));
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
        assert_eq!(intel.on_target(&root.join("opt/x")), Path::new("/opt/x"));
    }
}
