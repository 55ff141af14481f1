//! Brings a marshalled code object into a canonical form.
//!
//! The output of `marshal.dumps` depends on what its process did before, in two ways. It marks objects with a
//! reference count above one, since they may be referred to later in the stream; names and small constants that
//! are used elsewhere in the process have such counts. And the compiler creates a second frozenset of equal
//! strings, instead of sharing one, when a string was interned before. So the stream is read as a graph, equal
//! constants are merged, sets are sorted (their order follows from hashes, that of `None` before 3.12 from its
//! address), and the graph is written again with marks on exactly the objects that are referred to. The
//! interpreter loads an equal object.
//!
//! No library does this: the format is CPython's own. Versions 4 to 6 of it, as in `Python/marshal.c` of 3.9 to 3.15;
//! code objects have one layout up to 3.10 and another from 3.11 on.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};

const FLAG_REF: u8 = 0x80;
/// The compiler itself gives up on code that is nested by a third of this.
const MAX_DEPTH: usize = 600;

/// An index of [`Reader::objects`].
type Id = usize;

/// An object of the graph. Equal constants are one object, so ids can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Object {
    kind: u8,
    /// What follows the type byte: numbers, bytes with their length.
    data: Vec<u8>,
    /// What it holds, in order.
    parts: Vec<Id>,
}

/// The kind of bytes that aren't an object: the numbers of a code object.
const RAW: u8 = 0;

struct Reader<'a> {
    rest: &'a [u8],
    version: (u32, u32),
    objects: Vec<Object>,
    constants: HashMap<Object, Id>,
    /// Marked objects in the order of their marks; `None` while one is being read.
    marked: Vec<Option<Id>>,
}

/// The canonical form of `code`, which a Python of this version marshalled.
///
/// # Errors
/// When it isn't a marshalled object of a kind that this version has.
pub(super) fn normalize(code: &[u8], version: (u32, u32)) -> Result<Vec<u8>> {
    let (objects, marked, constants) = (Vec::new(), Vec::new(), HashMap::new());
    let mut reader = Reader {
        rest: code,
        version,
        objects,
        constants,
        marked,
    };
    let root = reader.object(0)?;
    ensure!(
        reader.rest.is_empty(),
        "marshalled data has {} bytes too many",
        reader.rest.len()
    );
    let objects = reader.objects;
    let mut uses = vec![0; objects.len()];
    count(&objects, root, &mut uses);
    let mut writer = Writer {
        objects: &objects,
        uses,
        numbers: vec![None; objects.len()],
        next: 0,
        out: Vec::new(),
    };
    writer.object(root);
    Ok(writer.out)
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

    /// A length field.
    fn length(bytes: &[u8]) -> Result<usize> {
        let number = bytes
            .iter()
            .rev()
            .fold(0u32, |sum, &byte| (sum << 8) | u32::from(byte));
        ensure!(
            number <= i32::MAX.unsigned_abs(),
            "marshalled data has a negative length"
        );
        Ok(number as usize)
    }

    fn object(&mut self, depth: usize) -> Result<Id> {
        ensure!(depth < MAX_DEPTH, "marshalled data is nested too deep");
        let byte = self.take(1)?[0];
        let kind = byte & !FLAG_REF;
        if kind == b'r' {
            let number = Self::length(self.take(4)?)?;
            return self
                .marked
                .get(number)
                .copied()
                .flatten()
                .context("marshalled data refers to nothing");
        }
        let mark = (byte & FLAG_REF != 0).then(|| {
            self.marked.push(None);
            self.marked.len() - 1
        });
        let object = if kind == b'c' {
            self.code(depth)?
        } else {
            self.constant(kind, depth)?
        };
        let id = self.id_of(object);
        if let Some(mark) = mark {
            self.marked[mark] = Some(id);
        }
        Ok(id)
    }

    /// The id of an object; that of an equal constant when there is one. Equal functions aren't merged.
    fn id_of(&mut self, object: Object) -> Id {
        let id = self.objects.len();
        if !matches!(object.kind, b'c' | RAW) {
            let known = *self.constants.entry(object.clone()).or_insert(id);
            if known != id {
                return known;
            }
        }
        self.objects.push(object);
        id
    }

    /// argcount, posonlyargcount, kwonlyargcount, (nlocals,) stacksize, flags; eight objects from code to name,
    /// or qualname; firstlineno; lnotab, or linetable and exceptiontable
    fn code(&mut self, depth: usize) -> Result<Object> {
        let (numbers, tables) = if self.version < (3, 11) { (6, 1) } else { (5, 2) };
        let mut parts = vec![self.raw(numbers * 4)?];
        for _ in 0..8 {
            parts.push(self.object(depth + 1)?);
        }
        parts.push(self.raw(4)?);
        for _ in 0..tables {
            parts.push(self.object(depth + 1)?);
        }
        Ok(Object {
            kind: b'c',
            data: Vec::new(),
            parts,
        })
    }

    fn raw(&mut self, count: usize) -> Result<Id> {
        let data = self.take(count)?.to_vec();
        Ok(self.id_of(Object {
            kind: RAW,
            data,
            parts: Vec::new(),
        }))
    }

    fn constant(&mut self, kind: u8, depth: usize) -> Result<Object> {
        let head = match kind {
            b'N' | b'T' | b'F' | b'.' | b'S' | b'0' | b':' => 0,
            b')' | b'z' | b'Z' => 1,
            b'I' | b'g' => 8,
            b'y' => 16,
            b'i' | b'l' | b's' | b't' | b'u' | b'a' | b'A' | b'(' | b'[' | b'<' | b'>' => 4,
            other => bail!("marshalled data has an object of unknown type {other:#04x}"),
        };
        let head = self.take(head)?;
        let (bytes, count) = match kind {
            b's' | b't' | b'u' | b'a' | b'A' | b'z' | b'Z' => (Self::length(head)?, 0),
            // A negative number of digits is that of a negative number.
            b'l' => (
                i32::from_le_bytes([head[0], head[1], head[2], head[3]]).unsigned_abs() as usize * 2,
                0,
            ),
            b')' | b'(' | b'[' | b'<' | b'>' => (0, Self::length(head)?),
            b':' => (0, 3),
            _ => (0, 0),
        };
        let data = [head, self.take(bytes)?].concat();
        ensure!(count <= self.rest.len(), "marshalled data is cut off");
        let mut parts = (0..count)
            .map(|_| self.object(depth + 1))
            .collect::<Result<Vec<Id>>>()?;
        if matches!(kind, b'<' | b'>') {
            parts.sort_by_cached_key(|&id| {
                let mut key = Vec::new();
                spell(&self.objects, id, &mut key);
                key
            });
        }
        Ok(Object {
            kind: canonical_kind(kind, bytes),
            data,
            parts,
        })
    }
}

