//! The machine that an ELF file runs on.

use std::fmt::{self, Display};

use object::elf;
use pyship_launcher::target::{TARGETS, Target};
use serde::{Deserialize, Serialize};

/// The first bytes of every ELF file.
pub(crate) const MAGIC: &[u8] = b"\x7fELF";

/// What an ELF file runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// `e_machine`.
    pub(crate) code: u16,
    /// Whether it is of class 64.
    pub(crate) wide: bool,
    /// Whether it is little-endian.
    pub(crate) little: bool,
}

impl Machine {
    /// The machine of a target.
    pub(crate) fn of(target: &Target) -> Self {
        Self {
            code: target.elf_machine,
            wide: true,
            little: true,
        }
    }

    /// The target whose programs run on it.
    pub(crate) fn target(self) -> Option<&'static Target> {
        TARGETS.iter().find(|target| Self::of(target) == self)
    }

    /// The machine that the first 20 bytes of a file name; none when it is no ELF file.
    pub(crate) fn of_header(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..20).filter(|header| header.starts_with(MAGIC))?;
        let little = header[5] == elf::ELFDATA2LSB.0;
        let code = [header[18], header[19]];
        Some(Self {
            code: if little {
                u16::from_le_bytes(code)
            } else {
                u16::from_be_bytes(code)
            },
            wide: header[4] == elf::ELFCLASS64.0,
            little,
        })
    }
}

impl Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target() {
            Some(target) => f.write_str(target.cpu),
            None => write!(f, "ELF machine {}", self.code),
        }
    }
}
