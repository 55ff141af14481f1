//! What the launcher and the packer must agree on, and the code that both run.
//!
//! ```text
//! [launcher ELF][ZIP: layers/<name>.tar.zst, __main__.py, pyship.json, central directory, comment = trailer]
//! ```
//!
//! [`mod@format`] is the bytes and every name. [`payload`] opens a packed file, [`unpack`] turns verified frames into
//! directories, [`cache`] publishes them. [`libc_choice`] and [`start`] decide what is executed, `limits` how much is
//! done at once. All `unsafe` code is in [`sys`], but for the declaration of `main`. The program itself is in
//! `bin/pyship-launcher/`.

pub mod bytes;
pub mod cache;
pub mod environment;
pub mod error;
pub mod file_capabilities;
pub mod format;
pub mod hex;
mod host_libraries;
pub mod libc_choice;
mod limits;
pub mod owner;
pub mod payload;
pub mod removal;
mod sort;
pub mod start;
pub mod sys;
pub mod target;
pub mod unpack;