/// The kind, without the mark of interned strings where it doesn't matter: strings of at most one character exist
/// once in a process, and whether they are interned depends on what it did before.
fn canonical_kind(kind: u8, length: usize) -> u8 {
    match kind {
        b'Z' if length <= 1 => b'z',
        b'A' if length <= 1 => b'a',
        b't' if length <= 2 => b'u',
        _ => kind,
    }
}

/// An object in full, without references. Only for the items of sets, which are small.
fn spell(objects: &[Object], id: Id, out: &mut Vec<u8>) {
    out.push(objects[id].kind);
    out.extend_from_slice(&objects[id].data);
    for &part in &objects[id].parts {
        spell(objects, part, out);
    }
}

fn count(objects: &[Object], id: Id, uses: &mut [u32]) {
    uses[id] += 1;
    if uses[id] == 1 {
        for &part in &objects[id].parts {
            count(objects, part, uses);
        }
    }
}

struct Writer<'a> {
    objects: &'a [Object],
    uses: Vec<u32>,
    /// The reference number of each marked object that is written already.
    numbers: Vec<Option<u32>>,
    next: u32,
    out: Vec<u8>,
}

impl Writer<'_> {
    fn object(&mut self, id: Id) {
        if let Some(number) = self.numbers[id] {
            self.out.push(b'r');
            self.out.extend_from_slice(&number.to_le_bytes());
            return;
        }
        let object = &self.objects[id];
        match object.kind {
            RAW => {}
            // One byte; a reference takes five.
            b'N' | b'T' | b'F' | b'.' | b'S' | b'0' => self.out.push(object.kind),
            kind if self.uses[id] > 1 => {
                self.numbers[id] = Some(self.next);
                self.next += 1;
                self.out.push(kind | FLAG_REF);
            }
            kind => self.out.push(kind),
        }
        self.out.extend_from_slice(&object.data);
        for &part in &object.parts {
            self.object(part);
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
    fn equal_constants_become_one() {
        // ({"a", None}, {None, "a"}), the sets not shared
        let apart = b")\x02>\x02\0\0\0z\x01aN>\x02\0\0\0NZ\x01a";
        assert_eq!(
            normalize(apart, (3, 12)).unwrap(),
            b")\x02\xbe\x02\0\0\0Nz\x01ar\0\0\0\0"
        );
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
