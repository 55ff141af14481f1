//! The app's directory: a virtual environment whose `bin/python3` is the launcher itself.
//!
//! ```text
//! bin/python3                          the launcher: starts the interpreter as the launch record says
//! bin/python, bin/python3.12           links to it
//! bin/<command>                        a script for each function that the file can start, as pip writes it
//! bin/<script>                         the deps layer's Python scripts with this interpreter; links to the others
//! pyvenv.cfg                           home = <runtime layer>/bin
//! lib/python3.12/site-packages         link into the deps layer
//! share, etc, ...                      links into the deps layer
//! app                                  link to the app layer
//! launch                               the launch record
//! .pyship-members                      the index of all this
//! ```

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::sentinels::sentinels;
use crate::error::{Error, Result};
use crate::format::manifest::{self, Manifest};
use crate::format::mode::Mode;
use crate::format::names::{
    APP_CODE, APP_LINK, APP_PYTHON, APP_RECORD, CACHE_INDEX, LAYER_APP, LAYER_DEPS, LAYER_LIBC,
    LAYER_RUNTIME, LIBC_LIB, PYVENV_CFG, SCRIPT_SHEBANG,
};
use crate::format::record::{Command, Entry, Loader, Record};
use crate::libc_choice::Choice;
use crate::unpack::Sink;

/// Kernels before 5.1 truncate a `#!` line after this many bytes.
const SHEBANG_MAX: usize = 127;

/// What an app's directory is made from.
pub(super) struct Parts<'a> {
    /// The file's manifest.
    pub(super) manifest: &'a Manifest,
    /// The host's or the carried C library.
    pub(super) choice: Choice,
    /// The directory's final path, which some of its files contain.
    pub(super) directory: &'a Path,
    /// The launcher's ELF file.
    pub(super) launcher: Vec<u8>,
    /// The path of a layer, by its name.
    pub(super) layers: &'a dyn Fn(&str) -> Option<PathBuf>,
}

/// Everything that an app's directory holds, parents before what is below them.
pub(super) struct Plan {
    nodes: Vec<(PathBuf, Node)>,
}

enum Node {
    Directory,
    File { bytes: Vec<u8>, executable: bool },
    Link(PathBuf),
}

impl Plan {
    /// Reads the layers and decides; writes nothing.
    ///
    /// # Errors
    /// When a layer can't be read.
    pub(super) fn new(parts: Parts<'_>) -> Result<Self> {
        let directory = parts.directory;
        decide(parts).map_err(|error| Error::storage("plan the app's directory", directory, &error))
    }

    /// Passes everything to a sink, which writes the directory or compares it.
    ///
    /// # Errors
    /// The sink's.
    pub(super) fn feed(&self, sink: &dyn Sink) -> Result<()> {
        for (path, node) in &self.nodes {
            let path = path.as_os_str().as_bytes();
            match node {
                Node::Directory => sink.directory(path, Mode::DIRECTORY)?,
                Node::File { bytes, executable } => {
                    sink.file(path, bytes.len() as u64, (*executable).into(), &mut &bytes[..])?;
                }
                Node::Link(target) => sink.symlink(path, target.as_os_str().as_bytes())?,
            }
        }
        Ok(())
    }

    fn add(&mut self, path: impl Into<PathBuf>, node: Node) {
        self.nodes.push((path.into(), node));
    }

    /// Whether a path is taken: the first node of a path counts.
    fn has(&self, path: &Path) -> bool {
        self.nodes.iter().any(|(known, _)| known == path)
    }

    /// Whether the interpreter runs a script of `bin/`: those that are written here, and what says nothing else.
    fn is_python(&self, path: &Path) -> bool {
        let found = self.nodes.iter().find(|(known, _)| known == path);
        match found {
            Some((_, Node::Link(target))) => !names_a_program(target),
            found => found.is_some(),
        }
    }

