//! A layer's members: the strict subset of tar that pyship writes and reads.
//!
//! Regular files, directories and symbolic links as POSIX ustar headers, with a pax header before those whose
//! path, target or size does not fit. Time, user and group are always zero. Anything else (hard links,
//! devices, GNU extensions, sparse files) is refused, and so is every path that is not plainly below the
//! layer: ordinary tar programs read what is written here, but not everything they write is read.

use std::io::{self, BufRead, Read};

use crate::error::{Error, Result};

/// Tar's unit: headers have this size, data is padded to it.
pub const BLOCK: usize = 512;
/// The longest path or link target, in bytes (Linux's `PATH_MAX` without its NUL).
pub const PATH_MAX: usize = 4095;
/// Zero blocks that end the archive.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

const NAME_MAX: usize = 255;
/// The deepest path: whoever removes a tree has a descriptor open for every directory on the way down.
const DEPTH_MAX: usize = 256;
const PAX_MAX: u64 = 3 * (PATH_MAX as u64 + 64);

/// One entry of a layer, without a file's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Relative, safe (see [`is_safe`]).
    pub path: Vec<u8>,
    /// What it is.
    pub kind: MemberKind,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberKind {
    /// Mode 0755.
    Directory,
    /// Mode 0755 when executable, else 0644; `size` bytes of data follow.
    File {
        /// Length in bytes.
        size: u64,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Relative, and below the layer when resolved against the link (see [`is_safe_target`]).
        target: Vec<u8>,
    },
}

/// Whether `path` is plainly below the directory that it is relative to: not empty, no leading or double `/`,
/// no `.` or `..`, no NUL, nothing too long or too deep.
#[must_use]
pub fn is_safe(path: &[u8]) -> bool {
    path.len() <= PATH_MAX
        && !path.contains(&0)
        && path.iter().filter(|&&byte| byte == b'/').count() < DEPTH_MAX
        && path
            .split(|&byte| byte == b'/')
            .all(|part| !part.is_empty() && part != b"." && part != b".." && part.len() <= NAME_MAX)
}

/// Whether a link at `path` to `target` stays below the directory that `path` is relative to, also where it
/// leads through other links.
///
/// `..` may come first only. No link of a layer lies below another, so these first steps go up real
/// directories, as far as there are any; all that follow go down, through links of which the same is true.
#[must_use]
pub fn is_safe_target(path: &[u8], target: &[u8]) -> bool {
    if target.is_empty() || target.len() > PATH_MAX || target[0] == b'/' || target.contains(&0) {
        return false;
    }
    let depth = path.split(|&byte| byte == b'/').count() - 1;
    let (mut up, mut down) = (0, false);
    for part in target.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if down || up == depth => return false,
            b".." => up += 1,
            _ => down = true,
        }
    }
    true
}

/// Zero bytes that follow `size` bytes of data.
#[must_use]
pub fn padding(size: u64) -> usize {
    let rest = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if rest == 0 { 0 } else { BLOCK - rest }
}

impl Member {
    /// The header blocks, to be followed by a file's data and [`padding`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { path, kind } = self;
        let (size, target, mode, typeflag): (u64, &[u8], u32, u8) = match kind {
            MemberKind::Directory => (0, b"", 0o755, b'5'),
            MemberKind::File { size, executable } => {
                (*size, b"", if *executable { 0o755 } else { 0o644 }, b'0')
            }
            MemberKind::Symlink { target } => (0, target, 0o777, b'2'),
        };
        let mut name = path.clone();
        if matches!(kind, MemberKind::Directory) {
            name.push(b'/');
        }
        let mut pax = Vec::new();
        let (prefix, base) = split(&name).unwrap_or_else(|| {
            pax_record(&mut pax, b"path", &name);
            (b"", &name[..name.len().min(100)])
        });
        let link = if target.len() > 100 {
            pax_record(&mut pax, b"linkpath", target);
            &target[..100]
        } else {
            target
        };
        let octal_size = if size > 0o77_777_777_777 {
            pax_record(&mut pax, b"size", size.to_string().as_bytes());
            0
        } else {
            size
        };
        let mut bytes = Vec::with_capacity(BLOCK);
        if !pax.is_empty() {
            bytes.extend_from_slice(&header(b"pax", b"", b"", pax.len() as u64, 0o644, b'x'));
            bytes.extend_from_slice(&pax);
            bytes.resize(bytes.len() + padding(pax.len() as u64), 0);
        }
        bytes.extend_from_slice(&header(base, prefix, link, octal_size, mode, typeflag));
        bytes
    }

    /// Reads the next member's header; `None` at the end of the frame or of the archive.
    ///
    /// # Errors
    /// When the bytes are not what [`Self::encode`] writes, or the path or target is not safe.
    pub fn decode(frame: &mut impl BufRead) -> Result<Option<Self>> {
        let mut pax = Pax::default();
        loop {
            let Some(block) = read_block(frame)? else {
                return if pax.seen {
                    Err(bad("ends inside a member"))
                } else {
                    Ok(None)
                };
            };
            if block.iter().all(|&byte| byte == 0) {
                return if pax.seen {
                    Err(bad("ends inside a member"))
                } else {
                    rest_is_zero(frame).map(|()| None)
                };
            }
            check_header(&block)?;
            let size = octal(&block[124..136])?;
            if block[156] == b'x' && !pax.seen {
                pax = Pax::read(frame, size)?;
                continue;
            }
            return member(&block, size, pax).map(Some);
        }
    }
}

