//! The interpreter for another machine, of the version that was chosen for this one.

use anyhow::{Result, anyhow};
use pyship_launcher::target::{HOST, Target};

use super::{Missing, Selection, Source};
use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::interpreter::describe;
use crate::interpreter::standalone::Build;
use crate::interpreter::standalone::catalog;
use crate::interpreter::standalone::store::Store;

impl Selection {
    /// The interpreter for `target`: this one, unless it was chosen by its version; then a build for `target` of the same
    /// minor version that meets what was asked for.
    ///
    /// # Errors
    /// When there is no such build.
    pub(crate) fn for_target(self, target: &'static Target, environment: &Environment) -> Result<Self> {
        let version = match (&self.source, &self.interpreter) {
            (Source::Download(known, _), _) => known.build.version.clone(),
            (_, Some(interpreter)) => interpreter.version.clone(),
            (_, None) => return Ok(self),
        };
        let Some(wanted) = self.wanted.clone().filter(|_| target != HOST) else {
            return Ok(self);
        };
        let is_same = |build: &Build| {
            let minor = (build.version.major, build.version.minor);
            build.target == target && build.meets(&wanted) && minor == (version.major, version.minor)
        };
        if let Some(installed) = Store::of(environment)
            .ok()
            .and_then(|store| store.newest(is_same))
            && let Some(python) = installed.python()
        {
            return Ok(Self {
                interpreter: Some(describe::interpreter(&python, environment)?),
                source: Source::Executable(python),
                why: installed.build.origin(),
                wanted: Some(wanted),
            });
        }
        let missing = Missing {
            what: Some(format!(
                "Python {}.{} for {}",
                version.major, version.minor, target.triple
            )),
            looked: "looked among pyship's downloads".to_owned(),
        };
        let known = match wanted.release() {
            Some(_) => catalog::find(&wanted, target)?,
            None => catalog::newest(is_same).cloned(),
        };
        match known {
            Some(known) => Ok(missing.download(known, wanted)),
            None => Err(anyhow!(
                "failed to find Python {wanted} for `{}`: python-build-standalone has no such build",
                target.triple
            ))
            .hint("give an interpreter for the target with --python"),
        }
    }
}
