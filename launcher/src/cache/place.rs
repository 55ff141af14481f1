//! Whether an interpreter can live at a path: asked of every cache root before anything is unpacked there.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::sys::find;

/// The longest path of a root, in bytes. The kernel takes 4095, of which this leaves 1095 to what is below it.
const ROOT_MAX: usize = 3000;
/// What the loader replaces in a search path.
const TOKENS: [&[u8]; 4] = [b"$ORIGIN", b"$LIB", b"$PLATFORM", b"${"];

/// Why the interpreter, its loader or a script could not name files below `root`; nothing when all can.
pub(super) fn refusal(root: &Path) -> Option<String> {
    let path = root.as_os_str().as_bytes();
    // PYTHONPATH and a loader's search path can't quote these, pyvenv.cfg has lines.
    let quoted = [
        (b':', "`:`"),
        (b';', "`;`"),
        (b'\n', "line break"),
        (b'\r', "line break"),
    ];
    if let Some((_, name)) = quoted.iter().find(|(byte, _)| path.contains(byte)) {
        return Some(format!("its path contains a {name}"));
    }
    if let Some(token) = TOKENS.iter().find(|token| find(path, token).is_some()) {
        let token = String::from_utf8_lossy(token);
        return Some(format!("its path contains `{token}`, which the loader replaces"));
    }
    if root.to_str().is_none() {
        return Some("its path is not UTF-8".to_owned());
    }
    let length = path.len();
    (length > ROOT_MAX).then(|| format!("its path has {length} bytes, more than {ROOT_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_can_not_be_named_are_refused() {
        let refused = |path: &[u8]| refusal(crate::bytes::as_path(path)).unwrap_or_default();
        for path in ["/a b/c", "/caf\u{e9}", "/a$b", "/$", "/'\"\\"] {
            assert_eq!(refused(path.as_bytes()), "");
        }
        for (path, part) in [
            (&b"/a:b"[..], "`:`"),
            (b"/a;b", "`;`"),
            (b"/a\nb", "line break"),
            (b"/a/$ORIGIN/b", "`$ORIGIN`"),
            (b"/a/${LIB}/b", "`${`"),
            (b"/\xff", "UTF-8"),
            (&[b'x'; ROOT_MAX + 1], "3001 bytes"),
        ] {
            assert!(refused(path).contains(part), "{part}: {}", refused(path));
        }
        assert_eq!(refused(&[b'x'; ROOT_MAX]), "");
    }
}
