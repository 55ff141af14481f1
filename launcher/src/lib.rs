//! What the launcher and the packer must agree on, and the code that both run.
//!
//! ```text
//! [launcher ELF][ZIP: layers/<name>.tar.zst, __main__.py, pyship.json, central directory, comment = trailer]
//! ```
//!
//! [`mod@format`] is the bytes and every name; [`payload`] opens a file; [`unpack`] turns verified frames into
//! directories; [`cache`] publishes them; [`libc_choice`] and [`start`] decide what is executed; [`limits`] how much
//! is done at once. All `unsafe` code is in [`sys`]. The program itself is in `bin/pyship-launcher/`.

pub mod cache;
pub mod error;
pub mod format;
pub mod hex;
pub mod libc_choice;
pub mod limits;
pub mod payload;
pub mod sort;
pub mod start;
pub mod sys;
pub mod target;
pub mod unpack;
