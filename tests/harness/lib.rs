//! What the tests say is in `it/`; this is how they say it.
//!
//! ```ignore
//! let hello = Pack::new("examples/hello/hello.py").run();
//! hello.run().arg("Ada").root("bare").uid(65534).no_net().stdout("hello, Ada …\n").success();
//! ```
//!
//! A [`Run`] asserts the exit status and both streams at once: a stream of which nothing was said has to be empty.
//! Programs start with an empty environment. Files are packed once per `pyship` and argument list, and kept in the
//! test cache; whatever else a test makes goes with its temporary directory. A missing tool or interpreter is a
//! failure with its reason, never a test that passes without having run.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a harness ends a test by panicking"
)]

mod aarch64;
mod archive;
mod expect;
pub mod hostile;
pub mod interpreters;
mod pack;
mod paths;
mod process;
mod pyship;
mod run;
mod venv;

pub use aarch64::{AARCH64, ForAarch64, carries_aarch64, for_aarch64, pyship_for_aarch64};
pub use archive::{Compression, archive};
pub use interpreters::Interpreter;
pub use pack::{Pack, Packed};
pub use paths::{cache, files_below, repository, scratch};
pub use process::Outcome;
pub use pyship::pyship;
pub use run::{Run, Running};
pub use venv::Venv;
