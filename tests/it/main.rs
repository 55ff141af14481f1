//! Integration tests: what a user of `pyship`, and of the files that it makes, relies on. They read as the
//! manual; the words are in `harness`.
#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]

mod aarch64;
mod bad_input;
mod bare;
mod build_cache;
mod counted;
mod crowd;
mod damage;
mod decay;
mod distrust;
mod doors;
mod examples;
mod file;
mod growth;
mod hostile;
mod hostile_archives;
mod interpreters;
mod kills;
mod libc;
mod limits;
mod options;
mod packages;
mod places;
mod process;
mod provenance;
mod report;
mod room;
mod roots;
mod sbom;
mod sees;
mod sign;
mod start;
mod support;
mod systems;
