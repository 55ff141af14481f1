//! Which paths and link targets a layer may have.

/// The longest path or link target, in bytes (Linux's `PATH_MAX` without its NUL).
pub(super) const PATH_MAX: usize = 4095;
const NAME_MAX: usize = 255;
/// The largest number of components in a path: removing a tree takes an open descriptor for each.
pub const DEPTH_MAX: usize = 256;

/// Whether `path` is below the directory that it is relative to: not empty, no leading or double `/`, no `.` or
/// `..`, no NUL, within the limits on length and depth.
#[must_use]
pub fn is_safe(path: &[u8]) -> bool {
    path.len() <= PATH_MAX
        && !path.contains(&0)
        && path.iter().filter(|&&byte| byte == b'/').count() < DEPTH_MAX
        && path
            .split(|&byte| byte == b'/')
            .all(|part| !part.is_empty() && part != b"." && part != b".." && part.len() <= NAME_MAX)
}

/// Whether a link at `path` to `target` stays below the directory that `path` is relative to, also where the
/// target leads through other links.
///
/// `..` is allowed only at the front. No link of a layer is below another link, so these first steps go up real
/// directories; all later steps go down, through links that have passed the same check.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
