//! The versions of symbols that a file needs: `GLIBC_2.34`, `GLIBCXX_3.4.30`, `ZLIB_1.2.9`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// More libraries than this are in no real file; versions of the rest of them do not count.
const LIBRARIES_MAX: usize = 256;
/// The same for families of versions of one library.
const MAX: usize = 32;
/// The same for the length of a name.
const NAME_MAX: usize = 64;

/// The newest versions of symbols that a file needs. Weak ones don't count: the loader starts without them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Versions {
    /// Newest `GLIBC_x.y`, as major and minor.
    pub(super) glibc: Option<(u32, u32)>,
    /// Those of other libraries, by soname.
    pub(super) others: BTreeMap<String, Newest>,
}

/// The newest versions that are needed of one library: of libstdc++ `GLIBCXX_3.4.30` and `CXXABI_1.3.13`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Newest(BTreeMap<String, Option<Dotted>>);

/// A dotted version; compares by numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Dotted(pub(super) Vec<u32>);

impl Versions {
    /// Takes the version `name` of `library` into account.
    pub(super) fn add(&mut self, library: &str, name: &str) {
        if let Some(version) = name.strip_prefix("GLIBC_") {
            let needed = match version {
                // Packed relative relocations came with glibc 2.36; older loaders refuse the file by this name.
                "ABI_DT_RELR" => Some((2, 36)),
                _ => dotted(version).and_then(|version| match version.0[..] {
                    [major, minor, ..] => Some((major, minor)),
                    _ => None,
                }),
            };
            self.glibc = self.glibc.max(needed);
        } else if self.others.len() < LIBRARIES_MAX && is_usual(library) && is_usual(name) {
            self.others.entry(library.to_owned()).or_default().add(name);
        }
    }
}

/// Whether the launcher can be told the name: the manifest has those of one library in one text.
fn is_usual(name: &str) -> bool {
    name.len() <= NAME_MAX && name.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Newest {
    fn add(&mut self, name: &str) {
        let numbered = name
            .rsplit_once('_')
            .and_then(|(family, version)| Some((family, Some(dotted(version)?))));
        let (family, version) = numbered.unwrap_or((name, None));
        self.take(family, version);
    }

    fn take(&mut self, family: &str, version: Option<Dotted>) {
        if self.0.len() < MAX || self.0.contains_key(family) {
            let newest = self.0.entry(family.to_owned()).or_default();
            *newest = newest.take().max(version);
        }
    }

    /// Takes what else is needed of the same library into account.
    pub(super) fn merge(&mut self, other: &Self) {
        for (family, version) in &other.0 {
            self.take(family, version.clone());
        }
    }
}

/// As [`Libc::system`](pyship_launcher::format::manifest::Libc::system) has them: with a space between two.
impl fmt::Display for Newest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (family, version)) in self.0.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            match version {
                Some(version) => write!(f, "{space}{family}_{version}")?,
                None => write!(f, "{space}{family}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Dotted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

/// Numbers with dots between them, as they are usually written, and nothing else.
pub(super) fn dotted(text: &str) -> Option<Dotted> {
    let numbers = text.split('.').map(|part| part.parse().ok());
    let version = Dotted(numbers.collect::<Option<_>>()?);
    // The launcher looks for the name as it was: not `1.02`, nor `+1`.
    (version.to_string() == text).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[(&str, &str)]) -> Versions {
        let mut versions = Versions::default();
        for (library, name) in names {
            versions.add(library, name);
        }
        versions
    }

    #[test]
    fn versions_compare_by_numbers() {
        let names =
            ["GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5", "GLIBC_PRIVATE"].map(|name| ("libc.so.6", name));
        assert_eq!(of(&names).glibc, Some((2, 17)));
        assert!(of(&names).others.is_empty());
        assert_eq!(of(&[("libm.so.6", "GLIBC_ABI_DT_RELR")]).glibc, Some((2, 36)));
    }

    #[test]
    fn of_each_family_the_newest_counts() {
        let library = "libstdc++.so.6";
        let names = [
            "GLIBCXX_3.4.9",
            "CXXABI_1.3",
            "GLIBCXX_3.4.30",
            "CXXABI_TM_1",
            "CXXABI_FLOAT128",
        ];
        let mut newest = of(&names.map(|name| (library, name))).others[library].clone();
        assert_eq!(
            newest.to_string(),
            "CXXABI_1.3 CXXABI_FLOAT128 CXXABI_TM_1 GLIBCXX_3.4.30"
        );
        newest.merge(&of(&[(library, "CXXABI_1.3.13"), (library, "GLIBCXX_3.4")]).others[library]);
        assert_eq!(
            newest.to_string(),
            "CXXABI_1.3.13 CXXABI_FLOAT128 CXXABI_TM_1 GLIBCXX_3.4.30"
        );
    }

    #[test]
    fn names_stay_as_they_are() {
        let names = [
            "OPENSSL_1_1_1",
            "OPENSSL_3.0.0",
            "X_1.02",
            "X_",
            "Y_99999999999",
            "Base",
        ];
        let newest = of(&names.map(|name| ("libx.so.1", name))).others["libx.so.1"].to_string();
        assert_eq!(newest, "Base OPENSSL_3.0.0 OPENSSL_1_1_1 X_ X_1.02 Y_99999999999");
        assert!(
            of(&[
                ("libx.so.1", "two words"),
                ("a b", "X_1"),
                ("libx.so.1", &"x".repeat(65))
            ])
            .others
            .is_empty()
        );
        let many: Vec<String> = (0..1000).map(|number| format!("F{number}_1")).collect();
        let versions = of(&many
            .iter()
            .map(|name| ("libx.so.1", name.as_str()))
            .collect::<Vec<_>>());
        assert_eq!(versions.others["libx.so.1"].0.len(), MAX);
    }
}
