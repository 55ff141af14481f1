//! The licence of a package, from the three fields of its metadata that may name it.
//!
//! In this order: `License-Expression`, an SPDX expression (PEP 639); `License`, when it is an SPDX identifier or a
//! well-known name of exactly one licence; classifiers that stand for exactly one licence; then, unchanged, `License`
//! when it is short, classifiers, and `License` when it is a text. Nothing is guessed: `BSD` may be several licences, and
//! stays a name.

use spdx::identifiers::LICENSES;
use spdx::{Expression, ParseMode};

/// A licence, or an expression of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum License {
    /// An SPDX expression; it stands alone.
    Expression(String),
    /// An SPDX identifier.
    Id(&'static str),
    /// A name that the package gives.
    Name(String),
    /// A whole text, with its first line.
    Text(String, String),
}

/// A longer name, or one of several lines, is a text.
const NAME_MAX: usize = 100;
/// A longer text is cut off, in bytes.
const TEXT_MAX: usize = 64 << 10;
const CLASSIFIER: &str = "License :: ";

/// Names that stand for one licence, in lower case and without punctuation.
const NAMES: &[(&str, &str)] = &[
    ("mit license", "MIT"),
    ("the mit license", "MIT"),
    ("mit license mit", "MIT"),
    ("apache 2", "Apache-2.0"),
    ("apache 2 0", "Apache-2.0"),
    ("apache2 0", "Apache-2.0"),
    ("apache license 2 0", "Apache-2.0"),
    ("apache license version 2 0", "Apache-2.0"),
    ("apache software license 2 0", "Apache-2.0"),
    ("bsd 3 clause", "BSD-3-Clause"),
    ("bsd 3 clause license", "BSD-3-Clause"),
    ("3 clause bsd", "BSD-3-Clause"),
    ("3 clause bsd license", "BSD-3-Clause"),
    ("new bsd", "BSD-3-Clause"),
    ("new bsd license", "BSD-3-Clause"),
    ("modified bsd license", "BSD-3-Clause"),
    ("bsd 2 clause", "BSD-2-Clause"),
    ("bsd 2 clause license", "BSD-2-Clause"),
    ("simplified bsd license", "BSD-2-Clause"),
    ("isc license", "ISC"),
    ("isc license iscl", "ISC"),
    ("mpl 2 0", "MPL-2.0"),
    ("mozilla public license 2 0 mpl 2 0", "MPL-2.0"),
    ("psf", "PSF-2.0"),
    ("psf 2 0", "PSF-2.0"),
    ("psf license", "PSF-2.0"),
    ("python software foundation license", "PSF-2.0"),
    ("the unlicense unlicense", "Unlicense"),
    ("zope public license 2 1", "ZPL-2.1"),
    ("zpl 2 1", "ZPL-2.1"),
    ("boost software license 1 0 bsl 1 0", "BSL-1.0"),
    ("universal permissive license upl", "UPL-1.0"),
    ("gnu general public license v2 gplv2", "GPL-2.0-only"),
    ("gnu general public license v2 or later gplv2", "GPL-2.0-or-later"),
    ("gnu general public license v3 gplv3", "GPL-3.0-only"),
    ("gnu general public license v3 or later gplv3", "GPL-3.0-or-later"),
    ("gnu lesser general public license v2 lgplv2", "LGPL-2.0-only"),
    (
        "gnu lesser general public license v2 or later lgplv2",
        "LGPL-2.0-or-later",
    ),
    ("gnu lesser general public license v3 lgplv3", "LGPL-3.0-only"),
    (
        "gnu lesser general public license v3 or later lgplv3",
        "LGPL-3.0-or-later",
    ),
    ("gnu affero general public license v3", "AGPL-3.0-only"),
    (
        "gnu affero general public license v3 or later agplv3",
        "AGPL-3.0-or-later",
    ),
];

/// The licences of a package; see the module. Empty when no field names one.
pub(super) fn decide(
    expression: Option<&str>,
    license: Option<&str>,
    classifiers: &[String],
) -> Vec<License> {
    if let Some(expression) = expression {
        return vec![spdx(expression).unwrap_or_else(|| named(expression))];
    }
    if let Some(found) = license.and_then(spdx) {
        return vec![found];
    }
    let names: Vec<&str> = classifiers
        .iter()
        .filter_map(|line| line.strip_prefix(CLASSIFIER))
        .filter_map(|rest| rest.rsplit(" :: ").next())
        .filter(|name| {
            !matches!(
                *name,
                "OSI Approved" | "DFSG approved" | "Other/Proprietary License"
            )
        })
        .collect();
    let known: Vec<License> = names.iter().filter_map(|name| spdx(name)).collect();
    if !known.is_empty() && known.len() == names.len() {
        return known;
    }
    let is_text = |text: &&str| text.trim().contains('\n') || text.len() > NAME_MAX;
    match license {
        Some(text) if !is_text(&text) => vec![named(text)],
        _ if !names.is_empty() => names
            .iter()
            .map(|name| spdx(name).unwrap_or_else(|| named(name)))
            .collect(),
        Some(text) => vec![named(text)],
        None if classifiers
            .iter()
            .any(|line| line.ends_with("Other/Proprietary License")) =>
        {
            vec![named("Other/Proprietary License")]
        }
        None => Vec::new(),
    }
}

