//! Values as Python literals in ASCII.
//!
//! Text is given as bytes: those that aren't UTF-8 become lone surrogates, as `os.fsdecode` makes them, so that
//! `os.fsencode` gives back the bytes.

use std::fmt::Write as _;

/// A `str` literal.
pub(super) fn text(value: impl AsRef<[u8]>) -> String {
    let mut literal = String::from("'");
    for chunk in value.as_ref().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\'' | '\\' => literal.extend(['\\', character]),
                ' '..='~' => literal.push(character),
                _ => escape(&mut literal, u32::from(character)),
            }
        }
        for &byte in chunk.invalid() {
            escape(&mut literal, 0xdc00 + u32::from(byte));
        }
    }
    literal.push('\'');
    literal
}

/// A `bool` literal.
pub(super) fn boolean(value: bool) -> String {
    if value { "True" } else { "False" }.to_owned()
}

/// A `tuple` literal of literals.
pub(super) fn tuple(items: impl IntoIterator<Item = String>) -> String {
    let mut literal = String::from("(");
    for item in items {
        literal.push_str(&item);
        literal.push(',');
    }
    literal.push(')');
    literal
}

fn escape(literal: &mut String, code: u32) {
    // Writing to a string can't fail.
    write!(literal, "\\U{code:08x}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_ascii_on_one_line() {
        assert_eq!(text("it's \\ \"x\"\n"), "'it\\'s \\\\ \"x\"\\U0000000a'");
        assert_eq!(text("é🚢"), "'\\U000000e9\\U0001f6a2'");
        assert_eq!(text(b"a\xff\xc3"), "'a\\U0000dcff\\U0000dcc3'");
    }

    #[test]
    fn tuples_of_any_length_are_tuples() {
        assert_eq!(tuple([]), "()");
        assert_eq!(tuple(["1".into()]), "(1,)");
        assert_eq!(tuple(["1".into(), "2".into()]), "(1,2,)");
    }
}
