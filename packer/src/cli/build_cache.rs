//! `pyship build-cache`.

use anyhow::{Context, Result};

use super::options::BuildCacheAction;
use super::ui;
use crate::build_cache::{self, trim};
use crate::interpreter::environment::Environment;

/// Says where the build cache lies, or empties it.
pub(super) fn command(action: BuildCacheAction) -> Result<()> {
    let environment = Environment::current().context("failed to find the working directory")?;
    let root = build_cache::root(None, &environment)
        .context("failed to find the build cache: neither HOME nor PYSHIP_BUILD_CACHE_DIR is set")?;
    match action {
        BuildCacheAction::Dir => ui::data(&format!("{}\n", root.display())),
        BuildCacheAction::Clear => trim::clear(&root)
            .with_context(|| format!("failed to empty the build cache `{}`", root.display())),
    }
}
