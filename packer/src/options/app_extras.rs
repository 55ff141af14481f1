//! Extras behind APP, as pip and uv write them: `.[web,db]`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// APP without its extras, and the extras. A path that exists has none.
pub(super) fn split(app: &Path) -> Option<(PathBuf, Vec<String>)> {
    if app.exists() {
        return None;
    }
    let inside = app.as_os_str().as_bytes().strip_suffix(b"]")?;
    let at = inside
        .iter()
        .rposition(|&byte| byte == b'[')
        .filter(|&at| at > 0)?;
    let extras = std::str::from_utf8(&inside[at + 1..]).ok()?;
    let names = extras.split(',').map(str::trim).filter(|name| !name.is_empty());
    let path = PathBuf::from(OsStr::from_bytes(&inside[..at]));
    Some((path, names.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_stand_in_brackets_behind_a_path() {
        let found = |text: &str| split(Path::new(text)).map(|(path, extras)| (path, extras.join("+")));
        assert_eq!(
            found(".[web, db]"),
            Some((PathBuf::from("."), "web+db".to_owned()))
        );
        assert_eq!(
            found("missing/app[web]"),
            Some((PathBuf::from("missing/app"), "web".to_owned()))
        );
        for none in [".", "app", "[web]", "app[web", "app]"] {
            assert_eq!(found(none), None, "{none}");
        }
        let place = tempfile::tempdir().unwrap();
        let odd = place.path().join("odd[1]");
        fs_err::create_dir(&odd).unwrap();
        assert_eq!(split(&odd), None);
    }
}
