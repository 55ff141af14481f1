//! What packages put beside their modules, at `sys.prefix`: `share`, `etc`, `include`, libraries in `lib`.
//!
//! Every directory is one of the app's own, with a link for each file, so that several packages, pyship and what is
//! installed at run time share it as in a virtual environment. A name that pyship uses itself stays pyship's.

use std::io;
use std::path::Path;

use super::plan::{Plan, entries};
use crate::format::names::{
    APP_BASE, APP_CONSTRAINTS, APP_LINK, APP_PIP_CONF, APP_PROGRAMS, APP_RECORD, APP_RECORD_HIDDEN,
    CACHE_INDEX, PYVENV_CFG,
};

/// Names of an app's directory that no package can have.
const OWN: [&str; 9] = [
    APP_BASE,
    APP_CONSTRAINTS,
    APP_LINK,
    APP_PIP_CONF,
    APP_PROGRAMS,
    APP_RECORD,
    APP_RECORD_HIDDEN,
    CACHE_INDEX,
    PYVENV_CFG,
];

/// Takes a directory of a layer, and its path in the app's; false leaves it to [`merge`].
pub(super) type Take<'a> = dyn FnMut(&mut Plan, &Path, &Path) -> io::Result<bool> + 'a;

/// Adds what is in `source`, a directory of a layer, below `path`; `take` is asked for every directory in it.
pub(super) fn merge(plan: &mut Plan, source: &Path, path: &Path, take: &mut Take<'_>) -> io::Result<()> {
    for entry in entries(source)? {
        let at = path.join(&entry.name);
        if OWN.iter().any(|own| at.as_path() == Path::new(own)) {
            continue;
        }
        if !entry.is_directory {
            plan.link(&at, entry.source);
        } else if !take(plan, &entry.source, &at)? {
            plan.directory(&at);
            merge(plan, &entry.source, &at, take)?;
        }
    }
    Ok(())
}
