//! What a process has to do with caches, as `/proc` tells.
//!
//! Names of apps and layers are looked for in the paths of its executable, of its working directory and of what it has
//! mapped and open, and in its arguments. In the environment only where the executable is of a layer: the interpreter's
//! names the app's directory until the start-up code has run, while a shell's `PATH` says nothing.
//!
//! Of a process that this user can't look into (another user's, one that is not dumpable, one outside a user
//! namespace) only the arguments are known, and the size of its executable's text.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::bytes::as_path;
use crate::cache::key::name_length;
use crate::cache::list::named;
use crate::format::names::{CACHE_APPS, CACHE_LAYERS};

/// So much of a file of `/proc` is kept in memory.
const PIECE: usize = 256 << 10;

/// A process, or what is known of it.
#[derive(Debug, Default)]
pub(super) struct Process {
    /// The directories of apps that it names.
    pub(super) apps: Vec<Named>,
    /// The directories of layers that it names.
    pub(super) layers: Vec<Named>,
    /// Digests of the layers that its arguments name before those of a module.
    pub(super) scripts: Vec<String>,
    /// Whether its arguments name an app before those of a module.
    pub(super) says_app: bool,
    /// Its root directory, for this process.
    root: PathBuf,
    /// The path of its root directory as the kernel prints it, and before the paths of its files.
    root_shown: PathBuf,
    /// Whether its root and its mounts are this process's.
    sees_the_same: bool,
    /// Whether it could not be looked into, and what is known of its executable.
    pub(super) hidden: Option<Text>,
}

/// The text of a process's executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// Its size, in KiB.
    Known(u64),
    /// Nothing is known.
    Unknown,
}

/// A directory of a cache that a process names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The directory's name.
    pub(super) name: String,
    /// Its path, for this process.
    pub(super) path: PathBuf,
    /// Device and inode, where the path leads somewhere.
    file: Option<(u64, u64)>,
}

impl Named {
    /// Whether it is the directory `directory` of this name. Where that can't be known, the name is enough.
    pub(super) fn is(&self, name: &str, directory: &Path) -> bool {
        self.name == name && self.file.is_none_or(|file| inode(directory) == Some(file))
    }
}

impl Process {
    /// The process of a directory of `/proc`; `None` when it is over, or a thread of the kernel.
    pub(super) fn look(directory: &Path) -> Option<Self> {
        let mut process = Self::default();
        let threads = threads_of(directory);
        // A process goes on when its first thread ends. Of that one nothing is known any more.
        let mut all = std::iter::once(directory).chain(threads.iter().map(PathBuf::as_path));
        let (directory, exe) = all.find_map(|thread| Some((thread, executable_of(thread)?)))?;
        let root = directory.join("root");
        process.root.clone_from(&root);
        process.root_shown = fs::read_link(&root).unwrap_or_default();
        process.sees_the_same = ["ns/mnt", "root"].iter().all(|name| {
            let found = inode(&directory.join(name));
            found.is_some() && found == inode(&Path::new("/proc/self").join(name))
        });
        match exe {
            Ok(path) => process.note(path.as_os_str().as_bytes(), By::Kernel),
            Err(text) => process.hidden = Some(text),
        }
        let is_ours = !process.layers.is_empty();
        let mut is_before_module = true;
        each(&directory.join("cmdline"), 0, &mut |word| {
            is_before_module &= word != b"-m";
            process.note(word, By::Program);
            if is_before_module {
                process.says_app |= names(word, CACHE_APPS).next().is_some();
                process
                    .scripts
                    .extend(names(word, CACHE_LAYERS).map(|(name, _)| name));
            }
        });
        if process.hidden.is_some() {
            return Some(process);
        }
        if is_ours {
            each(&directory.join("environ"), 0, &mut |word| {
                process.note(word, By::Program)
            });
        }
        for entry in fs::read_dir(directory.join("fd")).into_iter().flatten().flatten() {
            let Ok(path) = fs::read_link(entry.path()) else {
                continue;
            };
            let path = path.as_os_str().as_bytes();
            let is_decided = || has_lease(&directory.join("fdinfo").join(entry.file_name()));
            if names(path, CACHE_APPS).next().is_none() || !is_decided() {
                process.note(path, By::Kernel);
            }
        }
        let cwd = threads.iter().map(|thread| thread.join("cwd"));
        for path in cwd.filter_map(|link| fs::read_link(link).ok()) {
            process.note(path.as_os_str().as_bytes(), By::Kernel);
        }
        each(&directory.join("maps"), b'\n', &mut |line| {
            process.note(line, By::Kernel)
        });
        // Where the paths of one that has just ended led can't be known any more.
        (process.is_unknown() || executable_of(directory).is_some()).then_some(process)
    }

