//! Whether a bundled package is for an interpreter, by the tags in its `WHEEL`
//! (<https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>).

use crate::interpreter::Interpreter;

/// What packages can be for.
pub(super) struct Supported<'a> {
    /// Of Python 3.
    minor: u32,
    is_free_threaded: bool,
    /// `x86_64`, `aarch64`
    machine: &'a str,
}

impl<'a> Supported<'a> {
    /// By this interpreter.
    pub(super) fn by(python: &'a Interpreter) -> Self {
        Self {
            minor: python.version.minor,
            is_free_threaded: python.is_free_threaded(),
            machine: &python.facts.machine,
        }
    }

    /// Whether one of the tags of this `WHEEL` fits. A package without tags is taken for one that fits.
    pub(super) fn has(&self, wheel: &str) -> bool {
        let mut tags = of(wheel).peekable();
        tags.peek().is_none() || tags.any(|tag| self.fits(tag))
    }

    fn fits(&self, tag: &str) -> bool {
        let parts: Vec<&str> = tag.split('-').collect();
        let [languages, abis, platforms] = parts[..] else {
            return false;
        };
        let any = |list: &str, fits: &dyn Fn(&str) -> bool| list.split('.').any(fits);
        let own = format!("cp3{}", self.minor);
        let threading = if self.is_free_threaded { "t" } else { "" };
        let is_stable = any(abis, &|abi| abi == "abi3") && !self.is_free_threaded;
        let language = |language: &str| match (language.strip_prefix("py3"), language.strip_prefix("cp3")) {
            (Some(""), _) => true,
            (Some(minor), _) => minor.parse().is_ok_and(|oldest: u32| oldest <= self.minor),
            (None, Some(minor)) if is_stable => minor.parse().is_ok_and(|oldest: u32| oldest <= self.minor),
            (None, Some(_)) => language == own,
            (None, None) => false,
        };
        let abi =
            |abi: &str| abi == "none" || abi == "abi3" && is_stable || abi == format!("{own}{threading}");
        let platform = |platform: &str| {
            let is_linux = platform.starts_with("linux_") || platform.starts_with("manylinux");
            platform == "any" || is_linux && platform.ends_with(&format!("_{}", self.machine))
        };
        any(languages, &language) && any(abis, &abi) && any(platforms, &platform)
    }
}

/// The tags of this `WHEEL`.
pub(super) fn of(wheel: &str) -> impl Iterator<Item = &str> {
    wheel
        .lines()
        .filter_map(|line| Some(line.strip_prefix("Tag:")?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_fit_their_own_python_and_machine() {
        let supported = Supported {
            minor: 12,
            is_free_threaded: false,
            machine: "x86_64",
        };
        for (tag, wanted) in [
            ("py3-none-any", true),
            ("py2.py3-none-any", true),
            ("py39-none-any", true),
            ("py313-none-any", false),
            ("py2-none-any", false),
            ("cp312-cp312-manylinux_2_17_x86_64", true),
            ("cp312-cp312-linux_x86_64", true),
            ("cp311-cp311-manylinux_2_17_x86_64", false),
            ("cp39-abi3-manylinux_2_17_x86_64", true),
            ("cp313-abi3-manylinux_2_17_x86_64", false),
            ("py3-none-manylinux_2_17_aarch64", false),
            ("cp312-cp312-musllinux_1_2_x86_64", false),
            ("cp312-cp312-macosx_11_0_arm64", false),
            ("cp312-cp312t-linux_x86_64", false),
        ] {
            let wheel = format!("Wheel-Version: 1.0\nTag: {tag}\n");
            assert_eq!(supported.has(&wheel), wanted, "{tag}");
        }
        assert!(supported.has("Wheel-Version: 1.0\n"));
    }
}
