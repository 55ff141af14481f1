//! The directories of packages that an environment sees, in the order of its `sys.path`: its own and, with
//! `include-system-site-packages`, the user's and those of the base.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::{Kind, Venv};
use crate::child;
use crate::environment::Environment;
use crate::interpreter::Interpreter;

const SCRIPT: &str = include_str!("sites.py");

/// A directory of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// The prefix, to which the paths of its `RECORD`s lead.
    pub(super) root: PathBuf,
    /// The directory, relative to the prefix.
    pub(super) site: String,
}

impl Site {
    /// The directory.
    pub(super) fn path(&self) -> PathBuf {
        self.root.join(&self.site)
    }
}

#[derive(Deserialize)]
struct Answer {
    sites: Vec<PathBuf>,
}

/// The directories; the first one is the environment's own.
pub(super) fn visible(venv: &Venv, base: &Interpreter, environment: &Environment) -> Result<Vec<Site>> {
    let own = Site {
        root: venv.root.clone(),
        site: venv.site.clone(),
    };
    let mut sites = vec![own];
    if venv.kind == Kind::Virtual && venv.configuration.includes_system_packages() {
        let below = of_base(base, environment)?;
        sites.extend(below.iter().filter_map(|path| split(path)));
    }
    Ok(sites)
}

/// The directories of the base that exist, the user's first.
fn of_base(base: &Interpreter, environment: &Environment) -> Result<Vec<PathBuf>> {
    let mut command = environment.command(&base.executable);
    command.args(["-S", "-B", "-I", "-"]);
    let output = child::output(&mut command, SCRIPT.as_bytes())?;
    let answer: Answer = serde_json::from_slice(&output)
        .with_context(|| format!("failed to ask `{}` for its packages", base.executable.display()))?;
    Ok(answer.sites)
}

/// A directory `PREFIX/lib/python3.11/site-packages`, split. `dist-packages` is Debian's word.
fn split(path: &Path) -> Option<Site> {
    let root = path.ancestors().nth(3)?;
    let site = path.strip_prefix(root).ok()?.to_str()?;
    Some(Site {
        root: root.to_owned(),
        site: site.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_of_packages_has_its_prefix_three_levels_above() {
        let site = split(Path::new("/usr/local/lib/python3.11/dist-packages")).unwrap();
        assert_eq!(site.root, Path::new("/usr/local"));
        assert_eq!(site.site, "lib/python3.11/dist-packages");
        assert_eq!(split(Path::new("/lib")), None);
    }
}
