//! glibc's character sets: the modules that its `iconv` loads, and the lists of their names. Like the rest of a glibc, they
//! work only with the C library that they were built with.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use pyship_launcher::format::names::{GCONV_MODULES, LIBC_GCONV};
use walkdir::WalkDir;

use super::{read, stripped};
use crate::elf::Sysroot;
use crate::hint::WithHint as _;
use crate::tree::Tree;

/// The directory beside the C library, below `lib`.
const DIRECTORY: &str = "gconv";
/// The lists in one file, with absolute paths. It is not used where a directory is named.
const CACHE: &str = "gconv-modules.cache";

/// Adds the character sets of the glibc whose C library is `c_library`; returns what they depend on.
///
/// # Errors
/// When the builder has none, or they can't be read.
pub(super) fn add_to(tree: &mut Tree, c_library: &Path, root: &Sysroot) -> Result<Vec<PathBuf>> {
    let directory = find(c_library, root)?;
    let mut inputs = vec![directory.clone()];
    for entry in WalkDir::new(&directory).follow_links(true).sort_by_file_name() {
        let entry = entry.with_context(|| format!("failed to read `{}`", directory.display()))?;
        let path = entry.path();
        let name = path.strip_prefix(&directory).unwrap_or(path);
        if !entry.file_type().is_file() || name == Path::new(CACHE) {
            continue;
        }
        let bytes = match name.extension() {
            Some(extension) if extension == "so" => stripped(path, &read(path)?.0)?,
            _ => fs_err::read(path)?.into(),
        };
        tree.insert_bytes(format!("{LIBC_GCONV}/{}", name.display()), bytes, false);
        inputs.push(path.to_owned());
    }
    Ok(inputs)
}

/// Where Debian before 12 and others have not merged `/lib` and `/usr/lib`, it is below the latter.
fn find(c_library: &Path, root: &Sysroot) -> Result<PathBuf> {
    let lib = c_library.parent().unwrap_or(Path::new("/"));
    let merged = root.on_target(lib);
    let usr = Path::new("/usr").join(merged.strip_prefix("/").unwrap_or(&merged));
    let candidates = [lib.to_owned(), root.on_builder(&usr)].map(|lib| lib.join(DIRECTORY));
    let found = candidates.iter().find(|path| path.join(GCONV_MODULES).is_file());
    found.cloned().ok_or_else(|| {
        let missing = candidates[0].join(GCONV_MODULES);
        anyhow!("failed to find glibc's character sets for --gconv: there is no `{}`", missing.display())
    })
    .hint("install them: Debian's libc6 has the usual ones, and libc-gconv-modules-extra the others; Fedora's glibc-gconv-extra")
}