    fn link(&mut self, path: impl Into<PathBuf>, target: impl Into<PathBuf>) {
        let path = path.into();
        if !self.has(&path) {
            self.add(path, Node::Link(target.into()));
        }
    }

    fn file(&mut self, path: impl Into<PathBuf>, bytes: Vec<u8>, executable: bool) {
        self.add(path, Node::File { bytes, executable });
    }
}

fn decide(mut parts: Parts<'_>) -> io::Result<Plan> {
    let launcher = std::mem::take(&mut parts.launcher);
    let Parts {
        manifest,
        directory,
        layers,
        ..
    } = &parts;
    let layer = |name: &str| {
        layers(name).ok_or_else(|| io::Error::new(ErrorKind::NotFound, format!("layer {name} is missing")))
    };
    let mut plan = Plan { nodes: Vec::new() };
    plan.add("bin", Node::Directory);
    plan.file(APP_PYTHON, launcher, true);
    plan.link("bin/python", "python3");
    if let Some(versioned) = Path::new(&manifest.python.executable).file_name() {
        plan.link(Path::new("bin").join(versioned), "python3");
    }
    let runtime = layer(LAYER_RUNTIME)?;
    plan.file(PYVENV_CFG, pyvenv_cfg(&runtime, &manifest.python.version), false);
    let site_packages = Path::new(&manifest.python.site_packages);
    let mut parents: Vec<&Path> = site_packages
        .ancestors()
        .skip(1)
        .filter(|parent| *parent != Path::new(""))
        .collect();
    parents.reverse();
    for parent in parents {
        if !plan.has(parent) {
            plan.add(parent, Node::Directory);
        }
    }
    add_commands(&mut plan, manifest, &directory.join(APP_PYTHON));
    if let Some(deps) = layers(LAYER_DEPS) {
        plan.link(site_packages, deps.join(site_packages));
        link_rest(&mut plan, &deps)?;
        add_scripts(&mut plan, &deps.join("bin"), &directory.join(APP_PYTHON))?;
    } else {
        plan.add(site_packages, Node::Directory);
    }
    plan.link("lib64", "lib");
    link_tcl(&mut plan, &runtime.join("lib"))?;
    plan.link(APP_LINK, without_links(layer(LAYER_APP)?));
    let entry = entry(&parts, &plan)?;
    plan.file(APP_RECORD, record(&parts, entry)?.encode(), false);
    Ok(plan)
}

/// How the app is started from this cache on this host.
fn record(parts: &Parts<'_>, entry: Entry) -> io::Result<Record> {
    let Parts {
        manifest,
        choice,
        directory,
        layers,
        ..
    } = parts;
    let at = |layer: &str, path: &str| {
        let missing = || io::Error::new(ErrorKind::NotFound, format!("layer {layer} is missing"));
        Ok::<_, io::Error>(bytes(layers(layer).ok_or_else(missing)?.join(path)))
    };
    let loader = match (choice, &manifest.libc.carried) {
        (Choice::Carried, Some(carried)) => Some(Loader {
            path: at(LAYER_LIBC, &carried.loader)?,
            library_path: [at(LAYER_LIBC, LIBC_LIB)?, at(LAYER_RUNTIME, "lib")?].join(&b':'),
        }),
        _ => None,
    };
    let executable = at(LAYER_RUNTIME, &manifest.python.executable)?;
    // No check for what is executed: `execve` fails when it is missing.
    let executed = loader.as_ref().map_or(&executable, |loader| &loader.path).clone();
    let mut checks = vec![bytes(directory.join(APP_PYTHON))];
    for layer in &manifest.layers {
        if layer.name == LAYER_LIBC && loader.is_none() {
            continue;
        }
        for path in sentinels(&layer.name, manifest) {
            checks.extend(Some(at(&layer.name, &path)?).filter(|path| *path != executed));
        }
    }
    let text = |text: &String| text.clone().into_bytes();
    let paths = manifest.layers.iter().filter_map(|layer| layers(&layer.name));
    Ok(Record {
        name: text(&manifest.name),
        version: manifest.version.as_ref().map(text).unwrap_or_default(),
        entry,
        executable,
        home: bytes(layers(LAYER_RUNTIME).unwrap_or_default()),
        loader,
        options: manifest.options.iter().map(text).collect(),
        environment: manifest
            .environment
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        checks,
        layers: paths.map(bytes).collect(),
        private: manifest.layers.iter().any(|layer| layer.private),
    })
}

