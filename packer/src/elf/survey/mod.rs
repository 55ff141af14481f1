//! What the ELF files of all layers together need from the system that they will run on.
//!
//! The libc layer is not one of these layers: the result decides which one is needed.

use std::collections::{BTreeMap, BTreeSet};

use super::file::Elf;
use super::layer::LayerElf;
use super::machine::Machine;
use super::system::{COMPILER, is_provided};
use super::versions::Newest;
use crate::tree::display;

/// See the module. Files are named by their paths in their layers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Survey {
    /// The newest glibc that a file needs.
    pub(crate) floor: Option<Floor>,
    /// Libraries of the compiler's runtime that some file takes from the system.
    pub(crate) system: BTreeSet<String>,
    /// The newest symbol versions that are needed of libraries which no layer has, by soname.
    versions: BTreeMap<String, Newest>,
    /// Every soname that some file needs, for [`super::prepare_runtime`].
    pub(crate) needed: BTreeSet<String>,
    /// Libraries that neither a layer nor a plain system has. One that is in some layer counts as found even where
    /// the file's search path does not lead to it: another file may load it first.
    pub(crate) unresolved: Vec<Unresolved>,
    /// Files that ask for an executable stack.
    pub(crate) executable_stacks: Vec<String>,
    /// Files for another machine.
    pub(crate) foreign: Vec<(String, Machine)>,
    /// Damaged ELF files, with the reason.
    pub(crate) damaged: Vec<(String, String)>,
}

/// The newest glibc that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Floor {
    /// Major and minor.
    pub(crate) version: (u32, u32),
    /// The first file that needs it.
    pub(crate) by: String,
}

/// A library that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unresolved {
    /// The file that needs it.
    pub(crate) file: String,
    /// The library.
    pub(crate) soname: String,
}

/// Looks at the ELF files of all layers, which are meant for `machine`.
pub(crate) fn survey(machine: Machine, layers: &[&LayerElf]) -> Survey {
    let mut survey = Survey::default();
    let mut provided = BTreeSet::new();
    let mut loadable = Vec::new();
    for file in layers.iter().flat_map(|layer| &layer.0) {
        let path = display(&file.path);
        match &file.elf {
            Err(reason) => survey.damaged.push((path, reason.clone())),
            Ok(elf) if !elf.is_loadable => {}
            Ok(elf) if elf.machine != machine => survey.foreign.push((path, elf.machine)),
            Ok(elf) => {
                provided.extend(path.rsplit('/').next().map(str::to_owned));
                provided.extend(elf.soname.clone());
                loadable.push((path, elf, &file.in_layer));
            }
        }
    }
    for (path, elf, in_layer) in loadable {
        survey.add(&path, elf);
        for soname in &elf.needed {
            survey.needed.insert(soname.clone());
            if in_layer.contains(soname) {
                continue;
            }
            if is_provided(soname) {
                if COMPILER.contains(&soname.as_str()) {
                    survey.system.insert(soname.clone());
                    survey.add_versions(soname, elf);
                }
            } else if !provided.contains(soname) {
                survey.add_versions(soname, elf);
                survey.unresolved.push(Unresolved {
                    file: path.clone(),
                    soname: soname.clone(),
                });
            }
        }
    }
    survey
}

impl Survey {
    fn add(&mut self, path: &str, elf: &Elf) {
        if elf.executable_stack {
            self.executable_stacks.push(path.to_owned());
        }
        let newest = self.floor.as_ref().map(|floor| floor.version);
        if let Some(version) = elf.versions.glibc.filter(|&version| newest < Some(version)) {
            let by = path.to_owned();
            self.floor = Some(Floor { version, by });
        }
    }

    fn add_versions(&mut self, soname: &str, elf: &Elf) {
        if let Some(needed) = elf.versions.others.get(soname) {
            self.versions.entry(soname.to_owned()).or_default().merge(needed);
        }
    }

    /// The symbol versions that are needed of a library which no layer has, with a space between two.
    pub(crate) fn versions_of(&self, soname: &str) -> String {
        self.versions
            .get(soname)
            .map(Newest::to_string)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