fn member(block: &[u8; BLOCK], size: u64, pax: Pax) -> Result<Member> {
    let mut path = pax.path.unwrap_or_else(|| {
        let (prefix, base) = (text(&block[345..500]), text(&block[0..100]));
        if prefix.is_empty() {
            base.to_vec()
        } else {
            [prefix, b"/", base].concat()
        }
    });
    let size = pax.size.unwrap_or(size);
    let target = pax.target.unwrap_or_else(|| text(&block[157..257]).to_vec());
    let kind = match block[156] {
        b'0' => MemberKind::File {
            size,
            executable: match octal(&block[100..108])? {
                0o755 => true,
                0o644 => false,
                _ => return Err(bad("has a file with another mode than 0644 or 0755")),
            },
        },
        b'5' if path.last() == Some(&b'/') => {
            path.pop();
            MemberKind::Directory
        }
        b'2' => MemberKind::Symlink { target },
        _ => {
            return Err(bad(
                "has a member that is neither a file, a directory nor a symbolic link",
            ));
        }
    };
    if !is_safe(&path) {
        return Err(unsafe_path(&path));
    }
    match &kind {
        MemberKind::Symlink { target } if !is_safe_target(&path, target) => Err(unsafe_path(&path)),
        MemberKind::Directory | MemberKind::Symlink { .. } if size != 0 => {
            Err(bad("has data where none belongs"))
        }
        _ => Ok(Member { path, kind }),
    }
}

/// The answer to a member that would end up outside its layer.
#[must_use]
pub fn unsafe_path(path: &[u8]) -> Error {
    let shown = String::from_utf8_lossy(&path[..path.len().min(200)]);
    bad(&format!(
        "has a member `{shown}` that would not stay in its layer"
    ))
}

fn bad(what: &str) -> Error {
    Error::damaged(format_args!("a layer {what}"))
}

#[derive(Default)]
struct Pax {
    seen: bool,
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Pax {
    fn read(frame: &mut impl BufRead, size: u64) -> Result<Self> {
        if size > PAX_MAX {
            return Err(bad("has a pax header that is too long"));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0) + padding(size)];
        frame
            .read_exact(&mut bytes)
            .map_err(|error| read_failed(&error))?;
        bytes.truncate(usize::try_from(size).unwrap_or(0));
        let mut pax = Self {
            seen: true,
            ..Self::default()
        };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let record = pax_next(&mut rest).ok_or_else(|| bad("has a damaged pax header"))?;
            match record {
                (b"path", value) => pax.path = Some(value.to_vec()),
                (b"linkpath", value) => pax.target = Some(value.to_vec()),
                (b"size", value) => {
                    pax.size = Some(decimal(value).ok_or_else(|| bad("has a damaged pax header"))?)
                }
                _ => return Err(bad("has a pax header with an unknown key")),
            }
        }
        Ok(pax)
    }
}

/// Takes one `<length> <key>=<value>\n` off the front.
fn pax_next<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let space = rest.iter().take(8).position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(&rest[..space])?).ok()?;
    let record = rest.get(space + 1..length)?.strip_suffix(b"\n")?;
    *rest = rest.get(length..)?;
    let equals = record.iter().position(|&byte| byte == b'=')?;
    Some((&record[..equals], &record[equals + 1..]))
}

fn pax_record(pax: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let body = 1 + key.len() + 1 + value.len() + 1;
    let mut length = body + 1;
    while length.to_string().len() + body != length {
        length = length.to_string().len() + body;
    }
    pax.extend_from_slice(length.to_string().as_bytes());
    for part in [b" ", key, b"=", value, b"\n"] {
        pax.extend_from_slice(part);
    }
}

/// A name as ustar's prefix and base, when it fits.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    if name.len() <= 100 {
        return Some((b"", name));
    }
    let end = name.len().checked_sub(1)?.min(156);
    (1..end)
        .rev()
        .find(|&at| name[at] == b'/' && at <= 155 && name.len() - at - 1 <= 100)
        .map(|at| (&name[..at], &name[at + 1..]))
}

