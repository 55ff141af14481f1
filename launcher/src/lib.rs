//! What the launcher and the packer must agree on, and the code that both run.
//!
//! ```text
//! [launcher ELF][ZIP: pyship.json, layers/<name>.tar.zst, __main__.py, central directory, comment = trailer]
//! ```
//!
//! [`names`] declares every name, [`trailer`], [`manifest`], [`member`] and [`record`] the bytes,
//! [`payload`] opens a file, [`unpack`] turns verified frames into directories, [`cache`] publishes them,
//! [`start`] decides what is exec'd. Whatever needs `unsafe` is in [`sys`].

pub mod names;
pub mod manifest;
pub mod trailer;
