//! The app, found in a cache or made ready in one.

use pyship_launcher::cache::{Context, Ready, cold, warm};
use pyship_launcher::error::Result;

use crate::process_state::ProcessState;

/// The app, by a warm start or else by a cold one.
pub(crate) fn find_or_make(context: &Context<'_>) -> Result<Ready> {
    match warm::find(context) {
        Some(ready) => Ok(ready),
        None => make(context),
    }
}

/// The app, by a cold start.
pub(crate) fn make(context: &Context<'_>) -> Result<Ready> {
    let _guard = ProcessState::for_writing();
    cold::make(context)
}
