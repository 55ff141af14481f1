//! `pyship build-cache`.

use anyhow::{Context, Result};
use clap::Subcommand;

use crate::build_cache::{self, trim};
use crate::environment::Environment;
use crate::ui;

/// `pyship build-cache`
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Action {
    /// Print the directory of the build cache
    Dir,
    /// Remove all entries
    Clear,
}

/// Prints the directory of the build cache, or clears it.
pub(super) fn command(action: Action) -> Result<()> {
    let environment = Environment::current().context("failed to find the working directory")?;
    let root = build_cache::root(None, &environment)
        .context("failed to find the build cache: neither HOME nor PYSHIP_BUILD_CACHE_DIR is set")?;
    match action {
        Action::Dir => ui::path(&root),
        Action::Clear => trim::clear(&root)
            .with_context(|| format!("failed to clear the build cache `{}`", root.display())),
    }
}
