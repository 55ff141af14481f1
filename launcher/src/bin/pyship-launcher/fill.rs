//! `PYSHIP=fill DIR`: unpacks the file to a cache of one's choice, such as a store in an image.

use pyship_launcher::bytes::as_path;
use pyship_launcher::cache::Context;
use pyship_launcher::cache::candidates::{Candidate, Origin};
use pyship_launcher::cache::root::Root;
use pyship_launcher::error::{Error, Kind, Result};

use crate::prepare;

/// Opens the cache to all users.
const SHARED: &[u8] = b"--shared";

/// Fills the cache directory that the arguments name with every layer that this system needs, whatever other caches and
/// stores have; returns a line with its path.
///
/// # Errors
/// When the arguments are wrong or the directory can't be used.
pub(crate) fn fill(context: &Context<'_>, arguments: &[Vec<u8>]) -> Result<String> {
    let (is_shared, directory) = match arguments {
        [option, directory] if option == SHARED => (true, directory),
        [directory] if directory != SHARED => (false, directory),
        _ => {
            let message = "failed to fill a cache: it takes one argument, the directory, and the option --shared before it";
            return Err(Error::new(Kind::Other, message));
        }
    };
    let candidate = Candidate {
        path: std::path::absolute(as_path(directory)).unwrap_or_else(|_| as_path(directory).to_owned()),
        origin: Origin::Explicit,
    };
    let failed = |reason| Error::path(Kind::Storage, "fill the cache", &candidate.path, reason);
    let own = Context {
        payload: context.payload,
        host: context.host.clone(),
        stores: Vec::new(),
        system: None,
        candidates: vec![candidate.clone()],
        uid: context.uid,
        watch: context.watch,
    };
    prepare::find_or_make(&own)?;
    let root = Root::open(&candidate, context.uid).map_err(failed)?;
    if is_shared {
        root.share().map_err(failed)?;
    }
    Ok(format!("{}\n", root.path.display()))
}
