//! Versions of Python interpreters.

use std::fmt;

use pep508_rs::pep440_rs;

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
    /// The same for comparisons by PEP 440.
    pub(crate) fn to_pep440(&self) -> pep440_rs::Version {
        let release = [self.major, self.minor, self.micro].map(u64::from);
        let version = pep440_rs::Version::new(release);
        // What `sys.version_info` gives is a version.
        self.to_string().parse().unwrap_or(version)
    }

    /// Whether it is neither an alpha, a beta nor a candidate.
    pub(crate) fn is_release(&self) -> bool {
        self.pre.is_empty()
    }

    /// From `3.12.4` or `3.15.0rc1`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let (major, minor) = (number(parts.next()?)?, number(parts.next()?)?);
        let (micro, pre) = micro(parts.next()?)?;
        Some(Self {
            major,
            minor,
            micro,
            pre,
        })
    }

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

/// A number without a sign.
pub(super) fn number(text: &str) -> Option<u32> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| all_digits)
}

/// `4`, `0rc1`
pub(super) fn micro(text: &str) -> Option<(u32, String)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (micro, pre) = text.split_at(digits);
    let serial = ["a", "b", "rc"].iter().find_map(|level| pre.strip_prefix(level));
    let known = pre.is_empty() || serial.is_some_and(|serial| number(serial).is_some());
    Some((number(micro)?, pre.to_owned())).filter(|_| known)
}
