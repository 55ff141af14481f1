//! What all the ELF files of all layers together ask of the system they will run on.
//!
//! The libc layer is not meant to be among the layers: it is one answer to this question.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::layer::LayerElf;
use super::read::{Elf, Machine};
use super::system::{COMPILER, is_provided};
use super::versions::Dotted;
use crate::tree::{LayerPath, Tree};

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Number of ELF files.
    pub files: usize,
    /// The newest glibc that a file asks for.
    pub floor: Option<Floor>,
    /// The same for each layer that asks for one.
    pub floors: BTreeMap<String, Floor>,
    /// Libraries of the compiler's run time that some file takes from the system, each with the newest symbol
    /// version that is asked of it: `GLIBCXX_3.4.29`, or nothing.
    pub system: BTreeMap<String, String>,
    /// The same as numbers, while looking for the newest.
    newest: BTreeMap<String, Dotted>,
    /// Every soname that some file needs, for [`super::prepare::prepare_runtime`].
    pub needed: BTreeSet<String>,
    /// Libraries that neither the layers nor a plain system have.
    pub unresolved: Vec<Unresolved>,
    /// Libraries that lie in some layer but not where the file's search path leads: they are there if
    /// something else has loaded them first.
    pub assumed: Vec<Assumed>,
    /// Files that ask for an executable stack.
    pub executable_stacks: Vec<Place>,
    /// Files for another machine.
    pub foreign: Vec<(Place, Machine)>,
    /// Files that begin like ELF files but are damaged, with the reason.
    pub damaged: Vec<(Place, String)>,
}

/// A file of a layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The layer's name.
    pub layer: String,
    /// The path in it.
    pub path: LayerPath,
}

/// The newest glibc that is asked for, and by whom (the first, when there are several).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Floor {
    /// Major and minor.
    pub version: (u32, u32),
    /// The file.
    pub by: Place,
}

/// A library that nobody has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The file that needs it.
    pub file: Place,
    /// The library.
    pub soname: String,
}

/// A library that has to be loaded already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumed {
    /// The file that needs it.
    pub file: Place,
    /// The library.
    pub soname: String,
    /// The file that provides it.
    pub provider: Place,
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&String::from_utf8_lossy(&self.path))
    }
}

impl std::fmt::Display for Floor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ((major, minor), by) = (self.version, &self.by);
        write!(out, "glibc {major}.{minor} ({by})")
    }
}

/// Looks at every ELF file of the named layers, which are meant for `machine`.
///
/// # Errors
/// When a file can't be read. A damaged ELF file is in the result.
pub fn survey(machine: Machine, layers: &[(&str, &Tree)]) -> Result<Survey> {
    let read = layers
        .iter()
        .map(|(layer, tree)| Ok((*layer, LayerElf::of(tree)?)));
    let read = read.collect::<Result<Vec<_>>>()?;
    let seen: Vec<_> = read.iter().map(|(layer, elf)| (*layer, elf)).collect();
    Ok(survey_of(machine, &seen))
}

/// The same for layers whose ELF files were looked at before.
#[must_use]
pub fn survey_of(machine: Machine, layers: &[(&str, &LayerElf)]) -> Survey {
    let mut survey = Survey::default();
    let mut providers = BTreeMap::new();
    let mut ours = Vec::new();
    for (layer, files) in layers {
        for file in &files.0 {
            survey.files += 1;
            let place = Place {
                layer: (*layer).to_owned(),
                path: file.path.clone(),
            };
            match &file.elf {
                Err(reason) => survey.damaged.push((place, reason.clone())),
                Ok(elf) if !elf.is_loadable() => {}
                Ok(elf) if elf.machine != machine => survey.foreign.push((place, elf.machine)),
                Ok(elf) => {
                    for name in [Some(file_name(&place.path)), elf.soname.clone()]
                        .into_iter()
                        .flatten()
                    {
                        providers.entry(name).or_insert_with(|| place.clone());
                    }
                    ours.push((place, elf, &file.at_hand));
                }
            }
        }
    }
    for (place, elf, at_hand) in ours {
        survey.note(&place, elf);
        for soname in &elf.needed {
            survey.needed.insert(soname.clone());
            if at_hand.contains(soname) {
                continue;
            }
            let (file, soname) = (place.clone(), soname.clone());
            if is_provided(&soname) {
                if COMPILER.contains(&soname.as_str()) {
                    survey.note_compiler(soname, elf);
                }
            } else if let Some(provider) = providers.get(&soname).cloned() {
                survey.assumed.push(Assumed {
                    file,
                    soname,
                    provider,
                });
            } else {
                survey.unresolved.push(Unresolved { file, soname });
            }
        }
    }
    survey
}

impl Survey {
    fn note_compiler(&mut self, soname: String, elf: &Elf) {
        let (prefix, version) = if soname.starts_with("libstdc++") {
            ("GLIBCXX", &elf.versions.glibcxx)
        } else {
            ("GCC", &elf.versions.gcc)
        };
        let newest = self.newest.get(&soname);
        let named = version
            .as_ref()
            .filter(|version| newest.is_none_or(|newest| newest < version));
        if let Some(version) = named {
            self.newest.insert(soname.clone(), version.clone());
            self.system.insert(soname, format!("{prefix}_{version}"));
        } else {
            self.system.entry(soname).or_default();
        }
    }

    fn note(&mut self, place: &Place, elf: &Elf) {
        if elf.executable_stack {
            self.executable_stacks.push(place.clone());
        }
        let Some(version) = elf.versions.glibc else {
            return;
        };
        let floor = Floor {
            version,
            by: place.clone(),
        };
        let layer = self
            .floors
            .entry(place.layer.clone())
            .or_insert_with(|| floor.clone());
        if layer.version < version {
            *layer = floor.clone();
        }
        if self.floor.as_ref().is_none_or(|newest| newest.version < version) {
            self.floor = Some(floor);
        }
    }
}

fn file_name(path: &[u8]) -> String {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests;
