//! What a requirement names, and bounds for the library that parses markers: its memory doubles with each further
//! comparison in the worst case, and it panics at some letters outside of ASCII.

use std::str::FromStr;

use pep508_rs::{MarkerTree, Requirement, VerbatimUrl};

/// Longer markers are not evaluated.
const MARKER_MAX: usize = 2_000;
/// Nor those with more parentheses: they are parsed by recursion, and must not exhaust the stack.
const PARENTHESES_MAX: usize = 40;
/// Nor those with more `and` and `or`.
const OPERATORS_MAX: usize = 16;

/// Name, extras, and versions or URL of a requirement; its marker is not parsed. Nothing when it has another form.
pub(crate) fn without_marker(text: &str) -> Option<Requirement<VerbatimUrl>> {
    let what = text.split_once(';').map_or(text, |(what, _)| what).trim();
    (what.is_ascii() && has_name(what))
        .then(|| Requirement::from_str(what).ok())
        .flatten()
}

/// Whether the name of the package and those of its extras end with a letter or digit. The library panics at others.
fn has_name(what: &str) -> bool {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    let is_between = |letter: char| letter.is_whitespace() || "[],".contains(letter);
    let end = what.find(|letter| !is_of_name(letter) && !is_between(letter));
    let names = what[..end.unwrap_or(what.len())].split(is_between);
    let mut names = names.filter(|name| !name.is_empty());
    let is_whole = |name: &str| name.ends_with(|letter: char| letter.is_ascii_alphanumeric());
    names.clone().next().is_some() && names.all(is_whole)
}

/// A marker, unless it is wrong or out of bounds.
pub(crate) fn marker(text: &str) -> Option<MarkerTree> {
    let count = |word| text.matches(word).count();
    let is_bounded = text.is_ascii()
        && text.len() <= MARKER_MAX
        && count("(") <= PARENTHESES_MAX
        && count("and") + count("or") <= OPERATORS_MAX;
    is_bounded
        .then(|| MarkerTree::parse_str::<VerbatimUrl>(text.trim()).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_left_alone() {
        for text in [
            "six[a,b]>=1 ; python_version > '3'",
            "six[a,b]>=1; extra == 'docs'\u{ff}",
            "six[a,b]>=1;",
        ] {
            let found = without_marker(text).unwrap();
            assert_eq!((found.name.as_ref(), found.extras.len()), ("six", 2), "{text}");
        }
        for text in [
            "s\u{ff}x",
            "six. @ https://host",
            "six-",
            "six[a,b-]>=1",
            ">=1",
            "",
        ] {
            assert!(without_marker(text).is_none(), "{text}");
        }
    }

    #[test]
    fn markers_have_bounds() {
        assert!(marker(" python_version >= '3.9' and extra == 'x'").is_some());
        assert!(marker("extra == 'docs'\u{ff}").is_none());
        assert!(marker("nonsense").is_none());
        let one = |at: usize| format!("(extra == 'a{at}' or os_name == 'b{at}')");
        let all: Vec<String> = (0..20).map(one).collect();
        assert!(marker(&all[..6].join(" and ")).is_some());
        assert!(marker(&all.join(" and ")).is_none());
        assert!(marker(&format!("{}extra == 'x'{}", "(".repeat(50), ")".repeat(50))).is_none());
    }
}
