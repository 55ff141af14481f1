//! The versions of symbols that a file asks for: `GLIBC_2.34`, `GLIBCXX_3.4.30`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The newest versions of symbols that a file asks for. Weak ones don't count: the loader starts without them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Newest `GLIBC_x.y`, as major and minor.
    pub glibc: Option<(u32, u32)>,
    /// Whether `GLIBC_PRIVATE` is among them: it fits one build of glibc only.
    pub glibc_private: bool,
    /// Every `GLIBC_ABI_*`.
    pub glibc_abi: BTreeSet<String>,
    /// Newest `GLIBCXX_x.y.z`.
    pub glibcxx: Option<Dotted>,
    /// Newest `CXXABI_x.y.z`.
    pub cxxabi: Option<Dotted>,
    /// Newest `GCC_x.y.z`.
    pub gcc: Option<Dotted>,
}

/// A dotted version; compares by numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dotted(pub Vec<u32>);

impl std::fmt::Display for Dotted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        out.write_str(&parts.join("."))
    }
}

impl Versions {
    /// Takes the name of a version into account.
    pub(super) fn note(&mut self, name: &str) {
        let Some((family, rest)) = name.split_once('_') else {
            return;
        };
        if family == "GLIBC" {
            if rest == "PRIVATE" {
                self.glibc_private = true;
            } else if rest.starts_with("ABI_") {
                self.glibc_abi.insert(name.to_owned());
                // Packed relative relocations came with glibc 2.36; older loaders refuse the file by this name.
                if rest == "ABI_DT_RELR" {
                    self.glibc = self.glibc.max(Some((2, 36)));
                }
            } else if let Some(Dotted(parts)) = dotted(rest)
                && let [major, minor, ..] = parts[..]
            {
                self.glibc = self.glibc.max(Some((major, minor)));
            }
            return;
        }
        let newest = match family {
            "GLIBCXX" => &mut self.glibcxx,
            "CXXABI" => &mut self.cxxabi,
            "GCC" => &mut self.gcc,
            _ => return,
        };
        if let Some(version) = dotted(rest) {
            *newest = newest.take().max(Some(version));
        }
    }
}

pub(super) fn dotted(text: &str) -> Option<Dotted> {
    text.split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<Vec<u32>>>()
        .map(Dotted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_numbers() {
        let mut versions = Versions::default();
        let names = [
            "GLIBC_2.9",
            "GLIBC_2.17",
            "GLIBC_2.2.5",
            "GLIBC_PRIVATE",
            "GLIBCXX_3.4.9",
            "GLIBCXX_3.4.30",
        ];
        for name in names {
            versions.note(name);
        }
        assert_eq!(versions.glibc, Some((2, 17)));
        assert!(versions.glibc_private);
        assert_eq!(
            versions.glibcxx.as_ref().map(Dotted::to_string).as_deref(),
            Some("3.4.30")
        );
        versions.note("GLIBC_ABI_DT_RELR");
        assert_eq!(versions.glibc, Some((2, 36)));
    }
}
