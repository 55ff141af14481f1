//! Arguments in the manifest: bytes, in JSON's text.
//!
//! An argument that is UTF-8 stands there as it is. Any other byte is U+0000, which no argument contains, and the
//! character with the byte's number, U+0080 to U+00FF.

/// The text of an argument without NUL.
#[must_use]
pub fn encode(argument: &[u8]) -> String {
    let mut text = String::new();
    for chunk in argument.utf8_chunks() {
        text.push_str(chunk.valid());
        for &byte in chunk.invalid() {
            text.extend(['\0', char::from(byte)]);
        }
    }
    text
}

/// The argument; `None` for a text that [`encode`] doesn't make.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.as_bytes().split(|&byte| byte == 0);
    let mut bytes = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        // U+0080 to U+00FF in UTF-8: 110000xx 10xxxxxx.
        let [high @ 0xc2..=0xc3, low, rest @ ..] = part else {
            return None;
        };
        bytes.push(high << 6 | low & 0x3f);
        bytes.extend_from_slice(rest);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_but_nul_survives_and_text_stays_text() {
        let every: Vec<u8> = (1..=255).collect();
        let argument = [every.as_slice(), "ä€".as_bytes(), &every, b"\xc3"].concat();
        assert_eq!(decode(&encode(&argument)), Some(argument));
        assert_eq!(encode("--naïve={app}".as_bytes()), "--naïve={app}");
        assert_eq!(encode(b"a\xffb"), "a\0\u{ff}b");
        assert_eq!(decode(""), Some(vec![]));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["\0", "a\0", "\0a", "\0\u{100}", "\0\0", "\0€"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
