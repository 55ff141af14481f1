//! Values of options that need more than their type to be read or written.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::ValueEnum;
use pyship_launcher::format::manifest::LibcPolicy;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// zstd's levels.
pub(super) const LEVELS: std::ops::RangeInclusive<i64> = 1..=22;

/// `--libc`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LibcOption {
    /// Carry a glibc and use it where the host's is missing or too old
    #[default]
    Auto,
    /// Carry no glibc
    Host,
    /// Carry a glibc and always use it
    Bundled,
}

impl From<LibcOption> for LibcPolicy {
    fn from(option: LibcOption) -> Self {
        match option {
            LibcOption::Auto => Self::Auto,
            LibcOption::Host => Self::Host,
            LibcOption::Bundled => Self::Bundled,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}

/// A zstd level, in the range that the command line accepts.
pub(super) fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let level = i32::deserialize(deserializer)?;
    match LEVELS.contains(&i64::from(level)) {
        true => Ok(Some(level)),
        false => Err(D::Error::custom(format!("{level} is not a level from 1 to 22"))),
    }
}

/// The directory of an environment; an option without a value has no form in TOML.
#[expect(clippy::option_option, reason = "as the field")]
pub(super) fn venv<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<PathBuf>>, D::Error> {
    PathBuf::deserialize(deserializer).map(|path| Some(Some(path)))
}

/// Arguments, which are text in TOML.
pub(super) fn arguments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OsString>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(OsString::from).collect())
}

/// A table `{ K = "V" }` as the list of `K=V` that the command line gives.
pub(super) fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a table of variables")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
            let mut pairs = Vec::new();
            while let Some((name, value)) = map.next_entry::<String, String>()? {
                pairs.push(format!("{name}={value}"));
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}
