//! Brings a marshalled code object into one form.
//!
//! `marshal.dumps` marks an object as one that may be referred to when its reference count is above one,
//! which depends on what else lives in the process (interned names, small constants); the numbers of the
//! references follow from the marks. Here the stream is read as the graph that it is, and written again with
//! a mark exactly on those objects that are referred to. Sets, whose order follows from hashes (of `None`,
//! before 3.12, from its address), are sorted. What the interpreter loads is equal, object for object.
//!
//! Format: version 4, as in CPython's `Python/marshal.c` of 3.9 to 3.14; code objects have one layout up to
//! 3.10 and another from 3.11 on.

use anyhow::{Context, Result, bail, ensure};

const FLAG_REF: u8 = 0x80;
/// The compiler itself gives up on code that is nested by a third of this.
const MAX_DEPTH: usize = 600;

/// A place in [`Graph::nodes`].
type Id = usize;

/// An object, as far as it matters here.
struct Object {
    kind: u8,
    /// What follows the type byte: numbers, bytes with their length.
    data: Vec<u8>,
    /// What it holds, in order.
    parts: Vec<Part>,
    /// How often it is referred to beyond the first time.
    references: u32,
}

enum Part {
    Object(Id),
    /// Bytes between objects: the numbers of a code object.
    Raw(Vec<u8>),
}

struct Reader<'a> {
    rest: &'a [u8],
    version: (u32, u32),
    objects: Vec<Object>,
    /// Marked objects in the order of their marks.
    marked: Vec<Id>,
}

/// Writes `code`, marshalled by a Python of this version, in the one form that depends on nothing else.
///
/// # Errors
/// When it isn't a marshalled object of a kind that this version has.
pub(super) fn normalize(code: &[u8], version: (u32, u32)) -> Result<Vec<u8>> {
    let mut reader = Reader {
        rest: code,
        version,
        objects: Vec::new(),
        marked: Vec::new(),
    };
    let root = reader.object(0)?;
    ensure!(
        reader.rest.is_empty(),
        "marshalled data has {} bytes too many",
        reader.rest.len()
    );
    let mut objects = reader.objects;
    sort_sets(&mut objects);
    let mut numbers = vec![None; objects.len()];
    let mut out = Vec::with_capacity(code.len());
    let mut next = 0;
    write(&objects, root, &mut numbers, &mut next, &mut out);
    Ok(out)
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .context("marshalled data is cut off")?;
        self.rest = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        self.take(count).map(|_| ())
    }

    fn number(&mut self) -> Result<usize> {
        let bytes = self.take(4)?;
        let number = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        usize::try_from(number).context("marshalled data has a negative length")
    }

    fn object(&mut self, depth: usize) -> Result<Id> {
        ensure!(depth < MAX_DEPTH, "marshalled data is nested too deep");
        let byte = self.take(1)?[0];
        let kind = byte & !FLAG_REF;
        if kind == b'r' {
            let number = self.number()?;
            let id = *self
                .marked
                .get(number)
                .context("marshalled data refers to nothing")?;
            self.objects[id].references += 1;
            return Ok(id);
        }
        let id = self.objects.len();
        self.objects.push(Object {
            kind,
            data: Vec::new(),
            parts: Vec::new(),
            references: 0,
        });
        if byte & FLAG_REF != 0 {
            self.marked.push(id);
        }
        let mut parts = Vec::new();
        let before = self.rest;
        match kind {
            b'N' | b'T' | b'F' | b'.' | b'S' | b'0' => {}
            b'i' => self.skip(4)?,
            b'I' | b'g' => self.skip(8)?,
            b'y' => self.skip(16)?,
            b'l' => {
                let bytes = self.take(4)?;
                let digits = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]).unsigned_abs();
                self.skip(digits as usize * 2)?;
            }
            b's' | b't' | b'u' | b'a' | b'A' => {
                let length = self.number()?;
                self.skip(length)?;
            }
            b'z' | b'Z' => {
                let length = self.take(1)?[0];
                self.skip(length.into())?;
            }
            b')' => {
                let count = self.take(1)?[0];
                return self.container(id, before, count.into(), depth);
            }
            b'(' | b'[' | b'<' | b'>' => {
                let count = self.number()?;
                return self.container(id, before, count, depth);
            }
            b':' => return self.container(id, before, 3, depth),
            b'c' => {
                // argcount, posonlyargcount, kwonlyargcount, (nlocals,) stacksize, flags; eight objects from
                // code to name, or qualname; firstlineno; lnotab, or linetable and exceptiontable
                let (numbers, behind) = if self.version < (3, 11) { (6, 1) } else { (5, 2) };
                parts.push(Part::Raw(self.take(numbers * 4)?.to_vec()));
                for _ in 0..8 {
                    parts.push(Part::Object(self.object(depth + 1)?));
                }
                parts.push(Part::Raw(self.take(4)?.to_vec()));
                for _ in 0..behind {
                    parts.push(Part::Object(self.object(depth + 1)?));
                }
                self.objects[id].parts = parts;
                return Ok(id);
            }
            other => bail!("marshalled data has an object of unknown type {other:#04x}"),
        }
        let length = before.len() - self.rest.len();
        self.objects[id].data = before[..length].to_vec();
        self.objects[id].kind = settled(kind, &self.objects[id].data);
        Ok(id)
    }

    fn container(&mut self, id: Id, before: &[u8], count: usize, depth: usize) -> Result<Id> {
        let length = before.len() - self.rest.len();
        self.objects[id].data = before[..length].to_vec();
        ensure!(count <= self.rest.len(), "marshalled data is cut off");
        let mut parts = Vec::with_capacity(count);
        for _ in 0..count {
            parts.push(Part::Object(self.object(depth + 1)?));
        }
        self.objects[id].parts = parts;
        Ok(id)
    }
}

