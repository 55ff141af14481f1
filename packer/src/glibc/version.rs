//! The version of a C library, from its bytes: the library may be for another machine and can't be asked.

/// The version of a `libc.so.6`, as major and minor.
pub(super) fn of(libc: &[u8]) -> Option<(u32, u32)> {
    release(libc).or_else(|| newest_symbol(libc))
}

/// The version in `GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.`
fn release(bytes: &[u8]) -> Option<(u32, u32)> {
    const BANNER: &[u8] = b"GNU C Library";
    const BEFORE: &[u8] = b"release version ";
    let banner = find(bytes, BANNER)?;
    let line = &bytes[banner..bytes.len().min(banner + 200)];
    let rest = &line[find(line, BEFORE)? + BEFORE.len()..];
    version_at(rest)
}

/// The newest `GLIBC_x.y` that is named anywhere.
pub(super) fn newest_symbol(bytes: &[u8]) -> Option<(u32, u32)> {
    const PREFIX: &[u8] = b"GLIBC_";
    let mut newest = None;
    let mut rest = bytes;
    while let Some(at) = find(rest, PREFIX) {
        rest = &rest[at + PREFIX.len()..];
        newest = newest.max(version_at(rest));
    }
    newest
}

fn version_at(text: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = text.splitn(3, |byte| !byte.is_ascii_digit());
    let mut number = || std::str::from_utf8(numbers.next()?).ok()?.parse().ok();
    Some((number()?, number()?))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}
