//! Integration tests: what a user of `pyship`, and of the files that it makes, relies on. They read as the
//! manual; the words are in `harness`.
#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]

mod aarch64;
mod bad_input;
mod bare;
mod crowd;
mod damage;
mod decay;
mod doors;
mod examples;
mod file;
mod growth;
mod interpreters;
mod kills;
mod libc;
mod limits;
mod options;
mod packages;
mod places;
mod process;
mod report;
mod room;
mod roots;
mod sees;
mod start;
mod support;
mod systems;
