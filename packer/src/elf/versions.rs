//! The versions of symbols that a file needs: `GLIBC_2.34`, `GLIBCXX_3.4.30`.

use serde::{Deserialize, Serialize};

/// The newest versions of symbols that a file needs. Weak ones don't count: the loader starts without them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Versions {
    /// Newest `GLIBC_x.y`, as major and minor.
    pub(super) glibc: Option<(u32, u32)>,
    /// Newest `GLIBCXX_x.y.z`.
    pub(super) glibcxx: Option<Dotted>,
    /// Newest `GCC_x.y.z`.
    pub(super) gcc: Option<Dotted>,
}

/// A dotted version; compares by numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Dotted(pub(super) Vec<u32>);

impl std::fmt::Display for Dotted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

impl Versions {
    /// Takes the name of a version into account.
    pub(super) fn add(&mut self, name: &str) {
        // Packed relative relocations came with glibc 2.36; older loaders refuse the file by this name.
        if name == "GLIBC_ABI_DT_RELR" {
            self.glibc = self.glibc.max(Some((2, 36)));
        }
        let Some((family, version)) = name.split_once('_') else {
            return;
        };
        let Some(version) = dotted(version) else {
            return;
        };
        match family {
            "GLIBC" => {
                if let [major, minor, ..] = version.0[..] {
                    self.glibc = self.glibc.max(Some((major, minor)));
                }
            }
            "GLIBCXX" => self.glibcxx = self.glibcxx.take().max(Some(version)),
            "GCC" => self.gcc = self.gcc.take().max(Some(version)),
            _ => {}
        }
    }
}

/// Numbers with dots between them, and nothing else.
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
            versions.add(name);
        }
        assert_eq!(versions.glibc, Some((2, 17)));
        assert_eq!(
            versions.glibcxx.as_ref().map(Dotted::to_string).as_deref(),
            Some("3.4.30")
        );
        versions.add("GLIBC_ABI_DT_RELR");
        assert_eq!(versions.glibc, Some((2, 36)));
    }
}