    /// Device and inode of what an absolute path of its leads to.
    pub(super) fn inode(&self, path: &[u8]) -> Option<(u64, u64)> {
        inode(&self.root.join(as_path(path.strip_prefix(b"/").unwrap_or(path))))
    }

    /// Whether nothing is known of a process that could not be looked into.
    pub(super) fn is_unknown(&self) -> bool {
        self.apps.is_empty() && self.layers.is_empty()
    }

    /// Notes the directories of caches that a word names, as paths below its root.
    fn note(&mut self, word: &[u8], by: By) {
        for (parent, list) in [(CACHE_APPS, &mut self.apps), (CACHE_LAYERS, &mut self.layers)] {
            for (name, path) in names(word, parent) {
                let within = match by {
                    By::Program => None,
                    By::Kernel => within(path, self.root_shown.as_os_str().as_bytes()),
                };
                // What stands before a relative path is not known: the name has to do.
                let is_absolute = path.first() == Some(&b'/');
                let known = within.unwrap_or(path);
                let path = self.root.join(as_path(known.strip_prefix(b"/").unwrap_or(known)));
                if list.iter().any(|known| known.name == name && known.path == path) {
                    continue;
                }
                let file = if is_absolute { inode(&path) } else { None };
                // Of another cache, which is gone.
                let is_gone = is_absolute && file.is_none() && (self.sees_the_same || within.is_some());
                if !is_gone {
                    list.push(Named { name, path, file });
                }
            }
        }
    }
}

/// Who wrote a path.
#[derive(Clone, Copy)]
enum By {
    /// The program or whoever started it: the path is one below its root directory, or was once.
    Program,
    /// The kernel, for this process: before the path stands that of the other one's root directory.
    Kernel,
}

/// What stands after the path of a root directory; `None` of what lies elsewhere, and of what may: without such a path
/// before it, the kernel's path can be one of another mount namespace, or of a file system that is unmounted.
fn within<'a>(path: &'a [u8], root: &[u8]) -> Option<&'a [u8]> {
    match root {
        b"" | b"/" => None,
        root => path.strip_prefix(root).filter(|rest| rest.first() == Some(&b'/')),
    }
}

/// The directories of a process's threads.
fn threads_of(process: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(process.join("task"));
    entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect()
}

/// The directories below a cache's `parent` that a word names: name and path. Before the path may stand a variable's
/// name, other paths, or the other columns of a map.
fn names<'a>(word: &'a [u8], parent: &str) -> impl Iterator<Item = (String, &'a [u8])> {
    let starts = named(word, parent).into_iter();
    starts.filter_map(|start| {
        let end = start + name_length(&word[start..])?;
        let colon = word[..start].iter().rposition(|&byte| byte == b':');
        let path = &word[colon.map_or(0, |at| at + 1)..end];
        let slash = path.iter().position(|&byte| byte == b'/')?;
        let is_start = slash == 0 || matches!(path[slash - 1], b'=' | b' ' | b',' | b'"' | b'\'');
        let path = if is_start { &path[slash..] } else { path };
        Some((String::from_utf8(word[start..end].to_vec()).ok()?, path))
    })
}

