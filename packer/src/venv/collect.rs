//! From an environment to the deps layer's tree.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::editable;
use super::merged::Merged;
use super::modules::Modules;
use super::pth::{self, Line, PthFile};
use super::sites::{self, Site};
use super::{Kind, Venv, conda, seeds};
use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::interpreter::Interpreter;
use crate::packages::layout::{Draft, Origin};
use crate::packages::record::Entry;
use crate::tree::{Content, Node, Tree};

/// How an environment is collected.
pub(crate) struct Request<'a> {
    /// The environment.
    pub(crate) venv: &'a Venv,
    /// Its base interpreter, or one of the same version.
    pub(crate) python: &'a Interpreter,
    /// The directory of packages in the layer.
    pub(crate) layer_site: &'a str,
    /// Whether pip is packed.
    pub(crate) keep_pip: bool,
    /// Directories whose modules are packed as the app's code, links resolved.
    pub(crate) code: &'a [PathBuf],
    /// The file that is being made.
    pub(crate) output: &'a Path,
    /// The builder's environment.
    pub(crate) environment: &'a Environment,
}

/// The packages of an environment.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// The deps layer.
    pub(crate) tree: Tree,
    /// What the user should know, a sentence each.
    pub(crate) notes: Vec<String>,
    /// The directories of packages below the environment's own that it sees.
    pub(crate) below: Vec<PathBuf>,
}

/// Collects all packages that the environment sees.
///
/// # Errors
/// When a file can't be read, and when an editable install can't be resolved to files.
pub(crate) fn collect(request: &Request<'_>) -> Result<Collected> {
    let sites = sites::visible(request.venv, request.python, request.environment)?;
    let mut merged = Merged::new(request.layer_site);
    let mut notes = Vec::new();
    let mut drafts = Vec::new();
    for site in &sites {
        let draft = add_site(request, site, &mut merged, &mut notes)?;
        drafts.push((site, draft));
    }
    let mut tree = merged.tree;
    for (site, draft) in &drafts {
        draft.write_records(&mut tree, &origin(site, request.layer_site))?;
    }
    if request.venv.kind == Kind::Conda {
        conda::add_libraries(&mut tree, &request.venv.root)?;
        notes.extend(conda::others(&request.venv.root)?);
    }
    Ok(Collected {
        tree,
        notes,
        below: sites.iter().skip(1).map(Site::path).collect(),
    })
}

fn origin<'a>(site: &'a Site, layer_site: &'a str) -> Origin<'a> {
    Origin::Environment {
        root: &site.root,
        site: &site.site,
        layer_site,
    }
}

/// Adds a directory of packages, then the directories that its `.pth` files and import hooks name.
fn add_site(
    request: &Request<'_>,
    site: &Site,
    merged: &mut Merged,
    notes: &mut Vec<String>,
) -> Result<Draft> {
    let origin = origin(site, request.layer_site);
    let mut draft = Draft::of(&origin)?;
    for link in &draft.broken {
        notes.push(format!("left out `{}`: it is a broken link", link.display()));
    }
    seeds::remove(&mut draft, request.layer_site, request.keep_pip);
    let files = pth::read(&site.path())?;
    for file in &files {
        rewrite(&mut draft.tree, request.layer_site, file);
    }
    let own = merged.add(&draft.tree);
    draft
        .records
        .retain(|path, _| own.contains(&origin.layer_path(path.as_bytes())));
    let mut sources = Sources {
        request,
        site,
        draft: &mut draft,
        merged,
        notes,
        resolved: BTreeSet::new(),
    };
    for file in &files {
        sources.add_file(file)?;
    }
    sources.check_editables()?;
    Ok(draft)
}

/// Leaves of a `.pth` file what still means something in the layer, and removes the import hooks that it installs.
fn rewrite(tree: &mut Tree, site: &str, file: &PthFile) {
    let path = format!("{site}/{}", file.name);
    if file.is_unchanged || tree.get(&path).is_none() {
        return;
    }
    for line in &file.lines {
        if let Line::Hook(module) = line {
            tree.remove(format!("{site}/{module}.py"));
        }
    }
    tree.remove(&path);
    if let Some(text) = pth::text(file) {
        tree.insert_bytes(path, text.into_bytes(), false);
    }
}

/// Source directories outside of the environment that become files of the layer.
struct Sources<'a> {
    request: &'a Request<'a>,
    site: &'a Site,
    draft: &'a mut Draft,
    merged: &'a mut Merged,
    notes: &'a mut Vec<String>,
    /// `RECORD`s of distributions whose modules were found.
    resolved: BTreeSet<String>,
}

