//! `PYSHIP=fill DIR`: unpacks the file to a cache of one's choice, such as a store in an image.

use pyship_launcher::cache::Context;
use pyship_launcher::cache::root::Root;
use pyship_launcher::environment::Environment;
use pyship_launcher::error::{Error, Kind, Result};
use pyship_launcher::format::names::{ENV_CACHE_DIR, ENV_STORE};

use crate::prepare;

/// Opens the cache to all users.
const SHARED: &[u8] = b"--shared";

/// Makes the directory that the arguments name the only cache of this start: so it gets every layer that this system
/// needs, whatever other caches and stores have.
pub(crate) fn choose(environment: &mut Environment, arguments: &[Vec<u8>]) {
    if let Some(directory) = arguments.last() {
        environment.set(ENV_CACHE_DIR, directory);
        environment.set(ENV_STORE, b"");
    }
}

/// Fills that cache; returns a line with its path.
///
/// # Errors
/// When the arguments are wrong or the directory can't be used.
pub(crate) fn fill(context: &Context<'_>, arguments: &[Vec<u8>]) -> Result<String> {
    let is_shared = arguments.first().is_some_and(|option| option == SHARED);
    let is_right = arguments.len() == 1 + usize::from(is_shared);
    let (true, [candidate]) = (is_right, context.candidates.as_slice()) else {
        let message =
            "failed to fill a cache: it takes one argument, the directory, and before it the option --shared";
        return Err(Error::new(Kind::Other, message));
    };
    prepare::find_or_make(context)?;
    let failed = |reason| Error::path(Kind::Storage, "fill the cache", &candidate.path, reason);
    let root = Root::open(candidate, context.uid).map_err(failed)?;
    if is_shared {
        root.share().map_err(failed)?;
    }
    Ok(format!("{}\n", root.path.display()))
}