/// Strings of at most one character exist once in a process; whether that one is interned depends on its
/// past. Loading gives the same object either way.
fn settled(kind: u8, data: &[u8]) -> u8 {
    match kind {
        b'Z' if data[0] <= 1 => b'z',
        b'A' if data.len() <= 5 => b'a',
        b't' if data.len() <= 4 + 2 => b'u',
        _ => kind,
    }
}

fn sort_sets(objects: &mut [Object]) {
    // What a set holds was read after the set, so going backwards sorts the inner ones first.
    for id in (0..objects.len()).rev() {
        if matches!(objects[id].kind, b'<' | b'>') {
            let mut parts = std::mem::take(&mut objects[id].parts);
            parts.sort_by_cached_key(|part| {
                let mut key = Vec::new();
                spell(objects, part, &mut key);
                key
            });
            objects[id].parts = parts;
        }
    }
}

/// An object in full, with nothing referred to. Only for what sets hold, which is small.
fn spell(objects: &[Object], part: &Part, out: &mut Vec<u8>) {
    match part {
        Part::Raw(bytes) => out.extend_from_slice(bytes),
        Part::Object(id) => {
            let object = &objects[*id];
            out.push(object.kind);
            out.extend_from_slice(&object.data);
            for part in &object.parts {
                spell(objects, part, out);
            }
        }
    }
}

fn write(objects: &[Object], id: Id, numbers: &mut [Option<u32>], next: &mut u32, out: &mut Vec<u8>) {
    if let Some(number) = numbers[id] {
        out.push(b'r');
        out.extend_from_slice(&number.to_le_bytes());
        return;
    }
    let object = &objects[id];
    if object.references > 0 {
        numbers[id] = Some(*next);
        *next += 1;
        out.push(object.kind | FLAG_REF);
    } else {
        out.push(object.kind);
    }
    out.extend_from_slice(&object.data);
    for part in &object.parts {
        match part {
            Part::Raw(bytes) => out.extend_from_slice(bytes),
            Part::Object(id) => write(objects, *id, numbers, next, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stay_where_something_refers_to_them() {
        // ("ab", "ab" by reference, "cd"), everything marked
        let marked = b"\xa9\x03\xda\x02abr\x01\0\0\0\xda\x02cd";
        let once = normalize(marked, (3, 12)).unwrap();
        assert_eq!(once, b")\x03\xda\x02abr\0\0\0\0Z\x02cd");
        assert_eq!(normalize(&once, (3, 12)).unwrap(), once);
    }

    #[test]
    fn sets_are_sorted() {
        let set = |parts: &[u8]| normalize(&[b">\x03\0\0\0", parts].concat(), (3, 9)).unwrap();
        assert_eq!(set(b"Nz\x01bz\x01a"), set(b"z\x01aNZ\x01b"));
    }

    #[test]
    fn anything_else_is_an_error() {
        let whole = b"\xa9\x03\xda\x02abr\x01\0\0\0\xda\x02cd";
        for length in 0..whole.len() {
            assert!(normalize(&whole[..length], (3, 12)).is_err(), "{length}");
        }
        for bad in [
            &b"?"[..],
            b"r\0\0\0\0",
            b"NN",
            b"(\xff\xff\xff\xff",
            b"(\xff\xff\xff\x7f",
            b"s\xff\xff\xff\x7f",
        ] {
            assert!(normalize(bad, (3, 12)).is_err(), "{bad:?}");
        }
        assert!(normalize(&b")\x01".repeat(100_000), (3, 12)).is_err());
    }
}