fn header(name: &[u8], prefix: &[u8], link: &[u8], size: u64, mode: u32, typeflag: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name);
    put(100, format!("{mode:07o}").as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{size:011o}").as_bytes());
    put(136, b"00000000000");
    put(148, b"        ");
    put(156, &[typeflag]);
    put(157, link);
    put(257, b"ustar\x0000");
    put(345, prefix);
    let sum = checksum(&block);
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn check_header(block: &[u8; BLOCK]) -> Result<()> {
    let fixed = &block[257..265] == b"ustar\x0000" && octal(&block[148..156])? == u64::from(checksum(block));
    if fixed {
        Ok(())
    } else {
        Err(bad("has a damaged header"))
    }
}

fn checksum(block: &[u8; BLOCK]) -> u32 {
    let field = 148..156;
    block
        .iter()
        .enumerate()
        .map(|(at, &byte)| u32::from(if field.contains(&at) { b' ' } else { byte }))
        .sum()
}

fn octal(field: &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for &byte in field {
        match byte {
            b'0'..=b'7' => value = value << 3 | u64::from(byte - b'0'),
            0 | b' ' => break,
            _ => return Err(bad("has a damaged header")),
        }
    }
    Ok(value)
}

fn decimal(text: &[u8]) -> Option<u64> {
    // `parse` takes a sign.
    text.iter().all(u8::is_ascii_digit).then_some(())?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or(field)
}

fn read_block(frame: &mut impl BufRead) -> Result<Option<[u8; BLOCK]>> {
    if frame.fill_buf().map_err(|error| read_failed(&error))?.is_empty() {
        return Ok(None);
    }
    let mut block = [0; BLOCK];
    frame
        .read_exact(&mut block)
        .map_err(|error| read_failed(&error))?;
    Ok(Some(block))
}

fn rest_is_zero(frame: &mut impl BufRead) -> Result<()> {
    loop {
        let bytes = frame.fill_buf().map_err(|error| read_failed(&error))?;
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(bad("goes on after its end"));
        }
        match bytes.len() {
            0 => return Ok(()),
            length => frame.consume(length),
        }
    }
}

/// Skips the padding after a file of `size` bytes.
///
/// # Errors
/// When the frame ends first.
pub fn skip_padding(frame: &mut impl Read, size: u64) -> Result<()> {
    let mut zeros = [0; BLOCK];
    frame
        .read_exact(&mut zeros[..padding(size)])
        .map_err(|error| read_failed(&error))
}

/// The answer to a frame that ends early or can't be decoded.
#[must_use]
pub fn read_failed(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => bad("ends inside a member"),
        _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(inner) => inner.clone(),
            None => Error::damaged(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &[u8], size: u64) -> Member {
        Member {
            path: path.to_vec(),
            kind: MemberKind::File {
                size,
                executable: false,
            },
        }
    }

    fn round_trip(member: &Member) {
        let bytes = member.encode();
        assert_eq!(bytes.len() % BLOCK, 0);
        let mut rest = bytes.as_slice();
        assert_eq!(Member::decode(&mut rest).unwrap().as_ref(), Some(member));
        assert!(rest.is_empty());
    }

    #[test]
    fn round_trips() {
        round_trip(&file(b"a", 0));
        round_trip(&file(b"a/b\xff", 5));
        round_trip(&file(b"big", 1 << 40));
        for length in [99, 100, 101, 155, 156, 157, 200, 255] {
            let name = vec![b'n'; length];
            round_trip(&file(&name, 1));
            round_trip(&file(&[b"dir/", name.as_slice()].concat(), 1));
            round_trip(&Member {
                path: name.clone(),
                kind: MemberKind::Directory,
            });
            round_trip(&Member {
                path: b"l".to_vec(),
                kind: MemberKind::Symlink { target: name },
            });
        }
        let deep = [b"a long directory".as_slice(); 240].join(&b'/');
        assert!(deep.len() < PATH_MAX);
        round_trip(&file(&deep, 3));
    }

    #[test]
    fn only_paths_below_the_layer() {
        for path in [
            &b""[..],
            b"/a",
            b"a/",
            b"a//b",
            b".",
            b"a/./b",
            b"..",
            b"a/../b",
            b"a\0b",
            &[b'x'; 256],
        ] {
            assert!(!is_safe(path), "{path:?}");
        }
        assert!(is_safe(b"a/b..c/...") && is_safe(b"-"));
        assert!(is_safe_target(b"a/b", b"../c") && is_safe_target(b"a/b", b".././c/d"));
        assert!(
            !is_safe(&[b"d".as_slice(); 257].join(&b'/')) && is_safe(&[b"d".as_slice(); 256].join(&b'/'))
        );
        for target in [&b""[..], b"/etc", b"../../x", b"c/../../../x", b"c/../d", b"a\0"] {
            assert!(!is_safe_target(b"a/b", target), "{target:?}");
        }
    }

    #[test]
    fn flipped_bytes_never_panic() {
        let good = [
            file(&[b'n'; 200], 7).encode(),
            vec![1; 7],
            vec![0; 505],
            END.to_vec(),
        ]
        .concat();
        for at in 0..good.len() {
            for flip in [1, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                drop(Member::decode(&mut bytes.as_slice()));
            }
            drop(Member::decode(&mut &good[..at]));
        }
    }
}
