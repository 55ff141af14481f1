//! Errors about the contents of a layer.

use std::io;

use crate::error::Error;

/// A layer that is not what pyship writes; `what` completes a sentence that begins with "a layer".
pub(super) fn bad(what: &str) -> Error {
    Error::damaged(format_args!("a layer {what}"))
}

/// A member that would end up outside its layer.
pub(crate) fn unsafe_path(path: &[u8]) -> Error {
    let path = String::from_utf8_lossy(&path[..path.len().min(200)]);
    bad(&format!("has a member `{path}` outside its directory"))
}

/// A frame that ends early or can't be decoded.
pub(crate) fn read_failed(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => bad("ends inside a member"),
        _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(inner) => inner.clone(),
            None => Error::damaged(error),
        },
    }
}
