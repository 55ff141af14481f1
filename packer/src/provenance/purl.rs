//! Package URLs (<https://github.com/package-url/purl-spec>).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use crate::packages::metadata::normalized;

/// The characters that are encoded: all but letters, digits and `-._~`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A package of PyPI.
pub(crate) fn pypi(name: &str, version: &str) -> String {
    let name = normalized(name);
    format!("pkg:pypi/{}@{}", encoded(&name), encoded(version))
}

/// A program or library that no package index has.
pub(crate) fn generic(name: &str, version: &str) -> String {
    format!("pkg:generic/{name}@{}", encoded(version))
}

fn encoded(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, ENCODED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalized_and_versions_encoded() {
        assert_eq!(pypi("Ruamel.Yaml", "2.1+cpu"), "pkg:pypi/ruamel-yaml@2.1%2Bcpu");
        assert_eq!(generic("glibc", "2.36~1"), "pkg:generic/glibc@2.36~1");
    }
}