/// Calls `each` with the parts of a file of `/proc` between separators; one that is very long comes in pieces.
fn each(path: &Path, separator: u8, each: &mut dyn FnMut(&[u8])) {
    let Ok(mut file) = File::open(path) else { return };
    let mut buffer = vec![0; PIECE];
    let mut length = 0;
    while let Ok(read) = file.read(&mut buffer[length..]) {
        length += read;
        let is_last = read == 0 || length == PIECE;
        let end = buffer[..length].iter().rposition(|&byte| byte == separator);
        let end = end.map_or(if is_last { length } else { 0 }, |at| at + 1);
        if end > 0 {
            let whole = buffer[..end].strip_suffix(&[separator]).unwrap_or(&buffer[..end]);
            whole.split(|&byte| byte == separator).for_each(&mut *each);
        }
        buffer.copy_within(end..length, 0);
        length -= end;
        if read == 0 {
            return;
        }
    }
}

/// Whether a process has a lease of a file that it has open, as `prune` has of the records of apps that it may remove.
/// That is no use of the app, and to open the record would end the lease.
fn has_lease(fdinfo: &Path) -> bool {
    let mut found = false;
    each(fdinfo, b'\n', &mut |line| {
        found |= line.starts_with(b"lock:") && line.windows(5).any(|word| word == b"LEASE");
    });
    found
}

/// The executable of a process, or what is known of one that can't be looked into; `None` for one that is over and for
/// threads of the kernel.
fn executable_of(directory: &Path) -> Option<Result<PathBuf, Text>> {
    match fs::read_link(directory.join("exe")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => text_of(directory).map(Err),
        found => found.ok().map(Ok),
    }
}

/// The text of a process's executable; `None` for one that is over and for threads of the kernel.
fn text_of(directory: &Path) -> Option<Text> {
    const KEY: &[u8] = b"VmExe:";
    // Without a file (`hidepid`) nothing is known; with one that has no such line there is no program.
    let mut text = Some(Text::Unknown);
    each(&directory.join("status"), b'\n', &mut |line| {
        let value = line
            .strip_prefix(KEY)
            .and_then(|rest| std::str::from_utf8(rest).ok());
        match value.and_then(|value| value.trim().strip_suffix(" kB")?.parse().ok()) {
            Some(size) => text = Some(Text::Known(size)),
            None => text = text.filter(|text| *text != Text::Unknown),
        }
    });
    text
}

/// Device and inode of what a path leads to.
pub(super) fn inode(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_words() {
        let (key, digest) = ("0".repeat(32), "a".repeat(32));
        let found = |word: &str, parent| -> Vec<(String, String)> {
            let found = names(word.as_bytes(), parent);
            found
                .map(|(name, path)| (name, String::from_utf8(path.to_vec()).unwrap()))
                .collect()
        };
        let app = format!("/c/v1/apps/{key}");
        let layer = format!("/c d/v1/layers/{digest}");
        assert_eq!(
            found(&format!("{app}/bin/tool"), CACHE_APPS),
            [(key.clone(), app.clone())]
        );
        assert_eq!(
            found(&format!("PATH=/bin:{app}/bin:/x"), CACHE_APPS),
            [(key.clone(), app.clone())]
        );
        let map = format!("7f00-7f01 r-xp 00000000 fd:00 12   {layer}/lib/x.so (deleted)");
        assert_eq!(found(&map, CACHE_LAYERS), [(digest, layer)]);
        assert_eq!(found(&map, CACHE_APPS), []);
        let relative = format!("v1/apps/{key}");
        assert_eq!(found(&format!("{relative}/bin"), CACHE_APPS), [(key, relative)]);
        assert_eq!(found("/c/v1/apps/short", CACHE_APPS), []);
    }

    #[test]
    fn paths_within_a_root() {
        assert_eq!(within(b"/r/c/v1", b"/r"), Some(&b"/c/v1"[..]));
        assert_eq!(within(b"/c/v1", b"/"), None);
        assert_eq!(within(b"/root/c", b"/r"), None);
        assert_eq!(within(b"/c", b""), None);
    }

    #[test]
    fn this_process_is_looked_into() {
        let process = Process::look(Path::new("/proc/self")).unwrap();
        assert!(process.hidden.is_none() && process.is_unknown());
        let Some(Text::Known(size)) = text_of(Path::new("/proc/self")) else {
            panic!("its text has a size");
        };
        assert_eq!(
            super::super::kernel::text_size(&std::env::current_exe().unwrap()),
            Some(size)
        );
    }
}
