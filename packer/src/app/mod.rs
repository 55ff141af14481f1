//! The app: what `pyship pack APP` was given, as the directory `code/` of the app layer, and its entry point.
//!
//! [`input`] tells which kind of app it is and reads its files, [`pyproject`] reads pyproject.toml, [`exclude`] decides
//! which files are left out, [`mode`] their permissions, [`entry`] what runs.

pub(crate) mod entry;
pub(crate) mod exclude;
pub(crate) mod input;
pub(crate) mod left_out;
pub(crate) mod mode;
mod modules;
pub(crate) mod note;
pub(crate) mod own_extras;
pub(crate) mod pyproject;
pub(crate) mod python_version;
pub(crate) mod script_metadata;
pub(crate) mod source;
mod suggest;