/// An identifier, a name of one licence, or a valid expression.
fn spdx(text: &str) -> Option<License> {
    let text = text.trim();
    let by_id = LICENSES
        .iter()
        .find(|found| found.name.eq_ignore_ascii_case(text));
    if let Some(found) = by_id {
        return Some(License::Id(found.name));
    }
    let words = words(text);
    let by_name = NAMES.iter().find(|(name, _)| *name == words).map(|(_, id)| *id);
    let by_full_name = || {
        LICENSES
            .iter()
            .find(|found| found.full_name.eq_ignore_ascii_case(text))
            .map(|found| found.name)
    };
    if let Some(id) = by_name.or_else(by_full_name) {
        return Some(License::Id(id));
    }
    let mode = ParseMode {
        allow_deprecated: true,
        ..ParseMode::STRICT
    };
    Expression::parse_mode(text, mode)
        .is_ok()
        .then(|| License::Expression(text.split_whitespace().collect::<Vec<_>>().join(" ")))
}

fn words(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                letter.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` as a name when it is short, else as a text with its first line.
fn named(text: &str) -> License {
    let text = text.trim();
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    let first: String = line.chars().take(NAME_MAX).collect();
    if first == text {
        return License::Name(first);
    }
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    License::Text(first, text[..end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classifiers(names: &[&str]) -> Vec<String> {
        names
            .iter()
            .map(|name| format!("License :: OSI Approved :: {name}"))
            .collect()
    }

    #[test]
    fn an_expression_comes_first_and_one_licence_is_an_identifier() {
        let expression = "BSD-3-Clause AND 0BSD AND  (MIT OR Apache-2.0)";
        assert_eq!(
            decide(Some(expression), Some("X"), &classifiers(&["MIT License"])),
            [License::Expression(
                "BSD-3-Clause AND 0BSD AND (MIT OR Apache-2.0)".to_owned()
            )]
        );
        assert_eq!(decide(Some("mit"), None, &[]), [License::Id("MIT")]);
        let custom = "LicenseRef-Proprietary OR MIT";
        assert_eq!(
            decide(Some(custom), None, &[]),
            [License::Expression(custom.to_owned())]
        );
        assert_eq!(
            decide(Some("My own"), None, &[]),
            [License::Name("My own".to_owned())]
        );
    }

    #[test]
    fn names_of_one_licence_are_identifiers_and_others_stay_names() {
        for (text, id) in [
            ("MIT", "MIT"),
            ("mit license", "MIT"),
            ("Apache License, Version 2.0", "Apache-2.0"),
            ("BSD 3-Clause", "BSD-3-Clause"),
            ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
        ] {
            assert_eq!(decide(None, Some(text), &[]), [License::Id(id)], "{text}");
        }
        for text in ["BSD", "Apache", "GPL", "Dual License", "LGPL"] {
            assert_eq!(decide(None, Some(text), &[]), [License::Name(text.to_owned())]);
        }
        assert_eq!(
            decide(None, Some("Apache-2.0 OR BSD-2-Clause"), &[]),
            [License::Expression("Apache-2.0 OR BSD-2-Clause".to_owned())]
        );
    }

    #[test]
    fn classifiers_help_where_the_field_does_not() {
        assert_eq!(
            decide(None, Some("see LICENSE"), &classifiers(&["MIT License"])),
            [License::Id("MIT")]
        );
        assert_eq!(
            decide(None, None, &classifiers(&["BSD License"])),
            [License::Name("BSD License".to_owned())]
        );
        let two = classifiers(&["MIT License", "GNU General Public License v2 (GPLv2)"]);
        assert_eq!(
            decide(None, None, &two),
            [License::Id("MIT"), License::Id("GPL-2.0-only")]
        );
        assert_eq!(decide(None, None, &["Topic :: Software".to_owned()]), []);
    }

    #[test]
    fn a_whole_text_is_the_last_resort() {
        let text = "Copyright (c) 2005, Somebody\nAll rights reserved.\n";
        assert_eq!(
            decide(None, Some(text), &classifiers(&["BSD License"])),
            [License::Name("BSD License".to_owned())]
        );
        let first = "Copyright (c) 2005, Somebody".to_owned();
        assert_eq!(
            decide(None, Some(text), &[]),
            [License::Text(first, text.trim().to_owned())]
        );
    }
}