impl Sources<'_> {
    fn add_file(&mut self, file: &PthFile) -> Result<()> {
        let owner = self.owner(&file.name);
        for line in &file.lines {
            match line {
                Line::Kept(_) => continue,
                Line::Hook(module) => self.add_hook(module, owner.as_deref())?,
                Line::Outside(path) if self.is_code(path) => {}
                Line::Outside(path) => {
                    let modules = match path.is_dir() {
                        true => Modules::of(path, self.request.output)?,
                        false => archive(path),
                    };
                    self.add(modules, owner.as_deref())?;
                }
            }
            self.resolved.extend(owner.clone());
        }
        Ok(())
    }

    fn add_hook(&mut self, module: &str, owner: Option<&str>) -> Result<()> {
        let hook = self.site.path().join(format!("{module}.py"));
        let mapped = editable::read(&hook, self.request.python, self.request.environment)?;
        if mapped.is_empty() {
            let error = anyhow!(
                "failed to pack {}: the import hook `{}` of an editable install does not say where its modules are",
                self.request.venv.shown(),
                hook.display()
            );
            return Err(error).hint("install the project without `-e`");
        }
        let mut modules = Modules::default();
        for editable::Mapped { module, path } in mapped {
            if path.parent().is_some_and(|directory| self.is_code(directory)) {
                continue;
            }
            if !path.exists() {
                return self.missing(&module, &path);
            }
            let ending = path.file_name().and_then(|name| name.to_str()?.split_once('.'));
            let name = match ending.filter(|_| path.is_file()) {
                Some((_, ending)) => format!("{}.{ending}", module.replace('.', "/")),
                None => module.replace('.', "/"),
            };
            modules.add(&name, &fs_err::canonicalize(&path)?, self.request.output)?;
        }
        self.add(modules, owner)
    }

    /// Adds modules to the layer, and to the `RECORD` of the distribution that they belong to.
    fn add(&mut self, modules: Modules, owner: Option<&str>) -> Result<()> {
        self.notes.extend(modules.notes);
        let mut tree = Tree::new();
        for (path, node) in modules.tree.iter() {
            tree.insert(
                [self.request.layer_site.as_bytes(), b"/", path].concat(),
                node.clone(),
            );
        }
        let added = self.merged.add(&tree);
        let Some(lines) = owner.and_then(|owner| self.draft.records.get_mut(owner)) else {
            return Ok(());
        };
        for path in added {
            if let (Some(Node::File(file)), Ok(name)) = (tree.get(&path), String::from_utf8(path.clone())) {
                let entry = Entry::of(name.clone(), &read(&file.content)?);
                lines.insert(name, entry);
            }
        }
        Ok(())
    }

    /// Whether modules in this directory are packed as the app's code.
    fn is_code(&self, directory: &Path) -> bool {
        fs_err::canonicalize(directory).is_ok_and(|real| self.request.code.contains(&real))
    }

    /// The `RECORD` that lists this file of the directory of packages.
    fn owner(&self, name: &str) -> Option<String> {
        let path = format!("{}/{name}", self.site.site);
        let mut records = self.draft.records.iter();
        let (record, _) = records.find(|(_, lines)| lines.contains_key(&path))?;
        Some(record.clone())
    }

    /// Checks that of every editable install the source was found.
    fn check_editables(&self) -> Result<()> {
        for (record, lines) in &self.draft.records {
            let directory = self.site.root.join(record);
            let Some(source) = directory
                .parent()
                .map(crate::packages::editable::source)
                .transpose()?
            else {
                continue;
            };
            let has_pth = lines.keys().any(|path| path.ends_with(".pth"));
            if let (Some(source), true, false) = (source, has_pth, self.resolved.contains(record)) {
                let name = Path::new(record).parent().and_then(Path::file_name);
                let name = name.unwrap_or_default().to_string_lossy().into_owned();
                let name = name.split('-').next().unwrap_or_default();
                return self.missing(name, Path::new(source.trim_start_matches("file://")));
            }
        }
        Ok(())
    }

    fn missing(&self, name: &str, path: &Path) -> Result<()> {
        let error = anyhow!(
            "failed to pack {}: `{name}` is installed in editable mode, and its source `{}` does not exist",
            self.request.venv.shown(),
            path.display()
        );
        Err(error).hint("install it again")
    }
}

/// An archive on `sys.path`. Its modules are not unpacked: zipimport finds them, as it does in the environment.
fn archive(path: &Path) -> Modules {
    Modules {
        notes: vec![format!(
            "left out `{}`: it is not a directory, and a `.pth` file adds it to sys.path",
            path.display()
        )],
        ..Modules::default()
    }
}

fn read(content: &Content) -> Result<std::sync::Arc<[u8]>> {
    Ok(content.read()?)
}
