//! What the launcher and the packer must agree on, and the code that both run.
//!
//! ```text
//! [launcher ELF][ZIP: layers/<name>.tar.zst, __main__.py, pyship.json, central directory, comment = trailer]
//! ```
//!
//! [`names`] declares every name; [`trailer`], [`manifest`], [`member`] and [`record`] the bytes;
//! [`payload`] opens a file; [`unpack`] turns verified frames into directories; [`cache`] publishes them;
//! [`libc_choice`] and [`start`] decide what is exec'd; [`limits`] how much is done at once. Whatever needs `unsafe` is in [`sys`].

pub mod cache;
pub mod error;
pub mod libc_choice;
pub mod limits;
pub mod manifest;
pub mod member;
pub mod names;
pub mod order;
pub mod payload;
pub mod record;
pub mod start;
pub mod sys;
pub mod trailer;
pub mod unpack;