fn bytes(path: PathBuf) -> Vec<u8> {
    path.into_os_string().into_encoded_bytes()
}

/// What is started. A script's directory goes on `sys.path` without links, and so that it can be known before, its
/// path has none.
fn entry(parts: &Parts<'_>, plan: &Plan) -> io::Result<Entry> {
    let Parts {
        manifest,
        directory,
        layers,
        ..
    } = parts;
    // The directory itself is not there yet.
    let parent = directory.parent().unwrap_or(directory).to_owned();
    let here = without_links(parent).join(directory.file_name().unwrap_or_default());
    let command = |name: &str| {
        let below = Path::new("bin").join(name);
        Command {
            path: bytes(here.join(&below)),
            python: plan.is_python(&below),
        }
    };
    Ok(match &manifest.entry {
        manifest::Entry::Interpreter => Entry::Interpreter,
        manifest::Entry::Module { name } => Entry::Module(name.clone().into_bytes()),
        manifest::Entry::Script { path } => {
            let app = layers(LAYER_APP)
                .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "layer app is missing"))?;
            Entry::Script(bytes(without_links(app).join(APP_CODE).join(path)))
        }
        manifest::Entry::Function { .. } => Entry::Commands(vec![command(&command_name(&manifest.name))]),
        manifest::Entry::Commands { commands } => Entry::Commands(
            commands
                .iter()
                .map(|one| command(&command_name(&one.name)))
                .collect(),
        ),
    })
}

fn without_links(path: PathBuf) -> PathBuf {
    fs::canonicalize(&path).unwrap_or(path)
}

/// The name of a command's script: not one of the interpreter's.
fn command_name(name: &str) -> String {
    if name.starts_with("python") {
        format!("{name}-script")
    } else {
        name.to_owned()
    }
}

/// Scripts for functions, in place of those that pip has made: these import less.
fn add_commands(plan: &mut Plan, manifest: &Manifest, python: &Path) {
    let mut add = |name: &str, module: &str, attr: &str| {
        let path = Path::new("bin").join(command_name(name));
        if !plan.has(&path) {
            let shebang = shebang(python.as_os_str().as_bytes());
            let bytes = [shebang.as_slice(), command_script(module, attr).as_bytes()].concat();
            plan.file(path, bytes, true);
        }
    };
    match &manifest.entry {
        manifest::Entry::Function { module, attr } => add(&manifest.name, module, attr),
        manifest::Entry::Commands { commands } => {
            for command in commands {
                if let Some((module, attr)) =
                    command.function.as_deref().and_then(|text| text.split_once(':'))
                {
                    add(&command.name, module, attr);
                }
            }
        }
        _ => {}
    }
}

/// What pip writes for the entry point `module:attr`, as far as it matters here.
fn command_script(module: &str, attr: &str) -> String {
    let (module, attr) = (module.trim(), attr.split('[').next().unwrap_or_default().trim());
    let name = attr.split('.').next().unwrap_or(attr);
    format!("import sys\nfrom {module} import {name}\nif __name__ == '__main__':\n    sys.exit({attr}())\n")
}

fn pyvenv_cfg(runtime: &Path, version: &str) -> Vec<u8> {
    let home = runtime.join("bin");
    let lines = format!("\ninclude-system-site-packages = false\nversion = {version}\n");
    [
        b"home = ".as_slice(),
        home.as_os_str().as_bytes(),
        lines.as_bytes(),
    ]
    .concat()
}

