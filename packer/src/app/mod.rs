//! The app: what `pyship pack APP` was given, as the app layer's `code/` directory, and what of it starts.
//!
//! [`project`] reads pyproject.toml, [`exclude`] says what stays behind, [`source`] walks a directory or takes
//! a script, [`entry`] decides what runs.

pub mod entry;
pub mod exclude;
mod modules;
pub mod project;
pub mod source;
mod suggest;
