//! What `--include` takes: `SRC[:DST]`.

use std::path::Path;

/// SRC and DST. A SRC with a `:` in its name is taken as it is when it exists.
pub(crate) fn split(include: &str) -> (&str, Option<&str>) {
    match include.rsplit_once(':') {
        Some((from, to)) if !Path::new(include).exists() => (from, Some(to)),
        _ => (include, None),
    }
}