/// Links to what the packages put beside `lib` and `bin`: `share`, `etc`, `include`.
fn link_rest(plan: &mut Plan, deps: &Path) -> io::Result<()> {
    for entry in sorted(deps)? {
        let name = entry.file_name();
        if name != CACHE_INDEX {
            plan.link(name, entry.path());
        }
    }
    Ok(())
}

/// Links to the script libraries of Tcl and Tk, which they look for beside `sys.executable`.
fn link_tcl(plan: &mut Plan, runtime: &Path) -> io::Result<()> {
    for entry in sorted(runtime)? {
        let name = entry.file_name();
        let is_tcl = name.as_bytes().starts_with(b"tcl") || name.as_bytes().starts_with(b"tk");
        if is_tcl && entry.file_type()?.is_dir() {
            plan.link(Path::new("lib").join(name), entry.path());
        }
    }
    Ok(())
}

fn add_scripts(plan: &mut Plan, from: &Path, python: &Path) -> io::Result<()> {
    let entries = match sorted(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = Path::new("bin").join(entry.file_name());
        if plan.has(&path) {
            continue;
        }
        match python_script(&entry.path())? {
            Some(body) => {
                let bytes = [shebang(python.as_os_str().as_bytes()).as_slice(), &body].concat();
                plan.file(path, bytes, true);
            }
            None => plan.link(path, entry.path()),
        }
    }
    Ok(())
}

/// A directory's entries, sorted by name.
fn sorted(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    let entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    let names: Vec<_> = entries.iter().map(fs::DirEntry::file_name).collect();
    let keys: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    Ok(crate::sort::sorted(entries, &keys))
}

/// The rest of a script whose first line asks for the app's interpreter; `None` for other files.
fn python_script(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read;
    let mut file = fs::File::open(path)?;
    let mut start = vec![0; SCRIPT_SHEBANG.len() + 1];
    let marked =
        file.read_exact(&mut start).is_ok() && start.strip_suffix(b"\n") == Some(SCRIPT_SHEBANG.as_bytes());
    if !marked {
        return Ok(None);
    }
    let mut body = Vec::new();
    file.read_to_end(&mut body)?;
    Ok(Some(body))
}

/// Whether the system can run the file: an ELF file, or one that names what runs it.
fn names_a_program(path: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(4).read_to_end(&mut start));
    read.is_ok() && (start.starts_with(b"#!") || start == b"\x7fELF")
}

/// The first lines of a script for the interpreter `python`; a path that does not fit in a `#!` line goes through the
/// shell.
fn shebang(python: &[u8]) -> Vec<u8> {
    let plain = [b"#!".as_slice(), python, b"\n"].concat();
    if plain.len() <= SHEBANG_MAX && !python.contains(&b' ') && !python.contains(&b'\t') {
        return plain;
    }
    let mut quoted = Vec::new();
    for &byte in python {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            quoted.push(b'\\');
        }
        quoted.push(byte);
    }
    // The shell reads two empty strings and a command, Python reads one string in triple quotes.
    [
        b"#!/bin/sh\n'''exec' \"".as_slice(),
        &quoted,
        b"\" \"$0\" \"$@\"\n' '''\n",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commands_script_calls_its_function() {
        let text = command_script("tool.cli ", " App.main [extra]");
        assert!(
            text.contains("from tool.cli import App\n") && text.ends_with("    sys.exit(App.main())\n"),
            "{text}"
        );
    }

    #[test]
    fn short_paths_get_a_plain_shebang_and_long_ones_the_shell() {
        assert_eq!(shebang(b"/c/bin/python3"), b"#!/c/bin/python3\n");
        let long = shebang(&[b'x'; 200]);
        assert!(long.starts_with(b"#!/bin/sh\n'''exec' \"xxx"));
        assert!(shebang(b"/a b/$c").windows(5).any(|part| part == b"b/\\$c"));
    }
}
