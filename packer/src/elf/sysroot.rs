//! The root directory of the system that is packed for: the builder's own, or a copy of another machine's.

use std::path::{Component, Path, PathBuf};

/// Links that are followed before a path counts as a loop, as in the kernel.
const LINKS_MAX: usize = 40;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Sysroot(PathBuf);

impl Sysroot {
    /// The directory that is given, else the builder's own root directory.
    pub(crate) fn new(directory: Option<&Path>) -> Self {
        Self(directory.unwrap_or(Path::new("/")).to_owned())
    }

    /// The file that an absolute path of the target leads to. Absolute links mean paths of the target, too.
    pub(crate) fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let mut links = 0;
        let mut todo: Vec<PathBuf> = parts(path);
        let mut real = PathBuf::from("/");
        while let Some(part) = todo.pop() {
            if part == Path::new("..") {
                real.pop();
                continue;
            }
            let next = real.join(&part);
            let Ok(target) = fs_err::read_link(self.on_builder(&next)) else {
                real = next;
                continue;
            };
            links += 1;
            if links > LINKS_MAX {
                return None;
            }
            if target.is_absolute() {
                real = PathBuf::from("/");
            }
            todo.extend(parts(&target));
        }
        let file = self.on_builder(&real);
        file.is_file().then_some(file)
    }

    /// The path on the builder of a path on the target.
    pub(crate) fn on_builder(&self, path: &Path) -> PathBuf {
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The path that a file of the builder has on the target.
    pub(crate) fn on_target(&self, file: &Path) -> PathBuf {
        file.strip_prefix(&self.0)
            .map_or_else(|_| file.to_owned(), |inner| Path::new("/").join(inner))
    }
}

/// The parts of a path, last first.
fn parts(path: &Path) -> Vec<PathBuf> {
    path.components()
        .rev()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect()
}
