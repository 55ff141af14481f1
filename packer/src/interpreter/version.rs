//! Versions of Python: what an interpreter is, and what a user asks for.

use std::fmt;

/// The oldest CPython that can be packed.
pub(crate) const OLDEST: (u32, u32) = (3, 9);

/// The version of an interpreter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// 3
    pub(crate) major: u32,
    /// 12
    pub(crate) minor: u32,
    /// 1
    pub(crate) micro: u32,
    /// `a1`, `b2`, `rc1`, or empty for a release.
    pub(crate) pre: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}{}", self.major, self.minor, self.micro, self.pre)
    }
}

impl Version {
    /// From the parts of `sys.version_info`.
    pub(crate) fn from_info((major, minor, micro, level, serial): (u32, u32, u32, &str, u32)) -> Self {
        let pre = match level {
            "alpha" => format!("a{serial}"),
            "beta" => format!("b{serial}"),
            "candidate" => format!("rc{serial}"),
            _ => String::new(),
        };
        Self {
            major,
            minor,
            micro,
            pre,
        }
    }
}

/// A version that a user asks for: `3.12`, `3.12.1`, `3.13t`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VersionRequest {
    major: u32,
    minor: u32,
    micro: Option<u32>,
    free_threaded: bool,
}

impl VersionRequest {
    /// `None` when `text` isn't a version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (numbers, free_threaded) = text.strip_suffix('t').map_or((text, false), |rest| (rest, true));
        let mut parts = numbers.split('.').map(|part| {
            let all_digits = part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| all_digits)
        });
        let (major, minor) = (parts.next()??, parts.next()??);
        let micro = match parts.next() {
            None => None,
            Some(micro) => Some(micro?),
        };
        parts.next().is_none().then_some(Self {
            major,
            minor,
            micro,
            free_threaded,
        })
    }

    /// Whether an interpreter of this version is what is asked for.
    pub(super) fn matches(&self, version: &Version, free_threaded: bool) -> bool {
        (version.major, version.minor) == (self.major, self.minor)
            && self.micro.is_none_or(|micro| micro == version.micro)
            && free_threaded == self.free_threaded
    }

    /// The name of its executable: `python3.12`, `python3.13t`.
    pub(super) fn program(&self) -> String {
        format!("python{}.{}{}", self.major, self.minor, self.suffix())
    }

    const fn suffix(&self) -> &'static str {
        if self.free_threaded { "t" } else { "" }
    }
}

impl fmt::Display for VersionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if let Some(micro) = self.micro {
            write!(f, ".{micro}")?;
        }
        f.write_str(self.suffix())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_paths() {
        for (text, micro, free_threaded) in [
            ("3.12", None, false),
            ("3.12.1", Some(1), false),
            ("3.12t", None, true),
        ] {
            let request = VersionRequest::parse(text).unwrap();
            let expected = VersionRequest {
                major: 3,
                minor: 12,
                micro,
                free_threaded,
            };
            assert_eq!(request, expected);
            assert_eq!(request.to_string(), text);
        }
        for other in [
            "3",
            "3.",
            "3.12.",
            "3.12.1.0",
            "python3.12",
            "./3.12",
            "3.+1",
            "",
            "t",
        ] {
            assert_eq!(VersionRequest::parse(other), None, "{other}");
        }
    }
}
