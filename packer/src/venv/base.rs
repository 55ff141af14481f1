//! The interpreter of an environment: that of the installation below it.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use super::{Kind, Venv};
use crate::environment::{Environment, is_executable};
use crate::hint::WithHint as _;
use crate::interpreter::discover::Selection;
use crate::interpreter::{Interpreter, describe, python_in};

impl Venv {
    /// Its base interpreter, as the one to pack.
    ///
    /// # Errors
    /// When it does not exist any more, is of another version than the packages, or can't be packed.
    pub(crate) fn interpreter(&self, environment: &Environment) -> Result<Selection> {
        let found = match self.kind {
            Kind::Conda => describe::installation(&self.root, environment)?,
            Kind::Virtual => self.base(environment)?,
        };
        if found.name() != self.python {
            return Err(anyhow!(
                "failed to use {}: its packages are for Python {}, and its base interpreter `{}` is Python {} now",
                self.shown(),
                self.version(),
                found.executable.display(),
                found.version
            ))
            .hint(self.other_python());
        }
        let why = match self.kind {
            Kind::Virtual => format!("the base of {}", self.shown()),
            Kind::Conda => self.shown(),
        };
        Ok(Selection::of(found, why))
    }

    /// Checks an interpreter that was named beside the environment.
    ///
    /// # Errors
    /// When the packages are for another version.
    pub(crate) fn check(&self, interpreter: &Interpreter, why: &str) -> Result<()> {
        if interpreter.name() == self.python {
            return Ok(());
        }
        Err(anyhow!(
            "failed to use Python {} ({why}) with {}: its packages are for Python {}",
            interpreter.version,
            self.shown(),
            self.version()
        ))
        .hint("leave out --python, or give another environment")
    }

    /// Its own program may be a link to the base or a copy; where it does not start, `pyvenv.cfg` says where the base is.
    fn base(&self, environment: &Environment) -> Result<Interpreter> {
        let outside = |found: &Interpreter| !found.executable.starts_with(&self.root);
        let own = python_in(&self.root).map(|python| describe::interpreter(&python, environment));
        let failed = match own {
            Some(Ok(found)) if outside(&found) => return Ok(found),
            Some(Err(error)) => Some(error),
            Some(Ok(_)) | None => None,
        };
        let candidates = self.configuration.base_candidates(&self.python);
        let is_base = |path: &Path| is_executable(path) && !path.starts_with(&self.root);
        if let Some(base) = candidates.iter().find(|path| is_base(path)) {
            // A shim that chooses no version fails; what the environment's own program said is the better reason.
            return match (describe::interpreter(base, environment), failed) {
                (Err(_), Some(error)) => Err(error).context(format!("failed to use {}", self.shown())),
                (found, _) => found,
            };
        }
        let base = candidates
            .first()
            .map_or_else(|| "python3".to_owned(), |path| path.display().to_string());
        Err(anyhow!(
            "failed to use {}: its base interpreter `{base}` does not exist",
            self.shown()
        ))
        .hint(self.other_python())
    }

    fn other_python(&self) -> String {
        format!(
            "name another Python {0} with --python, such as `--python {0}`",
            self.version()
        )
    }
}
