//! The kinds of values in an index, in CPython's `marshal` format: a type byte, then lengths and numbers in
//! little-endian (`Python/marshal.c`; these kinds are the same from 3.4 to 3.15).

use std::collections::BTreeMap;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `int`
    Integer(i32),
    /// `str`
    Text(String),
    /// `bytes`
    Bytes(Vec<u8>),
    /// `tuple` of two
    Pair(Box<(Self, Self)>),
    /// `dict` with `str` for keys
    Dict(BTreeMap<String, Self>),
}

impl Value {
    /// `{}`
    pub(super) fn empty() -> Self {
        Self::Dict(BTreeMap::new())
    }

    /// As `marshal.dumps` writes it.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => {
                out.push(b'i');
                out.extend_from_slice(&number.to_le_bytes());
            }
            Self::Text(text) => write_text(text, out),
            Self::Bytes(bytes) => sized(b's', bytes, out),
            Self::Pair(pair) => {
                out.extend_from_slice(&[b')', 2]);
                pair.0.write(out);
                pair.1.write(out);
            }
            Self::Dict(entries) => {
                out.push(b'{');
                for (name, value) in entries {
                    write_text(name, out);
                    value.write(out);
                }
                out.push(b'0');
            }
        }
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(length) if text.is_ascii() => {
            out.extend_from_slice(&[b'z', length]);
            out.extend_from_slice(text.as_bytes());
        }
        _ => sized(b'u', text.as_bytes(), out),
    }
}

fn sized(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    // An index is far below 2 GiB: a layer has 500,000 members at most.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}
