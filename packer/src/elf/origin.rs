//! Search paths as the loader reads them: a list with `:` between directories, and `$ORIGIN` for the directory of the
//! file.

use std::path::{Component, Path, PathBuf};

/// The directories of a search path for a file in `origin`.
///
/// Left out are relative entries, which the loader takes from the working directory, and those with `$LIB` or
/// `$PLATFORM`, whose values depend on how the loader was built.
pub(super) fn expand(search_path: &str, origin: &Path) -> Vec<PathBuf> {
    let mut directories = Vec::new();
    for entry in search_path.split(':') {
        let after = ["$ORIGIN", "${ORIGIN}"]
            .iter()
            .find_map(|token| entry.strip_prefix(token));
        let directory = match after {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                origin.join(rest.trim_start_matches('/'))
            }
            Some(_) => continue,
            None => PathBuf::from(entry),
        };
        if (after.is_some() || directory.is_absolute()) && !directory.to_string_lossy().contains('$') {
            directories.push(directory);
        }
    }
    directories
}

/// A relative path without `.` and `..`; none when it leaves the directory that it starts from.
pub(super) fn normalize(path: &Path) -> Option<PathBuf> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir if clean.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_the_only_token_that_counts() {
        let found = expand(
            "$ORIGIN/../lib:${ORIGIN}:/opt/lib:relative:$LIB/x::$ORIGINAL",
            Path::new("bin"),
        );
        assert_eq!(found, ["bin/../lib", "bin", "/opt/lib"].map(PathBuf::from));
    }

    #[test]
    fn a_path_stays_inside() {
        assert_eq!(
            normalize(Path::new("bin/../lib/./x")),
            Some(PathBuf::from("lib/x"))
        );
        assert_eq!(normalize(Path::new("lib/../../x")), None);
    }
}
